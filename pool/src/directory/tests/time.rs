//! No setting of the wall clock ends a log-in or keeps one alive; what is over ends all the same.

use super::*;

const YEAR: i64 = 365 * 24 * 3600 * 1000;

/// Somebody sets the wall clock to this much later than in the beginning.
fn set(clock: &FakeClock, later_ms: i64) {
    clock.set_wall(WallTime { unix_ms: NOW.unix_ms + later_ms });
}

async fn log_in(directory: &Directory) -> Token {
    directory.add_person(person(1, "lucy@x")).await.unwrap();
    let token = directory.issue_token(UserId::from_random(1), None).await.unwrap();
    shown(&token.token)
}

async fn is_good(directory: &Directory, token: Token) -> bool {
    directory.principal(token).await.unwrap().is_some()
}

#[tokio::test]
async fn a_jump_of_the_wall_clock_ends_nothing_and_prolongs_nothing() {
    let World { directory, clock, .. } = &world();
    let token = log_in(directory).await;
    let (invitation, _) = directory.invite_machine().await.unwrap();
    for later in [YEAR, -YEAR, 100 * YEAR, -NOW.unix_ms, 0] {
        set(clock, later);
        assert!(is_good(directory, token).await, "the log-in ended at {later}");
        assert!(directory.is_invited(shown(&invitation)).await.unwrap(), "it ended at {later}");
        // Making room for another one takes away what has ended, and only that.
        directory.issue_token(UserId::from_random(1), None).await.unwrap();
        directory.invite_machine().await.unwrap();
    }
    assert!(is_good(directory, token).await);
    set(clock, -YEAR);
    clock.advance(30 * DAY);
    assert!(!is_good(directory, token).await, "30 days without use are over");
    assert!(!directory.is_invited(shown(&invitation)).await.unwrap());
}

#[tokio::test]
async fn what_people_are_told_is_on_the_wall_clock_that_they_see() {
    let World { directory, clock, .. } = &world();
    set(clock, YEAR);
    let (_, expires) = directory.invite_machine().await.unwrap();
    assert_eq!(expires.unix_ms, NOW.unix_ms + YEAR + 3_600_000);
}

#[tokio::test]
async fn a_wall_clock_that_is_ahead_at_a_start_costs_at_most_a_day() {
    let World { mut directory, clock, folder } = world();
    let token = log_in(&directory).await;
    drop(directory);
    set(&clock, YEAR);
    directory = start(&folder, &clock);
    set(&clock, 0);
    clock.advance(29 * DAY - Duration::from_hours(2));
    assert!(is_good(&directory, token).await, "more than a day was lost");
}

#[tokio::test]
async fn a_wall_clock_that_is_behind_at_a_start_turns_nothing_back() {
    let World { mut directory, clock, folder } = world();
    let token = log_in(&directory).await;
    // A dead battery: 1970 at every start, and the right time soon after.
    for _ in 0..5 {
        let before = directory.own_time().now();
        drop(directory);
        clock.set_wall(WallTime { unix_ms: 0 });
        directory = start(&folder, &clock);
        assert!(directory.own_time().now() >= before, "own time went back");
        assert!(is_good(&directory, token).await);
        set(&clock, 0);
        directory.write_own_time().await.unwrap();
    }
}

#[tokio::test]
async fn log_ins_end_over_years_of_running_and_stopping() {
    let World { mut directory, clock, folder } = world();
    let token = log_in(&directory).await;
    // Used every ten days for three years, with a stop of an hour in each: it lives.
    for _ in 0..110 {
        for _ in 0..10 {
            clock.advance(DAY);
            directory.write_own_time().await.unwrap();
        }
        drop(directory);
        clock.advance(Duration::from_hours(1));
        directory = start(&folder, &clock);
        assert!(is_good(&directory, token).await);
    }
    // Unused, it ends after 30 days, whether the server runs or stands still for a day at a time.
    for day in 0..30 {
        assert!(directory.own_time().now() > tests_began(), "own time went back");
        drop(directory);
        clock.advance(DAY);
        directory = start(&folder, &clock);
        if day == 28 {
            assert!(ends_within_a_day(&directory, token).await);
        }
    }
    assert!(!is_good(&directory, token).await);
}

fn tests_began() -> lasting::Moment {
    lasting::Moment(NOW.unix_ms)
}

/// Whether a token is still good, without using it.
async fn ends_within_a_day(directory: &Directory, token: Token) -> bool {
    let now = directory.own_time().now();
    let select = "SELECT expires_ms FROM user_token WHERE hash = ?1";
    let expires: lasting::Moment = directory
        .read(move |tables| Ok(tables.query_row(select, [token.hash()], |row| row.get(0))?))
        .await
        .unwrap();
    now < expires && expires <= now.after(DAY)
}

#[tokio::test]
async fn a_store_from_before_keeps_its_log_ins_even_if_the_clock_is_ahead_at_the_first_start() {
    let World { directory, clock, folder } = world();
    let token = log_in(&directory).await;
    let insert = "INSERT INTO journal (seq, at_ms, generation, version, kind, payload)
                  VALUES (1, ?1, 1, 1, 'none', '{}')";
    directory
        .change(move |tables| {
            tables.execute("DELETE FROM own_time", [])?;
            tables.execute(insert, [NOW.unix_ms])?;
            Ok(())
        })
        .await
        .unwrap();
    let mut connection = rusqlite::Connection::open(folder.path().join("pool.db")).unwrap();
    for (wall, at_least, at_most) in [(YEAR, 29, 30), (-NOW.unix_ms, 30, 30)] {
        connection.execute("DELETE FROM own_time", []).unwrap();
        set(&clock, wall);
        let life = 30 * DAY;
        let time = own_time::OwnTime::open(&mut connection, clock.clone(), life).unwrap();
        let select = "SELECT expires_ms FROM user_token WHERE hash = ?1";
        let expires: lasting::Moment =
            connection.query_row(select, [token.hash()], |row| row.get(0)).unwrap();
        let left = expires.since(time.now());
        assert!((at_least * DAY..=at_most * DAY).contains(&left), "{left:?} at {wall}");
    }
}

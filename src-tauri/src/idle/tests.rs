//! When the broker hears of the person's input.

use super::*;

fn reading(last_input: Option<u64>, locked: bool) -> Reading {
    Reading { last_input_boot_ms: last_input, locked }
}

#[test]
fn idle_time_is_counted_from_the_last_input_and_unknown_stays_unknown() {
    assert_eq!(reading(Some(10_000), false).idle_s(75_999), Some(65));
    assert_eq!(reading(Some(10_000), false).idle_s(9_000), Some(0));
    assert_eq!(reading(None, false).idle_s(75_000), None);
}

#[test]
fn activity_is_told_and_growing_idleness_is_not() {
    let old = (reading(Some(10_000), false), 12_000);
    let still_idle = (reading(Some(10_400), false), 20_000);
    assert!(!worth_telling(old, still_idle, Pace::Held));
    let active = (reading(Some(19_000), false), 20_000);
    assert!(worth_telling(old, active, Pace::Held));
}

#[test]
fn a_lock_and_a_source_that_comes_or_dies_are_told() {
    let known = (reading(Some(10_000), false), 12_000);
    let unknown = (reading(None, false), 12_500);
    let locked = (reading(Some(10_000), true), 12_500);
    assert!(worth_telling(known, unknown, Pace::Slow));
    assert!(worth_telling(unknown, known, Pace::Slow));
    assert!(worth_telling(known, locked, Pace::Slow));
    assert!(!worth_telling(unknown, (reading(None, false), 13_000), Pace::Slow));
}

#[test]
fn while_a_seat_is_held_the_broker_hears_every_fifteen_seconds() {
    let old = (reading(Some(10_000), false), 12_000);
    let later = |at| (reading(Some(10_000), false), at);
    assert!(!worth_telling(old, later(26_999), Pace::Held));
    assert!(worth_telling(old, later(27_000), Pace::Held));
    assert!(!worth_telling(old, later(60_000), Pace::Slow));
}

#[test]
fn no_pace_looks_more_often_than_once_a_second() {
    for pace in [Pace::Slow, Pace::Held, Pace::Warned] {
        assert!(interval(pace) >= Duration::from_secs(1));
    }
    assert!(interval(Pace::Held) <= Duration::from_millis(REPORT_EVERY_MS));
}

/// What a fake source answers; nothing is a source that has died, or is not there.
type Said<T> = watch::Sender<Option<T>>;

struct Input(watch::Receiver<Option<u64>>);

impl IdleSource for Input {
    fn name(&self) -> &'static str {
        "a test's"
    }

    fn idle_ms(&mut self) -> Soon<'_, Result<u64, Gone>> {
        let said = *self.0.borrow_and_update();
        Box::pin(async move { said.ok_or_else(|| Gone::Failed("it died".to_owned())) })
    }

    fn news(&mut self) -> Soon<'_, ()> {
        Box::pin(async {
            let _ = self.0.changed().await;
        })
    }
}

struct Lock(watch::Receiver<Option<bool>>);

impl LockSource for Lock {
    fn locked(&mut self) -> Soon<'_, bool> {
        let said = *self.0.borrow_and_update();
        Box::pin(async move {
            match said {
                Some(locked) => locked,
                // It hangs.
                None => std::future::pending().await,
            }
        })
    }

    fn news(&mut self) -> Soon<'_, ()> {
        Box::pin(async {
            let _ = self.0.changed().await;
        })
    }
}

/// A desktop whose sources the test plays; its timers run as fast as they can.
struct Played {
    input: Said<u64>,
    lock: Said<bool>,
    readings: watch::Receiver<Reading>,
    _pace: watch::Sender<Pace>,
    _watching: tokio::task::JoinHandle<()>,
}

impl Played {
    /// Looking for input ends at once, or hangs for ever.
    #[expect(clippy::disallowed_methods, reason = "a test has no tracker of tasks")]
    fn start(input: Option<u64>, looking_hangs: bool) -> Self {
        let (input, input_said) = watch::channel(input);
        let (lock, lock_said) = watch::channel(Some(false));
        let sources = Sources {
            input: Box::new(move || {
                let said = input_said.clone();
                Box::pin(async move {
                    if looking_hangs {
                        std::future::pending::<()>().await;
                    }
                    let there = said.borrow().is_some();
                    there.then(|| Box::new(Input(said)) as Box<dyn IdleSource>)
                })
            }),
            lock: Box::new(move || {
                let said = lock_said.clone();
                Box::pin(async move { Some(Box::new(Lock(said)) as Box<dyn LockSource>) })
            }),
        };
        let (pace, paces) = watch::channel(Pace::Held);
        let (sender, readings) = watch::channel(Reading::default());
        let asked = std::sync::Arc::new(Notify::new());
        let watching = tokio::spawn(super::watch(sources, paces, asked, sender));
        Self { input, lock, readings, _pace: pace, _watching: watching }
    }

    async fn until(&mut self, wanted: impl FnMut(&Reading) -> bool) -> Reading {
        *self.readings.wait_for(wanted).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_dies_is_unknown_and_is_found_again_when_it_is_back() {
    let mut played = Played::start(Some(0), false);
    played.until(|reading| reading.last_input_boot_ms.is_some()).await;
    played.input.send_replace(None);
    played.until(|reading| reading.last_input_boot_ms.is_none()).await;
    played.input.send_replace(Some(2_000));
    let back = played.until(|reading| reading.last_input_boot_ms.is_some()).await;
    assert!(back.idle_s(clock::now().boot_ms) >= Some(2), "{back:?}");
}

#[tokio::test(start_paused = true)]
async fn a_display_that_does_not_even_answer_holds_no_other_report_up() {
    let mut played = Played::start(None, true);
    played.lock.send_replace(Some(true));
    let reading = played.until(|reading| reading.locked).await;
    assert_eq!(reading.last_input_boot_ms, None);
    played.lock.send_replace(Some(false));
    played.until(|reading| !reading.locked).await;
}

#[tokio::test(start_paused = true)]
async fn where_input_and_lock_disagree_both_are_told() {
    let mut played = Played::start(Some(0), false);
    played.until(|reading| reading.last_input_boot_ms.is_some()).await;
    played.lock.send_replace(Some(true));
    // Somebody moves the mouse in front of a locked screen: the broker judges, it is not hidden.
    let reading = played.until(|reading| reading.locked).await;
    assert!(reading.last_input_boot_ms.is_some());
}

#[tokio::test(start_paused = true)]
async fn what_tells_of_locks_and_hangs_locks_nobody_out() {
    let mut played = Played::start(Some(0), false);
    played.lock.send_replace(Some(true));
    played.until(|reading| reading.locked).await;
    played.lock.send_replace(None);
    let reading = played.until(|reading| !reading.locked).await;
    assert!(reading.last_input_boot_ms.is_some(), "input is measured all the same");
}

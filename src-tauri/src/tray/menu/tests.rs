//! Every menu, word by word.

use hotseat_protocol::ipc::{LinkState, PoolState, View};
use hotseat_protocol::problem::{Code, Problem};

use super::*;
use crate::samples::holder;
use crate::samples::{NOW, Sample, down, english, infor, later, pool, view};

fn connected(view: View) -> AppState {
    let mut state = AppState::new();
    state.contact = Contact::Connected;
    state.snapshot(view, NOW);
    state
}

fn words(state: &AppState) -> Vec<String> {
    let look = look(state, &english(), NOW);
    let mut words = vec![look.line];
    write(&look.entries, "", &mut words);
    words
}

fn write(entries: &[Entry], indent: &str, words: &mut Vec<String>) {
    for entry in entries {
        match entry {
            Entry::Separator => words.push("-".to_owned()),
            Entry::Text(text) => words.push(format!("{indent}({text})")),
            Entry::Item { label, enabled, .. } => {
                let off = if *enabled { "" } else { " (off)" };
                words.push(format!("{indent}{label}{off}"));
            }
            Entry::Submenu { label, entries } => {
                words.push(format!("{label} >"));
                write(entries, "  ", words);
            }
        }
    }
}

fn menu_of(pool: PoolState) -> Vec<String> {
    words(&connected(view(vec![pool])))
}

#[test]
fn no_seat_offers_one_while_one_is_free_and_the_line_otherwise() {
    assert_eq!(
        menu_of(infor().in_use(1)),
        [
            "Infor CRM: no seat, 1 of 2 in use",
            "Take a seat",
            "-",
            "Open Hotseat",
            "Log out",
            "Quit"
        ]
    );
    assert_eq!(menu_of(infor().in_use(2))[1], "Wait for a seat");
    let mut behind_a_line = infor().in_use(1);
    behind_a_line.pool.waiting = 1;
    assert_eq!(menu_of(behind_a_line)[1], "Wait for a seat");
    let mut set_aside = infor().in_use(1);
    set_aside.pool.offered = 1;
    assert_eq!(menu_of(set_aside)[1], "Wait for a seat");
}

#[test]
fn holding_signs_off_and_says_so_at_quit() {
    assert_eq!(
        menu_of(infor().held().in_use(2)),
        [
            "Infor CRM: you hold a seat, 2 of 2 in use",
            "Sign off",
            "-",
            "Open Hotseat",
            "Log out",
            "Quit and sign off"
        ]
    );
}

#[test]
fn a_warning_is_answered_in_the_menu_too() {
    assert_eq!(
        menu_of(infor().held().warned()),
        [
            "Infor CRM: still there? Signed off at 10:09:42",
            "Keep my seat",
            "Sign off now",
            "-",
            "Open Hotseat",
            "Log out",
            "Quit and sign off"
        ]
    );
}

#[test]
fn waiting_and_the_offer() {
    assert_eq!(
        menu_of(infor().in_use(2).in_line(1))[..2],
        ["Infor CRM: place 1 in line, 2 of 2 in use", "Leave the line"]
    );
    assert_eq!(
        menu_of(infor().offered())[..3],
        ["Infor CRM: your turn, until 10:08:42", "Take the seat", "Pass"]
    );
}

#[test]
fn a_loss_says_how_things_stand_and_offers_the_next_step() {
    let menu = |pool: PoolState| menu_of(pool.lost())[..3].to_vec();
    let line = "Infor CRM: seat lost at 10:08:56";
    let would = "(All seats are in use. You would be next in line.)";
    assert_eq!(menu(infor().in_use(2)), [line, would, "Wait for a seat"]);
    assert_eq!(menu(infor().in_use(1)), [line, "(A seat is free.)", "Take a seat"]);
    let mut named = infor().in_use(2);
    named.pool.holders = vec![holder("Bill"), holder("Olaf")];
    let both = "(Bill and Olaf have the seats now. You would be next in line.)";
    assert_eq!(menu(named.clone()), [line, both, "Wait for a seat"]);
    let in_line = "(Bill and Olaf have the seats now. You are next in line.)";
    assert_eq!(menu(named.clone().in_line(1)), [line, in_line, "Leave the line"]);

    // Older than the loss: who has the seat now is not known yet.
    named.pool.holders[0].mine = true;
    assert_eq!(menu(named)[..2], [line, "Wait for a seat"]);
    let mut broken = view(vec![infor().in_use(2).lost()]);
    broken.link = down();
    assert_eq!(words(&connected(broken))[..2], [line, "Wait for a seat (off)"]);
}

#[test]
fn without_contact_only_what_needs_no_pool_can_be_pressed() {
    let mut broken = view(vec![infor().in_use(1)]);
    broken.link = down();
    assert_eq!(
        words(&connected(broken))[..2],
        ["Infor CRM: no contact since 10:07:42", "Take a seat (off)"]
    );
    let mut holding = view(vec![infor().held()]);
    holding.link = down();
    assert_eq!(
        words(&connected(holding)),
        [
            "Infor CRM: no contact, safe until 10:08:56",
            "Sign off",
            "-",
            "Open Hotseat",
            "Log out",
            "Quit and sign off"
        ]
    );
    let mut never = view(vec![]);
    never.link = LinkState::Down { since: None, cause: None };
    assert_eq!(words(&connected(never))[0], "Hotseat: no contact yet");
}

#[test]
fn nobody_logged_in() {
    let mut nobody = view(vec![infor()]);
    nobody.account = None;
    assert_eq!(
        words(&connected(nobody)),
        ["Infor CRM: log in first", "Open Hotseat", "Log in…", "Quit"]
    );
}

#[test]
fn without_a_broker_the_window_explains() {
    let mut state = AppState::new();
    state.disconnected(Contact::NoBroker { why: "nobody".to_owned() });
    assert_eq!(words(&state), ["Hotseat's service is not running", "Open Hotseat", "Quit"]);
    state.disconnected(Contact::AnotherVersion { theirs: "9.9".to_owned() });
    let ours = env!("CARGO_PKG_VERSION");
    assert_eq!(words(&state)[0], format!("Hotseat's service is 9.9, this is {ours}"));
    let mut unknown = view(vec![]);
    unknown.link = LinkState::NotEnrolled;
    unknown.account = None;
    assert_eq!(
        words(&connected(unknown)),
        ["This computer is not enrolled yet", "Open Hotseat", "Quit"]
    );
}

#[test]
fn several_pools_have_a_submenu_each() {
    let pools = vec![pool("archive", "Archive"), infor().held().in_use(1)];
    assert_eq!(
        words(&connected(view(pools))),
        [
            "Infor CRM: you hold a seat, 1 of 2 in use",
            "Archive: no seat, 0 of 2 in use >",
            "  Take a seat",
            "Infor CRM: you hold a seat, 1 of 2 in use >",
            "  Sign off",
            "-",
            "Open Hotseat",
            "Log out",
            "Quit and sign off"
        ]
    );
}

#[test]
fn while_a_clock_runs_the_answer_is_not_in_a_submenu() {
    let menu = |pools| words(&connected(view(pools)))[..4].to_vec();
    let archive = || pool("archive", "Archive").held();
    assert_eq!(
        menu(vec![archive(), infor().held().warned()]),
        ["Infor CRM: still there? Signed off at 10:09:42", "Keep my seat", "Sign off now", "-"]
    );
    assert_eq!(
        menu(vec![archive(), infor().offered()])[..3],
        ["Infor CRM: your turn, until 10:08:42", "Take the seat", "Pass"]
    );
}

#[test]
fn a_pool_that_refuses_this_computer_is_not_one_without_contact() {
    let line = |code| {
        let mut broken = view(vec![infor()]);
        let problem = Problem::new(code, "No.", "Ask.");
        broken.link = LinkState::Down { since: None, cause: Some(problem) };
        words(&connected(broken))[0].clone()
    };
    assert_eq!(line(Code::MachineRevoked), "Infor CRM: the pool refuses this computer");
    assert!(line(Code::MachineCloned).contains("clone"));
    assert_eq!(line(Code::PoolUnreachable), "Infor CRM: no contact yet");
}

#[test]
fn what_is_wrong_with_this_computer_is_told_in_lines_that_a_menu_can_show() {
    let mut twice = view(vec![infor()]);
    let detail = "Another computer uses this computer's identity: one is a copy of the other.";
    twice.trouble = Some(Problem::new(Code::MachineCloned, detail, "Ask."));
    assert_eq!(
        words(&connected(twice))[..6],
        [
            "Infor CRM: no seat, 0 of 2 in use",
            "Take a seat",
            "-",
            "(Another computer uses this computer's identity:)",
            "(one is a copy of the other.)",
            "Open Hotseat"
        ]
    );
}

#[test]
fn an_action_under_way_cannot_be_pressed_again() {
    let mut state = connected(view(vec![infor()]));
    let id = infor().pool.id;
    state.busy.insert(id.clone(), Busy::Taking);
    assert_eq!(words(&state)[1], "Taking a seat… (off)");
    let look = look(&state, &english(), NOW);
    assert!(!look.offers(&Action::in_pool(&id, Verb::TakeSeat)));
    assert!(look.offers(&Action::Quit));
}

#[test]
fn nothing_in_a_menu_counts_down() {
    let state = connected(view(vec![infor().held().warned()]));
    let before = look(&state, &english(), NOW);
    assert_eq!(look(&state, &english(), later(30_000)), before);
}

#[test]
fn every_icon_belongs_to_its_words() {
    let look = look(&connected(view(vec![infor().held()])), &english(), NOW);
    assert_eq!(look.icon, Icon::Holding);
}

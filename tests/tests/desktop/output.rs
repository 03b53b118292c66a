//! A tray whose standard output and error cannot be written: it starts, shows what it has to show,
//! and ends when it is asked to.

use hotseat_protocol::ipc::{Request, Role};
use hotseat_tests::launch::Launch;
use hotseat_tests::paths;
use hotseat_tests::stand_in_broker::StandInBroker;
use hotseat_tests::tray_states::{holding, view, warned};

use super::office::{Desk, exit_code};

/// How a shell starts the tray, `$0`; `$1` is a path for a pipe.
const REDIRECTIONS: [(&str, &str); 7] = [
    ("a full disk for the log", r#"exec "$0" 2>/dev/full"#),
    ("a full disk", r#"exec "$0" >/dev/full 2>&1"#),
    ("no standard error", r#"exec "$0" 2>&-"#),
    ("neither", r#"exec "$0" >&- 2>&-"#),
    ("no standard streams at all", r#"exec "$0" <&- >&- 2>&-"#),
    (
        "a pipe whose reader has gone",
        r#"mkfifo "$1"; true <"$1" & exec 3>"$1"; wait; exec "$0" >&3 2>&3 3>&-"#,
    ),
    (
        "a full pipe that nobody reads",
        r#"mkfifo "$1"; exec 3<>"$1"
           for size in 4096 1; do dd if=/dev/zero of="$1" bs=$size oflag=nonblock 2>/dev/null; done
           exec "$0" >&3 2>&3"#,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_tray_whose_log_cannot_be_written_shows_all_it_has_to_and_ends_when_asked() {
    for (what, script) in REDIRECTIONS {
        let desk = Desk::new().await.unwrap();
        let broker = StandInBroker::start(&desk.socket(), view(vec![holding()])).unwrap();
        let pipe = desk.desktop.folder().join("pipe");
        let launch = Launch::new("tray", "sh")
            .args(["-c", script])
            .arg(paths::program("hotseat-tray").unwrap())
            .arg(&pipe)
            .env("HOTSEAT_SOCKET", desk.socket())
            .env("HOTSEAT_TRAY_LOG", "trace")
            .env("TZ", "UTC");
        let mut tray = desk.children.start(desk.desktop.inside(launch)).unwrap();
        broker.wait_until_connected(Role::Tray, 1).await.expect(what);
        let item = desk.item(&tray).await.expect(what);
        item.wait_for_line("Infor CRM: you hold a seat, 2 of 2 in use").await.expect(what);
        // The window inherits what the tray has.
        item.press("Open Hotseat").await.expect(what);
        broker.wait_until_connected(Role::Window, 1).await.expect(what);
        // Each has something to say about a broker that goes and comes, and goes on all the same.
        drop(broker);
        let broker = StandInBroker::start(&desk.socket(), view(vec![holding()])).unwrap();
        for role in [Role::Tray, Role::Window] {
            broker.wait_until_connected(role, 1).await.expect(what);
        }
        item.wait_for_line("Infor CRM: you hold a seat, 2 of 2 in use").await.expect(what);
        broker.show(view(vec![warned()]));
        desk.notes().wait_for("Still there, Lucy?").await.expect(what);
        tray.terminate();
        assert_eq!(exit_code(&mut tray).await.unwrap(), Some(0), "{what}");
        let goodbyes = broker.requests().into_iter();
        let goodbyes = goodbyes.filter(|(_, request)| *request == Request::Goodbye);
        assert_eq!(goodbyes.count(), 1, "{what}");
    }
}

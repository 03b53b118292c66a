//! What real notification servers have on the screen, and that it stays there: dunst and Xfce's.
//!
//! A server that only remembers what it was sent does not notice a note that is withdrawn at once.

use anyhow::{Context, Result};
use hotseat_protocol::ipc::{Notice, PoolState};
use hotseat_protocol::link::SeatEnd;
use hotseat_protocol::reason::ReleaseReason;
use hotseat_tests::children::Child;
use hotseat_tests::launch::Launch;
use hotseat_tests::panel;
use hotseat_tests::tray_states::{
    ended_seat, free, full, holding, holding_again, offered, pool_id, view, wall, warned,
};
use hotseat_tests::waiting::wait_for;

use super::office::{Desk, Tray};
use super::status_watcher::StatusWatcher;

/// The name of any notification server on the bus.
const NAME: &str = "org.freedesktop.Notifications";

/// A server that people have.
#[derive(Clone, Copy, Debug)]
enum Server {
    Dunst,
    Xfce,
}

impl Server {
    /// The title of its windows.
    fn title(self) -> &'static str {
        match self {
            Self::Dunst => "Dunst",
            Self::Xfce => "xfce4-notifyd",
        }
    }

    async fn start(self, desk: &Desk) -> Result<Vec<Child>> {
        let started = match self {
            Self::Dunst => {
                vec![desk.desktop.start_program(Launch::new("dunst", "dunst"))?]
            }
            Self::Xfce => {
                let settings = Launch::new("xfconfd", panel::settings_daemon()?);
                let settings = desk.desktop.start_program(settings)?;
                desk.desktop.session_bus.wait_for_owner(panel::SETTINGS).await?;
                let server = Launch::new("xfce4-notifyd", panel::notification_daemon()?);
                vec![settings, desk.desktop.start_program(server)?]
            }
        };
        desk.desktop.session_bus.wait_for_owner(NAME).await?;
        Ok(started)
    }

    /// How many notes it has on the screen; each must have a window that is mapped.
    async fn on_screen(self, desk: &Desk) -> Result<usize> {
        let windows = desk.desktop.window_areas(self.title())?.len();
        match self {
            // It draws all notes into one window.
            Self::Dunst if windows == 0 => Ok(0),
            Self::Dunst => dunst_shows(desk).await,
            Self::Xfce => Ok(windows),
        }
    }

    async fn wait_until_on_screen(self, desk: &Desk, count: usize, what: &str) {
        let what = format!("{self:?} shows {count}: {what}");
        let shown =
            wait_for(&what, async || Ok((self.on_screen(desk).await? == count).then_some(())));
        shown.await.expect("the desktop plays its part");
    }
}

/// How many notes dunst shows, by its own word.
async fn dunst_shows(desk: &Desk) -> Result<usize> {
    let bus = desk.desktop.session_bus.connect().await?;
    let path = "/org/freedesktop/Notifications";
    let dunst = zbus::Proxy::new(&bus, NAME, path, "org.dunstproject.cmd0").await?;
    let count: u32 = dunst.get_property("displayedLength").await?;
    usize::try_from(count).context("dunst shows too many notes")
}

async fn desk_with(server: Server) -> (Desk, Vec<Child>) {
    let mut desk = Desk::bare().expect("the desktop plays its part");
    desk.watcher = Some(
        StatusWatcher::start(&desk.desktop.session_bus).await.expect("the desktop plays its part"),
    );
    let started = server.start(&desk).await.expect("the desktop plays its part");
    (desk, started)
}

/// The broker says that the seat ended and then, as always, shows a view without it.
async fn ends(desk: &Desk, tray: &Tray, notice: &Notice) {
    tray.broker.notice(notice);
    tray.broker.show(view(vec![free()]));
    let item = desk.item(&tray.child).await.expect("the desktop plays its part");
    item.wait_for_line("Infor CRM: no seat, 1 of 2 in use")
        .await
        .expect("the desktop plays its part");
}

/// Nothing that goes on elsewhere takes the note of the ended seat away; the next seat does.
async fn stays_until_the_next_seat(server: Server, desk: &Desk, tray: &Tray) {
    server.wait_until_on_screen(desk, 1, "the end of the seat").await;
    let item = desk.item(&tray.child).await.expect("the desktop plays its part");
    tray.broker.show(view(vec![full()]));
    item.wait_for_line("Infor CRM: no seat, 2 of 2 in use")
        .await
        .expect("the desktop plays its part");
    // A second note has made the whole way through tray and server when it is drawn.
    tray.broker.show(view(vec![offered()]));
    server.wait_until_on_screen(desk, 2, "the end of the seat, and an offer").await;
    tray.broker.show(view(vec![full()]));
    server.wait_until_on_screen(desk, 1, "the end of the seat, without the offer").await;
    tray.broker.show(view(vec![holding_again()]));
    server.wait_until_on_screen(desk, 0, "nothing: the person sits again").await;
}

async fn a_reclaimed_seat_stays_on_the_screen(server: Server) {
    let (desk, _server) = desk_with(server).await;
    let before = holding();
    let seat = Some(ended_seat(&before));
    let tray = desk.tray(view(vec![before])).await.expect("the desktop plays its part");
    let reason = ReleaseReason::Reclaimed;
    let by = Some("an administrator".to_owned());
    let end = SeatEnd { reason, by, note: Some("month-end closing".to_owned()), at: wall() };
    ends(&desk, &tray, &Notice::Reclaimed { pool: pool_id(), end, seat }).await;
    stays_until_the_next_seat(server, &desk, &tray).await;
}

async fn an_idle_sign_off_stays_on_the_screen(server: Server) {
    let (desk, _server) = desk_with(server).await;
    let before: PoolState = warned();
    let seat = Some(ended_seat(&before));
    let tray = desk.tray(view(vec![before])).await.expect("the desktop plays its part");
    server.wait_until_on_screen(&desk, 1, "the warning").await;
    let next = Some("Olaf".to_owned());
    let notice = Notice::SignedOffIdle { pool: pool_id(), idle_since: wall(), next, seat };
    ends(&desk, &tray, &notice).await;
    stays_until_the_next_seat(server, &desk, &tray).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dunst_keeps_a_reclaimed_seat_on_the_screen() {
    a_reclaimed_seat_stays_on_the_screen(Server::Dunst).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dunst_keeps_an_idle_sign_off_on_the_screen() {
    an_idle_sign_off_stays_on_the_screen(Server::Dunst).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn xfce_keeps_a_reclaimed_seat_on_the_screen() {
    a_reclaimed_seat_stays_on_the_screen(Server::Xfce).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn xfce_keeps_an_idle_sign_off_on_the_screen() {
    an_idle_sign_off_stays_on_the_screen(Server::Xfce).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tray_that_quits_leaves_nothing_and_a_server_that_comes_again_shows_it() {
    let server = Server::Dunst;
    let (desk, mut started) = desk_with(server).await;
    let before = holding();
    let seat = Some(ended_seat(&before));
    let mut tray = desk.tray(view(vec![before])).await.expect("the desktop plays its part");
    let notice = Notice::SignedOffIdle { pool: pool_id(), idle_since: wall(), next: None, seat };
    ends(&desk, &tray, &notice).await;
    server.wait_until_on_screen(&desk, 1, "the end of the seat").await;
    for child in &mut started {
        child.terminate();
        super::office::exit_code(child).await.expect("the desktop plays its part");
    }
    let _again = server.start(&desk).await.expect("the desktop plays its part");
    server.wait_until_on_screen(&desk, 1, "the same, by the next server").await;
    tray.child.terminate();
    super::office::exit_code(&mut tray.child).await.expect("the desktop plays its part");
    server.wait_until_on_screen(&desk, 0, "nothing: nobody could answer").await;
}

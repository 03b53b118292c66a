//! The real tray and its window on private desktops: X server, session bus, our own panel,
//! notification server and compositors, and a broker that says what the test tells it.

mod desktop {
    pub(crate) mod compositor;
    pub(crate) mod logind;
    pub(crate) mod mutter;
    pub(crate) use hotseat_tests::notification_server;
    pub(crate) mod office;
    pub(crate) mod settings_portal;
    pub(crate) mod status_watcher;
    pub(crate) mod watch;
    pub(crate) mod web_driver;

    mod entry;
    mod exits;
    mod idle;
    mod note_servers;
    mod notes;
    mod output;
    mod panel;
    mod quiet;
    mod secrets;
    mod window;
    mod window_looks;
}

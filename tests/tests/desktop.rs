//! The real tray and its window on private desktops: X server, session bus, our own panel,
//! notification server and compositors, and a broker that says what the test tells it.

mod desktop {
    pub mod compositor;
    pub mod mutter;
    pub mod notification_server;
    pub mod office;
    pub mod status_watcher;

    mod exits;
    mod idle;
    mod notes;
    mod panel;
    mod window;
}

//! The harness of the end-to-end tests and of the demo: real programs on private desktops.
//!
//! Everything that runs is started through [`children::Children`], so that nothing outlives its test.
//! The crate runs on Linux only; it starts programs that were built before (`cargo xtask test` does both).

pub mod model;
pub mod sim;
pub mod storm;

pub mod hostile;

pub mod paths;
pub mod ports;
pub mod waiting;

pub mod children;
pub mod interruption;
pub mod launch;
pub mod processes;

pub mod bus;
pub mod input;
pub mod notification_server;
pub mod panel;
pub mod screen;
pub mod windows;
pub mod x_server;

pub mod desktop;

pub mod broker_host;
pub mod desk;
pub mod http;
pub mod journal;
pub mod people;
pub mod pool_server;

pub mod logind;
pub mod proxy;
pub mod unit_file;

pub mod compat;
pub mod ends;
pub mod world;

pub mod stand_in_broker;
pub mod tray_item;
pub mod tray_states;

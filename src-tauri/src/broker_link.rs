//! tmp
use std::sync::Arc;
use tokio::sync::{Notify, mpsc, watch};
use crate::config::{Options, Session};
use crate::controller::{Call, Event};
use crate::idle::Reading;
pub struct LinkOptions {}
impl LinkOptions {
    pub fn tray(_: &Options, _: &Session, _: watch::Receiver<Reading>, _: Arc<Notify>) -> Self { Self {} }
    pub fn window(_: &Options, _: &Session) -> Self { Self {} }
}
pub async fn run(_: LinkOptions, _: mpsc::Receiver<Call>, _: mpsc::Sender<Event>) {}

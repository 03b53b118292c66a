//! A server in this process that listens nowhere: the store, opened under its lock for as long as
//! the command takes, behind the same handlers.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::exchange::{self, Answer, Ask};
use crate::RunError;
use crate::admin_socket::LocalAdministrator;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::http;
use crate::journal::store::Open;
use crate::lifecycle::Shutdown;
use crate::parts::Parts;

/// The parts of a server, until it is stopped.
pub(super) struct Own {
    running: Option<(Parts, Router)>,
}

impl Own {
    pub(super) async fn start(config: &Config) -> Result<Self, RunError> {
        let clock = Arc::new(SystemClock::new());
        let parts = Parts::start(config, Open::Existing, clock, Shutdown::default()).await?;
        parts.replace_lost_token(config).await;
        let router =
            http::router(parts.app.clone(), http::Hosts::of(config.listen.ip(), &config.hosts));
        Ok(Self { running: Some((parts, router)) })
    }

    pub(super) async fn answer(&self, ask: &Ask) -> anyhow::Result<Answer> {
        let (_, router) = self.running.as_ref().expect("it is stopped when it is dropped");
        let mut request = exchange::request(ask)?;
        request.extensions_mut().insert(LocalAdministrator::ThisProcess);
        let answered: Result<_, Infallible> =
            TowerToHyperService::new(router.clone()).call(request).await;
        let response = answered.unwrap_or_else(|never| match never {});
        Ok(exchange::read(response).await?)
    }

    /// Closes the store.
    pub(super) async fn stop(&mut self) {
        if let Some((parts, router)) = self.running.take() {
            drop(router);
            parts.stop().await;
        }
    }
}

//! Who calls, and for whom they may speak.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::header;
use axum::http::request::Parts;
use hotseat_protocol::ids::{ClientName, PoolId, UserId};
use hotseat_protocol::problem::Code;
use hotseat_rules::{Caller, State};

use super::app::App;
use super::error::ApiError;
use super::forwarded::PeerAddress;
use super::words::{ASK_ADMINISTRATOR, DISABLED};
use crate::admin_socket::LocalAdministrator;
use crate::directory::{Names, Principal, Service, Token};
use crate::feed::Eyes;
use crate::journal::{Actor, By};
use crate::platform;

/// How long an account's name is waited for: a directory service may be down.
const NAME_WITHIN: Duration = Duration::from_secs(2);

/// Somebody with a token, or an administrator who is known without one.
#[derive(Debug, Clone)]
pub(crate) struct Authenticated {
    /// Who.
    pub(crate) principal: Principal,
    /// By which token; none for whom the operating system vouches.
    pub(crate) token: Option<Token>,
    /// From where; none for whoever came in by the administration socket.
    address: Option<IpAddr>,
}

/// An administrator, as the journal names them.
#[derive(Debug, Clone)]
pub(crate) struct Admin(pub(crate) By);

/// The token of a request.
pub(crate) fn bearer(parts: &Parts) -> Result<Token, ApiError> {
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
        return Err(ApiError::not_authenticated("There is no token."));
    };
    let text = value.to_str().unwrap_or_default();
    let token = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => "",
    };
    if token.is_empty() {
        let detail = "The Authorization header is not \"Bearer TOKEN\".";
        return Err(ApiError::not_authenticated(detail));
    }
    Ok(Token::shown(token))
}

/// Who came in by the administration socket. Whoever shows a token there is judged by that.
fn local_administrator(parts: &Parts) -> Option<LocalAdministrator> {
    let local = parts.extensions.get::<LocalAdministrator>().copied();
    local.filter(|_| !parts.headers.contains_key(header::AUTHORIZATION))
}

/// The log says which account of this computer changed something. The path itself may have an
/// e-mail address in it.
fn note_change(parts: &Parts) {
    let Some(LocalAdministrator::Account(uid)) = local_administrator(parts) else { return };
    if parts.method.is_safe() {
        return;
    }
    let what = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    tracing::info!(uid, method = %parts.method, what, "an administrator of this computer");
}

/// Who the administrator of a request is. An account's name is looked up where it is written down.
async fn actor(parts: &Parts) -> Actor {
    match local_administrator(parts) {
        None => Actor::AdminToken,
        Some(LocalAdministrator::ThisProcess) => Actor::of_this_process(),
        Some(LocalAdministrator::Account(uid)) if parts.method.is_safe() => {
            Actor::account(uid, None)
        }
        Some(LocalAdministrator::Account(uid)) => {
            let name = tokio::task::spawn_blocking(move || platform::account_name(uid));
            // Whatever fails there, the number says who it is.
            let name = tokio::time::timeout(NAME_WITHIN, name).await;
            Actor::account(uid, name.ok().and_then(Result::ok).flatten())
        }
    }
}

impl FromRequestParts<App> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if let Some(found) = parts.extensions.get::<Self>() {
            return Ok(found.clone());
        }
        if let Some(found) = Self::found(parts, app).await? {
            return Ok(found);
        }
        bearer(parts)?;
        Err(ApiError::not_authenticated("This token is not known here, or has ended."))
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Authenticated::from_request_parts(parts, app).await?;
        match caller.principal {
            Principal::Admin => {
                note_change(parts);
                Ok(Self(By { actor: actor(parts).await, address: caller.address }))
            }
            Principal::Service(_) | Principal::User(_) => {
                Err(ApiError::not_allowed("Only an administrator may do this."))
            }
        }
    }
}

impl Authenticated {
    /// Whom the operating system or a token vouches for; none for strangers.
    ///
    /// # Errors
    ///
    /// When the directory cannot be asked.
    pub(crate) async fn found(parts: &Parts, app: &App) -> Result<Option<Self>, ApiError> {
        if local_administrator(parts).is_some() {
            return Ok(Some(Self { principal: Principal::Admin, token: None, address: None }));
        }
        let Ok(token) = bearer(parts) else { return Ok(None) };
        let principal = app.directory.principal(token).await?;
        let address = parts.extensions.get::<PeerAddress>().map(|peer| peer.0);
        Ok(principal.map(|principal| Self { principal, token: Some(token), address }))
    }

    /// The scope of this caller's request ids.
    pub(crate) fn caller(&self) -> Caller {
        match &self.principal {
            Principal::Admin => Caller::Admin,
            Principal::Service(service) => Caller::Service(service.id),
            Principal::User(user) => Caller::User(*user),
        }
    }

    /// Whom the journal names for what a service does about somebody's place, offer or warning.
    pub(crate) fn actor(&self) -> Option<By> {
        match &self.principal {
            Principal::Service(service) => {
                Some(By { actor: Actor::Service(service.id), address: self.address })
            }
            Principal::Admin | Principal::User(_) => None,
        }
    }

    /// What this caller sees of others.
    pub(crate) fn eyes(&self) -> Eyes {
        match self.principal {
            Principal::Admin => Eyes::Administrator,
            Principal::User(user) => Eyes::Person(user),
            Principal::Service(_) => Eyes::Other,
        }
    }

    /// Fails for a person whose account is disabled: they see nobody any more, not even that a
    /// seat is free.
    pub(crate) fn expect_enabled(&self, state: &State) -> Result<(), ApiError> {
        match self.principal {
            Principal::User(user) if state.user(user).is_some_and(|user| !user.enabled) => {
                Err(ApiError::new(Code::NotAllowed, DISABLED, ASK_ADMINISTRATOR))
            }
            Principal::Admin | Principal::Service(_) | Principal::User(_) => Ok(()),
        }
    }

    /// Whether this caller may look at a pool.
    pub(crate) fn may_see(&self, pool: &PoolId) -> bool {
        match &self.principal {
            Principal::Service(service) => service.may_use(pool),
            Principal::Admin | Principal::User(_) => true,
        }
    }

    /// For whom a sign-on or a check is: the caller, or the user that a service names.
    ///
    /// # Errors
    ///
    /// When this caller may not speak for that user, in that pool, by that client.
    pub(crate) fn acts_for(
        &self,
        names: &Names,
        pool: &PoolId,
        client: &ClientName,
        user: Option<&str>,
    ) -> Result<UserId, ApiError> {
        match &self.principal {
            Principal::Admin => Err(ApiError::new(
                Code::NotAllowed,
                "An administrator's token holds no seats and checks for nobody.",
                "Use a person's log-in, or the token of hotseat-pool service add NAME --act-for.",
            )),
            Principal::User(own) => match user {
                None => Ok(*own),
                Some(text) if named_user(names, text) == Some(*own) => Ok(*own),
                Some(_) => Err(ApiError::new(
                    Code::NotAllowed,
                    "A log-in acts for its own user only.",
                    "Leave user out, or use a service token that may act for users.",
                )),
            },
            Principal::Service(service) => service_acts_for(service, names, pool, client, user),
        }
    }
}

impl Service {
    /// Fails for a service that only looks at pools.
    pub(super) fn expect_acting_for(&self) -> Result<(), ApiError> {
        if self.act_for {
            return Ok(());
        }
        Err(ApiError::new(
            Code::NotAllowed,
            "This service token may not act for users.",
            "Ask your administrator for one that may: hotseat-pool service add NAME --act-for.",
        ))
    }

    /// Fails for a service that is limited to other pools or clients.
    pub(super) fn expect_scope(&self, pool: &PoolId, client: &ClientName) -> Result<(), ApiError> {
        if !self.may_use(pool) {
            let detail = format!("This service token may not use pool {pool}.");
            return Err(ApiError::not_allowed(detail));
        }
        if !self.may_come_by(client) {
            let detail = format!("This service token may not use client {client}.");
            return Err(ApiError::not_allowed(detail));
        }
        Ok(())
    }
}

fn service_acts_for(
    service: &Service,
    names: &Names,
    pool: &PoolId,
    client: &ClientName,
    user: Option<&str>,
) -> Result<UserId, ApiError> {
    service.expect_acting_for()?;
    service.expect_scope(pool, client)?;
    let Some(text) = user else {
        let detail = "user: missing; a service says for whom it asks, by id or e-mail.";
        return Err(ApiError::invalid(detail));
    };
    named_user(names, text)
        .ok_or_else(|| ApiError::invalid(format!("user: there is no user {text:?}.")))
}

/// The user of an id or an e-mail address.
pub(crate) fn named_user(names: &Names, text: &str) -> Option<UserId> {
    if let Ok(id) = text.parse::<UserId>() {
        return names.person(id).map(|_| id);
    }
    names.by_email(text)
}

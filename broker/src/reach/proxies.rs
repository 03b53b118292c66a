//! The proxies that the environment names, by the rules that other programs follow, too.

use std::fmt;
use std::pin::pin;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, PROXY_AUTHORIZATION};
use hyper::{Method, Request, Uri, upgrade};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use url::Url;

use super::Wire;
use crate::server_url::ServerUrl;

/// Stands for a setting that is no proxy's address; nobody connects to it.
const UNUSABLE: &str = "http://unusable.invalid";

/// Why there is no way through a proxy. Never shows its user name or password.
#[derive(Debug, Error)]
pub enum ProxyRefusal {
    /// The setting is not an address that can be used.
    #[error(
        "{variable} in the environment is not a proxy that can be used: expected http://HOST:PORT \
         or https://HOST:PORT; or name the pool server in NO_PROXY"
    )]
    NotAProxy {
        /// Which setting.
        variable: &'static str,
    },
    /// The proxy did not let us through.
    #[error(
        "the proxy {proxy} ({variable} in the environment): {why}. Check the setting, or name the \
         pool server in NO_PROXY"
    )]
    Refused {
        /// The proxy's address.
        proxy: String,
        /// Which setting.
        variable: &'static str,
        /// What it did.
        why: String,
    },
}

/// Which proxy leads to which server.
pub struct Proxies {
    /// The setting that counts, and whether it can be used.
    variable: &'static str,
    usable: bool,
    matcher: Matcher,
    /// Names in `NO_PROXY` that are meant with one port only.
    with_port: Vec<(String, u16)>,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").field("variable", &self.variable).finish_non_exhaustive()
    }
}

impl Proxies {
    /// No proxies at all.
    #[must_use]
    pub fn none() -> Self {
        Self::from_environment(|_| None)
    }

    /// Reads `HTTPS_PROXY`, else `ALL_PROXY`, and `NO_PROXY`, each also in lower case; one that is
    /// empty is not set. `HTTP_PROXY` has no say: only this computer is spoken to without TLS.
    #[must_use]
    pub fn from_environment(read: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &'static str| {
            let value = read(name).map(|value| value.trim().to_owned());
            value.filter(|value| !value.is_empty()).map(|value| (name, value))
        };
        let first = |names: [&'static str; 2]| names.into_iter().find_map(set);
        let proxy =
            first(["HTTPS_PROXY", "https_proxy"]).or_else(|| first(["ALL_PROXY", "all_proxy"]));
        let no = first(["NO_PROXY", "no_proxy"]).map_or_else(String::new, |(_, list)| list);
        let (with_port, no) = (names_with_port(&no), tidy(&no));
        let (variable, value) = proxy.unwrap_or(("HTTPS_PROXY", String::new()));
        let normal = if value.is_empty() { Some(value) } else { normal_form(&value) };
        let usable = normal.is_some();
        let value = normal.unwrap_or_else(|| UNUSABLE.to_owned());
        Self {
            variable,
            usable,
            matcher: Matcher::builder().https(value).no(no).build(),
            with_port,
        }
    }

    /// The proxy that leads to this server; none: the server itself is connected to.
    pub(super) fn to(&self, server: &ServerUrl) -> Result<Option<Proxy>, ProxyRefusal> {
        if server.is_this_machine() {
            return Ok(None);
        }
        // A name is the same with and without the dot at its end.
        let host = server.host().trim_end_matches('.');
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if self.with_port.iter().any(|(name, port)| *port == server.port() && is_below(bare, name))
        {
            return Ok(None);
        }
        let Ok(uri) = format!("https://{host}/").parse::<Uri>() else {
            return Ok(None);
        };
        match self.matcher.intercept(&uri) {
            None => Ok(None),
            Some(_) if !self.usable => Err(ProxyRefusal::NotAProxy { variable: self.variable }),
            Some(intercept) => Ok(Some(Proxy { intercept, variable: self.variable })),
        }
    }
}

/// A proxy's address as [`Matcher`] reads it and we mean it; none where it is not one. Without a
/// scheme it is `http://`; what is special in a password may stand in it as it is.
fn normal_form(value: &str) -> Option<String> {
    let value = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&value).ok()?;
    let host = url.host_str().is_some_and(|host| !host.is_empty());
    let usable = matches!(url.scheme(), "http" | "https") && host && url.port() != Some(0);
    let more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
    (usable && !more).then(|| url.to_string())
}

/// Whether a name is another one or lies in it.
fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The names of the list that are followed by a port, as `seats.example:7480`.
fn names_with_port(list: &str) -> Vec<(String, u16)> {
    let names = list.split(|c: char| c == ',' || c.is_whitespace());
    let parts = names.filter_map(|name| {
        let (name, port) = name.rsplit_once(':')?;
        // An address of IPv6 without brackets has no port.
        let bare = !name.contains(':') || name.ends_with(']');
        Some((tidy(name), port.parse().ok().filter(|_| bare)?))
    });
    parts.filter(|(name, _)| !name.is_empty()).collect()
}

/// The list as [`Matcher`] takes it: spaces part names, too, `*.example` means `.example`, a name
/// may end with a dot and have letters of any script.
fn tidy(list: &str) -> String {
    let names = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|name| !name.is_empty());
    let names = names.map(|name| {
        let bare = name.strip_prefix("*.").or_else(|| name.strip_prefix('.')).unwrap_or(name);
        let bare = bare.trim_end_matches('.').trim_start_matches('[').trim_end_matches(']');
        match url::Host::parse(bare) {
            Ok(url::Host::Domain(ascii)) => ascii,
            Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) | Err(_) => bare.to_owned(),
        }
    });
    names.collect::<Vec<_>>().join(",")
}

/// The proxy that leads to the server.
pub(super) struct Proxy {
    intercept: Intercept,
    variable: &'static str,
}

impl Proxy {
    pub(super) fn is_secure(&self) -> bool {
        self.intercept.uri().scheme_str() == Some("https")
    }

    pub(super) fn host(&self) -> &str {
        self.intercept.uri().host().unwrap_or_default()
    }

    pub(super) fn port(&self) -> u16 {
        let usual = if self.is_secure() { 443 } else { 80 };
        self.intercept.uri().port_u16().unwrap_or(usual)
    }

    pub(super) fn refused(&self, why: String) -> ProxyRefusal {
        // Nothing else of it is shown: it may have a user name and password.
        let scheme = if self.is_secure() { "https" } else { "http" };
        let proxy = format!("{scheme}://{}:{}", self.host(), self.port());
        ProxyRefusal::Refused { proxy, variable: self.variable, why }
    }

    /// Asks the proxy for a way to the server.
    pub(super) async fn tunnel(
        &self,
        wire: Wire,
        server: &ServerUrl,
    ) -> Result<Wire, ProxyRefusal> {
        let broke = |error: hyper::Error| self.refused(error.to_string());
        let goal = format!("{}:{}", server.host(), server.port());
        let mut request = Request::builder().method(Method::CONNECT).uri(&goal).header(HOST, &goal);
        if let Some(credentials) = self.intercept.basic_auth() {
            request = request.header(PROXY_AUTHORIZATION, credentials);
        }
        let request = request.body(Empty::<Bytes>::new());
        let request = request.map_err(|error| self.refused(error.to_string()))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(wire)).await.map_err(broke)?;
        let asking = async {
            let answer = sender.send_request(request).await.map_err(broke)?;
            let status = answer.status();
            if !status.is_success() {
                return Err(self.refused(format!("it answered {status}")));
            }
            upgrade::on(answer).await.map_err(broke)
        };
        let (mut asking, mut connection) = (pin!(asking), pin!(connection.with_upgrades()));
        let through = tokio::select! {
            biased;
            through = &mut asking => through,
            _ = &mut connection => asking.await,
        };
        Ok(Box::new(TokioIo::new(through?)))
    }
}

#[cfg(test)]
#[path = "proxies_tests.rs"]
mod tests;

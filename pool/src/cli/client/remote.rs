//! A server elsewhere, by its address and the administrator's token: over TLS only, once its
//! certificate was verified.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use hotseat_host::input;
use hotseat_protocol::ids::Secret;
use ureq::Agent;
use ureq::http::{Request, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::exchange::{Answer, Ask};
use super::{ANSWER_BYTES_MAX, ANSWER_WITHIN, CONNECT_WITHIN};
use crate::config::Config;
use crate::secrets;

/// The address of a server, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    secure: bool,
    host: String,
    port: Option<u16>,
}

impl Address {
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let wrong = || {
            let text = input::without_credentials(text);
            anyhow!("--server {text:?} is not allowed: expected https://HOST or https://HOST:PORT")
        };
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) | None => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        let has_more = uri.path_and_query().is_some_and(|path| path.as_str() != "/");
        let has_port = authority.as_str().len() > authority.host().len();
        if has_more || authority.as_str().contains('@') || has_port != uri.port_u16().is_some() {
            return Err(wrong());
        }
        Ok(Self { secure, host: authority.host().to_owned(), port: uri.port_u16() })
    }

    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether a server that listens there is the one at this address.
    pub(super) fn names(&self, listen: SocketAddr) -> bool {
        let default_port = if self.secure { 443 } else { 80 };
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let is_host = match host.parse::<IpAddr>() {
            Ok(address) => address == listen.ip(),
            Err(_) => host.eq_ignore_ascii_case("localhost") && listen.ip().is_loopback(),
        };
        is_host && self.port.unwrap_or(default_port) == listen.port()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// A server that is shown the token.
#[derive(Debug)]
pub(super) struct Remote {
    agent: Agent,
    base: String,
    token: Secret,
    token_file: PathBuf,
}

impl Remote {
    pub(super) fn new(config: &Config, address: &Address) -> anyhow::Result<Self> {
        Self::at(config, address.to_string())
    }

    /// Where a system has no administration socket.
    pub(super) fn on_loopback(config: &Config) -> anyhow::Result<Self> {
        Self::at(config, format!("http://{}", config.listen))
    }

    fn at(config: &Config, base: String) -> anyhow::Result<Self> {
        let token_file = config.admin_token_file();
        let token = secrets::token_to_show(&token_file).map_err(|error| {
            anyhow!(
                "cannot read the administrator's token {}: {error}; copy admin.token from the \
                 server's data directory there, or say where it is with --data-dir",
                token_file.display()
            )
        })?;
        let agent: Agent = Agent::config_builder()
            .timeout_global(Some(ANSWER_WITHIN))
            .timeout_connect(Some(CONNECT_WITHIN))
            .http_status_as_error(false)
            // The token is shown to this server and to no other.
            .max_redirects(0)
            .proxy(None)
            .tls_config(TlsConfig::builder().root_certs(trusted()).build())
            .build()
            .into();
        Ok(Self { agent, base, token: Secret::new(token.trim()), token_file })
    }

    pub(super) fn answer(&self, ask: &Ask) -> anyhow::Result<Answer> {
        let bearer = format!("Bearer {}", self.token.expose());
        let request =
            Request::builder().method(&ask.method).uri(format!("{}{}", self.base, ask.path));
        let request = request.header("Authorization", bearer);
        let response = match &ask.body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                self.agent.run(request.body(body.as_str())?)
            }
            None => self.agent.run(request.body(())?),
        };
        let mut response = response.with_context(|| {
            format!("no answer from {}; check the address and its certificate", self.base)
        })?;
        let limit = u64::try_from(ANSWER_BYTES_MAX).unwrap_or(u64::MAX);
        let text = response.body_mut().with_config().limit(limit).read_to_string();
        let text = text.with_context(|| {
            format!("what listens at {} does not answer like a Hotseat pool server", self.base)
        })?;
        let status = response.status();
        if status.is_redirection() {
            bail!("{} sends requests elsewhere (status {status}); give that address", self.base);
        }
        Ok(Answer { status, text, listen: None })
    }

    pub(super) fn unknown_token(&self) -> anyhow::Error {
        anyhow!(
            "the server at {} does not know the administrator's token in {}: copy the server's \
             admin.token there. If it was lost, remove the server's file and start the server \
             again, which makes a new one",
            self.base,
            self.token_file.display()
        )
    }
}

/// What this computer trusts, the company's own authority included; where there is nothing of the
/// kind, the public authorities.
fn trusted() -> RootCerts {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        return RootCerts::WebPki;
    }
    found.certs.iter().map(|cert| Certificate::from_der(cert).to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_a_host_and_a_port() {
        for good in ["https://pool.example", "https://pool.example:7443", "http://[::1]:7480"] {
            assert_eq!(Address::parse(good).unwrap().to_string(), good);
        }
        let slash = Address::parse("https://pool.example/").unwrap();
        assert_eq!(slash.to_string(), "https://pool.example");
        for bad in [
            "pool.example",
            "ftp://pool.example",
            "https://",
            "https://pool.example/api",
            "https://pool.example?x",
            "https://pool.example@evil.example",
            "https://pool.example:x",
            "",
        ] {
            let said = Address::parse(bad).unwrap_err().to_string();
            assert!(said.contains("https://HOST"), "{said}");
        }
    }

    #[test]
    fn an_address_names_the_server_that_listens_there() {
        let names =
            |text: &str, listen: &str| Address::parse(text).unwrap().names(listen.parse().unwrap());
        assert!(names("http://127.0.0.1:7480", "127.0.0.1:7480"));
        assert!(names("http://localhost:7480", "[::1]:7480"));
        assert!(names("http://[::1]:7480", "[::1]:7480"));
        assert!(!names("http://127.0.0.1:7481", "127.0.0.1:7480"));
        assert!(!names("http://127.0.0.1", "127.0.0.1:7480"));
        assert!(!names("http://127.0.0.2:7480", "127.0.0.1:7480"));
        assert!(!names("http://pool.example:7480", "127.0.0.1:7480"));
    }
}

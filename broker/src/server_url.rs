//! The pool server's address, checked once.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use hotseat_protocol::link::LINK_PATH;
use thiserror::Error;
use tokio_tungstenite::tungstenite::http::Uri;

/// Why a text is not a pool server's address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ServerUrlError {
    /// Not a URL of the two kinds.
    #[error("expected https://HOST[:PORT], or http:// for this machine itself")]
    NotAUrl,
    /// It carries a name or password.
    #[error("leave out the user name and password: a machine has a credential of its own")]
    Credentials,
    /// Plain text to another machine.
    #[error(
        "http:// is only for this machine itself (127.0.0.1, ::1 or localhost), \
         because credentials would cross the network readable; use https://"
    )]
    PlainText,
}

/// Where the pool server is: `https://`, or `http://` on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    secure: bool,
    authority: String,
    path: String,
}

impl ServerUrl {
    /// The address of the broker's WebSocket.
    #[must_use]
    pub fn link(&self) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}{}{LINK_PATH}", self.authority, self.path)
    }

    /// The address of something else on the server; `path` begins with a slash.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{self}{path}")
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, ServerUrlError> {
        let uri: Uri = text.trim().parse().map_err(|_| ServerUrlError::NotAUrl)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(ServerUrlError::NotAUrl),
        };
        let authority = uri.authority().ok_or(ServerUrlError::NotAUrl)?;
        if authority.as_str().contains('@') {
            return Err(ServerUrlError::Credentials);
        }
        if authority.host().is_empty() || uri.query().is_some() {
            return Err(ServerUrlError::NotAUrl);
        }
        if !secure && !is_this_machine(authority.host()) {
            return Err(ServerUrlError::PlainText);
        }
        Ok(Self {
            secure,
            authority: authority.as_str().to_owned(),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_the_link_and_the_rest() {
        let url: ServerUrl = "https://seats.example/office/".parse().unwrap();
        assert_eq!(url.to_string(), "https://seats.example/office");
        assert_eq!(url.link(), "wss://seats.example/office/api/v1/link");
        let url: ServerUrl = "http://127.0.0.1:7480".parse().unwrap();
        assert_eq!(url.link(), "ws://127.0.0.1:7480/api/v1/link");
        assert_eq!(url.at("/healthz"), "http://127.0.0.1:7480/healthz");
    }

    #[test]
    fn plain_text_stays_on_this_machine() {
        for fine in ["http://localhost:1", "http://[::1]:7480", "http://127.8.9.1"] {
            assert!(fine.parse::<ServerUrl>().is_ok(), "{fine} was refused");
        }
        for (bad, why) in [
            ("http://seats.example", ServerUrlError::PlainText),
            ("http://10.0.0.1:7480", ServerUrlError::PlainText),
            ("http://localhost.example", ServerUrlError::PlainText),
            ("https://a:b@seats.example", ServerUrlError::Credentials),
            ("ftp://seats.example", ServerUrlError::NotAUrl),
            ("seats.example:7480", ServerUrlError::NotAUrl),
            ("https://", ServerUrlError::NotAUrl),
            ("https://seats.example/?a=b", ServerUrlError::NotAUrl),
            ("", ServerUrlError::NotAUrl),
        ] {
            assert_eq!(bad.parse::<ServerUrl>(), Err(why), "{bad}");
        }
    }
}

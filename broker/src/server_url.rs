//! The pool server's address, checked once.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

use hotseat_protocol::link::LINK_PATH;
use thiserror::Error;
use url::{Host, SyntaxViolation, Url};

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
///
/// Names are kept in ASCII (`xn--…`) and lower case, as they are looked up and as nobody can
/// mistake them for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    url: Url,
}

impl ServerUrl {
    /// The address of the broker's WebSocket.
    #[must_use]
    pub fn link(&self) -> String {
        let scheme = if self.is_secure() { "wss" } else { "ws" };
        format!("{scheme}://{}{}{LINK_PATH}", self.url.authority(), self.path())
    }

    /// Where something else is on the server, as it is asked for there; `path` begins with a slash.
    #[must_use]
    pub fn path_of(&self, path: &str) -> String {
        format!("{}{path}", self.path())
    }

    /// Host and, unless it is the usual one, port: what the server is asked as.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.url.authority()
    }

    /// The server's name or address; one of IPv6 in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The server's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    /// Whether TLS is spoken.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether the server is on this machine.
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name.trim_end_matches('.') == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
            None => false,
        }
    }

    fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.url.scheme(), self.url.authority(), self.path())
    }
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, ServerUrlError> {
        let text = text.trim();
        // What browsers mend silently (backslashes, missing slashes, line breaks) is a mistake here.
        let violated = Cell::new(false);
        let note = |violation| {
            violated.set(violated.get() || violation != SyntaxViolation::EmbeddedCredentials);
        };
        let parsed = Url::options().syntax_violation_callback(Some(&note)).parse(text);
        let url = parsed.map_err(|_| ServerUrlError::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() || url.authority().contains('@') {
            return Err(ServerUrlError::Credentials);
        }
        let strange = url.query().is_some() || url.fragment().is_some() || url.port() == Some(0);
        if violated.get() || strange || !matches!(url.scheme(), "https" | "http") {
            return Err(ServerUrlError::NotAUrl);
        }
        let url = Self { url };
        if url.host().trim_matches('.').is_empty() {
            return Err(ServerUrlError::NotAUrl);
        }
        if !url.is_secure() && !url.is_this_machine() {
            return Err(ServerUrlError::PlainText);
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_the_link_and_the_rest() {
        let url: ServerUrl = "https://seats.example/office/".parse().unwrap();
        assert_eq!(url.to_string(), "https://seats.example/office");
        assert_eq!(url.link(), "wss://seats.example/office/api/v1/link");
        assert_eq!(url.path_of("/healthz"), "/office/healthz");
        let url: ServerUrl = "http://127.0.0.1:7480".parse().unwrap();
        assert_eq!(url.link(), "ws://127.0.0.1:7480/api/v1/link");
        assert_eq!(url.path_of("/healthz"), "/healthz");
    }

    #[test]
    fn names_of_any_script_and_addresses_of_both_families_have_one_form() {
        for (typed, form, port) in [
            ("https://bücher.example", "https://xn--bcher-kva.example", 443),
            ("https://BU\u{308}CHER.example:7480", "https://xn--bcher-kva.example:7480", 7480),
            ("HTTPS://Seats.Example:443/", "https://seats.example", 443),
            ("https://seats.example./a%20b", "https://seats.example./a%20b", 443),
            ("https://[FD00:0:0::7]:8443", "https://[fd00::7]:8443", 8443),
            ("http://[::1]", "http://[::1]", 80),
            ("https://se%61ts.example", "https://seats.example", 443),
        ] {
            let url: ServerUrl = typed.parse().unwrap_or_else(|why| panic!("{typed}: {why}"));
            assert_eq!((url.to_string().as_str(), url.port()), (form, port), "{typed}");
            assert_eq!(form.parse(), Ok(url), "what is written down is read again");
        }
    }

    #[test]
    fn plain_text_stays_on_this_machine() {
        for fine in [
            "http://localhost:1",
            "http://LocalHost.:1",
            "http://[::1]:7480",
            "http://127.8.9.1",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(fine.parse::<ServerUrl>().is_ok(), "{fine} was refused");
        }
        for (bad, why) in [
            ("http://seats.example", ServerUrlError::PlainText),
            ("http://10.0.0.1:7480", ServerUrlError::PlainText),
            ("http://localhost.example", ServerUrlError::PlainText),
            ("http://[::ffff:10.0.0.1]", ServerUrlError::PlainText),
            ("https://a:b@seats.example", ServerUrlError::Credentials),
            ("https://lucy@seats.example", ServerUrlError::Credentials),
            ("ftp://seats.example", ServerUrlError::NotAUrl),
            ("seats.example:7480", ServerUrlError::NotAUrl),
            ("https://", ServerUrlError::NotAUrl),
            ("https://.", ServerUrlError::NotAUrl),
            ("https://seats.example:0", ServerUrlError::NotAUrl),
            ("https://seats.example:70000", ServerUrlError::NotAUrl),
            ("https://seats.example/?a=b", ServerUrlError::NotAUrl),
            ("https://seats.example/#a", ServerUrlError::NotAUrl),
            ("https:seats.example", ServerUrlError::NotAUrl),
            ("https:\\\\seats.example", ServerUrlError::NotAUrl),
            ("https://sea\nts.example", ServerUrlError::NotAUrl),
            ("https://sea ts.example", ServerUrlError::NotAUrl),
            ("", ServerUrlError::NotAUrl),
        ] {
            assert_eq!(bad.parse::<ServerUrl>(), Err(why), "{bad}");
        }
    }
}

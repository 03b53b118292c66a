//! Keeps browsers out of what is not theirs: any web page can make them send requests to this
//! server, and only they say so in `Origin` and `Host`.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use hotseat_protocol::problem::Code;

use super::error::{ApiError, with_status};

/// What a browser asks before a page of the internet may reach a private network.
const PRIVATE_NETWORK: &str = "access-control-request-private-network";

/// A name or an address by which this server is known, without a port; in small letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

impl FromStr for HostName {
    type Err = String;

    /// Reads `seats.example`, `plätze.example`, `192.0.2.7` or `2001:db8::7`.
    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self(address.to_string()));
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        // As requests name it: in small letters, and `xn--` for other scripts.
        let ascii = idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::URL);
        let name = ascii.map(|name| name.trim_end_matches('.').to_owned()).unwrap_or_default();
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(format!("{text:?} is not a host name"));
        }
        Ok(Self(name))
    }
}

/// The names of this server. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Hosts(Arc<[HostName]>);

impl Hosts {
    /// The loopback's names, the address where the server listens, and what is configured.
    pub(crate) fn of(listen: IpAddr, configured: &[HostName]) -> Self {
        let listen = HostName(listen.to_string());
        Self(configured.iter().cloned().chain([listen]).collect())
    }

    fn knows(&self, authority: &Authority) -> bool {
        let Ok(name) = authority.host().parse::<HostName>() else { return false };
        let address = name.0.parse::<IpAddr>();
        let loopback = address.is_ok_and(|address| address.to_canonical().is_loopback());
        loopback || name.0 == "localhost" || self.0.contains(&name)
    }
}

/// Answers what a browser sends for somebody else's page.
pub(crate) async fn keep_out(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if let Err(error) = expect_one_host(request.version(), request.uri(), request.headers()) {
        return with_status(StatusCode::BAD_REQUEST, error);
    }
    if let Err((status, error)) = judge(&hosts, request.uri(), request.headers()) {
        return with_status(status, error);
    }
    if !request.body().is_end_stream()
        && let Err(error) = expect_json(request.headers())
    {
        return with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, error);
    }
    next.run(request).await
}

/// A request names one host, as a name or an address with or without a port (RFC 9112, 3.2); one
/// of HTTP/1.0 need not.
fn expect_one_host(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let wrong = |detail: String| {
        ApiError::new(Code::Invalid, detail, "Send one Host header: HOST or HOST:PORT.")
    };
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version < Version::HTTP_11 => {}
        (None, _) => return Err(wrong("The request has no Host header.".to_owned())),
        (Some(_), Some(_)) => {
            return Err(wrong("The request has more than one Host header.".to_owned()));
        }
        (Some(host), None) => {
            let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
            // An empty one is allowed, and names nobody.
            if !host.is_empty() && !authority.is_some_and(|host| is_host_and_port(&host)) {
                return Err(wrong(format!("The Host header is {host:?}, which is no host.")));
            }
        }
    }
    match uri.authority() {
        Some(named) if !is_host_and_port(named) => {
            Err(wrong(format!("The address names {:?}, which is no host.", named.as_str())))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether nothing but a host and a port are named: a user before them is what people read first.
fn is_host_and_port(authority: &Authority) -> bool {
    let rest = authority.as_str().strip_prefix(authority.host());
    rest.is_some_and(|rest| {
        let port = rest.strip_prefix(':').unwrap_or(rest);
        port.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn judge(hosts: &Hosts, uri: &Uri, headers: &HeaderMap) -> Result<(), (StatusCode, ApiError)> {
    let foreign = |detail: String, next: &str| {
        (StatusCode::FORBIDDEN, ApiError::new(Code::NotAllowed, detail, next))
    };
    if headers.contains_key(PRIVATE_NETWORK) {
        let detail = "Web pages of the internet may not reach this server.".to_owned();
        return Err(foreign(detail, "Ask from a program, not from a web page."));
    }
    for host in headers.get_all(header::HOST) {
        expect_known(hosts, host.to_str().ok().and_then(|text| text.parse().ok()), host)?;
    }
    if let Some(authority) = uri.authority() {
        expect_known(hosts, Some(authority.clone()), authority)?;
    }
    for origin in headers.get_all(header::ORIGIN) {
        let own = origin.to_str().ok().and_then(|text| text.parse::<Uri>().ok());
        if !own.is_some_and(|own| own.authority().is_some_and(|own| hosts.knows(own))) {
            let detail = format!("The web page {origin:?} is not one of this server.");
            return Err(foreign(detail, "Ask from a program, not from a web page."));
        }
    }
    Ok(())
}

fn expect_known(
    hosts: &Hosts,
    authority: Option<Authority>,
    shown: impl std::fmt::Debug,
) -> Result<(), (StatusCode, ApiError)> {
    if authority.is_some_and(|authority| hosts.knows(&authority)) {
        return Ok(());
    }
    let detail = format!("This server is not known as {shown:?}.");
    let next = "Add the name to hosts in pool.toml, or have the proxy send another Host header.";
    Err((StatusCode::MISDIRECTED_REQUEST, ApiError::new(Code::Invalid, detail, next)))
}

/// A form of any web page can send every other kind of body without asking first.
fn expect_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|said| said.to_str().ok());
    let essence = said.and_then(|said| said.split(';').next()).unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = match said {
        Some(said) => format!("The body is {said:?}, not application/json."),
        None => "The body does not say what it is.".to_owned(),
    };
    let next = "Send the header Content-Type: application/json.";
    Err(ApiError::new(Code::Invalid, detail, next))
}

/// The brokers' link is for brokers: no page opens it, not even one of this server.
///
/// # Errors
///
/// What to answer a browser.
pub(crate) fn expect_no_page(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.contains_key(header::ORIGIN) {
        return Err(ApiError::not_allowed("A web page may not open a broker's link."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        let configured = ["Seats.example.", "2001:db8::7", "Plätze.example"];
        let configured = configured.map(|name| name.parse().unwrap());
        Hosts::of("192.0.2.7".parse().unwrap(), &configured)
    }

    fn status(headers: &[(&'static str, &str)], uri: &str) -> u16 {
        let headers = headers
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        match judge(&hosts(), &uri.parse().unwrap(), &map) {
            Ok(()) => 200,
            Err((status, _)) => status.as_u16(),
        }
    }

    #[test]
    fn a_server_answers_by_its_own_names_only() {
        for host in [
            "localhost",
            "LOCALHOST:7480",
            "127.0.0.1:7480",
            "127.8.8.8",
            "[::1]:7480",
            "[::ffff:127.0.0.1]:7480",
            "seats.example",
            "SEATS.example.:443",
            "192.0.2.7:80",
            "[2001:db8:0::7]",
            "xn--pltze-hra.example",
        ] {
            assert_eq!(status(&[("host", host)], "/"), 200, "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.0.2.8",
            "",
            "a b",
        ] {
            assert_eq!(status(&[("host", host)], "/"), 421, "{host}");
        }
        assert_eq!(status(&[], "/"), 200);
        assert_eq!(status(&[("host", "localhost")], "http://evil.example/"), 421);
    }

    #[test]
    fn a_configured_name_is_that_of_a_host() {
        let read = |text: &str| text.parse::<HostName>().map(|name| name.0);
        for wrong in ["", ".", "a b", "a/b", "a:b", "a@b", "*.example", "xn--a", "http://a"] {
            assert!(read(wrong).is_err_and(|told| told.contains("is not a host name")), "{wrong}");
        }
        for (text, name) in [
            ("Seats.Example.", "seats.example"),
            ("my_host", "my_host"),
            ("r3---sn.example", "r3---sn.example"),
            ("Plätze.example", "xn--pltze-hra.example"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(name));
        }
    }

    #[test]
    fn a_request_names_one_host_and_no_user() {
        let passes = |version: Version, uri: &str, hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().unwrap());
            }
            expect_one_host(version, &uri.parse().unwrap(), &headers).is_ok()
        };
        let (old, new) = (Version::HTTP_10, Version::HTTP_11);
        for host in ["localhost", "127.0.0.1:7480", "[::1]", "[::1]:7480", "seats.example:", ""] {
            assert!(passes(new, "/", &[host]), "{host}");
        }
        for host in [
            "evil@127.0.0.1:7480",
            "@localhost",
            "a:b@[::1]:7480",
            "a b",
            "localhost:x",
            "localhost:1:2",
            "localhost/",
            "http://localhost",
        ] {
            assert!(!passes(new, "/", &[host]), "{host}");
            assert!(!passes(old, "/", &[host]), "{host}");
        }
        assert!(!passes(new, "/", &[]));
        assert!(passes(old, "/", &[]));
        assert!(!passes(new, "/", &["localhost", "localhost"]));
        assert!(!passes(new, "http://localhost/", &[]));
        assert!(passes(new, "http://localhost/", &["localhost"]));
        assert!(!passes(new, "http://evil@localhost/", &["localhost"]));
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        for (origin, expected) in [
            ("http://127.0.0.1:7480", 200),
            ("https://seats.example", 200),
            ("https://evil.example", 403),
            ("null", 403),
            ("", 403),
            ("https://seats.example.evil.example", 403),
        ] {
            assert_eq!(status(&[("origin", origin)], "/"), expected, "{origin}");
        }
        let both = [("origin", "http://localhost"), ("origin", "https://evil.example")];
        assert_eq!(status(&both, "/"), 403);
        assert_eq!(status(&[("access-control-request-private-network", "true")], "/"), 403);
    }

    #[test]
    fn a_body_says_that_it_is_json() {
        let passes = |value: &str| {
            expect_json(&[(header::CONTENT_TYPE, value.parse().unwrap())].into_iter().collect())
                .is_ok()
        };
        for value in ["application/json", "Application/JSON; charset=utf-8"] {
            assert!(passes(value), "{value}");
        }
        for value in ["text/plain", "text/plain; application/json", "", "application/jsonx"] {
            assert!(!passes(value), "{value}");
        }
        assert!(expect_json(&HeaderMap::new()).is_err());
    }
}

//! From where a request comes: the peer's address, or what a trusted proxy says of it.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::HeaderMap;
use ipnet::IpNet;

/// The address of whoever makes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PeerAddress(pub(crate) IpAddr);

/// A proxy, or a network of them, whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

impl FromStr for TrustedProxy {
    type Err = ipnet::AddrParseError;

    /// Reads an address (`192.0.2.7`) or a network (`192.0.2.0/24`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<IpAddr>() {
            Ok(address) => Ok(Self(address.to_canonical().into())),
            Err(_) => text.parse().map(Self),
        }
    }
}

impl TrustedProxy {
    /// Whether this is every address of IPv4 or of IPv6, so that any caller may make up who they
    /// are.
    pub(crate) fn is_everybody(self) -> bool {
        self.0.prefix_len() == 0
    }
}

/// Tells a caller's address. Clones share what was logged.
#[derive(Debug, Clone, Default)]
pub(crate) struct Forwarded {
    trusted: Arc<[TrustedProxy]>,
    told: Arc<AtomicBool>,
}

impl Forwarded {
    /// Believes these proxies, and nobody else; warns where that is anybody.
    pub(crate) fn by(trusted: &[TrustedProxy]) -> Self {
        if trusted.iter().any(|proxy| proxy.is_everybody()) {
            tracing::warn!(
                "trusted_proxies names every IPv4 or every IPv6 address: whoever reaches this \
                 server may say that they are somebody else; name the proxy's own address"
            );
        }
        Self { trusted: trusted.into(), told: Arc::default() }
    }

    /// Whether many callers share this peer's address by design.
    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|proxy| proxy.0.contains(&address.to_canonical()))
    }

    /// Reads `X-Forwarded-For` from its end for as long as trusted proxies wrote it: what stands
    /// before that, the caller may have made up.
    pub(crate) fn address(&self, peer: IpAddr, headers: &HeaderMap) -> PeerAddress {
        let peer = peer.to_canonical();
        let lines = headers.get_all("x-forwarded-for");
        if !self.is_proxy(peer) {
            if lines.iter().next().is_some() && !self.told.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    %peer,
                    "behind a proxy? set trusted_proxies: X-Forwarded-For is not believed, and all \
                     its callers count as one"
                );
            }
            return PeerAddress(peer);
        }
        let mut address = peer;
        for line in lines.iter().rev() {
            for named in line.to_str().unwrap_or_default().rsplit(',') {
                let Ok(named) = named.trim().parse::<IpAddr>() else { return PeerAddress(address) };
                address = named.to_canonical();
                if !self.is_proxy(address) {
                    return PeerAddress(address);
                }
            }
        }
        PeerAddress(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_everybody_is_known() {
        let is_everybody = |text: &str| text.parse::<TrustedProxy>().unwrap().is_everybody();
        assert!(is_everybody("0.0.0.0/0") && is_everybody("::/0"));
        assert!(!is_everybody("10.0.0.0/8") && !is_everybody("0.0.0.0"));
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn headers(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", hyper::header::HeaderValue::from_static(line));
        }
        headers
    }

    #[test]
    fn only_configured_proxies_are_believed_and_only_their_own_word() {
        let trusted = ["127.0.0.1", "10.0.0.0/8"].map(|text| text.parse().unwrap());
        let forwarded = Forwarded::by(&trusted);
        let (here, there) = ("127.0.0.1", "192.0.2.7");
        for (peer, lines, expected) in [
            (here, &[][..], here),
            (here, &["192.0.2.1"][..], "192.0.2.1"),
            (here, &["192.0.2.9, 192.0.2.1"][..], "192.0.2.1"),
            (here, &["192.0.2.9", "2001:db8::1"][..], "2001:db8::1"),
            (here, &["192.0.2.9, 192.0.2.1, 10.1.2.3"][..], "192.0.2.1"),
            (here, &["192.0.2.9, somebody, 10.1.2.3"][..], "10.1.2.3"),
            (here, &["10.0.0.1, 10.0.0.2"][..], "10.0.0.1"),
            (here, &["somebody"][..], here),
            ("::ffff:127.0.0.1", &["192.0.2.1"][..], "192.0.2.1"),
            (there, &["192.0.2.1"][..], there),
        ] {
            let found = forwarded.address(ip(peer), &headers(lines)).0;
            assert_eq!(found, ip(expected), "{peer} {lines:?}");
        }
    }

    #[test]
    fn without_configuration_nobody_is_believed_not_even_on_this_computer() {
        let found = Forwarded::default().address(ip("127.0.0.1"), &headers(&["192.0.2.1"])).0;
        assert_eq!(found, ip("127.0.0.1"));
    }
}

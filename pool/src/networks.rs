//! The networks that an address lies in: numbers of addresses cost little, numbers of networks more.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The networks of an address by their first addresses, the largest first: /16 and /24 of IPv4 and the
/// address itself; /48 and /64 of IPv6, and the /64 again, because a host picks its own address in
/// it. Everybody on this computer picks theirs in the loopback, so that all of it is one.
pub(crate) fn networks(address: IpAddr) -> [IpAddr; 3] {
    match address.to_canonical() {
        address if address.is_loopback() => [IpAddr::V4(Ipv4Addr::LOCALHOST); 3],
        IpAddr::V4(address) => [16, 24, 32].map(|length| {
            let mask = u32::MAX << (32 - length);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }),
        IpAddr::V6(address) => [48, 64, 64].map(|length| {
            let mask = u128::MAX << (128 - length);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_its_networks_and_the_loopback_is_one() {
        for (address, expected) in [
            ("192.0.2.7", ["192.0.0.0", "192.0.2.0", "192.0.2.7"]),
            ("::ffff:192.0.2.7", ["192.0.0.0", "192.0.2.0", "192.0.2.7"]),
            ("2001:db8:1:2:3::4", ["2001:db8:1::", "2001:db8:1:2::", "2001:db8:1:2::"]),
            ("127.0.0.1", ["127.0.0.1"; 3]),
            ("127.255.3.4", ["127.0.0.1"; 3]),
            ("::1", ["127.0.0.1"; 3]),
            ("::ffff:127.9.9.9", ["127.0.0.1"; 3]),
        ] {
            let expected: [IpAddr; 3] = expected.map(|text| text.parse().unwrap());
            assert_eq!(networks(address.parse().unwrap()), expected, "{address}");
        }
    }
}

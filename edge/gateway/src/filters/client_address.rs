//! Who the client is: the peer, or, when the peer is a trusted proxy, whom it names. What
//! anybody else claims in forwarding fields is replaced.

use std::net::IpAddr;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::exchange::Exchange;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// Addresses and networks whose forwarding fields are believed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TrustedProxies(Vec<Network>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    /// IPv4 addresses are taken as IPv4-mapped ones.
    bits: u128,
    prefix: u32,
}

impl TrustedProxies {
    /// Parses addresses (`10.0.0.1`) and CIDR blocks (`10.0.0.0/8`, `fd00::/8`).
    pub(crate) fn parse(entries: &[String]) -> Result<Self, String> {
        let parse = |entry: &String| {
            let (address, length) = match entry.split_once('/') {
                Some((address, length)) => (address, length.parse::<u32>().ok()),
                None => (entry.as_str(), Some(u32::MAX)),
            };
            let wrong = || format!("{entry:?} is neither an address nor a CIDR block");
            let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
            let (width, offset) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
            let length = match length {
                Some(u32::MAX) => width,
                Some(length) if length <= width => length,
                _ => return Err(wrong()),
            };
            Ok(Network { bits: bits(address), prefix: length + offset })
        };
        entries.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let bits = bits(address);
        self.0.iter().any(|network| {
            let shift = 128 - network.prefix;
            // A shift by the whole width is undefined; /0 contains everything.
            shift == 128 || bits >> shift == network.bits >> shift
        })
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_ipv6_mapped()),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// Fills in address and scheme of the client and rewrites the forwarding fields.
pub(super) fn derive(exchange: &mut Exchange, parts: &mut Parts) {
    let client = &exchange.client;
    let headers = &mut parts.headers;
    let trusted = exchange.live.proxies.contains(exchange.address);
    let mut chain = None;
    if trusted {
        let (address, list) = walk(headers, exchange.address, &exchange.live.proxies);
        exchange.address = address;
        chain = Some(list);
        // The proxy next to us knows how the client came.
        if let Some(proto) = headers.get(FORWARDED_PROTO) {
            exchange.secure = proto.as_bytes().eq_ignore_ascii_case(b"https");
        }
    }
    if headers.keys().any(|name| matches!(name.as_str(), "forwarded" | "x-forwarded-port")) {
        headers.remove(header::FORWARDED);
        headers.remove(FORWARDED_PORT);
    }
    let address = if exchange.address == client.peer.ip() {
        client.address.clone()
    } else {
        text(exchange.address.to_string())
    };
    let chain = chain.map_or_else(|| client.address.clone(), text);
    headers.insert(FORWARDED_FOR, chain);
    headers.insert(REAL_IP, address);
    let scheme = if exchange.secure { "https" } else { "http" };
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(scheme));
    match headers.get(header::HOST).cloned() {
        Some(host) if !trusted || !headers.contains_key(FORWARDED_HOST) => {
            headers.insert(FORWARDED_HOST, host);
        }
        None if !trusted => drop(headers.remove(FORWARDED_HOST)),
        _ => {}
    }
}

/// The nearest untrusted address of the chain, and the chain with the peer at its end.
fn walk(headers: &HeaderMap, peer: IpAddr, proxies: &TrustedProxies) -> (IpAddr, String) {
    let values = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<IpAddr> = values
        .flat_map(|value| value.split(','))
        .map_while(|one| parse_address(one.trim()))
        .collect();
    let client = named
        .iter()
        .rev()
        .copied()
        .find(|address| !proxies.contains(*address))
        // All of them proxies: the farthest one is the client.
        .or_else(|| named.first().copied())
        .unwrap_or(peer);
    let mut chain = String::new();
    for address in named.iter().chain([&peer]) {
        if !chain.is_empty() {
            chain.push_str(", ");
        }
        chain.push_str(&address.to_string());
    }
    (client, chain)
}

/// An address, some proxies write it with a port or in brackets.
fn parse_address(text: &str) -> Option<IpAddr> {
    let address = text.parse().ok().or_else(|| {
        text.parse::<std::net::SocketAddr>()
            .ok()
            .map(|address| address.ip())
            .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
    })?;
    Some(IpAddr::to_canonical(&address))
}

fn text(text: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(text))
        .unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(entries: &[&str]) -> TrustedProxies {
        let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
        TrustedProxies::parse(&entries).expect("valid")
    }

    #[test]
    fn networks_contain_their_addresses() {
        let contains = |network: &str, address: &str| {
            proxies(&[network]).contains(address.parse().expect(address))
        };
        assert!(contains("10.0.0.0/8", "10.255.1.2"));
        assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("10.0.0.1", "10.0.0.1"));
        assert!(!contains("10.0.0.1", "10.0.0.2"));
        assert!(contains("fd00::/8", "fd12::1"));
        assert!(!contains("fd00::/8", "fe80::1"));
        assert!(contains("::/0", "1.2.3.4") && contains("0.0.0.0/0", "1.2.3.4"));
        assert!(!contains("0.0.0.0/0", "2001:db8::1"));
        for wrong in ["", "x", "10.0.0.0/33", "10.0.0.0/", "::1/129"] {
            assert!(TrustedProxies::parse(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_nearest_untrusted_address_is_the_client() {
        let proxies = proxies(&["10.0.0.0/8"]);
        let walk = |chain: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in chain {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
            }
            walk(&headers, "10.0.0.1".parse().expect("address"), &proxies).0.to_string()
        };
        assert_eq!(walk(&["1.1.1.1, 2.2.2.2, 10.0.0.9"]), "2.2.2.2");
        assert_eq!(walk(&["1.1.1.1", "2.2.2.2"]), "2.2.2.2");
        assert_eq!(walk(&["10.0.0.7, 10.0.0.9"]), "10.0.0.7");
        assert_eq!(walk(&["[2001:db8::1]:99"]), "2001:db8::1");
        assert_eq!(walk(&[]), "10.0.0.1");
        assert_eq!(walk(&["unknown"]), "10.0.0.1");
    }
}

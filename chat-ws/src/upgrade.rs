//! The request with which a connection began.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use ipnet::IpNet;

use crate::options::Options;
use crate::origin::Page;

/// What is known of a connection before its first frame.
#[derive(Debug, Clone, Default)]
pub struct Upgrade {
    /// The address at the other end of the socket: the client's, or a proxy's.
    pub peer: Option<IpAddr>,
    /// The headers of the request.
    pub headers: HeaderMap,
}

impl Upgrade {
    /// A connection from this address.
    #[must_use]
    pub fn from_peer(peer: IpAddr) -> Self {
        Self { peer: Some(peer), headers: HeaderMap::new() }
    }

    /// With the headers of its request.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// A header as text; `None` where it is not there once, or no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        if values.next().is_some() { None } else { value.to_str().ok().map(str::trim) }
    }

    /// Whether the socket's other end is a proxy that is believed.
    pub(crate) fn is_through(&self, proxies: &[IpNet]) -> bool {
        self.peer.is_some_and(|peer| is_one_of(peer, proxies))
    }

    /// The client's own address: the last one in `X-Forwarded-For` that is not itself a proxy that is believed. What stands
    /// before that one was written by the client.
    #[must_use]
    pub fn client(&self, proxies: &[IpNet]) -> Option<IpAddr> {
        if !self.is_through(proxies) {
            return self.peer;
        }
        let forwarded = self.headers.get_all("x-forwarded-for").iter().rev();
        let lists = forwarded.filter_map(|value| value.to_str().ok());
        let mut nearest = self.peer;
        for address in lists.flat_map(|list| list.rsplit(',')) {
            // What cannot be read says nothing, and neither does what stands before it.
            let Some(address) = read_address(address.trim()) else { break };
            nearest = Some(address);
            if !is_one_of(address, proxies) {
                break;
            }
        }
        nearest
    }

    /// Whether a page of the request's origin may connect.
    pub(crate) fn may_connect(&self, options: &Options) -> bool {
        if !self.headers.contains_key(ORIGIN) {
            return true;
        }
        let page: Option<Page> = self.header(ORIGIN.as_str()).and_then(|text| text.parse().ok());
        options.origins.iter().any(|origin| origin.allows(page.as_ref()))
            || (options.own_host
                && page.is_some_and(|page| self.is_own(&page, &options.trusted_proxies)))
    }

    /// Whether this is the origin of pages from this very host, as the client called it.
    fn is_own(&self, page: &Page, proxies: &[IpNet]) -> bool {
        let through = self.is_through(proxies);
        let told = |name| if through { self.header(name) } else { None };
        let Some(host) = told("x-forwarded-host").or_else(|| self.header(HOST.as_str())) else {
            return false;
        };
        match told("x-forwarded-proto") {
            Some(proto) => {
                let own = Page::of_host(proto.eq_ignore_ascii_case("https"), host);
                own.is_ok_and(|own| own == *page)
            }
            None => page.is_of_host(host),
        }
    }
}

fn is_one_of(address: IpAddr, networks: &[IpNet]) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// An address as proxies write it: bare, with a port, in brackets.
fn read_address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
        return Some(socket.ip().to_canonical());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upgrade(peer: &str, headers: &[(&'static str, &str)]) -> Upgrade {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Upgrade::from_peer(peer.parse().unwrap()).with_headers(map)
    }

    fn proxies() -> Vec<IpNet> {
        vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_about_the_address() {
        let forged = upgrade("192.0.2.1", &[("x-forwarded-for", "203.0.113.9")]);
        assert_eq!(forged.client(&proxies()), forged.peer);
        let real = upgrade("10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 203.0.113.9, 10.0.0.2")]);
        assert_eq!(real.client(&proxies()), Some("203.0.113.9".parse().unwrap()));
        let two = upgrade(
            "10.0.0.1",
            &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "[2001:db8::1]:99")],
        );
        assert_eq!(two.client(&proxies()), Some("2001:db8::1".parse().unwrap()));
        let nonsense = upgrade("10.0.0.1", &[("x-forwarded-for", "1.1.1.1, unknown")]);
        assert_eq!(nonsense.client(&proxies()), nonsense.peer);
        let mapped = upgrade("::ffff:10.0.0.1", &[("x-forwarded-for", "203.0.113.9")]);
        assert_eq!(mapped.client(&proxies()), Some("203.0.113.9".parse().unwrap()));
    }

    #[test]
    fn pages_of_ones_own_and_of_named_origins_may_connect() {
        let named = Options {
            origins: vec!["https://app.example.org".parse().unwrap()],
            trusted_proxies: proxies(),
            ..Options::default()
        };
        let may = |peer: &str, headers: &[(&'static str, &str)]| {
            upgrade(peer, headers).may_connect(&named)
        };
        let host = ("host", "chat.example.org");
        assert!(may("192.0.2.1", &[host]));
        assert!(may("192.0.2.1", &[host, ("origin", "https://chat.example.org")]));
        assert!(may("192.0.2.1", &[host, ("origin", "https://app.example.org")]));
        assert!(!may("192.0.2.1", &[host, ("origin", "https://evil.example.org")]));
        assert!(!may("192.0.2.1", &[host, ("origin", "null")]));
        assert!(!may("192.0.2.1", &[host, ("origin", "https://chat.example.org:8443")]));
        assert!(!may("192.0.2.1", &[("origin", "https://chat.example.org")]));
    }

    #[test]
    fn a_host_that_knows_its_names_answers_to_no_other() {
        let only_named = Options {
            origins: vec!["https://app.example.org".parse().unwrap()],
            own_host: false,
            ..Options::default()
        };
        let may = |origin: &str, host: &str| {
            upgrade("192.0.2.1", &[("host", host), ("origin", origin)]).may_connect(&only_named)
        };
        assert!(may("https://app.example.org", "app.example.org"));
        // A name that somebody else's DNS has given to this address.
        assert!(!may("http://evil.example", "evil.example"));
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_about_the_host() {
        let may = |peer: &str, headers: &[(&'static str, &str)]| {
            let believed = Options { trusted_proxies: proxies(), ..Options::default() };
            upgrade(peer, headers).may_connect(&believed)
        };
        let inner = ("host", "127.0.0.1:8000");
        let outer = ("x-forwarded-host", "chat.example.org");
        let https = ("x-forwarded-proto", "https");
        let origin = ("origin", "https://chat.example.org");
        assert!(may("10.0.0.1", &[inner, outer, https, origin]));
        assert!(!may("192.0.2.1", &[inner, outer, https, origin]));
        // The scheme is part of the origin, where the proxy tells it.
        assert!(!may("10.0.0.1", &[inner, outer, https, ("origin", "http://chat.example.org")]));
        assert!(!may("10.0.0.1", &[inner, outer, https, ("origin", "http://127.0.0.1:8000")]));
    }
}

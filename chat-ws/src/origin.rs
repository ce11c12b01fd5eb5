//! Where a page comes from that wants to connect.
//!
//! A browser lets any page open a WebSocket to any server, and sends the user's cookies along. So whoever serves users known by a
//! cookie has to look at the origin: only pages of one's own, or of origins that were named, may connect.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// Whose pages may connect: those of one origin, `https://example.org` or `http://localhost:3000` (by [`FromStr`]), or those of
/// hosts, whatever their scheme and port ([`Origin::host`]).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin(Pages);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Pages {
    Of(Page),
    OfHost(String),
    /// The name, and all names that end in it behind a dot.
    Under(String),
    All,
}

/// A scheme, a host and a port, as browsers name them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Page {
    secure: bool,
    host: String,
    port: u16,
}

/// A text that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an origin: http:// or https://, a host, and a port if it is not the usual one; nothing behind it"
)]
pub struct NotAnOrigin;

/// A text that is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a host: a name or an address without scheme and port; with a dot before it all names below too; or *"
)]
pub struct NotAHost;

impl Origin {
    /// Pages of a host under any scheme and port: `example.org`, `[::1]`. With a dot before it also those of all names below:
    /// `.example.org` is `example.org`, `www.example.org` and so on. `*` is every page there is.
    ///
    /// # Errors
    /// Where it is none of these.
    pub fn host(host: &str) -> Result<Self, NotAHost> {
        if host == "*" {
            return Ok(Self(Pages::All));
        }
        let name = |name: &str| {
            let letter = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
            let name = name.strip_suffix('.').unwrap_or(name);
            let labels = !name.is_empty() && name.split('.').all(|label| !label.is_empty());
            if labels && name.bytes().all(letter) { Ok(canonical(name)) } else { Err(NotAHost) }
        };
        if let Some(domain) = host.strip_prefix('.') {
            return Ok(Self(Pages::Under(name(domain)?)));
        }
        if host.contains(':') {
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            let address: Ipv6Addr = bare.unwrap_or(host).parse().map_err(|_| NotAHost)?;
            return Ok(Self(Pages::OfHost(format!("[{address}]"))));
        }
        Ok(Self(Pages::OfHost(name(host)?)))
    }

    /// Whether a request's `Origin`, as it stands there, is one of these.
    pub(crate) fn allows(&self, page: Option<&Page>) -> bool {
        match (&self.0, page) {
            (Pages::All, _) => true,
            (_, None) => false,
            (Pages::Of(one), Some(page)) => one == page,
            (Pages::OfHost(host), Some(page)) => canonical(&page.host) == *host,
            (Pages::Under(domain), Some(page)) => {
                let host = canonical(&page.host);
                let below = host.strip_suffix(domain.as_str());
                below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
            }
        }
    }
}

/// A host in the one form in which it is compared.
fn canonical(host: &str) -> String {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match bare.and_then(|bare| bare.parse::<Ipv6Addr>().ok()) {
        Some(address) => format!("[{address}]"),
        // A name may be written with the dot of the root at its end.
        None => host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase(),
    }
}

impl Page {
    /// That of a page of this host and port, as `Host` names them.
    pub(crate) fn of_host(secure: bool, host: &str) -> Result<Self, NotAnOrigin> {
        let (name, port) = match host.rsplit_once(':') {
            // The colons of an IPv6 address are within its brackets.
            Some((name, port)) if !port.ends_with(']') => {
                let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
                (name, Some(port.parse().ok().filter(|_| digits).ok_or(NotAnOrigin)?))
            }
            _ => (host, None),
        };
        let letter = |b: u8| b.is_ascii_alphanumeric() || b"-._~[]:%!$&'()*+,;=".contains(&b);
        if name.is_empty() || !name.bytes().all(letter) {
            return Err(NotAnOrigin);
        }
        let port = port.unwrap_or(if secure { 443 } else { 80 });
        Ok(Self { secure, host: name.to_ascii_lowercase(), port })
    }

    /// Whether a page of this origin is one of that host and port, whatever the scheme by which this server was reached: where a
    /// proxy ends TLS without saying so, it is not known here.
    pub(crate) fn is_of_host(&self, host: &str) -> bool {
        Self::of_host(self.secure, host).is_ok_and(|own| own == *self)
    }
}

impl FromStr for Page {
    type Err = NotAnOrigin;
    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let (scheme, host) = text.split_once("://").ok_or(NotAnOrigin)?;
        let host = host.strip_suffix('/').unwrap_or(host);
        match scheme.to_ascii_lowercase().as_str() {
            "https" => Self::of_host(true, host),
            "http" => Self::of_host(false, host),
            _ => Err(NotAnOrigin),
        }
    }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;
    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        text.parse().map(|page| Self(Pages::Of(page)))
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.secure { ("https", 443) } else { ("http", 80) };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Pages::Of(page) => fmt::Display::fmt(page, f),
            Pages::OfHost(host) => f.write_str(host),
            Pages::Under(domain) => write!(f, ".{domain}"),
            Pages::All => f.write_str("*"),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_port_and_letter_case_do_not_matter() {
        let origin = |text: &str| text.parse::<Origin>().unwrap();
        assert_eq!(origin("https://Example.org"), origin("https://example.org:443/"));
        assert_ne!(origin("https://example.org"), origin("http://example.org"));
        assert_ne!(origin("https://example.org"), origin("https://example.org:8443"));
        assert_eq!(origin("http://[::1]:8000").to_string(), "http://[::1]:8000");
        assert_eq!(origin("http://[::1]").to_string(), "http://[::1]");
    }

    #[test]
    fn what_is_no_origin_is_none() {
        for bad in [
            "",
            "null",
            "example.org",
            "ftp://a",
            "http://",
            "http://a/b",
            "http://a:x",
            "http://a:",
        ] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
        assert!("http://a:99999".parse::<Origin>().is_err());
    }

    #[test]
    fn ones_own_host_with_and_without_a_port() {
        let own = |origin: &str, host: &str| origin.parse::<Page>().unwrap().is_of_host(host);
        assert!(own("http://localhost:8000", "localhost:8000"));
        assert!(own("https://example.org", "example.org"));
        assert!(own("http://example.org", "example.org:80"));
        assert!(!own("https://example.org", "example.org:80"));
        assert!(!own("http://evil.org", "example.org"));
        assert!(!own("http://example.org.evil.org", "example.org"));
    }

    fn allowed(host: &str, page: &str) -> bool {
        Origin::host(host).unwrap().allows(page.parse().ok().as_ref())
    }

    #[test]
    fn a_host_is_meant_with_any_scheme_and_port() {
        for page in [
            "https://example.org",
            "http://example.org",
            "https://example.org:8443",
            "http://EXAMPLE.org",
            "https://example.org.",
        ] {
            assert!(allowed("Example.org", page), "{page}");
            assert!(allowed("example.org.", page), "{page}");
            assert!(allowed(".example.org", page), "{page}");
            assert!(allowed("*", page), "{page}");
        }
        for page in [
            "https://example.org.evil.org",
            "https://notexample.org",
            "https://example.or",
            "https://org",
            "https://192.0.2.1",
            "https://[::1]",
            "null",
            "",
            "file://",
        ] {
            assert!(!allowed("example.org", page), "{page}");
            assert!(!allowed(".example.org", page), "{page}");
        }
        assert!(allowed("192.0.2.1", "http://192.0.2.1:3000"));
        assert!(!allowed("192.0.2.1", "http://192.0.2.10"));
    }

    #[test]
    fn names_below_a_host_are_meant_where_a_dot_says_so() {
        for page in ["https://www.example.org", "http://a.b.example.org:81"] {
            assert!(allowed(".example.org", page), "{page}");
            assert!(!allowed("example.org", page), "{page}");
        }
        assert!(!allowed(".example.org", "https://xexample.org"));
        assert!(!allowed(".www.example.org", "https://example.org"));
    }

    #[test]
    fn an_address_of_ipv6_is_the_same_however_it_is_written() {
        for host in ["::1", "[::1]", "[0:0:0:0:0:0:0:1]"] {
            assert!(allowed(host, "http://[::1]:8000"), "{host}");
            assert!(allowed(host, "http://[0:0::1]"), "{host}");
            assert!(!allowed(host, "http://[::2]"), "{host}");
            assert_eq!(Origin::host(host).unwrap().to_string(), "[::1]");
        }
    }

    #[test]
    fn everything_is_everything_also_what_is_no_page() {
        for page in ["null", "file://", "app://x", "https://example.org"] {
            assert!(allowed("*", page), "{page}");
        }
    }

    #[test]
    fn what_is_no_host_is_none() {
        for bad in [
            "",
            ".",
            "..",
            "..example.org",
            "a..b",
            "https://example.org",
            "example.org:8000",
            "example.org/",
            "*.example.org",
            "a b",
            "[::1",
            "[::1]:80",
            ":80",
            "[]",
            "m\u{fc}nchen.example",
        ] {
            assert!(Origin::host(bad).is_err(), "{bad}");
        }
        assert_eq!(Origin::host(".Example.org").unwrap().to_string(), ".example.org");
    }
}

//! Where a page comes from that wants to connect.
//!
//! A browser lets any page open a WebSocket to any server, and sends the user's cookies along. So whoever serves users known by a
//! cookie has to look at the origin: only pages of one's own, or of origins that were named, may connect.

use std::fmt;
use std::str::FromStr;

/// A scheme, a host and a port: `https://example.org`, `http://localhost:3000`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
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

impl Origin {
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

impl FromStr for Origin {
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

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.secure { ("https", 443) } else { ("http", 80) };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual { Ok(()) } else { write!(f, ":{}", self.port) }
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
        let own = |origin: &str, host: &str| origin.parse::<Origin>().unwrap().is_of_host(host);
        assert!(own("http://localhost:8000", "localhost:8000"));
        assert!(own("https://example.org", "example.org"));
        assert!(own("http://example.org", "example.org:80"));
        assert!(!own("https://example.org", "example.org:80"));
        assert!(!own("http://evil.org", "example.org"));
        assert!(!own("http://example.org.evil.org", "example.org"));
    }
}

//! Where a server is.

use std::fmt;

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Address {
    /// A name or an IP address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Address {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`.
    pub(crate) fn read(text: &str, port: u16) -> Option<Self> {
        let (host, rest) = match text.strip_prefix('[') {
            Some(v6) => v6.split_once(']')?,
            None => text.find(':').map_or((text, ""), |at| text.split_at(at)),
        };
        let port = match rest.strip_prefix(':') {
            Some(digits) => digits.parse().ok().filter(|port| *port > 0)?,
            None if rest.is_empty() => port,
            None => return None,
        };
        let odd = |c: char| c.is_whitespace() || c.is_control() || "/?#@[]".contains(c);
        if host.is_empty() || host.contains(odd) {
            return None;
        }
        Some(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_shown() {
        for (text, shown) in [
            ("localhost", "localhost:6379"),
            ("10.0.0.7:7000", "10.0.0.7:7000"),
            ("[::1]", "[::1]:6379"),
            ("[::1]:7000", "[::1]:7000"),
        ] {
            let address = Address::read(text, 6379).unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(Address::read(shown, 1), Some(address));
        }
    }

    #[test]
    fn what_is_no_address_is_not_taken_for_one() {
        for text in
            ["", ":7000", "a:", "a:0", "a:70000", "a:7000b", "::1", "[::1", "[::1]7000", "a b"]
        {
            assert_eq!(Address::read(text, 6379), None, "{text}");
        }
    }
}

//! Reading URLs: which servers, as whom, and the settings behind `?`. Nothing is opened here.
//!
//! ```text
//! redis://[user:password@]host[:port][/database][?…]                                rediss:// with TLS
//! redis+sentinel://[user:password@]host[:port][,host…][/database]?master=NAME[&…]   rediss+sentinel://
//! redis+cluster://[user:password@]host[:port][,host…][?…]                           rediss+cluster://
//! memory://                                                                         no Redis at all
//! ```
//!
//! `valkey` may stand in place of `redis`. User and password are percent-encoded; a password alone is `:password@`.
//! What is written wrongly is refused by the name of its part, never by its value: that may be a secret.

use crate::address::Address;

/// What is wrong with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{part} of the URL {problem}")]
pub(crate) struct Wrong {
    pub(crate) part: &'static str,
    pub(crate) problem: &'static str,
}

/// How the servers belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No Redis: the store in this process' memory.
    Memory,
    Single,
    Sentinel,
    Cluster,
}

/// A URL, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) kind: Kind,
    pub(crate) tls: bool,
    pub(crate) hosts: Vec<Address>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) database: Option<i64>,
    pub(crate) query: Vec<(String, String)>,
}

const fn wrong(part: &'static str, problem: &'static str) -> Wrong {
    Wrong { part, problem }
}

impl Url {
    fn in_memory() -> Self {
        let (kind, tls, hosts, query) = (Kind::Memory, false, Vec::new(), Vec::new());
        Self { kind, tls, hosts, user: None, password: None, database: None, query }
    }

    /// Takes a URL apart.
    pub(crate) fn read(text: &str) -> Result<Self, Wrong> {
        const SCHEME: Wrong = wrong(
            "the scheme",
            "is none of memory, redis, rediss, redis+sentinel, rediss+sentinel, redis+cluster, rediss+cluster",
        );
        let (scheme, rest) = text.trim().split_once("://").ok_or(SCHEME)?;
        if scheme == "memory" {
            // What else such a URL may say is for stores that are elsewhere; it may be left there when the scheme is changed.
            return Ok(Self::in_memory());
        }
        let (family, kind) = match scheme.split_once('+') {
            None => (scheme, Kind::Single),
            Some((family, "sentinel")) => (family, Kind::Sentinel),
            Some((family, "cluster")) => (family, Kind::Cluster),
            Some(_) => return Err(SCHEME),
        };
        let tls = match family {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(SCHEME),
        };
        if rest.contains('#') {
            return Err(wrong("the end", "has a #, which must be written as %23"));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may hold anything but what must be percent-encoded; so hosts begin behind the last @.
        let (login, rest) = rest.rsplit_once('@').map_or((None, rest), |(l, rest)| (Some(l), rest));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, password) = match login {
            None => (None, None),
            Some(login) => {
                let (user, password) = login.split_once(':').unwrap_or((login, ""));
                let not_empty = |text: String| (!text.is_empty()).then_some(text);
                let user = decoded(user, "the user")?;
                (not_empty(user), not_empty(decoded(password, "the password")?))
            }
        };
        if user.is_some() && password.is_none() {
            return Err(wrong("the user", "comes without a password"));
        }
        let port = if kind == Kind::Sentinel { 26_379 } else { 6_379 };
        let hosts = hosts
            .split(',')
            .map(|host| {
                Address::read(host, port).ok_or(wrong("the host", "is not host or host:port"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if kind == Kind::Single && hosts.len() > 1 {
            let problem = "are several, which only redis+sentinel and redis+cluster take";
            return Err(wrong("the hosts", problem));
        }
        let database = match path.trim_end_matches('/') {
            "" => None,
            digits => {
                let number = digits.parse().ok().filter(|number| (0..1_000_000).contains(number));
                Some(number.ok_or(wrong("the database", "is not a number"))?)
            }
        };
        if kind == Kind::Cluster && database.unwrap_or(0) != 0 {
            return Err(wrong("the database", "is not 0, the only one that a cluster has"));
        }
        let query = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decoded(name, "a setting")?, decoded(value, "a setting")?))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { kind, tls, hosts, user, password, database, query })
    }
}

/// A text with its percent-encoding undone.
fn decoded(text: &str, part: &'static str) -> Result<String, Wrong> {
    let encoding = wrong(part, "is not percent-encoded as it should be");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, behind) = rest.split_at_checked(2).ok_or(encoding)?;
        let digit = |at: usize| char::from(digits[at]).to_digit(16);
        let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Err(encoding) };
        bytes.push((high * 16 + low) as u8);
        rest = behind;
    }
    String::from_utf8(bytes).map_err(|_| encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Url {
        Url::read(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}"))
    }

    fn refused(text: &str) -> &'static str {
        Url::read(text).err().unwrap_or_else(|| panic!("{text} was taken")).part
    }

    fn hosts(url: &Url) -> Vec<String> {
        url.hosts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_server() {
        let url = read("redis://localhost");
        assert_eq!((url.kind, url.tls, url.database), (Kind::Single, false, None));
        assert_eq!(hosts(&url), ["localhost:6379"]);
        let url = read("rediss://kim:s%40cr%2Ft@[::1]:7000/3?prefix=my.chat&shards=4");
        assert_eq!((url.kind, url.tls, url.database), (Kind::Single, true, Some(3)));
        assert_eq!(hosts(&url), ["[::1]:7000"]);
        assert_eq!((url.user.as_deref(), url.password.as_deref()), (Some("kim"), Some("s@cr/t")));
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(url.query, [setting("prefix", "my.chat"), setting("shards", "4")]);
    }

    #[test]
    fn valkey_is_the_same() {
        for (ours, theirs) in [
            ("redis://a", "valkey://a"),
            ("rediss://a", "valkeys://a"),
            ("redis+cluster://a,b", "valkey+cluster://a,b"),
        ] {
            assert!(read(ours) == read(theirs));
        }
    }

    #[test]
    fn several_servers() {
        let url = read("redis+sentinel://:pw@a,b:7,[::2]:8/1?master=main&sentinel_password=x%26y");
        assert_eq!((url.kind, url.database), (Kind::Sentinel, Some(1)));
        assert_eq!(hosts(&url), ["a:26379", "b:7", "[::2]:8"]);
        assert_eq!((url.user, url.password.as_deref()), (None, Some("pw")));
        assert_eq!(url.query[1].1, "x&y");
        let url = read("rediss+cluster://a:7000,b,c/");
        assert_eq!((url.kind, url.tls, url.database), (Kind::Cluster, true, None));
        assert_eq!(hosts(&url), ["a:7000", "b:6379", "c:6379"]);
    }

    #[test]
    fn a_password_may_hold_what_hosts_have() {
        let url = read("redis://u:a:b@c@h/0");
        assert_eq!(url.password.as_deref(), Some("a:b@c"));
        assert_eq!(hosts(&url), ["h:6379"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(refused("localhost:6379"), "the scheme");
        assert_eq!(refused("http://localhost"), "the scheme");
        assert_eq!(refused("redis+proxy://localhost"), "the scheme");
        assert_eq!(refused("redis://"), "the host");
        assert_eq!(refused("redis://a:b"), "the host");
        assert_eq!(refused("redis+cluster://a,,b"), "the host");
        assert_eq!(refused("redis://a,b"), "the hosts");
        assert_eq!(refused("redis://a/x"), "the database");
        assert_eq!(refused("redis://a/-1"), "the database");
        assert_eq!(refused("redis+cluster://a/1"), "the database");
        assert_eq!(refused("redis://kim@a"), "the user");
        assert_eq!(refused("redis://kim:%zz@a"), "the password");
        assert_eq!(refused("redis://kim:%f@a"), "the password");
        assert_eq!(refused("redis://a?prefix=%ff"), "a setting");
        assert_eq!(refused("redis://a#insecure"), "the end");
    }
}

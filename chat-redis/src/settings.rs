//! Where Redis is and how it is used: what a URL says, and what a program sets beside it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chat_core::store::Backend;
use chat_core::{Clock, MemoryStore, StoreOptions};
use redis::RedisConnectionInfo;

use crate::ears::Ears;
use crate::error::ConnectError;
use crate::keys::Layout;
use crate::link::open::Plan;
use crate::link::wire::Dialer;
use crate::link::{Finder, Greeting, Link};
use crate::lives::Lives;
use crate::permissions;
use crate::proposals::Proposals;
use crate::script::{Scripts, Time};
use crate::stats::Stats;
use crate::store::RedisStore;
use crate::tls;
use crate::url::{Kind, Url};

/// What a store on Redis is made from.
///
/// ```no_run
/// # async fn example() -> Result<(), chat_redis::ConnectError> {
/// use std::time::Duration;
///
/// let backend = chat_redis::Settings::from_url("rediss://chat:secret@redis.example.org/2?prefix=cinema")?
///     .with_timeout(Duration::from_secs(1))
///     .connect()
///     .await?;
/// # Ok(()) }
/// ```
///
/// Settings behind the `?` of a URL:
///
/// | | | if not given |
/// |---|---|---|
/// | `prefix` | what all keys and channels begin with: 1 to 64 of `A–Z a–z 0–9 . _ : -` | `chat` |
/// | `shards` | into how many parts everything is divided, 1 to 1024; fixed once the store was first used | 16 |
/// | `timeout_ms` | the longest that a command waits for its answer; a `say` is tried once more | 2000 |
/// | `connect_timeout_ms` | the longest that making one connection takes | 2000 |
/// | `probe_ms` | how often it is made sure that subscriptions are heard | 5000 |
/// | `ca` | a file with the certificates of those who may sign the servers' (PEM) | those the system trusts |
/// | `cert`, `key` | files with a certificate of one's own and its key (PEM) | none |
/// | `master` | the name by which the Sentinels know the servers | must be given with Sentinels |
/// | `sentinel_user`, `sentinel_password` | for the Sentinels, which have users of their own | none |
#[derive(Clone)]
pub struct Settings {
    url: Url,
    master: Option<String>,
    sentinel_user: Option<String>,
    sentinel_password: Option<String>,
    prefix: String,
    shards: u16,
    timeout: Duration,
    connect_timeout: Duration,
    probe: Duration,
    tls: tls::Files,
    options: StoreOptions,
    time: Time,
    stats: Arc<Stats>,
}

impl Settings {
    /// What the URL says.
    ///
    /// # Errors
    /// Where it is not written as it should be, or a file that it names cannot be read.
    pub fn from_url(url: &str) -> Result<Self, ConnectError> {
        let mut url = Url::read(url)?;
        let query = std::mem::take(&mut url.query);
        let mut settings = Self {
            url,
            master: None,
            sentinel_user: None,
            sentinel_password: None,
            prefix: "chat".to_owned(),
            shards: 16,
            timeout: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(2),
            probe: Duration::from_secs(5),
            tls: tls::Files::default(),
            options: StoreOptions::default(),
            time: Time::default(),
            stats: Arc::default(),
        };
        for (name, value) in query {
            settings.set(&name, value)?;
        }
        let kind = settings.url.kind;
        match &settings.master {
            None if kind == Kind::Sentinel => {
                Err(wrong("master", "is missing: the name that Sentinels know"))
            }
            Some(_) if kind != Kind::Sentinel => Err(wrong("master", "is for redis+sentinel only")),
            _ if kind != Kind::Sentinel && settings.has_login_for_sentinels() => {
                Err(wrong("sentinel_user, sentinel_password", "are for redis+sentinel only"))
            }
            // Whoever names certificates means to be safe, and would not be.
            _ if !settings.url.tls && !settings.tls.is_empty() => {
                Err(wrong("ca, cert, key", "are for TLS: the URL must begin with rediss"))
            }
            _ => Ok(settings),
        }
    }

    fn has_login_for_sentinels(&self) -> bool {
        self.sentinel_user.is_some() || self.sentinel_password.is_some()
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), ConnectError> {
        let empty = value.is_empty();
        match name {
            "prefix" => self.prefix = value,
            "shards" => {
                self.shards =
                    value.parse().map_err(|_| wrong("shards", "is not a number from 1 to 1024"))?
            }
            "timeout_ms" => self.timeout = ms("timeout_ms", &value)?,
            "connect_timeout_ms" => self.connect_timeout = ms("connect_timeout_ms", &value)?,
            "probe_ms" => self.probe = ms("probe_ms", &value)?,
            "master" if !empty => self.master = Some(value),
            "sentinel_user" if !empty => self.sentinel_user = Some(value),
            "sentinel_password" if !empty => self.sentinel_password = Some(value),
            "ca" => self.tls.ca = Some(tls::file("ca", &value)?),
            "cert" => self.tls.cert = Some(tls::file("cert", &value)?),
            "key" => self.tls.key = Some(tls::file("key", &value)?),
            "master" | "sentinel_user" | "sentinel_password" => {
                return Err(wrong("a setting behind ?", "is empty"));
            }
            _ => return Err(wrong("a setting behind ?", "has a name that is not known")),
        }
        Ok(())
    }

    /// Rules and bounds of the store. All programs on one store should have the same.
    #[must_use]
    pub fn with_store(mut self, options: StoreOptions) -> Self {
        self.options = options;
        self
    }

    /// What all keys and channels begin with.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Into how many parts everything is divided. It is fixed once the store was first used.
    #[must_use]
    pub fn with_shards(mut self, shards: u16) -> Self {
        self.shards = shards;
        self
    }

    /// The longest that a call waits for its answer.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The longest that making one connection takes.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How often it is made sure that subscriptions are heard.
    #[must_use]
    pub fn with_probe(mut self, every: Duration) -> Self {
        self.probe = every;
        self
    }

    /// The certificates of those who may sign the servers', in PEM, in place of those that the system trusts.
    #[must_use]
    pub fn with_ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.ca = Some(pem.into());
        self
    }

    /// A certificate of one's own, and its key, in PEM, for servers that ask for one.
    #[must_use]
    pub fn with_certificate(mut self, pem: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        (self.tls.cert, self.tls.key) = (Some(pem.into()), Some(key.into()));
        self
    }

    /// For tests: the store's time stands still at 1,700,000,000 s, but for the `c` of each shard's `book`, in ms.
    #[doc(hidden)]
    #[must_use]
    pub fn with_still_time(mut self) -> Self {
        self.time = Time::Still;
        self
    }

    /// Where to count what should be rare.
    #[must_use]
    pub fn with_stats(mut self, stats: Arc<Stats>) -> Self {
        self.stats = stats;
        self
    }

    /// Connects. The tasks that keep the connections run on the runtime that this is called on, and end when the last
    /// clone of the backend is dropped.
    ///
    /// # Errors
    /// Where Redis cannot be reached or is not one that this can work with, or where what is kept there was made with
    /// other settings.
    pub async fn connect(self) -> Result<Backend, ConnectError> {
        let Some(Way { plan, dialer, layout }) = self.way()? else {
            return Ok(MemoryStore::backend(Clock::system(), self.options));
        };
        let scripts = Scripts::new(&layout, &self.options, self.time);
        let link = Link::open(plan, &layout, &scripts.texts()).await?;
        permissions::check(&link, &layout, &scripts).await?;
        let lives = Arc::new(Lives::default());
        let ears = Ears::open(&layout, &lives, &link, dialer, Arc::clone(&self.stats), self.probe);
        ears.until_ready().await?;
        let store = RedisStore {
            layout,
            options: self.options,
            scripts,
            link,
            lives,
            ears,
            credit: AtomicU64::default(),
            proposals: Proposals::default(),
            stats: self.stats,
        };
        Ok(Backend::of(&Arc::new(store)))
    }

    /// The way to Redis that was asked for; none where no Redis was.
    pub(crate) fn way(&self) -> Result<Option<Way>, ConnectError> {
        self.check()?;
        if self.url.kind == Kind::Memory {
            return Ok(None);
        }
        let tls = if self.url.tls { Some(self.tls.config()?) } else { None };
        let (within, silence) = (self.connect_timeout, self.timeout / 2);
        let dial = |user: &Option<String>, password: &Option<String>, database: i64| {
            let mut login = RedisConnectionInfo::default().set_db(database).set_skip_set_lib_name();
            if let Some(user) = user {
                login = login.set_username(user);
            }
            if let Some(password) = password {
                login = login.set_password(password);
            }
            Dialer { login, tls: tls.clone(), within, silence }
        };
        let database = self.url.database.unwrap_or(0);
        let dialer = dial(&self.url.user, &self.url.password, database);
        let hosts = self.url.hosts.clone();
        let finder = match (self.url.kind, &self.master, hosts.first()) {
            (Kind::Cluster, ..) => Finder::Cluster { nodes: hosts, dialer: dialer.clone() },
            (Kind::Sentinel, Some(master), _) => {
                let dialer = dial(&self.sentinel_user, &self.sentinel_password, 0);
                Finder::Sentinel { sentinels: hosts, master: master.clone(), dialer }
            }
            (_, _, Some(host)) => Finder::Fixed(host.clone()),
            (_, _, None) => return Err(wrong("the host", "is missing")),
        };
        let plan = Plan {
            finder,
            dialer: dialer.clone(),
            greeting: Greeting::new(self.url.kind, &self.prefix, self.shards),
            timeout: self.timeout,
            stats: Arc::clone(&self.stats),
        };
        let layout = Layout::new(&self.prefix, database, self.shards);
        Ok(Some(Way { plan, dialer, layout }))
    }

    /// What all keys begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    fn check(&self) -> Result<(), ConnectError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
        if !(1..=64).contains(&self.prefix.len()) || !self.prefix.chars().all(allowed) {
            return Err(wrong("prefix", "is not 1 to 64 of A-Z a-z 0-9 . _ : -"));
        }
        if !(1..=1024).contains(&self.shards) {
            return Err(wrong("shards", "is not a number from 1 to 1024"));
        }
        let whole = Duration::from_millis(1)..=Duration::from_secs(3_600);
        for (part, time) in [
            ("timeout_ms", self.timeout),
            ("connect_timeout_ms", self.connect_timeout),
            ("probe_ms", self.probe),
        ] {
            if !whole.contains(&time) {
                return Err(wrong(part, "is not from 1 ms to 1 hour"));
            }
        }
        Ok(())
    }
}

/// How to get to Redis, and where everything is there.
pub(crate) struct Way {
    pub(crate) plan: Plan,
    pub(crate) dialer: Dialer,
    pub(crate) layout: Layout,
}

fn wrong(part: &'static str, problem: &'static str) -> ConnectError {
    ConnectError::Setting { part, problem }
}

fn ms(part: &'static str, digits: &str) -> Result<Duration, ConnectError> {
    digits.parse().map(Duration::from_millis).map_err(|_| wrong(part, "is not a number"))
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whatever may be a secret is left out.
        let hosts: Vec<String> = self.url.hosts.iter().map(ToString::to_string).collect();
        f.debug_struct("Settings")
            .field("kind", &self.url.kind)
            .field("tls", &self.url.tls)
            .field("hosts", &hosts)
            .field("database", &self.url.database)
            .field("prefix", &self.prefix)
            .field("shards", &self.shards)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        let settings = Settings::from_url(url).and_then(|settings| settings.check());
        settings.err().unwrap_or_else(|| panic!("{url} was taken")).to_string()
    }

    #[test]
    fn settings_are_read_from_the_url() {
        let url =
            "redis://a?prefix=cinema&shards=4&timeout_ms=700&connect_timeout_ms=300&probe_ms=1000";
        let settings = Settings::from_url(url).unwrap();
        settings.check().unwrap();
        assert_eq!((settings.prefix.as_str(), settings.shards), ("cinema", 4));
        assert_eq!(settings.timeout, Duration::from_millis(700));
        assert_eq!(settings.connect_timeout, Duration::from_millis(300));
        assert_eq!(settings.probe, Duration::from_secs(1));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (url, part) in [
            ("redis://a?prefix=", "prefix"),
            ("redis://a?prefix=a{b}", "prefix"),
            ("redis://a?shards=0", "shards"),
            ("redis://a?shards=many", "shards"),
            ("redis://a?timeout_ms=0", "timeout_ms"),
            ("redis://a?timeout_ms=2s", "timeout_ms"),
            ("redis://a?colour=red", "a setting behind ?"),
            ("redis://a?master=x", "master"),
            ("redis+sentinel://a", "master"),
            ("redis+sentinel://a?master=", "a setting behind ?"),
            ("rediss://a?ca=/nowhere/ca.pem", "ca"),
            ("redis://a,b", "the hosts"),
            ("redis://a?ca=Cargo.toml", "ca, cert, key"),
            ("redis://a?sentinel_user=kim", "sentinel_user"),
        ] {
            let message = refused(url);
            assert!(message.starts_with(part), "{url}: {message}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let url = "redis+sentinel://kim:hunter2@a?master=m&sentinel_password=hunter3";
        let shown = format!("{:?}", Settings::from_url(url).unwrap());
        assert!(!shown.contains("hunter") && shown.contains("a:26379"), "{shown}");
        for wrong in ["redis://kim:hunter2@a/x", "http://kim:hunter2@a", "redis://:hunter2%@a"] {
            assert!(!refused(wrong).contains("hunter"));
        }
    }
}

//! Where everything is kept, as a URL says it.

use std::error::Error as StdError;
use std::fmt;

use chat_core::store::Backend;
use chat_core::{Clock, MemoryStore, StoreOptions};

/// A place that was named rightly. Nothing is opened yet.
#[derive(Clone)]
pub enum Place {
    /// This process.
    Memory(Clock, Box<StoreOptions>),
    /// A Redis.
    #[cfg(feature = "redis")]
    Redis(Box<chat_redis::Settings>),
}

/// Why there is no store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoStore {
    /// What was given is wrong, and will be wrong again.
    #[error("{0}")]
    Wrong(String),
    /// It cannot be had now.
    #[error("{0}")]
    Unavailable(String),
}

impl Place {
    /// What the URL says.
    ///
    /// # Errors
    /// Where it is not written as it should be. No password is in the message.
    pub fn named(url: &str, clock: Clock, options: StoreOptions) -> Result<Self, NoStore> {
        let wrong = |text: &str| NoStore::Wrong(text.to_owned());
        match url.split_once("://").map(|(scheme, _)| scheme) {
            Some("memory") => Ok(Self::Memory(clock, Box::new(options))),
            Some(scheme) if scheme.starts_with("redis") || scheme.starts_with("valkey") => {
                if clock.is_manual() {
                    return Err(wrong("a manual clock is for memory://: Redis has its own time"));
                }
                Self::on_redis(url, options)
            }
            // Not the URL itself: it may hold a password.
            _ => Err(wrong(
                "the URL begins with none of memory://, redis://, rediss://, redis+sentinel://, redis+cluster://",
            )),
        }
    }

    #[cfg(feature = "redis")]
    fn on_redis(url: &str, options: StoreOptions) -> Result<Self, NoStore> {
        let settings = chat_redis::Settings::from_url(url).map_err(|error| no_store(&error))?;
        Ok(Self::Redis(Box::new(settings.with_store(options))))
    }

    #[cfg(not(feature = "redis"))]
    fn on_redis(_: &str, _: StoreOptions) -> Result<Self, NoStore> {
        Err(NoStore::Wrong(
            "this chat_engine was built without Redis, and keeps everything in memory://"
                .to_owned(),
        ))
    }

    /// Whether it is this process itself, so that nothing has to be waited for.
    #[must_use]
    pub fn is_here(&self) -> bool {
        matches!(self, Self::Memory(..))
    }

    /// Opens it.
    ///
    /// # Errors
    /// Where it cannot be had.
    #[cfg_attr(
        not(feature = "redis"),
        allow(clippy::unused_async, reason = "memory is there at once")
    )]
    pub async fn open(&self) -> Result<Backend, NoStore> {
        match self {
            Self::Memory(clock, options) => {
                Ok(MemoryStore::backend(clock.clone(), (**options).clone()))
            }
            #[cfg(feature = "redis")]
            Self::Redis(settings) => {
                settings.as_ref().clone().connect().await.map_err(|error| no_store(&error))
            }
        }
    }

    /// The secret that all processes of this store share; none where there is no place for it.
    ///
    /// # Errors
    /// Where the store cannot be had.
    #[cfg_attr(
        not(feature = "redis"),
        allow(clippy::unused_async, reason = "there is no such place")
    )]
    pub async fn secret(&self) -> Result<Option<Vec<u8>>, NoStore> {
        match self {
            Self::Memory(..) => Ok(None),
            #[cfg(feature = "redis")]
            Self::Redis(settings) => {
                settings.secret().await.map(Some).map_err(|error| no_store(&error))
            }
        }
    }
}

#[cfg(feature = "redis")]
fn no_store(error: &chat_redis::ConnectError) -> NoStore {
    use chat_redis::ConnectError::{Mode, Setting, Tls};
    let text = with_causes(error);
    if matches!(error, Setting { .. } | Tls { .. } | Mode { .. }) {
        NoStore::Wrong(text)
    } else {
        NoStore::Unavailable(text)
    }
}

/// An error and what is behind it, in one line.
#[must_use]
pub fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Many errors say their cause themselves.
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

/// The URL without what may be secret in it.
#[must_use]
pub fn without_secrets(url: &str) -> String {
    let url = url.split_once('?').map_or(url, |(url, _)| url);
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    format!("{scheme}://{rest}")
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(..) => f.write_str("memory"),
            #[cfg(feature = "redis")]
            Self::Redis(settings) => fmt::Debug::fmt(settings, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str) -> Result<Place, NoStore> {
        Place::named(url, Clock::system(), StoreOptions::default())
    }

    #[test]
    fn a_password_is_in_no_message() {
        for url in
            ["redis://u:hunter2@h:x/", "rediss//u:hunter2@h", "http://u:hunter2@h", "hunter2", ""]
        {
            let said =
                format!("{:?}", named(url).err().unwrap_or_else(|| panic!("{url} was taken")));
            assert!(!said.contains("hunter2"), "{said}");
            assert!(!without_secrets(url).contains("hunter2"));
        }
        assert_eq!(
            without_secrets("redis://u:hunter2@h:1/2?sentinel_password=hunter2"),
            "redis://h:1/2"
        );
        assert_eq!(without_secrets("memory://"), "memory://");
    }

    #[test]
    fn memory_is_here() {
        assert!(named("memory://").is_ok_and(|place| place.is_here()));
        #[cfg(feature = "redis")]
        assert!(named("redis://localhost").is_ok_and(|place| !place.is_here()));
        #[cfg(not(feature = "redis"))]
        assert!(named("redis://localhost").is_err());
    }

    #[test]
    fn a_manual_clock_moves_only_what_is_here() {
        let clock = || Clock::manual(chat_core::Timestamp(1));
        assert!(Place::named("redis://localhost", clock(), StoreOptions::default()).is_err());
        assert!(Place::named("memory://", clock(), StoreOptions::default()).is_ok());
    }
}

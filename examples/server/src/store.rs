//! The store by its URL, and the secret that is kept in it.

use chat_core::store::Backend;
use chat_core::{Clock, MemoryStore};

use crate::config::Config;
use crate::failure::Failure;

/// A store that was asked for: its URL is as it should be, and nothing is opened yet.
pub(crate) enum Asked {
    Memory,
    #[cfg(feature = "redis")]
    Redis(Box<chat_redis::Settings>, std::sync::Arc<chat_redis::Stats>),
}

/// Where everything is kept.
pub(crate) struct Store {
    pub(crate) backend: Backend,
    /// For the log: which one it is, without what is secret in its URL.
    pub(crate) name: String,
    pub(crate) counted: Counted,
}

/// What the store counts; nothing where it is in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted {
    #[cfg(feature = "redis")]
    pub(crate) redis: Option<std::sync::Arc<chat_redis::Stats>>,
}

impl Asked {
    /// What the URL says.
    pub(crate) fn read(config: &Config) -> Result<Self, Failure> {
        let url = config.store.trim();
        match url.split_once("://") {
            Some(("memory", _)) => Ok(Self::Memory),
            Some((scheme, _)) if scheme.starts_with("redis") || scheme.starts_with("valkey") => {
                Self::on_redis(config, url, scheme)
            }
            // Not the URL itself: it may hold a password.
            _ => Err(Failure::wrong(
                "--store: the URL begins with none of memory://, redis://, rediss://, redis+sentinel://, redis+cluster://",
            )),
        }
    }

    #[cfg(not(feature = "redis"))]
    fn on_redis(_: &Config, _: &str, scheme: &str) -> Result<Self, Failure> {
        Err(Failure::wrong(format!(
            "--store {scheme}://…: this chat-server was built without the feature `redis`, and keeps everything in memory"
        )))
    }

    #[cfg(feature = "redis")]
    fn on_redis(config: &Config, url: &str, _: &str) -> Result<Self, Failure> {
        let stats = std::sync::Arc::<chat_redis::Stats>::default();
        let settings = chat_redis::Settings::from_url(url).map_err(refused)?;
        let settings =
            settings.with_store(config.store_options()).with_stats(std::sync::Arc::clone(&stats));
        Ok(Self::Redis(Box::new(settings), stats))
    }

    /// The secret that all nodes of this store share; none where there is no place for it.
    #[cfg_attr(
        not(feature = "redis"),
        allow(clippy::unused_async, reason = "there is no such place")
    )]
    pub(crate) async fn secret(&self) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Self::Memory => Ok(None),
            #[cfg(feature = "redis")]
            Self::Redis(settings, _) => Ok(Some(settings.secret().await.map_err(refused)?)),
        }
    }

    /// Opens it.
    #[cfg_attr(
        not(feature = "redis"),
        allow(clippy::unused_async, reason = "memory is there at once")
    )]
    pub(crate) async fn open(self, config: &Config) -> Result<Store, Failure> {
        match self {
            Self::Memory => {
                let backend = MemoryStore::backend(Clock::system(), config.store_options());
                Ok(Store { backend, name: "memory".to_owned(), counted: Counted::default() })
            }
            #[cfg(feature = "redis")]
            Self::Redis(settings, stats) => {
                let name = format!("{settings:?}");
                let backend = settings.connect().await.map_err(refused)?;
                Ok(Store { backend, name, counted: Counted { redis: Some(stats) } })
            }
        }
    }
}

/// Whether asking again may help decides about the code.
#[cfg(feature = "redis")]
#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(error: chat_redis::ConnectError) -> Failure {
    use chat_redis::ConnectError;
    let line = format!("--store: {}", crate::failure::chain(&error));
    match error {
        ConnectError::Setting { .. } | ConnectError::Tls { .. } | ConnectError::Mode { .. } => {
            Failure::wrong(line)
        }
        _ => Failure::cannot(line),
    }
}

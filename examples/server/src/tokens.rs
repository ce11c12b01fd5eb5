//! Who is believed: tokens signed with the secret that the nodes share, or with a site's own keys.

use chat_ws::{JwtKey, Secret, Tokens};

use crate::config::Config;
use crate::failure::Failure;
use crate::secret;

const SECRET: &str = "--secret-file";
const JWT_SECRET: &str = "--jwt-secret-file";
const JWT_KEY: &str = "--jwt-public-key-file";

/// What is in files, read before anything is opened.
pub(crate) struct Keys {
    secret: Option<Vec<u8>>,
    site: Vec<JwtKey>,
}

impl Keys {
    /// Reads them.
    pub(crate) fn read(config: &Config) -> Result<Self, Failure> {
        let secret = config
            .secret_file
            .as_deref()
            .map(|path| secret::read_or_make(SECRET, path))
            .transpose()?;
        let mut site = Vec::new();
        if let Some(path) = &config.jwt_secret_file {
            let bytes = secret::read_given(JWT_SECRET, path)?;
            let key = JwtKey::hs256(&bytes);
            site.push(key.map_err(|error| unusable(JWT_SECRET, path, &error))?);
        }
        if let Some(path) = &config.jwt_public_key_file {
            let bytes = secret::read_small(JWT_KEY, path)?;
            let key = JwtKey::ed25519(&bytes);
            site.push(key.map_err(|error| unusable(JWT_KEY, path, &error))?);
        }
        Ok(Self { secret, site })
    }

    /// Whether the nodes need a secret that is not in a file.
    pub(crate) fn wants_secret(&self) -> bool {
        self.secret.is_none()
    }

    /// Tokens as they are checked and given here. `shared` is the store's secret, if it keeps one.
    pub(crate) fn tokens(
        self,
        config: &Config,
        shared: Option<Vec<u8>>,
    ) -> Result<Tokens, Failure> {
        let secret = match self.secret.or(shared) {
            Some(bytes) => Secret::new(bytes).map_err(|error| Failure::wrong(error.to_string()))?,
            None => Secret::random(),
        };
        let tokens = self.site.into_iter().fold(Tokens::new(secret), Tokens::with_key);
        Ok(if config.no_anonymous { tokens.without_anonymous() } else { tokens })
    }
}

fn unusable(flag: &str, path: &std::path::Path, error: &dyn std::error::Error) -> Failure {
    Failure::wrong(format!("{flag} {}: {error}", path.display()))
}

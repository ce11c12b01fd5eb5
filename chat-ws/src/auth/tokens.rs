//! Tokens of a site, and users without an account.

use async_trait::async_trait;
use chat_core::{Clock, User, UserId};

use super::jwt::{self, Claims, JwtKey};
use super::secret::Secret;
use super::{Admitted, Authenticate, Credentials, Denied};

/// How long the token of somebody without an account is good for; each `hello` gives a new one.
const ANONYMOUS_FOR_S: u64 = 30 * 24 * 3600;

/// Users by their tokens.
///
/// A site signs a token for each of its users (`sub` the id, optionally `name`, `exp`), with the secret that is shared, or with a key
/// of its own ([`Tokens::with_key`]). Who shows none is whom the transport knows them to be; where it knows nobody, somebody new,
/// without an account, who is told a token that brings the same user back.
///
/// That token does not outweigh an account: who chatted without one and then logged in still holds it.
#[derive(Debug, Clone)]
pub struct Tokens {
    secret: Secret,
    keys: Vec<JwtKey>,
    anonymous: bool,
    clock: Clock,
}

impl Tokens {
    /// Tokens signed with this secret, by the site and for users without an account.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self { secret, keys: Vec::new(), anonymous: true, clock: Clock::system() }
    }

    /// With a key of the site's: its users' tokens have to be signed with it, or with another key that is given here, and
    /// the secret is for users without an account alone.
    #[must_use]
    pub fn with_key(mut self, key: JwtKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Only users with a token of the site's.
    #[must_use]
    pub fn without_anonymous(mut self) -> Self {
        self.anonymous = false;
        self
    }

    /// Another clock, by which tokens run out.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A token for a user of the site's, good for this many seconds: for hosts that sign with the shared secret.
    #[must_use]
    pub fn issue(&self, user: &UserId, name: Option<&str>, seconds: u64) -> String {
        self.sign(user, name, seconds, false)
    }

    fn sign(&self, user: &UserId, name: Option<&str>, seconds: u64, anon: bool) -> String {
        let exp = self.now().saturating_add(seconds);
        let claims = Claims {
            sub: user.as_str().to_owned(),
            name: name.map(str::to_owned),
            exp: Some(exp as f64),
            nbf: None,
            anon,
        };
        jwt::sign(&self.secret, &claims)
    }

    fn now(&self) -> u64 {
        self.clock.now().0 / 1_000
    }

    fn of_site(&self, token: &str) -> Option<Claims> {
        let now = self.now();
        if self.keys.is_empty() {
            return JwtKey::of(&self.secret).claims(token, now).filter(|claims| !claims.anon);
        }
        self.keys.iter().find_map(|key| key.claims(token, now)).filter(|claims| !claims.anon)
    }

    fn of_anonymous(&self, token: &str) -> Option<Claims> {
        let claims = JwtKey::of(&self.secret).claims(token, self.now());
        claims.filter(|claims| claims.anon && self.anonymous)
    }

    /// Whether a token was given to somebody without an account here, however long ago.
    fn is_for_nobody(&self, token: &str) -> bool {
        JwtKey::of(&self.secret).claims(token, 0).is_some_and(|claims| claims.anon)
    }

    /// Somebody without an account; the token keeps the name that they chose.
    fn anonymous(&self, user: &UserId, name: Option<&str>) -> Admitted {
        let token = self.sign(user, name, ANONYMOUS_FOR_S, true);
        Admitted::new(named(user.as_str(), name)).with_token(token)
    }
}

#[async_trait]
impl Authenticate for Tokens {
    async fn authenticate(&self, who: Credentials<'_>) -> Result<Admitted, Denied> {
        if let Some(known) = who.known
            && who.token.is_none_or(|token| self.is_for_nobody(token))
        {
            return Ok(Admitted::new(match (known.name(), who.name) {
                (None, Some(wished)) => known.clone().with_name(wished),
                _ => known.clone(),
            }));
        }
        let Some(token) = who.token else {
            if !self.anonymous {
                return Err(Denied::Unauthorized);
            }
            return Ok(self.anonymous(&UserId::anonymous(), who.name));
        };
        if let Some(claims) = self.of_site(token) {
            // A token that names nobody who could be here is no good one: its bearer has nothing to correct.
            let user = UserId::new(&claims.sub).map_err(|_| Denied::Unauthorized)?;
            // The site's word for somebody's name comes before their own.
            let name = claims.name.as_deref().or(who.name);
            return Ok(Admitted::new(named(user.as_str(), name)));
        }
        let claims = self.of_anonymous(token).ok_or(Denied::Unauthorized)?;
        let user = UserId::new(&claims.sub).map_err(|_| Denied::Unauthorized)?;
        Ok(self.anonymous(&user, who.name.or(claims.name.as_deref())))
    }
}

fn named(id: &str, name: Option<&str>) -> User {
    match name {
        Some(name) => User::named(id, name),
        None => User::new(id),
    }
}

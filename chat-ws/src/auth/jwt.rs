//! JSON Web Tokens, as far as they are needed: signed compactly, with HS256 or EdDSA (Ed25519).
//!
//! A token is checked by a key that knows its one algorithm, so that none can choose how it is checked. Signatures are
//! ring's; what is around them are three parts between dots. Crates that do more of JWT bring RSA and curves along that nothing
//! here signs with.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use ring::hmac;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::secret::Secret;
use crate::auth::TooShort;

/// No token is longer, before any work is done for it.
const LONGEST: usize = 8 * 1024;
/// How far ahead the clocks of those who sign may be, in seconds: who was just given a token can use it. The end of one is its end;
/// a clock that is off by seconds makes tokens last longer or shorter by as much, which their makers can choose.
const LEEWAY: u64 = 60;

/// What tokens are checked with.
#[derive(Clone)]
pub struct JwtKey(Kind);

#[derive(Clone)]
enum Kind {
    Hs256(hmac::Key),
    Ed25519(Box<[u8]>),
}

/// Bytes that are no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 public key: 32 bytes, or a PEM file of them (BEGIN PUBLIC KEY)")]
pub struct BadKey;

impl JwtKey {
    /// A secret that the site signs with, too (HS256).
    ///
    /// # Errors
    /// Where it could be guessed.
    pub fn hs256(secret: &[u8]) -> Result<Self, TooShort> {
        Ok(Self::of(&Secret::new(secret)?))
    }

    pub(super) fn of(secret: &Secret) -> Self {
        Self(Kind::Hs256(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())))
    }

    /// The public half of what the site signs with (EdDSA with Ed25519): 32 bytes, or the PEM text of them.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn ed25519(key: &[u8]) -> Result<Self, BadKey> {
        let raw = if key.len() == 32 { key.into() } else { from_pem(key).ok_or(BadKey)? };
        Ok(Self(Kind::Ed25519(raw)))
    }

    fn algorithm(&self) -> &'static str {
        match self.0 {
            Kind::Hs256(_) => "HS256",
            Kind::Ed25519(_) => "EdDSA",
        }
    }

    fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Kind::Hs256(key) => hmac::verify(key, message, signature).is_ok(),
            Kind::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
            }
        }
    }

    /// What a token claims, if it is signed with this key and not over. `now` is in seconds.
    pub(super) fn claims(&self, token: &str, now: u64) -> Option<Claims> {
        if token.len() > LONGEST {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let header: Header = read(header)?;
        // What has to be understood (`crit`) is not.
        if header.alg != self.algorithm() || header.crit.is_some() {
            return None;
        }
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
        if !self.is_signed(message.as_bytes(), &signature) {
            return None;
        }
        let claims: Claims = read(claims)?;
        let over = claims.exp.is_some_and(|exp| seconds(exp) <= now);
        let early = claims.nbf.is_some_and(|nbf| seconds(nbf) > now.saturating_add(LEEWAY));
        if over || early { None } else { Some(claims) }
    }
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwtKey({})", self.algorithm())
    }
}

/// Signs claims with a secret.
pub(super) fn sign(secret: &Secret, claims: &Claims) -> String {
    const HEADER: &[u8] = br#"{"alg":"HS256","typ":"JWT"}"#;
    // Claims are plain fields: there is nothing in them that cannot be written.
    let claims = serde_json::to_vec(claims).unwrap_or_default();
    let mut token = BASE64URL_NOPAD.encode(HEADER);
    token.push('.');
    token.push_str(&BASE64URL_NOPAD.encode(&claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = BASE64URL_NOPAD.encode(hmac::sign(&key, token.as_bytes()).as_ref());
    token.push('.');
    token.push_str(&signature);
    token
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    crit: Option<serde::de::IgnoredAny>,
}

/// What a token says. Others than these are ignored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    /// Who.
    pub(super) sub: String,
    /// Under what name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// Until when, in seconds; fractions are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exp: Option<f64>,
    /// From when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<f64>,
    /// Whether it was given to somebody without an account.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) anon: bool,
}

fn seconds(time: f64) -> u64 {
    // Saturates: what is before 1970 is 0, what is beyond all time is the end of it.
    time as u64
}

fn read<T: for<'a> Deserialize<'a>>(part: &str) -> Option<T> {
    let json = BASE64URL_NOPAD.decode(part.as_bytes()).ok()?;
    serde_json::from_slice(&json).ok()
}

/// The key within `-----BEGIN PUBLIC KEY-----`: a fixed beginning that says Ed25519, and 32 bytes.
fn from_pem(pem: &[u8]) -> Option<Box<[u8]>> {
    const ED25519_KEY: [u8; 12] = [0x30, 42, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 33, 0];
    let pem = std::str::from_utf8(pem).ok()?;
    let (_, rest) = pem.split_once("-----BEGIN PUBLIC KEY-----")?;
    let (base64, _) = rest.split_once("-----END PUBLIC KEY-----")?;
    let base64: String = base64.split_whitespace().collect();
    let der = data_encoding::BASE64.decode(base64.as_bytes()).ok()?;
    der.strip_prefix(&ED25519_KEY).filter(|key| key.len() == 32).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new(&b"0123456789abcdef0123456789abcdef"[..]).unwrap()
    }

    fn claims(exp: Option<f64>) -> Claims {
        Claims { sub: "kim".into(), name: None, exp, nbf: None, anon: false }
    }

    fn token(header: &str, claims: &str) -> String {
        let message =
            [header, claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes())).join(".");
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret().as_bytes());
        let signature = BASE64URL_NOPAD.encode(hmac::sign(&key, message.as_bytes()).as_ref());
        format!("{message}.{signature}")
    }

    #[test]
    fn a_token_is_good_until_it_is_over() {
        let (key, token) = (JwtKey::of(&secret()), sign(&secret(), &claims(Some(1_000.0))));
        assert_eq!(key.claims(&token, 999).unwrap().sub, "kim");
        assert!(key.claims(&token, 1_000).is_none());
        assert!(key.claims(&sign(&secret(), &claims(None)), u64::MAX).is_some());
    }

    #[test]
    fn a_token_that_was_changed_is_not_good() {
        let (key, token) = (JwtKey::of(&secret()), sign(&secret(), &claims(None)));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            if changed == token.as_bytes() {
                continue;
            }
            let changed = String::from_utf8(changed).unwrap();
            assert!(key.claims(&changed, 0).is_none(), "at {at}");
        }
        let other = JwtKey::hs256(&[7; 32]).unwrap();
        assert!(other.claims(&token, 0).is_none());
        for bad in ["", ".", "..", "a.b.c", &token[1..], &"x".repeat(9_000)] {
            assert!(key.claims(bad, 0).is_none());
        }
    }

    #[test]
    fn no_token_chooses_how_it_is_checked() {
        let key = JwtKey::of(&secret());
        assert!(key.claims(&token(r#"{"alg":"HS256"}"#, r#"{"sub":"kim"}"#), 0).is_some());
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"EdDSA"}"#,
            r#"{"alg":"hs256"}"#,
            r#"{"alg":"HS256","crit":["x"]}"#,
            r#"{}"#,
        ] {
            assert!(key.claims(&token(header, r#"{"sub":"kim"}"#), 0).is_none(), "{header}");
        }
        // A public key is no secret: a token that was signed with it as if it were one is not good.
        let public = JwtKey::ed25519(secret().as_bytes()).unwrap();
        assert!(public.claims(&token(r#"{"alg":"HS256"}"#, r#"{"sub":"kim"}"#), 0).is_none());
    }

    #[test]
    fn times_may_have_fractions_and_be_absurd() {
        let key = JwtKey::of(&secret());
        let claims = |claims: &str, now| key.claims(&token(r#"{"alg":"HS256"}"#, claims), now);
        assert!(claims(r#"{"sub":"k","exp":1e300}"#, u64::MAX / 2).is_some());
        assert!(claims(r#"{"sub":"k","exp":-5.5}"#, 1_000).is_none());
        assert!(claims(r#"{"sub":"k","nbf":2000.5}"#, 1_000).is_none());
        assert!(claims(r#"{"sub":"k","nbf":1000.5}"#, 1_000).is_some());
        assert!(claims(r#"{"sub":"k","exp":"soon"}"#, 0).is_none());
        assert!(claims(r#"{"name":"nobody"}"#, 0).is_none());
    }

    #[test]
    fn what_a_site_signs_with_ed25519_is_checked_by_its_public_key() {
        use ring::signature::{Ed25519KeyPair, KeyPair};
        let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
        let message = [r#"{"alg":"EdDSA"}"#, r#"{"sub":"kim","name":"Kim"}"#]
            .map(|part| BASE64URL_NOPAD.encode(part.as_bytes()))
            .join(".");
        let signature = BASE64URL_NOPAD.encode(pair.sign(message.as_bytes()).as_ref());
        let token = format!("{message}.{signature}");
        let raw = pair.public_key().as_ref();
        let mut der = vec![0x30, 42, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 33, 0];
        der.extend_from_slice(raw);
        let pem = data_encoding::BASE64.encode(&der);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n");
        for key in [raw, pem.as_bytes()] {
            let claims = JwtKey::ed25519(key).unwrap().claims(&token, 0).unwrap();
            assert_eq!((claims.sub.as_str(), claims.name.as_deref()), ("kim", Some("Kim")));
        }
        assert!(JwtKey::ed25519(b"no key").is_err());
        assert!(JwtKey::ed25519(&[1; 32]).unwrap().claims(&token, 0).is_none());
    }
}

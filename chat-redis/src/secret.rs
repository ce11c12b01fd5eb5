//! A secret that all programs on one store share, so that what one of them has signed the others accept.
//!
//! It is kept beside what all nodes must agree on and goes when that goes: with a Redis that forgets. It is written in one
//! step, and only where none is kept; whoever loses that race reads the winner's. It is never in an error and never in `Debug`.

use redis::Value;

use crate::error::ConnectError;
use crate::keys::Layout;
use crate::link::Link;
use crate::link::fault::Fault;
use crate::reply;
use crate::settings::{Settings, Way};

/// The operation, in errors.
const OP: &str = "secret";
/// The field of the hash that all nodes share.
const FIELD: &str = "secret";
/// Random bytes of a secret that is made here.
const BYTES: usize = 32;
/// The shortest that is taken from what is kept: whoever wrote a shorter one by hand did not mean this one.
const SHORTEST: usize = 32;

impl Settings {
    /// The secret of the store at this URL: made by whoever asks first, the same for all who ask later. With `memory://`
    /// it is a new one each time.
    ///
    /// Opens connections of its own and closes them. Needs no other permission than the store itself.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn secret(&self) -> Result<Vec<u8>, ConnectError> {
        let Some(Way { plan, layout, .. }) = self.way()? else { return made() };
        let link = Link::open(plan, &layout, &[]).await?;
        let meta = Layout::meta(self.prefix());
        let mut read = redis::cmd("HGET");
        read.arg(&meta).arg(FIELD);
        // Looked for first: a full Redis writes nothing, not even what is there already.
        if let Some(secret) = usable(&meta, link.in_meta(OP, read.clone()).await?)? {
            return Ok(secret);
        }
        let mut write = redis::cmd("HSETNX");
        write.arg(&meta).arg(FIELD).arg(made()?);
        link.in_meta(OP, write).await?;
        usable(&meta, link.in_meta(OP, read).await?)?.ok_or_else(|| Fault::Odd.into())
    }
}

/// A new one, as text, so that it can be read and set by hand.
fn made() -> Result<Vec<u8>, ConnectError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| ConnectError::Failed(Box::new(error)))?;
    Ok(bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect())
}

/// What is kept, if it is a secret.
fn usable(meta: &str, kept: Value) -> Result<Option<Vec<u8>>, ConnectError> {
    if kept == Value::Nil {
        return Ok(None);
    }
    let secret = reply::bytes(kept).map_err(|_| Fault::Odd)?;
    if secret.len() < SHORTEST {
        return Err(ConnectError::Foreign { key: format!("the field {FIELD} of {meta}") });
    }
    Ok(Some(secret.to_vec()))
}

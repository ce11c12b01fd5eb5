//! The store in memory, whose answers are late or missing where a test wants it so.

use std::sync::Arc;

use async_trait::async_trait;
use chat_core::StoreError;
use chat_core::store::StoreResult;
use chat_core::testkit::Twist;
use parking_lot::Mutex;

use super::Turnstile;

/// A hold of such a store.
#[derive(Clone, Default)]
pub(crate) struct Store(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    late: Option<(&'static str, Turnstile)>,
    fails: Option<(&'static str, bool)>,
}

impl Store {
    /// From now on the answers to this operation, which has been done then, wait at a turnstile.
    pub(crate) fn is_late_with(&self, op: &'static str) -> Turnstile {
        let turnstile = Turnstile::new();
        self.0.lock().late = Some((op, turnstile.clone()));
        turnstile
    }

    /// From now on this operation fails.
    pub(crate) fn fails_at(&self, op: &'static str, retryable: bool) {
        self.0.lock().fails = Some((op, retryable));
    }

    /// From now on it answers at once again. Those who wait go on waiting.
    pub(crate) fn is_well(&self) {
        *self.0.lock() = State::default();
    }
}

#[async_trait]
impl Twist for Store {
    async fn before(&self, op: &'static str) -> StoreResult<()> {
        match self.0.lock().fails {
            Some((fails, retryable)) if fails == op => {
                Err(StoreError::Failed { op, retryable, source: "10.0.0.7:6379 hung up".into() })
            }
            _ => Ok(()),
        }
    }

    async fn after(&self, op: &'static str) {
        let turnstile = match &self.0.lock().late {
            Some((late, turnstile)) if *late == op => turnstile.clone(),
            _ => return,
        };
        turnstile.pass().await;
    }
}

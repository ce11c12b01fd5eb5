//! Whether the server should be given work: not while it drains, and not without its store.
//!
//! The store is asked with an operation that every node does all the time anyway. It is asked once for all who want to know at the
//! same time, and the answer is good for a second: whoever asks often costs nothing.

use std::time::Duration;

use chat_core::Engine;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long an answer is good for.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// How long the store may take. Less than what asks for readiness usually waits.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Knows whether the store answers.
#[derive(Default)]
pub(crate) struct Health {
    last: Mutex<Option<(Instant, bool)>>,
}

impl Health {
    /// Whether the store answers.
    pub(crate) async fn has_store(&self, engine: &Engine) -> bool {
        // Those who come meanwhile wait here, and are given the same answer.
        let mut last = self.last.lock().await;
        if let Some((at, answers)) = *last
            && at.elapsed() < GOOD_FOR
        {
            return answers;
        }
        let answers = matches!(timeout(PATIENCE, engine.online()).await, Ok(Ok(_)));
        if last.is_some_and(|(_, before)| before != answers) {
            tracing::warn!(answers, "the store");
        }
        *last = Some((Instant::now(), answers));
        answers
    }
}

//! The end: asked for by SIGTERM or Ctrl-C, and over within ten seconds, however slow clients and store are.
//!
//! In this order: `/readyz` says no, so that no new work comes; connections are answered and told when to come back, while
//! plain HTTP goes on; the engine says goodbye to the store, so that nobody has to wait for this node's lease to run out; then the listeners
//! close. Whoever asks a second time ends it at once.

use std::sync::atomic::Ordering;
use std::time::Duration;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout, timeout_at};

use crate::app::App;

/// For everything.
const WITHIN: Duration = Duration::from_millis(9_500);
/// Of it, for sending connections away. The rest is for the store.
const DRAINING: Duration = Duration::from_secs(6);

/// Who may ask for the end.
pub(crate) struct End {
    #[cfg(unix)]
    signals: Option<(Signal, Signal)>,
}

impl End {
    /// Listens from now on. Where a signal cannot be listened to it does what it does by default: it ends the process.
    pub(crate) fn listen() -> Self {
        Self {
            #[cfg(unix)]
            signals: signal(SignalKind::terminate())
                .and_then(|terminate| Ok((terminate, signal(SignalKind::interrupt())?)))
                .ok(),
        }
    }

    /// Until somebody asks for the end.
    pub(crate) async fn asked(&mut self) {
        #[cfg(unix)]
        {
            let Some((terminate, interrupt)) = &mut self.signals else {
                return std::future::pending().await;
            };
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Sends everybody away and says goodbye. Returns when it is done, or when there is no more time.
pub(crate) async fn drain(app: &App) {
    let until = Instant::now() + WITHIN;
    app.ending.store(true, Ordering::Relaxed);
    tracing::info!(connections = app.server.connections(), "ending");
    // It keeps to its time itself; this is for the case that it does not.
    let _ = timeout(DRAINING + Duration::from_millis(500), app.server.drain(DRAINING)).await;
    let said = timeout_at(until, app.server.engine().shutdown()).await;
    if said.is_err() {
        tracing::warn!("the store was not told of the end in time");
    }
}

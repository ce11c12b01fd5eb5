//! The lives of nodes that began in this process: whom to tell, and how far they have read their mail.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chat_core::Writer;
use chat_core::store::Sink;
use parking_lot::Mutex;

use crate::mail::MailPlace;

/// All lives that began here and are not known to be over.
#[derive(Default)]
pub(crate) struct Lives {
    all: Mutex<HashMap<Writer, Life>>,
    /// Mail that was gone, or could not be read, when its node came for it.
    mail_lost: AtomicU64,
}

struct Life {
    sink: Arc<dyn Sink>,
    /// By shard: how far it has read its mail.
    mail: Vec<MailPlace>,
}

impl Lives {
    /// A life begins; earlier ones of its node are told nothing more.
    pub(crate) fn begin(&self, writer: Writer, sink: Arc<dyn Sink>, mail: Vec<MailPlace>) {
        let mut lives = self.all.lock();
        lives.retain(|other, _| other.node != writer.node);
        lives.insert(writer, Life { sink, mail });
    }

    /// A life is over.
    pub(crate) fn end(&self, writer: Writer) {
        self.all.lock().remove(&writer);
    }

    /// The sink of a life.
    pub(crate) fn sink(&self, writer: Writer) -> Option<Arc<dyn Sink>> {
        self.all.lock().get(&writer).map(|life| Arc::clone(&life.sink))
    }

    /// All sinks.
    pub(crate) fn sinks(&self) -> Vec<Arc<dyn Sink>> {
        self.all.lock().values().map(|life| Arc::clone(&life.sink)).collect()
    }

    /// How far a life has read its mail, by shard.
    pub(crate) fn mail_read(&self, writer: Writer) -> Option<Vec<MailPlace>> {
        self.all.lock().get(&writer).map(|life| life.mail.clone())
    }

    /// A life has read its mail up to here; so much of it was lost.
    pub(crate) fn read_mail(&self, writer: Writer, mail: Vec<MailPlace>, lost: u64) {
        self.mail_lost.fetch_add(lost, Ordering::Relaxed);
        if let Some(life) = self.all.lock().get_mut(&writer) {
            life.mail = mail;
        }
    }
}

impl fmt::Debug for Lives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = self.mail_lost.load(Ordering::Relaxed);
        let mut shown = f.debug_struct("Lives");
        shown.field("all", &self.all.lock().keys()).field("mail_lost", &lost).finish()
    }
}

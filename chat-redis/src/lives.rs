//! The lives of nodes that began in this process: whom to tell, and how far they have read their mail.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chat_core::Writer;
use chat_core::store::Sink;
use parking_lot::Mutex;

/// All lives that began here and are not known to be over.
#[derive(Default)]
pub(crate) struct Lives(Mutex<HashMap<Writer, Life>>);

struct Life {
    sink: Arc<dyn Sink>,
    /// By shard: the place in the stream of mail behind which everything is new to this life.
    mail: Vec<String>,
}

impl Lives {
    /// A life begins; earlier ones of its node are told nothing more.
    pub(crate) fn begin(&self, writer: Writer, sink: Arc<dyn Sink>, mail: Vec<String>) {
        let mut lives = self.0.lock();
        lives.retain(|other, _| other.node != writer.node);
        lives.insert(writer, Life { sink, mail });
    }

    /// A life is over.
    pub(crate) fn end(&self, writer: Writer) {
        self.0.lock().remove(&writer);
    }

    /// The sink of a life.
    pub(crate) fn sink(&self, writer: Writer) -> Option<Arc<dyn Sink>> {
        self.0.lock().get(&writer).map(|life| Arc::clone(&life.sink))
    }

    /// All sinks.
    pub(crate) fn sinks(&self) -> Vec<Arc<dyn Sink>> {
        self.0.lock().values().map(|life| Arc::clone(&life.sink)).collect()
    }

    /// How far a life has read its mail, by shard.
    pub(crate) fn mail_read(&self, writer: Writer) -> Option<Vec<String>> {
        self.0.lock().get(&writer).map(|life| life.mail.clone())
    }

    /// A life has read its mail up to here.
    pub(crate) fn read_mail(&self, writer: Writer, mail: Vec<String>) {
        if let Some(life) = self.0.lock().get_mut(&writer) {
            life.mail = mail;
        }
    }
}

impl fmt::Debug for Lives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.lock().keys()).finish()
    }
}

//! The lives of nodes that began in this process: whom to tell, and how far they have read their mail.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chat_core::Writer;
use chat_core::store::Sink;
use parking_lot::{Mutex, RwLock};

use crate::mailbox::MailPlace;

/// All lives that began here and are not known to be over.
#[derive(Default)]
pub(crate) struct Lives {
    all: Mutex<HashMap<Writer, Arc<Life>>>,
}

/// One of them.
pub(crate) struct Life {
    pub(crate) writer: Writer,
    /// Held for reading while it is called: once it was taken out nobody is calling it any more.
    sink: RwLock<Option<Arc<dyn Sink>>>,
    /// By shard: the place in the stream of mail behind which everything is new to this life.
    mail: Mutex<Vec<MailPlace>>,
}

impl Lives {
    /// A life begins; earlier ones of its node are told nothing more.
    pub(crate) fn begin(&self, writer: Writer, sink: Arc<dyn Sink>, mail: Vec<MailPlace>) {
        let life = Life { writer, sink: RwLock::new(Some(sink)), mail: Mutex::new(mail) };
        let mut lives = self.all.lock();
        let before: Vec<_> =
            lives.keys().filter(|other| other.node == writer.node).copied().collect();
        let over: Vec<_> = before.iter().filter_map(|before| lives.remove(before)).collect();
        lives.insert(writer, Arc::new(life));
        drop(lives);
        over.iter().for_each(|life| life.end());
    }

    /// A life is over: its sink is told nothing more. Whether it was one of these.
    pub(crate) fn end(&self, writer: Writer) -> bool {
        let life = self.all.lock().remove(&writer);
        life.inspect(|life| life.end()).is_some()
    }

    /// A life that began here and is not known to be over.
    pub(crate) fn living(&self, writer: Writer) -> Option<Arc<Life>> {
        self.all.lock().get(&writer).map(Arc::clone)
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<Life>> {
        self.all.lock().values().map(Arc::clone).collect()
    }

    /// How far a life has read its mail, by shard.
    pub(crate) fn mail_read(&self, writer: Writer) -> Option<Vec<MailPlace>> {
        self.living(writer).map(|life| life.mail.lock().clone())
    }

    /// A life has read its mail up to here.
    pub(crate) fn read_mail(&self, writer: Writer, mail: Vec<MailPlace>) {
        if let Some(life) = self.living(writer) {
            *life.mail.lock() = mail;
        }
    }
}

impl Life {
    /// Calls the node's sink, unless the life is over.
    pub(crate) fn tell(&self, tell: impl FnOnce(&dyn Sink)) {
        if let Some(sink) = &*self.sink.read() {
            tell(&**sink);
        }
    }

    /// Whether it is known to be over.
    pub(crate) fn is_over(&self) -> bool {
        self.sink.read().is_none()
    }

    fn end(&self) {
        *self.sink.write() = None;
    }
}

impl fmt::Debug for Lives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lives").field("all", &self.all.lock().keys()).finish()
    }
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Life({}, {})", self.writer.node, self.writer.incarnation)
    }
}

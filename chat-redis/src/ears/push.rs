//! What arrives: read, and told to whom it concerns.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chat_core::store::Sink;
use parking_lot::Mutex;
use redis::{PushInfo, PushKind, Value};
use tokio::sync::Notify;

use super::rooms::Rooms;
use crate::codec::{self, News};
use crate::keys::Layout;
use crate::lives::{Life, Lives};
use crate::stats::Stats;

/// Where everything arrives.
pub(super) struct Hall {
    pub(super) layout: Layout,
    pub(super) rooms: Rooms,
    pub(super) stats: Arc<Stats>,
    lives: Arc<Lives>,
    /// The channels of each shard that are always subscribed to, by their names.
    fixed: HashMap<String, Fixed>,
    /// By shard: the last of its own messages that was heard.
    echoes: Vec<AtomicU64>,
    /// By shard: who is to be told that it is deaf; none while nothing is heard anyhow.
    open: Vec<Mutex<Option<Arc<Doubt>>>>,
}

#[derive(Debug, Clone, Copy)]
enum Fixed {
    Mail,
    /// What this process tells itself.
    Own(u16),
}

/// Tells one connection that it is not to be trusted any more.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    is_cast: AtomicBool,
    told: Notify,
}

impl Doubt {
    /// It is deaf, or its channels were taken away. Whether nobody has said so before.
    pub(super) fn cast(&self) -> bool {
        self.told.notify_one();
        !self.is_cast.swap(true, Ordering::AcqRel)
    }

    /// Until somebody says so.
    pub(super) async fn until_cast(&self) {
        self.told.notified().await;
    }
}

impl Hall {
    pub(super) fn new(layout: &Layout, lives: Arc<Lives>, stats: Arc<Stats>) -> Self {
        // Without randomness two processes hear each other's echoes, and think better of themselves than they should.
        let whose = getrandom::u64().unwrap_or(0);
        let mut fixed = HashMap::new();
        for shard in 0..layout.shards() {
            fixed.insert(layout.mail_channel(shard), Fixed::Mail);
            fixed.insert(layout.own_channel(shard, whose), Fixed::Own(shard));
        }
        Self {
            layout: layout.clone(),
            rooms: Rooms::new(layout.shards()),
            stats,
            lives,
            fixed,
            echoes: (0..layout.shards()).map(|_| AtomicU64::new(0)).collect(),
            open: (0..layout.shards()).map(|_| Mutex::new(None)).collect(),
        }
    }

    /// The channels that are always subscribed to in this shard.
    pub(super) fn fixed(&self, shard: u16) -> Vec<String> {
        let own = self.own(shard).map(str::to_owned);
        own.into_iter().chain([self.layout.mail_channel(shard)]).collect()
    }

    /// The channel on which a shard's echoes come.
    pub(super) fn own(&self, shard: u16) -> Option<&str> {
        let is_own = |fixed: &Fixed| matches!(fixed, Fixed::Own(of) if *of == shard);
        self.fixed.iter().find(|(_, fixed)| is_own(fixed)).map(|(name, _)| name.as_str())
    }

    /// The last echo that was heard in a shard.
    pub(super) fn echo(&self, shard: u16) -> u64 {
        self.echoes[usize::from(shard)].load(Ordering::Acquire)
    }

    /// Who hears a shard, if anybody does.
    pub(super) fn hearing(&self, shard: u16) -> Option<Arc<Doubt>> {
        self.open[usize::from(shard)].lock().as_ref().map(Arc::clone)
    }

    /// These shards are heard by this connection.
    pub(super) fn hears(&self, shards: &[u16], by: &Arc<Doubt>) {
        for shard in shards {
            *self.open[usize::from(*shard)].lock() = Some(Arc::clone(by));
        }
    }

    /// This connection hears nothing any more.
    pub(super) fn is_deaf(&self, shards: &[u16], which: &Arc<Doubt>) {
        for shard in shards {
            // Another one may have come in its place.
            self.open[usize::from(*shard)].lock().take_if(|by| Arc::ptr_eq(by, which));
        }
    }

    /// Everybody may have missed something.
    pub(super) fn missed(&self) {
        for life in self.lives.all() {
            life.tell(|sink| {
                sink.missed();
                sink.mail();
            });
        }
    }

    /// Takes what a connection was sent; whether it is a channel's end.
    pub(super) fn take(&self, info: PushInfo) -> Option<Vec<u8>> {
        let mut data = info.data.into_iter();
        match (info.kind, data.next(), data.next()) {
            (
                PushKind::SMessage,
                Some(Value::BulkString(channel)),
                Some(Value::BulkString(message)),
            ) => {
                match std::str::from_utf8(&channel) {
                    Ok(channel) => self.message(channel, &message),
                    Err(_) => self.stats.could_not_read(1),
                }
                None
            }
            (PushKind::SUnsubscribe, Some(Value::BulkString(channel)), _) => Some(channel),
            _ => None,
        }
    }

    fn message(&self, channel: &str, message: &[u8]) {
        match self.fixed.get(channel) {
            Some(Fixed::Own(shard)) => {
                if let Ok(number) = codec::read_number(message, "an echo") {
                    self.echoes[usize::from(*shard)].fetch_max(number, Ordering::AcqRel);
                }
                return;
            }
            Some(Fixed::Mail) => return self.mail(message),
            None => {}
        }
        let Some(room) = self.layout.room_of_channel(channel) else {
            return self.stats.could_not_read(1);
        };
        let shard = self.layout.shard_of(&room);
        let tell =
            |tell: &dyn Fn(&dyn Sink)| self.rooms.tell(shard, &room, |life: &Life| life.tell(tell));
        match codec::read_news(&room, message) {
            Ok(News::Entry(entry)) => tell(&|sink| sink.entry(&entry)),
            Ok(News::Signal(signal)) => tell(&|sink| sink.signal(&signal)),
            Ok(News::Count) => tell(&|sink| sink.count(&room)),
            Err(_) => {
                // It may have been an entry.
                self.stats.could_not_read(1);
                tell(&|sink| sink.missed());
            }
        }
    }

    /// There is mail for one writer, or for all.
    fn mail(&self, whose: &[u8]) {
        if whose.is_empty() {
            return self.lives.all().iter().for_each(|life| life.tell(|sink| sink.mail()));
        }
        match codec::read_writer(whose) {
            Ok(writer) => {
                if let Some(life) = self.lives.living(writer) {
                    life.tell(|sink| sink.mail());
                }
            }
            Err(_) => self.stats.could_not_read(1),
        }
    }
}

impl fmt::Debug for Hall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hall").field("rooms", &self.rooms).finish_non_exhaustive()
    }
}

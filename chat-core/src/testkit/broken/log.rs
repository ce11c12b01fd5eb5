//! Faults in the log.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{closed_entry, gap};
use crate::entry::{Cursor, Entry, Said, What};
use crate::id::{NodeId, RoomId, Writer};
use crate::store::{
    Appended, Backend, Close, Closing, Enter, Entered, Existing, History, HistoryPage, Resumed,
    Say, Sink, Speaker, StoreResult,
};
use crate::testkit::Twist;
use crate::time::Timestamp;
use crate::why::LostWhy;

/// Publishes an entry before it is stored.
#[derive(Default)]
pub(super) struct PublishBeforeStore(Mutex<Vec<Arc<dyn Sink>>>);

#[async_trait]
impl Twist for PublishBeforeStore {
    async fn attach(
        &self,
        sound: &Backend,
        node: NodeId,
        sink: Arc<dyn Sink>,
    ) -> StoreResult<Writer> {
        self.0.lock().push(Arc::clone(&sink));
        sound.expiry.attach(node, sink).await
    }

    async fn append(&self, sound: &Backend, by: Writer, say: Say) -> StoreResult<Appended> {
        let head = sound.rooms.heads(std::slice::from_ref(&say.room)).await?[0];
        if let (Some(head), Speaker::System) = (head, &say.author) {
            let said = Said { by: None, name: None, body: say.body.clone(), key: say.key.clone() };
            let (room, what) = (say.room.clone(), What::Said(said));
            let at = head.at.unwrap_or(Timestamp(0));
            let early = Arc::new(Entry::new(room, head.epoch, head.n + 1, at, what));
            let sinks = self.0.lock().clone();
            for sink in sinks {
                sink.entry(&early);
            }
            gap().await;
        }
        sound.rooms.append(by, say).await
    }
}

/// Two who close a room are both told that they did.
#[derive(Default)]
pub(super) struct TwoClosersWin;

#[async_trait]
impl Twist for TwoClosersWin {
    async fn close(&self, sound: &Backend, by: Writer, close: Close) -> StoreResult<Closing> {
        let room = close.room.clone();
        let closing = sound.rooms.close(by, close).await?;
        if let Closing::Already { .. } = closing
            && let Some(entry) = closed_entry(sound, &room).await?
        {
            return Ok(Closing::Closed(entry));
        }
        Ok(closing)
    }
}

/// Does not look at the epoch that a writer names.
#[derive(Default)]
pub(super) struct EpochIgnored;

#[async_trait]
impl Twist for EpochIgnored {
    async fn append(&self, sound: &Backend, by: Writer, say: Say) -> StoreResult<Appended> {
        sound.rooms.append(by, Say { epoch: None, ..say }).await
    }
}

/// Forgets a key when what was said under it is trimmed from the log.
#[derive(Default)]
pub(super) struct KeyForgottenAtTrimming;

#[async_trait]
impl Twist for KeyForgottenAtTrimming {
    async fn append(&self, sound: &Backend, by: Writer, say: Say) -> StoreResult<Appended> {
        let appended = sound.rooms.append(by, say.clone()).await?;
        let Appended::Duplicate { n, .. } = appended else { return Ok(appended) };
        let page = HistoryPage::Newest { limit: 1 };
        let first = sound.rooms.history(&say.room, page).await?.map_or(0, |history| history.first);
        if first > n {
            return sound.rooms.append(by, Say { key: None, ..say }).await;
        }
        Ok(appended)
    }
}

/// Looks a key up in one step and writes in another.
#[derive(Default)]
pub(super) struct KeyCheckedOutside(Mutex<Vec<(RoomId, String)>>);

#[async_trait]
impl Twist for KeyCheckedOutside {
    async fn append(&self, sound: &Backend, by: Writer, say: Say) -> StoreResult<Appended> {
        let Some(key) = say.key.clone() else { return sound.rooms.append(by, say).await };
        let known = (say.room.clone(), format!("{:?} {key}", user_of(&say.author)));
        if self.0.lock().contains(&known) {
            return sound.rooms.append(by, say).await;
        }
        gap().await;
        let (unkeyed, mark) = (Say { key: None, ..say.clone() }, self.0.lock().contains(&known));
        let appended = sound.rooms.append(by, if mark { unkeyed } else { say }).await?;
        self.0.lock().push(known);
        Ok(appended)
    }
}

fn user_of(author: &Speaker) -> Option<&crate::id::UserId> {
    match author {
        Speaker::Session { user, .. } | Speaker::User { user, .. } => Some(user),
        Speaker::System => None,
    }
}

/// Lets a session write that is not in the room, if only it is somebody's.
#[derive(Default)]
pub(super) struct StrangersSpeak;

#[async_trait]
impl Twist for StrangersSpeak {
    async fn append(&self, sound: &Backend, by: Writer, say: Say) -> StoreResult<Appended> {
        let appended = sound.rooms.append(by, say.clone()).await?;
        let Speaker::Session { user, .. } = &say.author else { return Ok(appended) };
        if appended != Appended::NotMember {
            return Ok(appended);
        }
        let name = crate::text::Name::stored(user.as_str());
        let author = Speaker::User { user: user.clone(), name };
        sound.rooms.append(by, Say { author, ..say }).await
    }
}

/// Does not compare the time of the entry that a cursor names.
#[derive(Default)]
pub(super) struct TimeNotCompared;

#[async_trait]
impl Twist for TimeNotCompared {
    async fn resume(
        &self,
        sound: &Backend,
        room: &RoomId,
        cursor: Cursor,
        max: u32,
    ) -> StoreResult<Resumed> {
        sound.rooms.resume(room, Cursor { at: None, ..cursor }, max).await
    }

    async fn enter(&self, sound: &Backend, by: Writer, enter: Enter) -> StoreResult<Entered> {
        let since = enter.since.map(|since| Cursor { at: None, ..since });
        sound.presence.enter(by, Enter { since, ..enter }).await
    }
}

/// Gives what is left of a gap as if it were all of it.
#[derive(Default)]
pub(super) struct SilentPartialFill;

#[async_trait]
impl Twist for SilentPartialFill {
    async fn resume(
        &self,
        sound: &Backend,
        room: &RoomId,
        cursor: Cursor,
        max: u32,
    ) -> StoreResult<Resumed> {
        let resumed = sound.rooms.resume(room, cursor, max).await?;
        let Resumed::Lost { why: LostWhy::Trimmed, head, .. } = resumed else { return Ok(resumed) };
        let page = HistoryPage::Newest { limit: max };
        let newest: Option<History> = sound.rooms.history(room, page).await?;
        let entries = newest.map_or(Vec::new(), |history| history.entries);
        Ok(Resumed::Entries { entries, head })
    }
}

/// Takes a cursor beyond the end of the log for one at its end.
#[derive(Default)]
pub(super) struct FutureIsNow;

#[async_trait]
impl Twist for FutureIsNow {
    async fn resume(
        &self,
        sound: &Backend,
        room: &RoomId,
        cursor: Cursor,
        max: u32,
    ) -> StoreResult<Resumed> {
        let resumed = sound.rooms.resume(room, cursor, max).await?;
        match resumed {
            Resumed::Lost { head, .. } if head.epoch == cursor.epoch && cursor.n > head.n => {
                Ok(Resumed::Entries { entries: Vec::new(), head })
            }
            resumed => Ok(resumed),
        }
    }
}

/// Forgets a room when it closes.
#[derive(Default)]
pub(super) struct ClosedIsForgotten;

#[async_trait]
impl Twist for ClosedIsForgotten {
    async fn get(&self, sound: &Backend, rooms: &[RoomId]) -> StoreResult<Vec<Existing>> {
        let mut found = sound.rooms.get(rooms).await?;
        for existing in &mut found {
            if matches!(existing, Existing::Closed { .. }) {
                *existing = Existing::Missing;
            }
        }
        Ok(found)
    }

    async fn enter(&self, sound: &Backend, by: Writer, enter: Enter) -> StoreResult<Entered> {
        let entered = sound.presence.enter(by, enter).await?;
        Ok(if matches!(entered, Entered::Closed { .. }) { Entered::Missing } else { entered })
    }
}

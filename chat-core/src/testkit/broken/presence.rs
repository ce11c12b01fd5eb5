//! Faults in who is where.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{Views, gap};
use crate::entry::{Entry, SharedEntry, What};
use crate::id::{RoomId, SessionKey, Writer};
use crate::list::{Order, Page, RoomPage};
use crate::room::{NewRoom, RoomPolicy, RoomView};
use crate::store::{Admission, Backend, Departure, Enter, Entered, Existing, Opened, StoreResult};
use crate::testkit::Twist;
use crate::time::Timestamp;

/// Counts users by adding one for each who comes and subtracting one for each who goes.
#[derive(Default)]
pub(super) struct CountsUpAndDown(Mutex<HashMap<RoomId, u32>>);

impl Views for CountsUpAndDown {
    fn change(&self, view: &mut RoomView) {
        view.live = self.0.lock().get(&view.id).copied().unwrap_or(0);
    }
}

#[async_trait]
impl Twist for CountsUpAndDown {
    async fn enter(&self, sound: &Backend, by: Writer, enter: Enter) -> StoreResult<Entered> {
        let mut entered = sound.presence.enter(by, enter).await?;
        if let Entered::In(admission) = &mut entered {
            *self.0.lock().entry(admission.snapshot.room.id.clone()).or_default() += 1;
            self.change(&mut admission.snapshot.room);
        }
        Ok(entered)
    }

    async fn leave(
        &self,
        sound: &Backend,
        by: Writer,
        room: &RoomId,
        session: SessionKey,
    ) -> StoreResult<Departure> {
        let departure = sound.presence.leave(by, room, session).await?;
        if let (Departure::Out { .. }, Some(count)) = (&departure, self.0.lock().get_mut(room)) {
            *count = count.saturating_sub(1);
        }
        Ok(departure)
    }

    async fn get(&self, sound: &Backend, rooms: &[RoomId]) -> StoreResult<Vec<Existing>> {
        self.in_get(sound.rooms.get(rooms).await?)
    }

    async fn page(&self, sound: &Backend, order: Order, page: Page) -> StoreResult<RoomPage> {
        self.in_page(sound.ranking.page(order, page).await?)
    }
}

/// Looks whether a session is its user's first one in one step, and enters it in another.
#[derive(Default)]
pub(super) struct FirstSessionCheckedOutside;

#[async_trait]
impl Twist for FirstSessionCheckedOutside {
    async fn enter(&self, sound: &Backend, by: Writer, enter: Enter) -> StoreResult<Entered> {
        let (user, name, room) = (enter.user.clone(), enter.name.clone(), enter.room.clone());
        let first = !sound.presence.rooms_of(&user, u32::MAX).await?.contains(&room);
        gap().await;
        let mut entered = sound.presence.enter(by, enter).await?;
        if let Entered::In(admission) = &mut entered
            && first
            && admission.wrote.is_empty()
        {
            let (cursor, live) = (admission.snapshot.cursor, admission.snapshot.room.live);
            let what = What::Joined { user, name, live };
            let at = cursor.at.unwrap_or(Timestamp(0));
            admission.wrote.push(Arc::new(Entry::new(room, cursor.epoch, cursor.n, at, what)));
        }
        Ok(entered)
    }
}

/// Looks whether there is room for one more in one step, and lets them in in another.
#[derive(Default)]
pub(super) struct CapacityCheckedOutside(Mutex<HashMap<RoomId, u32>>);

impl CapacityCheckedOutside {
    fn widen(&self, mut room: NewRoom) -> NewRoom {
        self.0.lock().insert(room.id.clone(), room.policy.capacity);
        room.policy.capacity = RoomPolicy::LOG_CAPACITY;
        room
    }
}

#[async_trait]
impl Twist for CapacityCheckedOutside {
    async fn open(&self, sound: &Backend, by: Writer, room: NewRoom) -> StoreResult<Opened> {
        sound.rooms.open(by, self.widen(room)).await
    }

    async fn enter(&self, sound: &Backend, by: Writer, enter: Enter) -> StoreResult<Entered> {
        let capacity = self.0.lock().get(&enter.room).copied().unwrap_or(u32::MAX);
        let members = sound.presence.members(&enter.room, None, u32::MAX).await?;
        let full = members.is_some_and(|page| {
            let inside = page.members.iter().any(|member| member.user == enter.user);
            page.count >= capacity && !inside
        });
        if full {
            return Ok(Entered::Full);
        }
        gap().await;
        sound.presence.enter(by, enter).await
    }
}

/// Gives a snapshot whose cursor and entries are one entry behind.
#[derive(Default)]
pub(super) struct SnapshotOneLate;

#[async_trait]
impl Twist for SnapshotOneLate {
    async fn enter(&self, sound: &Backend, by: Writer, enter: Enter) -> StoreResult<Entered> {
        let mut entered = sound.presence.enter(by, enter).await?;
        if let Entered::In(admission) = &mut entered {
            let Admission { snapshot, .. } = &mut **admission;
            snapshot.entries.pop();
            snapshot.cursor.n = snapshot.cursor.n.saturating_sub(1);
            snapshot.cursor.at = snapshot.entries.last().map(|entry| entry.at);
        }
        Ok(entered)
    }
}

/// Reads the members of a snapshot after its entries.
#[derive(Default)]
pub(super) struct SnapshotOfTwoMoments;

#[async_trait]
impl Twist for SnapshotOfTwoMoments {
    async fn enter(&self, sound: &Backend, by: Writer, enter: Enter) -> StoreResult<Entered> {
        let (room, limit) = (enter.room.clone(), enter.members);
        let mut entered = sound.presence.enter(by, enter).await?;
        gap().await;
        if let Entered::In(admission) = &mut entered
            && let Some(page) = sound.presence.members(&room, None, limit).await?
        {
            admission.snapshot.members = page.members;
        }
        Ok(entered)
    }
}

/// Takes a lost connection for a leave.
#[derive(Default)]
pub(super) struct GraceIgnored;

#[async_trait]
impl Twist for GraceIgnored {
    async fn lose(
        &self,
        sound: &Backend,
        by: Writer,
        session: SessionKey,
        rooms: &[RoomId],
    ) -> StoreResult<Vec<SharedEntry>> {
        let mut wrote = Vec::new();
        for room in rooms {
            if let Departure::Out { wrote: left } = sound.presence.leave(by, room, session).await? {
                wrote.extend(left);
            }
        }
        Ok(wrote)
    }
}

/// Takes a user with one tab fewer for one who has gone.
#[derive(Default)]
pub(super) struct OneTabIsTheUser;

#[async_trait]
impl Twist for OneTabIsTheUser {
    async fn leave(
        &self,
        sound: &Backend,
        by: Writer,
        room: &RoomId,
        session: SessionKey,
    ) -> StoreResult<Departure> {
        let before = sound.presence.members(room, None, u32::MAX).await?;
        let departure = sound.presence.leave(by, room, session).await?;
        let alone = before.is_some_and(|page| page.count == 1);
        if let (Departure::Out { wrote }, Some(page)) =
            (&departure, sound.presence.members(room, None, 1).await?)
            && wrote.is_empty()
            && alone
            && let Some(member) = page.members.first()
        {
            return sound.presence.kick(by, room, &member.user).await;
        }
        Ok(departure)
    }
}

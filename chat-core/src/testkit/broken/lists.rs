//! Faults in lists and counts.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use parking_lot::Mutex;

use super::Views;
use crate::id::{RoomId, Writer};
use crate::list::{Order, Page, RoomPage};
use crate::room::{NewRoom, RoomKind, RoomView};
use crate::store::{Backend, Existing, Opened, StoreResult, Versions};
use crate::testkit::Twist;

/// Lists private rooms.
#[derive(Default)]
pub(super) struct PrivateIsListed(Mutex<HashSet<RoomId>>);

impl Views for PrivateIsListed {
    fn change(&self, view: &mut RoomView) {
        if self.0.lock().contains(&view.id) {
            view.kind = RoomKind::Private;
        }
    }
}

#[async_trait]
impl Twist for PrivateIsListed {
    async fn open(&self, sound: &Backend, by: Writer, mut room: NewRoom) -> StoreResult<Opened> {
        if room.kind == RoomKind::Private {
            self.0.lock().insert(room.id.clone());
            room.kind = RoomKind::Public;
        }
        let mut opened = sound.rooms.open(by, room).await?;
        let (Opened::Opened(view) | Opened::Exists(view)) = &mut opened;
        self.change(view);
        Ok(opened)
    }

    async fn get(&self, sound: &Backend, rooms: &[RoomId]) -> StoreResult<Vec<Existing>> {
        self.in_get(sound.rooms.get(rooms).await?)
    }

    async fn page(&self, sound: &Backend, order: Order, page: Page) -> StoreResult<RoomPage> {
        self.in_page(sound.ranking.page(order, page).await?)
    }
}

/// Counts visitors up only.
#[derive(Default)]
pub(super) struct VisitorsNeverFall(Mutex<HashMap<RoomId, u32>>);

impl Views for VisitorsNeverFall {
    fn change(&self, view: &mut RoomView) {
        let mut most = self.0.lock();
        let most = most.entry(view.id.clone()).or_default();
        *most = view.visitors.max(*most);
        view.visitors = *most;
    }
}

#[async_trait]
impl Twist for VisitorsNeverFall {
    async fn get(&self, sound: &Backend, rooms: &[RoomId]) -> StoreResult<Vec<Existing>> {
        self.in_get(sound.rooms.get(rooms).await?)
    }

    async fn page(&self, sound: &Backend, order: Order, page: Page) -> StoreResult<RoomPage> {
        self.in_page(sound.ranking.page(order, page).await?)
    }
}

/// Gives the number of the page's rows for that of all.
#[derive(Default)]
pub(super) struct TotalOfThePage;

#[async_trait]
impl Twist for TotalOfThePage {
    async fn page(&self, sound: &Backend, order: Order, page: Page) -> StoreResult<RoomPage> {
        let mut found = sound.ranking.page(order, page).await?;
        found.total = found.rooms.len() as u64;
        Ok(found)
    }
}

/// Breaks ties by id alone.
#[derive(Default)]
pub(super) struct TiesById;

#[async_trait]
impl Twist for TiesById {
    async fn page(&self, sound: &Backend, order: Order, page: Page) -> StoreResult<RoomPage> {
        let mut found = sound.ranking.page(order, page).await?;
        if order == Order::Live {
            found.rooms.sort_by_key(|room| (std::cmp::Reverse(room.live), room.id.clone()));
        }
        Ok(found)
    }
}

/// Does not tell that lists have changed.
#[derive(Default)]
pub(super) struct VersionsStandStill;

#[async_trait]
impl Twist for VersionsStandStill {
    async fn versions(&self, _: &Backend) -> StoreResult<Versions> {
        Ok(Versions::default())
    }
}

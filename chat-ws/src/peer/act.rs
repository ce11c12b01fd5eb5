//! Carrying commands out.

use std::net::IpAddr;
use std::sync::Arc;

use chat_core::{Body, Bound, Error, Invalid, Key, Problem, RoomId, RoomPage, SessionHandle, User};

use super::work::{Doing, Done, Somebody};
use crate::auth::{Credentials, Denied};
use crate::command::{Command, Listed};
use crate::frame::Frame;
use crate::json::write;
use crate::refused::Refused;
use crate::server::Shared;
use crate::upgrade::Upgrade;

/// Carries out a command of a session.
pub(super) fn act(session: SessionHandle, re: u64, command: Command) -> Doing {
    match command {
        // Nearly all there are: by themselves, since a future is as large as the largest that it may become.
        Command::Say { room, body, key } => {
            Box::pin(async move { done(re, say(&session, re, &room, body, key).await) })
        }
        command => Box::pin(async move { done(re, answer(&session, re, command).await) }),
    }
}

fn done(re: u64, answered: Result<Frame, Refused>) -> Done {
    match answered {
        Ok(frame) => Done::Reply(frame),
        Err(refused) => Done::Refused(re, refused),
    }
}

async fn say(
    session: &SessionHandle,
    re: u64,
    room: &RoomId,
    body: Body,
    key: Option<Key>,
) -> Result<Frame, Refused> {
    let spoken = match key {
        Some(key) => session.say_once(room, body, &key).await?,
        None => session.say(room, body).await?,
    };
    Ok(write::ok(re, 60, |o| write::spoken(o, &spoken)))
}

async fn answer(session: &SessionHandle, re: u64, command: Command) -> Result<Frame, Refused> {
    let nothing = || write::ok(re, 0, |_| {});
    Ok(match command {
        Command::Hello { .. } => return Err(Refused::Twice),
        Command::Ping => nothing(),
        Command::Say { room, body, key } => say(session, re, &room, body, key).await?,
        Command::Signal { room, body } => {
            session.signal(&room, body).await?;
            nothing()
        }
        Command::Open(spec) => {
            let room = session.open(*spec).await?;
            write::ok(re, 400, |o| write::room(o, &room))
        }
        Command::Join { join, .. } => {
            let (snapshot, created) = session.join_with(*join).await?;
            write::ok(re, write::space_of(&snapshot), |o| write::joined(o, &snapshot, created))
        }
        Command::Leave(room) => {
            session.leave(&room).await?;
            nothing()
        }
        Command::History { room, page } => {
            let page = session.history(&room, page).await?;
            let space = 100 + write::space_for(&page.entries);
            write::ok(re, space, |o| write::history(o, &page))
        }
        Command::Members { room, after, limit } => {
            let page = session.members(&room, after.as_ref(), limit).await?;
            write::ok(re, 100 + 80 * page.members.len(), |o| write::members(o, &page))
        }
        Command::Close(room) => {
            session.close(&room).await?;
            nothing()
        }
        Command::Rename(name) => {
            let name = session.rename(&name).await?;
            write::ok(re, 60, |o| o.str("name", name.as_str()))
        }
        Command::Rooms(order, page) => {
            let page = session.of_engine().rooms(order, page).await?;
            rooms(re, &page)
        }
        Command::RoomsById(ids) => {
            let rooms_there = session.of_engine().rooms_by_id(&ids).await.map_err(|e| match e {
                // A list that is too long, as tags are: there is nothing that could be given back.
                Error::TooMany { bound: Bound::Ids, max } => {
                    Invalid::new("ids", Problem::TooMany { max }).into()
                }
                other => other,
            })?;
            let total = rooms_there.len() as u64;
            rooms(re, &RoomPage { rooms: rooms_there, total })
        }
        Command::Watch(order, limit) => {
            let list = session.watch(order, limit).await?;
            write::ok(re, 60 + 300 * list.rooms.len(), |o| write::watched(o, &list))
        }
        Command::WatchOnline => {
            let list = session.watch_online().await?;
            write::ok(re, 60, |o| write::watched(o, &list))
        }
        Command::Unwatch(Listed::Rooms(order)) => {
            session.unwatch(order);
            nothing()
        }
        Command::Unwatch(Listed::Online) => {
            session.unwatch_online();
            nothing()
        }
        Command::Match { seek, .. } => {
            session.seek_with(&seek).await?;
            waiting(re)
        }
        Command::Unmatch(pool) => {
            session.cancel_seek(pool.as_str()).await?;
            nothing()
        }
        Command::Next { room, tags } => {
            let tags: Option<Vec<&str>> =
                tags.as_ref().map(|tags| tags.iter().map(String::as_str).collect());
            session.seek_next(&room, tags.as_deref()).await?;
            waiting(re)
        }
        Command::Block(room) => {
            session.block(&room).await?;
            nothing()
        }
    })
}

fn waiting(re: u64) -> Frame {
    write::ok(re, 20, |o| o.bool("waiting", true))
}

fn rooms(re: u64, page: &RoomPage) -> Frame {
    write::ok(re, 40 + 300 * page.rooms.len(), |o| write::rooms(o, page))
}

/// With what a connection began.
pub(super) struct Began {
    pub(super) upgrade: Arc<Upgrade>,
    pub(super) client: Option<IpAddr>,
    pub(super) known: Option<User>,
}

/// Lets somebody in.
pub(super) fn greet(
    shared: Arc<Shared>,
    from: Began,
    re: u64,
    token: Option<String>,
    name: Option<String>,
) -> Doing {
    Box::pin(async move {
        let who = Credentials {
            token: token.as_deref(),
            name: name.as_deref(),
            upgrade: &from.upgrade,
            client: from.client,
            known: from.known.as_ref(),
        };
        match come_in(&shared, re, who).await {
            Ok(done) => done,
            Err(refused) => Done::Refused(re, refused),
        }
    })
}

async fn come_in(shared: &Shared, re: u64, who: Credentials<'_>) -> Result<Done, Refused> {
    let admitted = shared.auth.authenticate(who).await.map_err(|denied| match denied {
        Denied::Unauthorized => Refused::Unauthorized,
        Denied::Unavailable => Refused::AuthAway,
    })?;
    let (user, token) = admitted.into_parts();
    let session = shared.engine.connect(user).await?;
    let (rooms, waiting) = (session.rooms().await?, session.waiting().await?);
    let id = format!("{}-{}", shared.engine.node(), session.id());
    let frame = write::ok(re, 800, |o| {
        o.str("user", session.user().as_str());
        o.str("name", session.name().as_str());
        o.plain("session", &id);
        if let Some(token) = &token {
            o.str("token", token);
        }
        o.array("rooms", &rooms, |t, room| t.string(room.as_str()));
        o.array("waiting", &waiting, |t, pool| t.string(pool.as_str()));
        o.raw("limits", &shared.told.limits);
        o.raw("retry", &shared.told.retry);
    });
    tracing::debug!(name = id, "came in");
    let has_account = token.is_none();
    Ok(Done::Greeted(Box::new(Somebody { session, has_account }), frame))
}

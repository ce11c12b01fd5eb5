//! Lists and history over plain HTTP, for pages that are not connected: whatever serves HTTP calls these.

use bytes::Bytes;
use chat_core::{Engine, Error, HistoryPage, Invalid, Order, Page, Problem, RoomId, RoomKind};

use crate::json::write;
use crate::refused::Refused;
use crate::wire;

/// An answer: a status and a JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON text.
    pub body: Bytes,
}

/// The answer to `GET /api/rooms?order=&limit=&offset=`: a page of public rooms, by people there now if not asked otherwise.
pub async fn rooms(engine: &Engine, query: &str) -> Answer {
    answer(read_rooms(engine, query).await)
}

/// The answer to `GET /api/rooms/ID/messages?before=&limit=`: what was said in a public room.
pub async fn messages(engine: &Engine, room: &str, query: &str) -> Answer {
    answer(read_messages(engine, room, query).await)
}

/// The answer where what was asked for is not there.
#[must_use]
pub fn nothing_there() -> Answer {
    answer(Err(Error::NoSuchRoom))
}

async fn read_rooms(engine: &Engine, query: &str) -> Result<Bytes, Error> {
    let order = match value(query, "order").filter(|word| !word.is_empty()) {
        Some(word) => word.parse()?,
        None => Order::Live,
    };
    let limit = rows(query, 100)?;
    let offset = number(query, "offset")?.unwrap_or(0);
    let offset = u32::try_from(offset).unwrap_or(u32::MAX);
    let page = engine.rooms(order, Page { offset, limit }).await?;
    Ok(wire::room_page(&page))
}

async fn read_messages(engine: &Engine, room: &str, query: &str) -> Result<Bytes, Error> {
    let room = RoomId::new(room)?;
    let limit = rows(query, 200)?;
    let before = number(query, "before")?;
    // Who has the id of a private room may join it; a plain request says nothing about who it is from.
    if engine.room(&room).await?.kind != RoomKind::Public {
        return Err(Error::NoSuchRoom);
    }
    let page = match before {
        Some(n) => HistoryPage::Before { n, limit },
        None => HistoryPage::Newest { limit },
    };
    Ok(wire::history(&engine.history(&room, page).await?))
}

fn answer(found: Result<Bytes, Error>) -> Answer {
    match found {
        Ok(body) => Answer { status: 200, body },
        Err(error) => {
            let status = match error.code() {
                "bad_request" => 400,
                "forbidden" => 403,
                "no_such_room" => 404,
                "room_closed" => 410,
                "overloaded" | "unavailable" => 503,
                _ => 500,
            };
            Answer { status, body: write::error(&Refused::from(error)) }
        }
    }
}

/// A field of a query. None of those that are asked for holds anything that would have to be escaped.
fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(field, _)| *field == name)
        .map(|(_, value)| value)
}

fn number(query: &str, name: &'static str) -> Result<Option<u64>, Invalid> {
    match value(query, name) {
        None | Some("") => Ok(None),
        Some(digits) => {
            let digits = Some(digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
            let number = digits.and_then(|digits| digits.parse().ok());
            number.map(Some).ok_or(Invalid::new(name, Problem::Form))
        }
    }
}

fn rows(query: &str, most: u32) -> Result<u32, Invalid> {
    match number(query, "limit")? {
        None => Ok(50.min(most)),
        Some(0) => Err(Invalid::new("limit", Problem::OutOfRange { min: 1, max: most.into() })),
        Some(rows) => Ok(u32::try_from(rows).map_or(most, |rows| rows.min(most))),
    }
}

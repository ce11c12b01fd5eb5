//! What is public, over plain HTTP: lists of rooms, and what was said in public rooms. Whatever it says is chat-ws's; here is only
//! how much of it at once, since nobody's rate is counted on this way.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, ORIGIN, RETRY_AFTER, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chat_ws::Origin;
use chat_ws::http::{self, Answer};
use tokio::sync::Semaphore;

use crate::app::App;

/// Requests that ask the store at once.
const AT_ONCE: usize = 64;

/// How many ask, and who else may.
pub(crate) struct Api {
    asking: Semaphore,
    origins: Vec<Origin>,
}

impl Api {
    /// For pages of these origins, too.
    pub(crate) fn new(origins: Vec<Origin>) -> Self {
        Self { asking: Semaphore::new(AT_ONCE), origins }
    }

    /// The answer, unless too many are waiting for theirs.
    async fn answer(&self, headers: &HeaderMap, ask: impl Future<Output = Answer>) -> Response {
        let mut response = match self.asking.try_acquire() {
            Ok(_asking) => json(ask.await),
            Err(_) => overloaded(),
        };
        self.allow(headers, response.headers_mut());
        response
    }

    /// Pages of allowed origins may read what they are told.
    fn allow(&self, headers: &HeaderMap, out: &mut HeaderMap) {
        out.insert(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = headers.get(ORIGIN) else { return };
        let named = origin.to_str().ok().and_then(|text| text.parse::<Origin>().ok());
        if named.is_some_and(|named| self.origins.contains(&named)) {
            out.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
    }
}

/// `/api/rooms?order=&limit=&offset=`
pub(crate) async fn rooms(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    app.api.answer(&headers, http::rooms(app.server.engine(), &query)).await
}

/// `/api/rooms/ID/messages?before=&limit=`
pub(crate) async fn messages(
    State(app): State<Arc<App>>,
    Path(room): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    app.api.answer(&headers, http::messages(app.server.engine(), &room, &query)).await
}

fn json(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    let out = response.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        out.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn overloaded() -> Response {
    const BODY: &[u8] =
        br#"{"err":{"code":"overloaded","message":"too many requests at once","retry_ms":1000}}"#;
    json(Answer { status: 503, body: bytes::Bytes::from_static(BODY) })
}

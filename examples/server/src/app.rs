//! What is at which path. Everything is relative, so that all of it may be under a path of a proxy's.
//!
//! | | |
//! |---|---|
//! | `/`, `/random`, `/assets/NAME` | the pages |
//! | `/ws` | chat.v1 |
//! | `/api/rooms`, `/api/rooms/ID/messages` | what is public, to be read without a connection |
//! | `/healthz`, `/readyz` | whether the process lives; whether it should be given work |
//! | `/metrics` | numbers, for this machine alone |

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Path, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::api::{self, Api};
use crate::headers;
use crate::health::Health;
use crate::metrics::{self, Metrics};
use crate::pages::{self, Pages};
use crate::store::Counted;

/// What the answers are made from.
pub(crate) struct App {
    pub(crate) server: chat_ws::Server,
    pub(crate) pages: Pages,
    pub(crate) api: Api,
    pub(crate) health: Health,
    pub(crate) metrics: Metrics,
    pub(crate) counted: Counted,
    /// Set as soon as the server is asked to end.
    pub(crate) ending: AtomicBool,
}

type Shared = State<Arc<App>>;

/// All paths.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/", get(lobby))
        .route("/random", get(random))
        // Who adds a slash means the same, and relative URLs would lead elsewhere from there.
        .route("/random/", get(async || elsewhere("../random")))
        .route("/assets/{name}", get(asset))
        .route("/api/rooms", get(api::rooms))
        .route("/api/rooms/", get(async || elsewhere("../rooms")))
        .route("/api/rooms/{room}/messages", get(api::messages))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_here))
        .fallback(async || nothing_here())
        .method_not_allowed_fallback(async || {
            (StatusCode::METHOD_NOT_ALLOWED, "405: this can only be read\n")
        })
        .with_state(Arc::clone(app))
        .route("/ws", chat_ws::axum::websocket(app.server.clone()))
        .layer(middleware::map_response(headers::secure))
        .layer(middleware::from_fn(count))
}

/// What is at `--metrics-listen`.
pub(crate) fn metrics_routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/metrics", get(async |State(app): Shared| numbers(&app)))
        .fallback(async || nothing_here())
        .with_state(Arc::clone(app))
        .layer(middleware::map_response(headers::secure))
}

async fn lobby(State(app): Shared, headers: HeaderMap) -> Response {
    page(&app, pages::LOBBY, &headers)
}

async fn random(State(app): Shared, headers: HeaderMap) -> Response {
    page(&app, pages::RANDOM, &headers)
}

fn page(app: &App, name: &str, headers: &HeaderMap) -> Response {
    app.pages.get(name, headers).unwrap_or_else(nothing_here)
}

/// A file of the pages. The pages themselves are not among them: relative URLs would lead elsewhere from there.
async fn asset(State(app): Shared, Path(name): Path<String>, headers: HeaderMap) -> Response {
    if name.ends_with(".html") {
        return nothing_here();
    }
    page(&app, &name, &headers)
}

async fn ready(State(app): Shared) -> Response {
    let why = if app.ending.load(Ordering::Relaxed) || app.server.is_draining() {
        "draining\n"
    } else if app.health.has_store(app.server.engine()).await {
        return "ready\n".into_response();
    } else {
        "the store does not answer\n"
    };
    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
}

/// For this machine alone, and not for what a proxy on it hands on.
async fn metrics_here(
    State(app): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if is_local(peer, &headers) { numbers(&app) } else { nothing_here() }
}

/// Whether this machine asks for itself: what a proxy on it hands on comes from elsewhere.
fn is_local(peer: SocketAddr, headers: &HeaderMap) -> bool {
    let forwarded = |name: &HeaderName| {
        let name = name.as_str();
        ["forwarded", "via", "x-real-ip"].contains(&name) || name.starts_with("x-forwarded-")
    };
    peer.ip().is_loopback() && !headers.keys().any(forwarded)
}

fn numbers(app: &App) -> Response {
    let text = app.metrics.render(app.server.engine(), &app.counted);
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
}

fn elsewhere(location: &'static str) -> Response {
    let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(location));
    response
}

fn nothing_here() -> Response {
    (StatusCode::NOT_FOUND, "404: there is nothing here\n").into_response()
}

/// Counts requests by what they matched, so that nobody can make up a label.
async fn count(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    let path = path.unwrap_or_else(|| "none".to_owned());
    let status = response.status().as_str().to_owned();
    ::metrics::counter!("chat_http_requests_total", "path" => path, "status" => status)
        .increment(1);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_who_asks_from_it_and_for_itself() {
        let local = |peer: &str, header: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(header), HeaderValue::from_static("127.0.0.1"));
            is_local(peer.parse().unwrap(), &headers)
        };
        assert!(local("127.0.0.1:5", "accept"));
        assert!(local("[::1]:5", "accept"));
        assert!(!local("192.0.2.1:5", "accept"));
        assert!(!local("[2001:db8::1]:5", "accept"));
        for header in ["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-host"] {
            assert!(!local("127.0.0.1:5", header), "{header}");
        }
    }
}

//! A site of one's own on axum, with chat beside its routes.
//!
//! Users are the site's: whoever has its cookie is let in under that name, and nobody else. The site's own pages ask the engine,
//! in the same process. Run it, and open what it says:
//!
//! ```sh
//! cargo run -p chat-serving-examples --example axum_site
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderName, StatusCode};
use axum::response::Html;
use axum::routing::get;
use chat_core::{Engine, Order, Page, RoomSpec, User};
use chat_ws::{Admitted, Authenticate, Credentials, Denied, Server};

/// Users by the site's cookie. A real one holds a session's id that nobody can guess, and this would look it up.
struct Cookie;

#[async_trait]
impl Authenticate for Cookie {
    async fn authenticate(&self, who: Credentials<'_>) -> Result<Admitted, Denied> {
        let cookies = who.upgrade.header("cookie").unwrap_or_default();
        let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        let (_, user) = pairs.find(|(name, _)| *name == "user").ok_or(Denied::Unauthorized)?;
        Ok(Admitted::new(User::named(user, user)))
    }
}

/// Comes in as anybody one likes; it is only an example.
async fn login(Path(user): Path<String>) -> (StatusCode, [(HeaderName, String); 2]) {
    let safe: String = user.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    let cookie = format!("user={safe}; Path=/; HttpOnly; SameSite=Strict");
    (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, "/".to_owned())])
}

/// A page of the site, with what the chat knows.
async fn home(State(engine): State<Engine>) -> Result<Html<String>, StatusCode> {
    let page = engine.rooms(Order::Live, Page::first(10)).await;
    let page = page.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    // The ids are the site's own, and hold nothing that would have to be escaped.
    let rooms = page.rooms.iter().map(|room| format!("<li>{}: {} people", room.id, room.live));
    Ok(Html(format!("<h1>Films</h1><ul>{}</ul>", rooms.collect::<String>())))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::in_memory();
    engine.open(RoomSpec::public("Parasite (2019)").with_id("film-496243")).await?;
    let chat = Server::builder(engine.clone()).with_auth(Cookie).build();

    let site = Router::new()
        .route("/", get(home))
        .route("/login/{user}", get(login))
        .route("/ws", chat_ws::axum::websocket(chat.clone()))
        .with_state(engine.clone());

    let at = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8001".to_owned());
    let listener = tokio::net::TcpListener::bind(at).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let site = site.into_make_service_with_connect_info::<SocketAddr>();
    let stopped = async { _ = tokio::signal::ctrl_c().await };
    axum::serve(listener, site).with_graceful_shutdown(stopped).await?;

    // Everybody is told to come back, and when; then the engine tells its store that they may.
    chat.drain(Duration::from_secs(5)).await;
    engine.shutdown().await;
    Ok(())
}

//! Putting the server together, and keeping it until it is asked to end.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chat_core::{Engine, Limits};
use chat_ws::{Options, Origin, Rates, Server};
use tokio::sync::watch;

use crate::api::Api;
use crate::app::{self, App};
use crate::config::Config;
use crate::failure::Failure;
use crate::health::Health;
use crate::listener::{self, Doors};
use crate::metrics::Metrics;
use crate::pages::Pages;
use crate::store::Asked;
use crate::tokens::Keys;
use crate::{files, shutdown};

/// Connections, where nobody says how many and the system allows as many files.
const CONNECTIONS: usize = 100_000;
/// Connections at once where numbers are read.
const SCRAPERS: usize = 16;
/// Files that are open beside connections: those to the store, and the log's.
const OTHER_FILES: usize = 64;

/// Serves until it is asked to end.
pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    // What is wrong with what was given is said before anything is opened.
    let options = options(&config)?;
    let asked = Asked::read(&config)?;
    let pages = pages(&config)?;
    let keys = Keys::read(&config)?;
    let metrics = Metrics::install();
    let shared = if keys.wants_secret() { asked.secret().await? } else { None };
    let tokens = keys.tokens(&config, shared)?;
    let store = asked.open(&config).await?;
    let engine = Engine::builder()
        .with_backend(store.backend)
        .with_policies(config.policies())
        .with_limits(Limits { sessions: options.connections, ..Limits::default() })
        .build()
        .map_err(|invalid| Failure::wrong(invalid.to_string()))?;
    let listener = listener::bind("--listen", &config.listen).await?;
    let beside = match &config.metrics_listen {
        Some(address) => Some(listener::bind("--metrics-listen", address).await?),
        None => None,
    };
    // The node lives from now on, also before anybody comes: it takes part in clearing up after others.
    engine.start();
    let api = Api::new(options.origins.clone());
    let server = Server::builder(engine).with_auth(tokens).with_options(options).build();
    let app = Arc::new(App {
        server,
        pages,
        api,
        health: Health::default(),
        metrics,
        counted: store.counted,
        ending: AtomicBool::new(false),
    });

    let address = listener.local_addr().map_err(|error| Failure::cannot(error.to_string()))?;
    tracing::info!(%address, store = store.name, node = %app.server.engine().node(), "listening");
    let (stop, stopped) = watch::channel(false);
    let doors = Doors::new(listener::places(), config.trusted_proxy.clone());
    let mut serving =
        vec![tokio::spawn(listener::serve(listener, app::routes(&app), doors, stopped.clone()))];
    if let Some(beside) = beside {
        let address = beside.local_addr().map_err(|error| Failure::cannot(error.to_string()))?;
        tracing::info!(%address, "numbers are at");
        let routes = app::metrics_routes(&app);
        serving.push(tokio::spawn(listener::serve(
            beside,
            routes,
            Doors::new(SCRAPERS, Vec::new()),
            stopped,
        )));
    }
    // Before the word that it is ready: whoever hears that may ask at once.
    let mut end = shutdown::End::listen();
    say_ready(address);

    end.asked().await;
    tokio::select! {
        () = shutdown::drain(&app) => {}
        () = end.asked() => tracing::warn!("ending at once"),
    }
    stop.send_replace(true);
    let until = tokio::time::Instant::now() + Duration::from_millis(400);
    for one in serving {
        let _ = tokio::time::timeout_at(until, one).await;
    }
    tracing::info!("ended");
    Ok(())
}

/// How connections are held.
fn options(config: &Config) -> Result<Options, Failure> {
    let origin = |text: &String| {
        text.parse::<Origin>()
            .map_err(|error| Failure::wrong(format!("--allow-origin {text}: {error}")))
    };
    let ping = Duration::from_millis(config.ping_ms);
    let usual = Options::default();
    Ok(Options {
        origins: config.allow_origin.iter().map(origin).collect::<Result<_, _>>()?,
        trusted_proxies: config.trusted_proxy.clone(),
        hello_timeout: Duration::from_millis(config.hello_timeout_ms),
        ping: Some(ping),
        // Two pings without an answer, and a little.
        silent: ping * 12 / 5,
        rates: Rates::per_second(config.rate),
        connections: connections(config),
        connections_of_address: config.max_connections_per_address as usize,
        // Who comes back later than the grace has left.
        drain_spread: usual.drain_spread.min(Duration::from_millis(config.grace_ms) / 2),
        ..usual
    })
}

/// How many connections there may be: each is a file to the system, and so is each of plain HTTP.
fn connections(config: &Config) -> usize {
    let files = files::most().and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let room = files.saturating_sub(OTHER_FILES + SCRAPERS + listener::places()).max(1);
    match config.max_connections {
        None => CONNECTIONS.min(room),
        Some(asked) => {
            if asked as usize > room {
                tracing::warn!(
                    files,
                    max_connections = asked,
                    "the system allows too few open files for so many connections: see `ulimit -Hn`, LimitNOFILE"
                );
            }
            asked as usize
        }
    }
}

fn pages(config: &Config) -> Result<Pages, Failure> {
    match &config.pages {
        Some(dir) if !dir.is_dir() => {
            Err(Failure::wrong(format!("--pages {}: there is no such directory", dir.display())))
        }
        dir => Ok(Pages::new(dir.clone())),
    }
}

/// The one line on stdout. Whoever started the server and closed the pipe does not want to know.
fn say_ready(address: std::net::SocketAddr) {
    let mut stdout = std::io::stdout();
    let _ = writeln!(stdout, "chat-server is listening on http://{address}");
    let _ = stdout.flush();
}

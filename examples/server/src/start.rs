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
use crate::tokens::Keys;
use crate::{files, shutdown, store};

/// Files that are open beside connections.
const OTHER_FILES: u64 = 64;

/// Serves until it is asked to end.
pub(crate) async fn run(config: Config) -> Result<(), Failure> {
    // What is wrong with what was given is said before anything is opened.
    let options = options(&config)?;
    let keys = Keys::read(&config)?;
    let metrics = Metrics::install();
    let store = store::open(&config, keys.wants_secret()).await?;
    let tokens = keys.tokens(&config, store.secret)?;
    let engine = Engine::builder()
        .with_backend(store.backend)
        .with_policies(config.policies())
        .with_limits(limits(&config))
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
        pages: Pages::new(config.pages.clone()),
        api,
        health: Health::default(),
        metrics,
        counted: store.counted,
        ending: AtomicBool::new(false),
    });

    let address = listener.local_addr().map_err(|error| Failure::cannot(error.to_string()))?;
    warn_of_few_files(&config);
    tracing::info!(%address, store = store.name, node = %app.server.engine().node(), "listening");
    let (stop, stopped) = watch::channel(false);
    let doors = Doors::new(config.trusted_proxy.clone());
    let mut serving =
        vec![tokio::spawn(listener::serve(listener, app::routes(&app), doors, stopped.clone()))];
    if let Some(beside) = beside {
        let routes = app::metrics_routes(&app);
        serving.push(tokio::spawn(listener::serve(
            beside,
            routes,
            Doors::new(Vec::new()),
            stopped,
        )));
    }
    say_ready(address);

    shutdown::asked().await;
    tokio::select! {
        () = shutdown::drain(&app) => {}
        () = shutdown::asked() => tracing::warn!("ending at once"),
    }
    stop.send_replace(true);
    for one in serving {
        let _ = tokio::time::timeout(Duration::from_millis(400), one).await;
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
        connections: config.max_connections as usize,
        connections_of_address: config.max_connections_per_address as usize,
        // Who comes back later than the grace has left.
        drain_spread: usual.drain_spread.min(Duration::from_millis(config.grace_ms) / 2),
        ..usual
    })
}

fn limits(config: &Config) -> Limits {
    Limits { sessions: config.max_connections as usize, ..Limits::default() }
}

/// Each connection is a file to the system.
fn warn_of_few_files(config: &Config) {
    if let Some(most) = files::most()
        && most < u64::from(config.max_connections) + OTHER_FILES
    {
        tracing::warn!(
            files = most,
            max_connections = config.max_connections,
            "the system allows fewer open files than connections: see `ulimit -Hn`, LimitNOFILE"
        );
    }
}

/// The one line on stdout. Whoever started the server and closed the pipe does not want to know.
fn say_ready(address: std::net::SocketAddr) {
    let mut stdout = std::io::stdout();
    let _ = writeln!(stdout, "chat-server is listening on http://{address}");
    let _ = stdout.flush();
}

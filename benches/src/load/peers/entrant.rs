//! Those that are compared: how each is started, as its documentation says it is to be.

use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use super::{Peers, SERVER, SERVER_ON_REDIS, versions};
use crate::load::{Dialect, Fault, Program, Run, Served, Target};

/// What installs the peers.
const INSTALLS: &str = "ci/peers.sh";

/// A program with what it is called and stands on.
#[derive(Debug, Clone)]
pub(super) struct Entrant {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    dialect: Dialect,
    on_redis: bool,
    start: Start,
}

/// How it is started.
#[derive(Debug, Clone)]
enum Start {
    /// It says where it listens. With a store it is told of that by an argument.
    Ours(Program),
    /// A Python's module, below a folder.
    Python {
        python: PathBuf,
        source: PathBuf,
        args: &'static [&'static str],
        packages: &'static [&'static str],
    },
    /// A script for Node.
    Node { modules: PathBuf, source: PathBuf, package: &'static str },
}

const DAPHNE: &[&str] = &[
    "-m",
    "daphne",
    "--verbosity",
    "0",
    "--bind",
    "127.0.0.1",
    "--port",
    "{port}",
    "rooms.asgi:application",
];
const UVICORN: &[&str] = &[
    "-m",
    "uvicorn",
    "--log-level",
    "warning",
    "--no-access-log",
    "--host",
    "127.0.0.1",
    "--port",
    "{port}",
    "main:app",
];

impl Entrant {
    /// All of them, in the order in which they are told.
    pub(super) fn all(peers: &Peers) -> io::Result<Vec<Self>> {
        // Of a virtual environment the link itself counts, not where it leads: not `canonicalize`.
        let installed = std::path::absolute(&peers.installed)?;
        let sources = std::path::absolute(&peers.sources)?;
        let ours = |name, title, program: &Program, on_redis| {
            let start = Start::Ours(program.clone());
            Self { name, title, dialect: Dialect::Chat, on_redis, start }
        };
        let python = |folder, args, packages| Start::Python {
            python: installed.join(folder).join("bin/python"),
            source: sources.join(folder),
            args,
            packages,
        };
        let node = |folder, package| Start::Node {
            modules: installed.join(folder).join("node_modules"),
            source: sources.join(folder),
            package,
        };
        let channels = |name, title, on_redis, packages| {
            let start = python("channels", DAPHNE, packages);
            Self { name, title, dialect: Dialect::Json { path: "/ws/chat/" }, on_redis, start }
        };
        let memory = &["channels", "daphne", "Django"];
        let redis = &["channels", "daphne", "channels_redis", "Django"];
        Ok(vec![
            ours("limit", "the limit", &peers.limit, false),
            ours(SERVER, "chat-server, in memory", &peers.server, false),
            ours(SERVER_ON_REDIS, "chat-server, Redis", &peers.server, true),
            channels("channels", "Django Channels + Daphne, in memory", false, memory),
            channels("channels_redis", "Django Channels + Daphne, channels_redis", true, redis),
            Self {
                name: "fastapi",
                title: "FastAPI + uvicorn",
                dialect: Dialect::Text { path: "/ws/chat/" },
                on_redis: false,
                start: python("fastapi", UVICORN, &["fastapi", "uvicorn", "uvloop", "websockets"]),
            },
            Self {
                name: "socketio",
                title: "Socket.IO on Node",
                dialect: Dialect::SocketIo,
                on_redis: false,
                start: node("socketio", "socket.io"),
            },
            Self {
                name: "ws",
                title: "ws on Node",
                dialect: Dialect::Text { path: "/" },
                on_redis: false,
                start: node("ws", "ws"),
            },
        ])
    }

    /// Whether it is the limit or the server itself, and no peer.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self.start, Start::Ours(_))
    }

    /// Whether it is installed.
    pub(super) fn is_there(&self) -> Result<(), Fault> {
        let (file, by) = match &self.start {
            Start::Ours(program) => (
                program.path.as_path(),
                "`cargo build --release -p chat-server -p chat-benches --bins`",
            ),
            Start::Python { python, .. } => (python.as_path(), INSTALLS),
            Start::Node { modules, .. } => (modules.as_path(), INSTALLS),
        };
        if file.exists() {
            Ok(())
        } else {
            Err(Fault::NotInstalled(file.to_string_lossy().into(), by))
        }
    }

    /// What it is made of.
    pub(super) fn versions(&self) -> Result<String, Fault> {
        let mut all = match &self.start {
            Start::Ours(program) => versions::own(&program.path)?,
            Start::Python { python, packages, .. } => versions::python(python, packages)?,
            Start::Node { modules, package, .. } => versions::node(modules, package)?,
        };
        if self.on_redis {
            all = format!("{all}, {}", versions::redis()?);
        }
        Ok(all)
    }

    /// Starts it, with a store of its own if it needs one, does one thing with it, and stops both.
    pub(super) fn under(
        &self,
        work: impl FnOnce(&Served) -> Result<Run, Fault>,
    ) -> Result<Run, Fault> {
        let (store, url) = if self.on_redis {
            let (store, url) = start_redis()?;
            (Some(store), Some(url))
        } else {
            (None, None)
        };
        let target = self.start(url.as_deref())?;
        let served = Served { target, store, dialect: self.dialect };
        let mut run = work(&served).map_err(|fault| served.target.explained(fault))?;
        self.name.clone_into(&mut run.server);
        served.stop()?;
        Ok(run)
    }

    fn start(&self, store: Option<&str>) -> Result<Target, Fault> {
        let port = free_port()?;
        let mut command = match &self.start {
            Start::Ours(Program { path, args, .. }) => {
                let mut args = args.clone();
                args.extend(store.into_iter().flat_map(|url| ["--store".into(), url.into()]));
                return Target::start(path, &args);
            }
            Start::Python { python, source, args, .. } => {
                let mut command = Command::new(python);
                command.args(args.iter().map(|arg| arg.replace("{port}", &port.to_string())));
                command.current_dir(source).env("PYTHONDONTWRITEBYTECODE", "1");
                // Whatever the one who measures has set is not meant for this.
                command.env_remove("DJANGO_SETTINGS_MODULE");
                command
            }
            Start::Node { modules, source, .. } => {
                let mut command = Command::new("node");
                command.arg("server.js").current_dir(source);
                command.env("NODE_PATH", modules).env("NODE_ENV", "production");
                command.env("PORT", port.to_string());
                command
            }
        };
        match store {
            Some(url) => command.env("REDIS_URL", url),
            None => command.env_remove("REDIS_URL"),
        };
        Target::start_at(command, port)
    }
}

/// A redis-server that writes nothing to the disk, and its URL.
fn start_redis() -> Result<(Target, String), Fault> {
    let port = free_port()?;
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
    command.arg(port.to_string()).current_dir(Path::new("/"));
    Ok((Target::start_at(command, port)?, format!("redis://127.0.0.1:{port}")))
}

/// A port on which nobody listens. It takes a server seconds to be there, in which nobody else may come to it: so it is one below
/// those that systems give to whoever asks for any, and no other entrant of this program is given it.
fn free_port() -> Result<u16, Fault> {
    const FIRST: u16 = 3_000;
    const COUNT: u16 = 7_000;
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Another program of this machine begins somewhere else.
    let begin = (std::process::id() % u32::from(COUNT)) as u16;
    let next = || FIRST + begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let found = (0..COUNT).map(|_| next()).find(free);
    found.ok_or_else(|| Fault::system("finding a free port")(ErrorKind::AddrInUse.into()))
}

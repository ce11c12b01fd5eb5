//! A real Redis for tests, of their own.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use async_trait::async_trait;
use chat_core::StoreOptions;
use chat_core::store::Backend;
use chat_core::testkit::{Stage, Stand};

/// A redis-server on a port of its own, which ends with the last test that uses it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    pub port: u16,
    _dir: std::path::PathBuf,
}

impl Server {
    pub fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dir = std::env::temp_dir().join(format!("chat-redis-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(&dir)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        for _ in 0..500 {
            if let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) {
                let _ = stream.write_all(b"PING\r\n");
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, port, _dir: dir }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self._dir);
    }
}

/// The server that the tests of this program share.
pub fn server() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap();
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(Server::start());
        *shared = Arc::downgrade(&server);
        server
    })
}

/// Makes stores on one server, each under a prefix of its own.
#[derive(Debug, Default)]
pub struct RedisStand;

#[async_trait]
impl Stand for RedisStand {
    async fn stage(&self, options: StoreOptions) -> Arc<dyn Stage> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let prefix = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Arc::new(RedisStage { server: server(), prefix, options })
    }
}

#[derive(Debug)]
struct RedisStage {
    server: Arc<Server>,
    prefix: String,
    options: StoreOptions,
}

#[async_trait]
impl Stage for RedisStage {
    async fn backend(&self) -> Backend {
        let settings = chat_redis::Settings::from_url(&self.server.url()).unwrap();
        settings.with_prefix(&self.prefix).with_store(self.options.clone()).connect().await.unwrap()
    }

    async fn advance(&self, by: Duration) {
        // What the scripts keep as a correction of the server's time.
        let client = redis::Client::open(self.server.url()).unwrap();
        let mut to = client.get_multiplexed_async_connection().await.unwrap();
        let mut pipe = redis::Pipeline::new();
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg(format!("{}:*:book", self.prefix))
            .query_async(&mut to)
            .await
            .unwrap();
        for key in keys {
            pipe.cmd("HINCRBY").arg(key).arg("c").arg(by.as_millis() as u64).ignore();
        }
        let _: () = pipe.query_async(&mut to).await.unwrap();
    }
}

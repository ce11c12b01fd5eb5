//! A real server on a port of its own, its clock in the test's hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chat_core::testkit::Tap;
use chat_core::{
    Clock, Engine, HookOptions, Hooks, Limits, MemoryStore, PolicyDefaults, StoreOptions, Timestamp,
};
use chat_ws::{Authenticate, Options, Secret, Server, Tokens};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Client, Solo};

/// What a server is to be like. Everything is as usual where it is not said otherwise.
pub(crate) struct Setup {
    pub(crate) options: Options,
    pub(crate) limits: Limits,
    pub(crate) store: StoreOptions,
    pub(crate) policies: PolicyDefaults,
    twist: Option<super::Store>,
    auth: Option<Box<dyn FnOnce(chat_ws::ServerBuilder) -> chat_ws::ServerBuilder>>,
    hooks: Option<Box<dyn FnOnce(chat_core::EngineBuilder) -> chat_core::EngineBuilder>>,
}

impl Default for Setup {
    fn default() -> Self {
        // Tests that are not about rates speak as fast as they can.
        let options = Options { rates: chat_ws::Rates::unlimited(), ..Options::default() };
        Self {
            options,
            limits: Limits::default(),
            store: StoreOptions::default(),
            policies: PolicyDefaults::default(),
            twist: None,
            auth: None,
            hooks: None,
        }
    }
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// With other options.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    pub(crate) fn with_auth(mut self, auth: impl Authenticate) -> Self {
        self.auth = Some(Box::new(|builder| builder.with_auth(auth)));
        self
    }

    pub(crate) fn with_hooks(mut self, hooks: impl Hooks) -> Self {
        let options = HookOptions { budget: Duration::from_secs(60), ..HookOptions::default() };
        self.hooks = Some(Box::new(move |builder| builder.with_hooks(hooks, options)));
        self
    }

    /// With a store that is in the test's hand.
    pub(crate) fn with_store(mut self, store: super::Store) -> Self {
        self.twist = Some(store);
        self
    }

    /// The server alone, on no socket.
    pub(crate) fn server(self) -> (Server, Clock) {
        let clock = Clock::manual(Timestamp(1_800_000_000_000));
        let store = self.store.clone();
        let mut engine = Engine::builder()
            .with_clock(clock.clone())
            .with_limits(self.limits)
            .with_store_options(self.store)
            .with_policies(self.policies);
        if let Some(twist) = self.twist {
            let behind = MemoryStore::backend(clock.clone(), store);
            engine = engine.with_backend(Tap::backend(behind, Arc::new(twist)));
        }
        if let Some(hooks) = self.hooks {
            engine = hooks(engine);
        }
        let builder = Server::builder(engine.build().unwrap()).with_options(self.options);
        let server = match self.auth {
            Some(auth) => auth(builder).build(),
            None => builder.with_auth(Tokens::new(secret()).with_clock(clock.clone())).build(),
        };
        (server, clock)
    }

    /// A peer without a socket.
    pub(crate) fn solo(self) -> Solo {
        Solo::of(&self.server().0)
    }

    /// The server, listening.
    pub(crate) async fn stand(self) -> Stand {
        let (server, clock) = self.server();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn({
            let server = server.clone();
            async move { server.serve(listener).await.unwrap() }
        });
        Stand { server, clock, address, serving }
    }
}

/// What tokens are signed with here.
pub(crate) fn secret() -> Secret {
    Secret::new(&b"a secret of thirty-two bytes, or more"[..]).unwrap()
}

/// A server that listens.
pub(crate) struct Stand {
    pub(crate) server: Server,
    pub(crate) clock: Clock,
    pub(crate) address: SocketAddr,
    pub(crate) serving: JoinHandle<()>,
}

impl Stand {
    /// One as it is without being told anything.
    pub(crate) async fn new() -> Self {
        Setup::new().stand().await
    }

    /// A connection that has said nothing.
    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Somebody without an account.
    pub(crate) async fn guest(&self, name: &str) -> Client {
        let mut client = self.connect().await;
        client.hello(serde_json::json!({"name": name})).await;
        client
    }

    /// A user of the site's.
    pub(crate) async fn user(&self, id: &str) -> Client {
        let mut client = self.connect().await;
        client.hello(serde_json::json!({"token": self.token(id)})).await;
        client
    }

    /// What the site signs for its user.
    pub(crate) fn token(&self, id: &str) -> String {
        let tokens = Tokens::new(secret()).with_clock(self.clock.clone());
        tokens.issue(&id.parse().unwrap(), Some(id), 3_600)
    }

    /// A number of guests in one room; the first of them opened it. Everybody has seen everybody come.
    pub(crate) async fn room_of<const N: usize>(&self, room: &str) -> [Client; N] {
        let mut all: Vec<Client> = Vec::new();
        for at in 0..N {
            let mut client = self.user(&format!("user{at}")).await;
            let join =
                serde_json::json!({"do": "join", "room": room, "create": {"title": "A room"}});
            client.ok(join).await;
            for other in &mut all {
                let joined = other.event("joined").await;
                assert_eq!(joined["user"], format!("user{at}"));
            }
            all.push(client);
        }
        all.try_into().ok().unwrap()
    }

    /// Lets time pass for what is stored: graces, keys, idle rooms.
    pub(crate) async fn pass(&self, time: Duration) {
        self.server.engine().pass(time).await;
    }

    /// Waits until the server has noticed that no more connections than these are there.
    pub(crate) async fn until_sessions(&self, left: u64) {
        super::soon("a loss to be noticed", async {
            while self.server.engine().stats().sessions > left {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// What a room looks like to the host.
    pub(crate) async fn live(&self, room: &str) -> u64 {
        self.server.engine().room(&room.parse().unwrap()).await.unwrap().live.into()
    }

    /// What the list of a kind looks like to somebody who asks anew.
    pub(crate) async fn rooms(&self, order: &str, limit: u32) -> Value {
        let mut client = self.guest("asks").await;
        let page = serde_json::json!({"do": "rooms", "order": order, "limit": limit});
        client.ok(page).await["rooms"].take()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

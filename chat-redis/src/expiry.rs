//! [`ExpiryStore`] on Redis.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chat_core::StoreError;
use chat_core::id::{Incarnation, NodeId, Writer};
use chat_core::store::{Due, ExpiryStore, Peeked, Reaped, Sink, StoreResult};
use redis::Value;

use crate::codec::{self, Corrupt};
use crate::keys::Whose;
use crate::link::unreadable;
use crate::mailbox::MailPlace;
use crate::reply::{self, Parts};
use crate::store::{RedisStore, first_word};

#[async_trait]
impl ExpiryStore for RedisStore {
    async fn attach(&self, node: NodeId, sink: Arc<dyn Sink>) -> StoreResult<Writer> {
        const OP: &str = "attach";
        // Everything may have been lost since, this too.
        self.link.agree(OP).await?;
        let number = self.link.run(OP, self.in_shard(&self.scripts.incarnate, 0)).await?;
        let number = reply::number(&number).map_err(unreadable(OP))?;
        let writer = Writer { node, incarnation: Incarnation(number) };
        let begin =
            |shard| self.in_shard(&self.scripts.attach, shard).arg(&codec::writer(writer)[..]);
        let answers = self.link.run_all(OP, (0..self.shards()).map(begin).collect()).await?;
        let place = |value| MailPlace::read(&reply::bytes(value)?);
        let mail = answers.into_iter().map(place).collect::<Result<_, Corrupt>>();
        self.lives.begin(writer, sink, mail.map_err(unreadable(OP))?);
        self.ears.sweep();
        Ok(writer)
    }

    async fn renew(&self, by: Writer, online: u64) -> StoreResult<u64> {
        const OP: &str = "renew";
        let renew = |shard| {
            let call = self.in_shard(&self.scripts.renew, shard);
            call.arg(&codec::writer(by)[..]).arg(online).arg(u8::from(shard == 0))
        };
        let mut sum = 0;
        for answer in self.link.run_all(OP, (0..self.shards()).map(renew).collect()).await? {
            let ended = |error: &StoreError| {
                if matches!(error, StoreError::Fenced) {
                    self.over(by);
                }
            };
            let (_, mut parts) = first_word(OP, answer).inspect_err(ended)?;
            sum += parts.number().map_err(unreadable(OP))?;
        }
        Ok(sum)
    }

    async fn detach(&self, by: Writer) -> StoreResult<()> {
        const OP: &str = "detach";
        let detach = |shard| self.in_shard(&self.scripts.detach, shard).arg(&codec::writer(by)[..]);
        let answers = self.link.run_all(OP, (0..self.shards()).map(detach).collect()).await?;
        // Also where it was over before: nothing more is to be told to its sink.
        self.over(by);
        answers.into_iter().try_for_each(|answer| first_word(OP, answer).map(|_| ()))
    }

    fn lease(&self) -> Duration {
        self.options.lease
    }

    fn shards(&self) -> u16 {
        self.layout.shards()
    }

    async fn peek(&self, shard: u16, limit: u32) -> StoreResult<Peeked> {
        const OP: &str = "peek";
        let answer = self.link.run(OP, self.in_shard(&self.scripts.peek, shard).arg(limit)).await?;
        let mut strange = redis::cmd("ZREM");
        strange.arg(self.layout.key_named(shard, "DUE", Whose::default()));
        let mut strangers = 0;
        let read = || {
            let mut parts = Parts::of(answer)?;
            let next = match parts.value()? {
                Value::Int(-1) => None,
                next => Some(Duration::from_millis(reply::number(&next)?)),
            };
            let mut due = Vec::with_capacity(parts.left());
            while parts.left() > 0 {
                let name = parts.bytes()?;
                match codec::read_due(&name) {
                    Ok(name) => due.push(name),
                    Err(_) => {
                        strange.arg(&name[..]);
                        strangers += 1;
                    }
                }
            }
            Ok(Peeked { due, next })
        };
        let peeked = read().map_err(unreadable(OP))?;
        if strangers > 0 {
            // Somebody else has put them there, and nothing behind them would ever be reached.
            self.stats.could_not_read(strangers);
            self.link.read(OP, shard, strange).await?;
        }
        Ok(peeked)
    }

    async fn reap(&self, by: Writer, due: &Due) -> StoreResult<Reaped> {
        match due {
            Due::Room(room) => self.reap_room(by, room).await,
            Due::Pool(pool) => self.reap_pool(by, pool).await,
            Due::Node(node) => self.reap_node(by, *node).await,
        }
    }
}

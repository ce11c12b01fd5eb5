//! News for a node's sessions, from every shard's stream.
//!
//! A node reads on from where it was. What it reads counts as read when it is handed out, and nothing is awaited behind that: a
//! future that is dropped before gives it once more.

use redis::Value;

use chat_core::store::{Mail, StoreResult};
use chat_core::{StoreError, Writer};

use crate::codec::{self, Corrupt};
use crate::keys::Whose;
use crate::link::{failed, unreadable};
use crate::mailbox::{PAGE, Read};
use crate::reply::Parts;
use crate::store::RedisStore;

impl RedisStore {
    /// The news for this node that it has not had, oldest first; at most a page of each shard, and the sink is told where
    /// there is more.
    pub(crate) async fn read_mail(&self, by: Writer) -> StoreResult<Vec<Mail>> {
        const OP: &str = "mail";
        let mut places = self.lives.mail_read(by).ok_or(StoreError::Fenced)?;
        let writer = codec::writer(by);
        let life = [b"W", &writer[..]].concat();
        let key = |shard, name| self.layout.key_named(shard, name, Whose::default());
        let groups = (0..self.layout.shards()).zip(&places).map(|(shard, place)| {
            let (mut book, mut news) = (redis::cmd("HMGET"), redis::cmd("XRANGE"));
            book.arg(key(shard, "BOOK")).arg(&life).arg("m");
            news.arg(key(shard, "MAIL")).arg(place.behind()).arg("+").arg("COUNT").arg(PAGE);
            (shard, vec![book, news])
        });
        let answers = self.link.together_all(OP, groups.collect()).await?;
        let mut read = Read::default();
        for (place, answer) in places.iter_mut().zip(answers) {
            let [book, news] = <[Value; 2]>::try_from(answer)
                .map_err(|_| failed(OP, Corrupt("an answer of two parts")))?;
            let take = || {
                let mut book = Parts::of(book)?;
                let lives = book.maybe()?.is_some();
                let newest =
                    book.maybe()?.map_or(Ok(0), |m| codec::read_number(&m, "a number of mail"))?;
                place.take(&writer, newest, news, &mut read)?;
                Ok(lives)
            };
            if !take().map_err(unreadable(OP))? {
                return Err(StoreError::Fenced);
            }
        }
        let (lost, more) = (read.lost, read.more);
        let mail = read.news();
        for news in &mail {
            if let Mail::Proposed { pool, which, room, .. } = news {
                self.proposals.add(pool, *which, room);
            }
        }
        self.lives.read_mail(by, places);
        self.stats.lost_mail(lost);
        if more && let Some(life) = self.lives.living(by) {
            life.tell(|sink| sink.mail());
        }
        Ok(mail)
    }
}

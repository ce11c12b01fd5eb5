//! Making sure that anything is heard at all: each process publishes to itself, in every shard, every few seconds. That an
//! open connection is deaf is not seen otherwise, since silence is also what nothing sounds like.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::push::Hall;
use crate::link::Link;
use crate::link::task::jittered;

pub(super) async fn probe(hall: Arc<Hall>, link: Link, every: Duration) {
    let mut number: u64 = 0;
    loop {
        tokio::time::sleep(jittered(every)).await;
        number += 1;
        let shards = (0..hall.layout.shards()).filter_map(|shard| {
            let (hearing, channel) = (hall.hearing(shard)?, hall.own(shard)?);
            let mut cmd = redis::cmd("SPUBLISH");
            cmd.arg(channel).arg(number);
            let published = link.read("probe", shard, cmd);
            // Where it could not be published nothing is known.
            Some(async move { published.await.ok().map(|_| (shard, hearing)) })
        });
        let published = join_all(shards).await;
        let mut waited = Duration::ZERO;
        let step = Duration::from_millis(20).min(link.timeout());
        let unheard = |published: &[Option<_>]| {
            published.iter().flatten().any(|(shard, _)| hall.echo(*shard) < number)
        };
        while waited < link.timeout() && unheard(&published) {
            tokio::time::sleep(step).await;
            waited += step;
        }
        for (shard, hearing) in published.into_iter().flatten() {
            if hall.echo(shard) < number && hearing.cast() {
                hall.stats.was_deaf();
            }
        }
    }
}

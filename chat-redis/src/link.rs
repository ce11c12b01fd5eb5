//! The way to Redis.

use chat_core::StoreError;
use chat_core::store::StoreResult;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisError, Value};

use crate::script::{Call, Text};
use std::sync::Arc;

/// The way to Redis, for commands.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    connection: MultiplexedConnection,
    texts: Arc<Vec<Arc<Text>>>,
}

impl Link {
    pub(crate) async fn connect(url: &str, texts: Vec<Arc<Text>>) -> StoreResult<Self> {
        let client = redis::Client::open(url).map_err(|e| failed("connect", e))?;
        let connection = client
            .get_multiplexed_async_connection()
            .await
            .map_err(|e| failed("connect", e))?;
        Ok(Self { connection, texts: Arc::new(texts) })
    }

    /// Runs one script.
    pub(crate) async fn run(&self, op: &'static str, call: Call) -> StoreResult<Value> {
        let mut all = self.run_all(op, vec![call]).await?;
        all.pop().ok_or_else(|| failed(op, crate::codec::Corrupt("an answer")))
    }

    /// Runs scripts, each a step of its own; their answers in the order of the calls. Those of one server go together.
    pub(crate) async fn run_all(
        &self,
        op: &'static str,
        calls: Vec<Call>,
    ) -> StoreResult<Vec<Value>> {
        let cmds: Vec<Cmd> = calls.iter().map(|call| call.cmd().clone()).collect();
        self.send(op, false, &cmds).await
    }

    /// Runs commands of one shard as one step (a MULTI), first of them a script if there is one; an answer for each.
    pub(crate) async fn together(
        &self,
        op: &'static str,
        _shard: u16,
        call: Option<Call>,
        reads: Vec<Cmd>,
    ) -> StoreResult<Vec<Value>> {
        let mut cmds: Vec<Cmd> = call.iter().map(|call| call.cmd().clone()).collect();
        cmds.extend(reads);
        self.send(op, true, &cmds).await
    }

    /// Runs commands in several shards, those of each as one step; an answer for each, in the order given.
    pub(crate) async fn together_all(
        &self,
        op: &'static str,
        groups: Vec<(u16, Vec<Cmd>)>,
    ) -> StoreResult<Vec<Vec<Value>>> {
        let mut all = Vec::new();
        for (shard, cmds) in groups {
            all.push(self.together(op, shard, None, cmds).await?);
        }
        Ok(all)
    }

    async fn send(&self, op: &'static str, atomic: bool, cmds: &[Cmd]) -> StoreResult<Vec<Value>> {
        if cmds.is_empty() {
            return Ok(Vec::new());
        }
        for attempt in 0..2 {
            let mut pipe = Pipeline::new();
            if atomic {
                pipe.atomic();
            }
            for cmd in cmds {
                pipe.add_command(cmd.clone());
            }
            let answer: Result<Vec<Value>, RedisError> =
                pipe.query_async(&mut self.connection.clone()).await;
            match answer {
                Ok(values) => return Ok(values),
                Err(error) if attempt == 0 && error.to_string().contains("NoScript") => {
                    for text in self.texts.iter() {
                        let mut load = redis::cmd("SCRIPT");
                        load.arg("LOAD").arg(&text.code);
                        let _: String = load
                            .query_async(&mut self.connection.clone())
                            .await
                            .map_err(|e| failed("load", e))?;
                    }
                }
                Err(error) => return Err(failed(op, error)),
            }
        }
        Err(failed(op, crate::codec::Corrupt("scripts")))
    }
}

/// What was asked for could not be done.
pub(crate) fn failed(
    op: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Failed { op, retryable: false, source: source.into() }
}

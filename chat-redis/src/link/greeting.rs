//! What is made sure of on every new connection: that the server is new enough and of the kind that was named, and that
//! what is kept there was made with the same settings. Where nothing is kept yet, or nothing any more, the settings are
//! written down, in the step that looks.

use redis::{Cmd, Pipeline, ServerError, Value};
use tokio::time::Instant;

use super::fault::{BEFORE_6, Disagreement, Fault, Said, said, said_so};
use super::wire::Wire;
use crate::codec::FORMAT;
use crate::keys::Layout;
use crate::reply::{self, Parts};
use crate::url::Kind;

/// What a server must be, and must keep.
#[derive(Debug)]
pub(crate) struct Greeting {
    pub(crate) kind: Kind,
    /// The key of what all nodes must agree on.
    pub(crate) meta: String,
    pub(crate) shards: u16,
}

impl Greeting {
    pub(crate) fn new(kind: Kind, prefix: &str, shards: u16) -> Self {
        Self { kind, meta: Layout::meta(prefix), shards }
    }

    /// Makes sure of all of it.
    pub(crate) async fn hold(&self, wire: &Wire, deadline: Instant) -> Result<(), Fault> {
        let mut pipe = Pipeline::new();
        pipe.cmd("HELLO").add_command(self.written());
        let mut answers = wire.send(&pipe, deadline).await?.into_iter();
        self.server(answers.next().unwrap_or(Value::Nil))?;
        match answers.next().ok_or(Fault::Odd)? {
            Value::ServerError(error) if self.is_elsewhere(&error) => return Ok(()),
            // Where it is written nothing else is asked: a full Redis would refuse it, and has to be reached to become empty.
            written if is_written(&written) => return self.agreed(vec![written]),
            _ => {}
        }
        let mut pipe = Pipeline::new();
        pipe.cmd("MULTI");
        for cmd in self.agreement() {
            pipe.add_command(cmd);
        }
        pipe.cmd("EXEC");
        let mut answers = wire.send(&pipe, deadline).await?.into_iter();
        for answer in answers.by_ref().take(1 + self.agreement().len()) {
            match answer {
                Value::ServerError(error) if self.is_elsewhere(&error) => return Ok(()),
                Value::ServerError(error) => return Err(said_so(&error)),
                _ => {}
            }
        }
        match answers.next() {
            Some(Value::Array(values)) => self.agreed(values),
            Some(Value::ServerError(error)) => Err(said_so(&error)),
            _ => Err(Fault::Odd),
        }
    }

    /// In a cluster one server keeps it, and the others say so.
    fn is_elsewhere(&self, error: &ServerError) -> bool {
        self.kind == Kind::Cluster
            && matches!(error.code(), "MOVED" | "ASK" | "CLUSTERDOWN" | "TRYAGAIN")
    }

    /// Reads what is written.
    pub(crate) fn written(&self) -> Cmd {
        let mut get = redis::cmd("HMGET");
        get.arg(&self.meta).arg("shards").arg("format");
        get
    }

    /// Writes down what is not written yet, and reads what is: to be run as one step.
    pub(crate) fn agreement(&self) -> Vec<Cmd> {
        let set = |field: &str, value: u32| {
            let mut cmd = redis::cmd("HSETNX");
            cmd.arg(&self.meta).arg(field).arg(value);
            cmd
        };
        vec![set("shards", self.shards.into()), set("format", FORMAT), self.written()]
    }

    /// Holds what is written against what is asked for.
    pub(crate) fn agreed(&self, values: Vec<Value>) -> Result<(), Fault> {
        for value in &values {
            if let Value::ServerError(error) = value {
                if error.code() == "WRONGTYPE" {
                    return Err(Disagreement::Foreign { key: self.meta.clone() }.into());
                }
                return match said(error) {
                    Said::No(fault) | Said::Elsewhere(fault) => Err(fault),
                    Said::NoScript => Err(Fault::Odd),
                };
            }
        }
        let kept = values.into_iter().next_back().ok_or(Fault::Odd)?;
        let mut kept = Parts::of(kept).map_err(|_| Fault::Odd)?;
        let mut text = || {
            let bytes = kept.bytes().map_err(|_| Fault::Odd)?;
            Ok::<_, Fault>(String::from_utf8_lossy(&bytes).chars().take(20).collect::<String>())
        };
        let (shards, format) = (text()?, text()?);
        if format != FORMAT.to_string() {
            return Err(Disagreement::Format { kept: format, ours: FORMAT }.into());
        }
        if shards != self.shards.to_string() {
            return Err(Disagreement::Shards { kept: shards, asked: self.shards }.into());
        }
        Ok(())
    }

    /// Whether the server is one that will do, by what it says of itself.
    fn server(&self, hello: Value) -> Result<(), Fault> {
        if let Value::ServerError(error) = hello {
            // The command came with version 6.
            if error.details().is_some_and(|text| text.starts_with("unknown command")) {
                return Err(Disagreement::Version { version: BEFORE_6.to_owned() }.into());
            }
            return Err(said_so(&error));
        }
        let (mut version, mut mode, mut role) = (String::new(), String::new(), String::new());
        let mut parts = Parts::of(hello).map_err(|_| Fault::Odd)?;
        while parts.left() > 1 {
            let name = parts.bytes().map_err(|_| Fault::Odd)?;
            let value = parts.value().map_err(|_| Fault::Odd)?;
            let text = |value| {
                let bytes = reply::bytes(value).map_err(|_| Fault::Odd)?;
                Ok::<_, Fault>(String::from_utf8_lossy(&bytes).chars().take(20).collect())
            };
            match &name[..] {
                b"version" => version = text(value)?,
                b"mode" => mode = text(value)?,
                b"role" => role = text(value)?,
                _ => {}
            }
        }
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_none_or(|major| major < 7) {
            return Err(Disagreement::Version { version }.into());
        }
        let url = match (mode.as_str(), self.kind) {
            ("sentinel", _) => "redis+sentinel",
            ("cluster", Kind::Single | Kind::Sentinel) => "redis+cluster",
            ("standalone", Kind::Cluster) => "redis",
            _ if role == "replica" => return Err(Fault::read_only()),
            _ => return Ok(()),
        };
        Err(Disagreement::Mode { mode, url }.into())
    }
}

/// Whether an answer to what is written has all of it.
pub(crate) fn is_written(answer: &Value) -> bool {
    matches!(answer, Value::Array(fields) if !fields.contains(&Value::Nil))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(version: &str, mode: &str) -> Value {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        Value::Array(vec![text("version"), text(version), text("mode"), text(mode), text("x")])
    }

    fn refused(kind: Kind, version: &str, mode: &str) -> Option<String> {
        let refused = Greeting::new(kind, "chat", 16).server(hello(version, mode));
        refused.err().map(|fault| fault.to_string())
    }

    #[test]
    fn a_server_must_be_new_enough() {
        assert_eq!(refused(Kind::Single, "7.0.15", "standalone"), None);
        assert_eq!(refused(Kind::Single, "8.1", "standalone"), None);
        assert_eq!(refused(Kind::Single, "10", "standalone"), None);
        let old = refused(Kind::Single, "6.2.14", "standalone").unwrap();
        assert!(old.contains("6.2.14") && old.contains("older than 7"), "{old}");
        assert!(refused(Kind::Single, "", "standalone").is_some());
    }

    #[test]
    fn a_server_must_be_of_the_kind_that_was_named() {
        assert_eq!(refused(Kind::Cluster, "7.0.15", "cluster"), None);
        assert_eq!(refused(Kind::Sentinel, "7.0.15", "standalone"), None);
        let single = refused(Kind::Single, "7.0.15", "cluster").unwrap();
        assert!(single.contains("redis+cluster"), "{single}");
        assert!(refused(Kind::Cluster, "7.0.15", "standalone").is_some());
        assert!(refused(Kind::Single, "7.0.15", "sentinel").unwrap().contains("redis+sentinel"));
    }

    #[test]
    fn shards_and_format_must_agree() {
        let agreed = |shards: &str, format: &str| {
            let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
            let kept = Value::Array(vec![text(shards), text(format)]);
            let answers = vec![Value::Int(0), Value::Int(0), kept];
            Greeting::new(Kind::Single, "chat", 16)
                .agreed(answers)
                .err()
                .map(|fault| fault.to_string())
        };
        assert_eq!(agreed("16", &FORMAT.to_string()), None);
        let shards = agreed("4", &FORMAT.to_string()).unwrap();
        assert!(shards.contains('4') && shards.contains("16"), "{shards}");
        assert!(agreed("16", "99").unwrap().contains("99"));
    }
}

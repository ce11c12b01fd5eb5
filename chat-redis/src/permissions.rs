//! Whether the user that is connected may do everything that will be needed: asked once, so that what is missing is said by
//! name when a program starts, and not by the first step that meets it.

use std::collections::BTreeSet;

use crate::error::ConnectError;
use crate::keys::{Layout, Whose};
use crate::link::Link;
use crate::reply::Parts;
use crate::script::Scripts;

/// Commands that are sent beside scripts. What every connection begins with is not among them: that fails by itself.
const SENT: &[&str] = &[
    "EXEC",
    "HEXISTS",
    "HGET",
    "HGETALL",
    "HMGET",
    "HSETNX",
    "MULTI",
    "SMEMBERS",
    "SPUBLISH",
    "SUNSUBSCRIBE",
    "XRANGE",
    "XREVRANGE",
    "ZCARD",
    "ZRANGE",
    "ZREM",
];

/// All commands that are used.
fn used(scripts: &Scripts) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = SENT.iter().map(|name| (*name).to_owned()).collect();
    for text in scripts.texts() {
        // Given to `redis.call`, or to what hands it on.
        let words = text.code.split("('").skip(1).filter_map(|behind| behind.split('\'').next());
        let is_name = |word: &&str| word.len() > 2 && word.chars().all(|c| c.is_ascii_uppercase());
        all.extend(words.filter(is_name).map(str::to_owned));
    }
    all
}

/// Makes sure of it on every server.
pub(crate) async fn check(
    link: &Link,
    layout: &Layout,
    scripts: &Scripts,
) -> Result<(), ConnectError> {
    let used = used(scripts);
    let call = |shard| {
        let call = scripts.allowed.call(layout, shard, Whose::default());
        used.iter().fold(call, |call, name| call.arg(name))
    };
    let calls = (0..layout.shards()).map(call).collect();
    let answers = link.run_all("connect", calls).await?;
    let mut lacking = BTreeSet::new();
    for answer in answers {
        let read = || {
            let mut names = Parts::of(answer)?;
            while names.left() > 0 {
                lacking.insert(String::from_utf8_lossy(&names.bytes()?).to_lowercase());
            }
            Ok::<_, crate::codec::Corrupt>(())
        };
        read().map_err(|corrupt| ConnectError::Failed(Box::new(corrupt)))?;
    }
    if lacking.is_empty() {
        return Ok(());
    }
    let lacking: Vec<String> = lacking.into_iter().collect();
    Err(ConnectError::NotPermitted { said: lacking.join(", ") })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::script::Time;
    use chat_core::StoreOptions;

    #[test]
    fn what_scripts_call_is_found() {
        let scripts =
            Scripts::new(&Layout::new("chat", 0, 1), &StoreOptions::default(), Time::Server);
        let used = used(&scripts);
        for name in ["TIME", "XADD", "SPUBLISH", "HSET"] {
            assert!(used.contains(name), "{name}");
        }
        assert!(used.iter().all(|name| name.chars().all(|c| c.is_ascii_uppercase())), "{used:?}");
    }

    #[test]
    fn what_is_sent_beside_scripts_is_listed() {
        let begins = ["HELLO", "EVALSHA", "SCRIPT", "SSUBSCRIBE"];
        let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(file) = files.pop() {
            if file.is_dir() {
                files.extend(std::fs::read_dir(&file).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for name in code.split("cmd(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let known = SENT.contains(&name) || begins.contains(&name);
                assert!(known, "{name}, in {}", file.display());
            }
        }
    }
}

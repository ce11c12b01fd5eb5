//! Where the servers are: a place that is known, the master that the Sentinels name, or whoever serves a slot of a cluster.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use redis::{Pipeline, Value};
use tokio::time::Instant;

use super::fault::{Disagreement, Fault, said_so};
use super::server::Server;
use super::wire::Dialer;
use crate::address::Address;
use crate::reply::{self, Parts};

/// The last slot of a cluster.
const LAST: u16 = 16_383;

/// Slots from, to, and who serves them.
pub(crate) type Range<T> = (u16, u16, T);

/// How servers are found.
#[derive(Clone)]
pub(crate) enum Finder {
    /// There is one, and this is its address.
    Fixed(Address),
    /// Sentinels know it by a name.
    Sentinel { sentinels: Vec<Address>, master: String, dialer: Dialer },
    /// Any node knows all.
    Cluster { nodes: Vec<Address>, dialer: Dialer },
}

/// Who serves what, as it was last heard.
#[derive(Debug)]
pub(crate) struct Places {
    /// Greater each time somebody was asked.
    pub(crate) version: u64,
    ranges: Vec<Range<Arc<Server>>>,
}

impl Places {
    /// By ascending slots.
    pub(crate) fn new(version: u64, ranges: Vec<Range<Arc<Server>>>) -> Self {
        Self { version, ranges }
    }

    /// Who serves a slot.
    pub(crate) fn of(&self, slot: u16) -> Option<&Arc<Server>> {
        let at = self.ranges.partition_point(|(_, last, _)| *last < slot);
        self.ranges.get(at).filter(|(first, ..)| *first <= slot).map(|(.., server)| server)
    }

    /// All servers, each once.
    pub(crate) fn servers(&self) -> Vec<Arc<Server>> {
        let mut all: Vec<Arc<Server>> = Vec::new();
        for (.., server) in &self.ranges {
            if !all.iter().any(|other| other.address == server.address) {
                all.push(Arc::clone(server));
            }
        }
        all
    }
}

impl Finder {
    /// Whether there is anybody to ask.
    pub(crate) fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// Asks where the servers are. `known`: further nodes of the cluster.
    pub(crate) async fn find(&self, known: &[Address]) -> Result<Vec<Range<Address>>, Fault> {
        match self {
            Self::Fixed(address) => Ok(vec![(0, LAST, address.clone())]),
            Self::Sentinel { sentinels, master, dialer } => {
                let master = ask_sentinels(dialer, sentinels, master).await?;
                Ok(vec![(0, LAST, master)])
            }
            Self::Cluster { nodes, dialer } => {
                let mut all = nodes.clone();
                all.extend(known.iter().filter(|node| !nodes.contains(node)).cloned());
                ask_nodes(dialer, &all).await
            }
        }
    }
}

/// Sends one command over a connection of its own.
async fn ask(dialer: &Dialer, at: &Address, words: &[&str]) -> Result<Value, Fault> {
    let mut answers = ask_all(dialer, at, &[words]).await?;
    match answers.pop() {
        Some(Value::ServerError(error)) => Err(said_so(&error).at(at)),
        Some(value) => Ok(value),
        None => Err(Fault::Odd),
    }
}

/// Sends commands over a connection of its own; an answer for each, errors among them.
async fn ask_all(dialer: &Dialer, at: &Address, commands: &[&[&str]]) -> Result<Vec<Value>, Fault> {
    let deadline = Instant::now() + dialer.within;
    let wire = dialer.dial(at, None, deadline).await?;
    let mut pipe = Pipeline::new();
    for words in commands {
        let mut cmd = redis::cmd(words.first().unwrap_or(&""));
        cmd.arg(words.get(1..).unwrap_or_default());
        pipe.add_command(cmd);
    }
    wire.send(&pipe, deadline).await.map_err(|fault| fault.at(at))
}

/// The master's address as the newest configuration has it that any of a majority of Sentinels knows: one that was cut
/// off may still name a master that was replaced. Where no majority answers, those who do are believed: two of three
/// Sentinels may be away while the master is well.
async fn ask_sentinels(dialer: &Dialer, all: &[Address], name: &str) -> Result<Address, Fault> {
    let words = ["SENTINEL", "MASTER", name];
    let mut asked: FuturesUnordered<_> = all.iter().map(|at| ask(dialer, at, &words)).collect();
    let mut best: Option<(u64, Address)> = None;
    let (mut heard, mut first_fault) = (0, None);
    while let Some(answer) = asked.next().await {
        match answer.and_then(read_master) {
            Ok((epoch, address)) => {
                if best.as_ref().is_none_or(|(best, _)| epoch > *best) {
                    best = Some((epoch, address));
                }
                heard += 1;
                if heard > all.len() / 2 {
                    break;
                }
            }
            // What is wrong for good says more than who is away for now.
            Err(fault) => {
                first_fault =
                    first_fault.filter(|fault: &Fault| !fault.is_retryable()).or(Some(fault))
            }
        }
    }
    match (best, first_fault) {
        (Some((_, address)), _) => Ok(address),
        (None, Some(fault @ (Fault::Refused { .. } | Fault::Unreachable { .. }))) => Err(fault),
        (None, Some(Fault::Said { code, text })) if &*code != "ERR" => {
            Err(Fault::Said { code, text })
        }
        (None, _) => Err(Fault::NoMaster { asked: all.len() }),
    }
}

/// The number of a configuration, and the master in it.
fn read_master(value: Value) -> Result<(u64, Address), Fault> {
    let fields = reply::pairs(value).map_err(|_| Fault::Odd)?;
    let get = |name: &[u8]| {
        let value = fields.iter().find(|(field, _)| field == name).map(|(_, value)| &value[..]);
        value.and_then(|value| std::str::from_utf8(value).ok()).ok_or(Fault::Odd)
    };
    let number = |text: &str| text.parse::<u64>().map_err(|_| Fault::Odd);
    let port = u16::try_from(number(get(b"port")?)?).map_err(|_| Fault::Odd)?;
    Ok((number(get(b"config-epoch")?)?, Address { host: get(b"ip")?.to_owned(), port }))
}

/// What one node of a cluster says.
struct Told {
    ranges: Vec<Range<Address>>,
    /// Whether it thinks that the cluster is well. One that was cut off from the others does not, and what it says may be
    /// what was.
    is_well: bool,
}

/// How long others are waited for where one has answered that was cut off.
const OTHERS: Duration = Duration::from_millis(250);

/// Who serves which slots, as the first node says that answers and is not cut off from the others.
async fn ask_nodes(dialer: &Dialer, all: &[Address]) -> Result<Vec<Range<Address>>, Fault> {
    let one = |at: &Address, after: Duration| {
        let at = at.clone();
        async move {
            // One after the other, but without waiting for one that does not answer.
            tokio::time::sleep(after).await;
            let commands: [&[&str]; 2] = [&["CLUSTER", "SLOTS"], &["CLUSTER", "INFO"]];
            let answers = ask_all(dialer, &at, &commands).await?;
            let [slots, info] = <[Value; 2]>::try_from(answers).map_err(|_| Fault::Odd)?;
            if let Value::ServerError(error) = &slots {
                return Err(said_so(error).at(&at));
            }
            let info = reply::bytes(info).unwrap_or_default();
            let is_well = !info.windows(18).any(|line| line == b"cluster_state:fail");
            Ok(Told { ranges: read_slots(slots, &at)?, is_well })
        }
    };
    let step = Duration::from_millis(50);
    let mut asked: FuturesUnordered<_> =
        all.iter().zip(0..).map(|(at, turn)| one(at, step * turn)).collect();
    let (mut first_fault, mut doubtful, mut until) = (None, None, None);
    loop {
        let answer = match until {
            None => asked.next().await,
            Some(until) => tokio::time::timeout_at(until, asked.next()).await.unwrap_or(None),
        };
        let Some(answer) = answer else { break };
        match answer {
            Ok(Told { ranges, .. }) if ranges.is_empty() => {}
            Ok(Told { ranges, is_well: true }) => return Ok(ranges),
            Ok(told) => {
                doubtful = doubtful.or(Some(told.ranges));
                until = until.or(Some(Instant::now() + OTHERS));
            }
            Err(Fault::Said { text, .. }) if text.contains("cluster support disabled") => {
                return Err(
                    Disagreement::Mode { mode: "standalone".to_owned(), url: "redis" }.into()
                );
            }
            Err(fault) => first_fault = first_fault.or(Some(fault)),
        }
    }
    doubtful.ok_or_else(|| first_fault.unwrap_or(Fault::NoSlots))
}

fn read_slots(value: Value, asked: &Address) -> Result<Vec<Range<Address>>, Fault> {
    let read = || {
        let mut all = Vec::new();
        let mut rows = Parts::of(value)?;
        while rows.left() > 0 {
            let mut row = rows.parts()?;
            let slot = |number: u64| u16::try_from(number).unwrap_or(u16::MAX);
            let (first, last) = (slot(row.number()?), slot(row.number()?));
            let mut master = row.parts()?;
            // A node that does not know its own name leaves it out: it is the one that was asked.
            let host = master.maybe()?.filter(|host| !host.is_empty() && host != "?");
            let host =
                host.map_or(asked.host.clone(), |host| String::from_utf8_lossy(&host).into_owned());
            let port = u16::try_from(master.number()?).unwrap_or(0);
            all.push((first, last, Address { host, port }));
        }
        all.sort();
        Ok::<_, crate::codec::Corrupt>(all)
    };
    read().map_err(|_| Fault::Odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn address(text: &str) -> Address {
        Address::read(text, 0).unwrap()
    }

    #[test]
    fn slots_are_read_and_found() {
        let node = |host: Value, port| Value::Array(vec![host, Value::Int(port), text("id")]);
        let row = |first, last, node: Value| {
            Value::Array(vec![Value::Int(first), Value::Int(last), node])
        };
        let answer = Value::Array(vec![
            row(8_000, 16_383, node(text("10.0.0.2"), 7_001)),
            row(0, 4_999, node(Value::Nil, 7_000)),
            row(5_000, 5_000, node(text("node-3"), 7_002)),
        ]);
        let ranges = read_slots(answer, &address("seed:1")).unwrap();
        assert_eq!(
            ranges,
            [
                (0, 4_999, address("seed:7000")),
                (5_000, 5_000, address("node-3:7002")),
                (8_000, 16_383, address("10.0.0.2:7001")),
            ]
        );
        assert!(read_slots(text("x"), &address("seed:1")).is_err());
    }

    #[test]
    fn a_master_is_read() {
        let fields = ["name", "main", "ip", "10.0.0.9", "port", "6380", "config-epoch", "7"];
        let value = Value::Array(fields.map(text).into());
        assert_eq!(read_master(value).unwrap(), (7, address("10.0.0.9:6380")));
        assert!(read_master(Value::Array(vec![text("ip"), text("x")])).is_err());
    }
}

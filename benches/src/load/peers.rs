//! A server beside what would be used instead, and beside the limit, in one run: one after the other and again, so that
//! whatever else the machine does meets all of them. All are driven by the same load ([`Rooms`](super::Rooms),
//! [`Stay`](super::Stay)); only what they are spoken to in differs.
//!
//! A run of a peer in which somebody did not get everything has no figure, and is told; one of the limit or of the server
//! itself ends the comparison.

mod cases;
mod entrant;
mod versions;

use std::path::PathBuf;

use serde_json::{Value, json};

use self::cases::{Case, Row, cases};
use self::entrant::Entrant;
use super::compare::spread::Spread;
use super::fault::Fault;
use super::machine::Machine;
use super::progress::Progress;
use super::run::{Run, short};
use super::{Program, Served};
use crate::Table;

/// Those that the others' figures are divided by.
const SERVER: &str = "chat-server";
const SERVER_ON_REDIS: &str = "chat-server-redis";

/// What is compared, and how often.
#[derive(Debug, Clone)]
pub struct Peers {
    /// What it could at best cost.
    pub limit: Program,
    /// The chat-server.
    pub server: Program,
    /// Where the peers' sources are: `benches/peers`.
    pub sources: PathBuf,
    /// Where they are installed: `.cache/peers`.
    pub installed: PathBuf,
    /// Only these, by their names; all where there is none.
    pub programs: Vec<String>,
    /// How often everything is done.
    pub repetitions: usize,
    /// How long each is measured, in parts of the usual time: a half, a tenth.
    pub scale: f64,
    /// Only rows whose title has this.
    pub only: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub struct SideBySide {
    machine: Machine,
    repetitions: usize,
    scale: f64,
    entrants: Vec<Entrant>,
    versions: Vec<String>,
    rows: Vec<Measured>,
    runs: Vec<Once>,
}

/// One row, of all that have a figure for it, in the order of the programs.
#[derive(Debug)]
struct Measured {
    row: Row,
    values: Vec<Option<Spread>>,
}

/// One program in one case, once.
#[derive(Debug)]
struct Once {
    case: &'static str,
    entrant: usize,
    outcome: Result<Run, Fault>,
}

impl Peers {
    /// Does all of it.
    ///
    /// # Errors
    /// Where a program is not there, or the limit or the server itself fails.
    pub fn run(&self) -> Result<SideBySide, Fault> {
        let entrants = self.entrants()?;
        let versions = entrants.iter().map(Entrant::versions).collect::<Result<_, _>>()?;
        let only = self.only.as_deref().unwrap_or_default();
        let (mut rows, mut runs) = (Vec::new(), Vec::new());
        for Case { title, work, rows: wanted } in cases(self.scale) {
            let wanted: Vec<Row> =
                wanted.iter().filter(|row| row.title.contains(only)).copied().collect();
            if wanted.is_empty() {
                continue;
            }
            let begun = runs.len();
            for repetition in 1..=self.repetitions {
                for (entrant, program) in entrants.iter().enumerate() {
                    let text = format!("{title}, {repetition}: {}", program.name);
                    let progress = Progress::new(text);
                    let outcome = program.under(|served| work.run(served, &progress));
                    let outcome = if program.is_ours() { Ok(outcome?) } else { outcome };
                    runs.push(Once { case: title, entrant, outcome });
                }
            }
            let runs = runs.get(begun..).unwrap_or_default();
            rows.extend(wanted.into_iter().map(|row| Measured::of(row, entrants.len(), runs)));
        }
        let (machine, repetitions) = (Machine::this(), self.repetitions);
        let scale = self.scale;
        Ok(SideBySide { machine, repetitions, scale, entrants, versions, rows, runs })
    }

    /// Starts one of them, for as long as this takes.
    ///
    /// # Errors
    /// Where anything goes wrong: then there is no figure.
    pub fn under(
        &self,
        name: &str,
        work: impl FnOnce(&Served) -> Result<Run, Fault>,
    ) -> Result<Run, Fault> {
        let only = Self { programs: vec![name.to_owned()], ..self.clone() };
        let entrants = only.entrants()?;
        let entrant = entrants.first().ok_or(Fault::Settings("there is no such program"))?;
        entrant.under(work)
    }

    fn entrants(&self) -> Result<Vec<Entrant>, Fault> {
        let all = Entrant::all(self).map_err(Fault::system("finding the peers"))?;
        let named = |name: &String| all.iter().any(|entrant| entrant.name == name);
        if !self.programs.iter().all(named) {
            return Err(Fault::Settings(
                "programs are limit, chat-server, chat-server-redis, channels, channels_redis, fastapi, socketio, ws",
            ));
        }
        let wanted = |entrant: &Entrant| {
            self.programs.is_empty() || self.programs.iter().any(|name| name == entrant.name)
        };
        let wanted: Vec<Entrant> = all.into_iter().filter(wanted).collect();
        wanted.iter().try_for_each(Entrant::is_there)?;
        Ok(wanted)
    }
}

impl Measured {
    fn of(row: Row, entrants: usize, runs: &[Once]) -> Self {
        let values = (0..entrants).map(|entrant| {
            let runs = runs.iter().filter(|once| once.entrant == entrant);
            let figures: Vec<f64> =
                runs.filter_map(|once| once.outcome.as_ref().ok()?.figure(row.key)).collect();
            (!figures.is_empty()).then(|| Spread::of(&figures))
        });
        Self { row, values: values.collect() }
    }
}

impl SideBySide {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let programs = self.entrants.iter().zip(&self.versions).map(|(entrant, versions)| {
            json!({ "name": entrant.name, "title": entrant.title, "versions": versions })
        });
        let programs: Vec<Value> = programs.collect();
        let rows: Vec<Value> = self.rows.iter().map(|row| self.row_json(row)).collect();
        let runs: Vec<Value> = self.runs.iter().map(|once| self.run_json(once)).collect();
        json!({
            "machine": self.machine.json(), "repetitions": self.repetitions, "programs": programs, "rows": rows, "runs": runs,
        })
    }

    fn row_json(&self, Measured { row, values }: &Measured) -> Value {
        let values = self.entrants.iter().zip(values).filter_map(|(entrant, value)| {
            let Spread { median, min, max } = (*value)?;
            Some(json!({ "program": entrant.name, "median": median, "min": min, "max": max }))
        });
        let values: Vec<Value> = values.collect();
        json!({ "case": row.title, "unit": row.unit, "figure": row.key, "command": row.command(self.scale), "values": values })
    }

    fn run_json(&self, Once { case, entrant, outcome }: &Once) -> Value {
        let mut value = match outcome {
            Ok(run) => run.json(),
            Err(fault) => json!({ "void": fault.to_string() }),
        };
        value["case"] = json!(case);
        value["program"] = json!(self.entrants.get(*entrant).map(|entrant| entrant.name));
        value
    }

    /// Runs of peers that have no figure, and why.
    #[must_use]
    pub fn void(&self) -> Vec<String> {
        let void = self.runs.iter().filter_map(|Once { case, entrant, outcome }| {
            let fault = outcome.as_ref().err()?;
            Some(format!("{}, {case}: {fault}", self.entrants.get(*entrant)?.name))
        });
        void.collect()
    }

    /// For people: each figure, and how many times that of chat-server it is.
    #[must_use]
    pub fn table(&self) -> (String, Table) {
        let columns = ["", "", "", "", "÷ chat-server", "÷ chat-server-redis"];
        let mut table = Table::new(&columns);
        for Measured { row, values } in &self.rows {
            let of = |name: &str| {
                let at = self.entrants.iter().position(|entrant| entrant.name == name)?;
                values.get(at).copied().flatten().map(|spread| spread.median)
            };
            let servers = [of(SERVER), of(SERVER_ON_REDIS)];
            let measured = self.entrants.iter().zip(values);
            let measured = measured.filter_map(|(entrant, value)| Some((entrant, (*value)?)));
            for (at, (entrant, value)) in measured.enumerate() {
                // Once is enough.
                let title = if at == 0 { row.title } else { "" };
                let ratio = |server: Option<f64>| {
                    server.map(|server| short(value.median / server)).unwrap_or_default()
                };
                let [memory, redis] = servers.map(ratio);
                table.row(&[&title, &entrant.title, &value, &row.unit, &memory, &redis]);
            }
        }
        (format!("{} ({} times each)", self.machine, self.repetitions), table)
    }
}

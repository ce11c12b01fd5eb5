//! A server beside the limit, in one run: one after the other and again, so that whatever else the machine does meets
//! both. Ratios are what can be compared between machines; so are figures in bytes.

mod cases;
pub(super) mod spread;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use self::cases::{Case, cases};
use self::spread::Spread;
use super::fault::Fault;
use super::machine::Machine;
use super::progress::Progress;
use super::run::{Run, short};
use super::target::Target;
use super::work::Work;
use crate::Table;

/// A server that can be started.
#[derive(Debug, Clone)]
pub struct Program {
    /// How it is called in tables.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// With what it is started.
    pub args: Vec<OsString>,
}

/// What is compared, and how often.
#[derive(Debug, Clone)]
pub struct Compare {
    /// What it could at best cost.
    pub limit: Program,
    /// What is measured.
    pub server: Program,
    /// What was asked for of its arguments, beside those that are usual: for the commands that repeat a figure.
    pub server_arg: Vec<OsString>,
    /// How often everything is done.
    pub repetitions: usize,
    /// How long each is measured, in parts of the usual time: a half, a tenth.
    pub scale: f64,
    /// Only cases whose name has this.
    pub only: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub struct Comparison {
    machine: Machine,
    names: [String; 2],
    rows: Vec<Row>,
    runs: Vec<Run>,
}

/// One case, of both.
#[derive(Debug)]
struct Row {
    case: Case,
    /// The limit's, where it can do it; a comparison of the server with itself has none.
    limit: Option<Spread>,
    server: Spread,
    ratio: Option<Spread>,
    /// How much of a core the load itself has used, under the limit and under the server: the most of all repetitions.
    load: [Option<f64>; 2],
    /// How it is repeated.
    command: String,
}

impl Program {
    /// Starts it, does one thing with it, and stops it.
    ///
    /// # Errors
    /// Where anything goes wrong: then there is no figure.
    pub fn under(&self, work: impl FnOnce(&Target) -> Result<Run, Fault>) -> Result<Run, Fault> {
        let target = Target::start(&self.path, &self.args)?;
        let mut run = work(&target)?;
        run.server.clone_from(&self.name);
        target.stop()?;
        Ok(run)
    }
}

impl Compare {
    /// Does all of it.
    ///
    /// # Errors
    /// Where any of it goes wrong.
    pub fn run(&self) -> Result<Comparison, Fault> {
        let mut runs = Vec::new();
        let mut rows = Vec::new();
        for (case, work) in self.cases() {
            let (mut limit, mut server) = (Vec::new(), Vec::new());
            let mut load = [None, None];
            for repetition in 1..=self.repetitions {
                let limit = case.of_both.then_some((&self.limit, &mut limit));
                for (program, figures) in limit.into_iter().chain([(&self.server, &mut server)]) {
                    let title = format!("{}, {repetition}: {}", case.title, program.name);
                    let progress = Progress::new(title);
                    let run = program.under(|target| work.run(target, &progress))?;
                    let figure = run.figure(case.key);
                    figures.push(figure.ok_or(Fault::Settings("there is no such figure"))?);
                    let whose = usize::from(program.name == self.server.name);
                    load[whose] = load[whose].into_iter().chain(run.load_share()).reduce(f64::max);
                    runs.push(run);
                }
            }
            let ratios: Vec<f64> =
                server.iter().zip(&limit).map(|(server, limit)| server / limit).collect();
            let limit = case.of_both.then(|| Spread::of(&limit));
            let server = Spread::of(&server);
            let ratio = limit.map(|limit| Spread {
                median: server.median / limit.median,
                ..Spread::of(&ratios)
            });
            // Of a ratio, both by turns; else the server by itself.
            let command = if case.of_both {
                let (title, scale) = (case.title, self.scale);
                self.command(&format!("compare --only '{title}' --scale {scale}"))
            } else {
                self.command(&work.options())
            };
            rows.push(Row { case, limit, server, ratio, load, command });
        }
        rows.extend(self.flatness(&rows));
        let names = [self.limit.name.clone(), self.server.name.clone()];
        Ok(Comparison { machine: Machine::this(), names, rows, runs })
    }

    /// What is measured, and how it is asked for: the options of one mode.
    #[must_use]
    pub fn commands(&self) -> Vec<(Work, String)> {
        self.cases().map(|(_, work)| (work, work.options())).collect()
    }

    fn cases(&self) -> impl Iterator<Item = (Case, Work)> {
        let only = self.only.clone().unwrap_or_default();
        let asked_for = move |case: &Case| case.title.contains(&only);
        cases(self.scale).into_iter().filter(asked_for).filter_map(|case| Some((case, case.work?)))
    }

    /// How a figure is repeated.
    fn command(&self, options: &str) -> String {
        let load = std::env::args().next().unwrap_or_default();
        let server = self.server.path.to_string_lossy();
        let mut command = format!("{} {options} --server {}", from_here(&load), from_here(&server));
        for arg in &self.server_arg {
            command = format!("{command} --server-arg={}", arg.to_string_lossy());
        }
        command
    }

    /// How much a delivery costs in the room where it costs most, as a ratio to where it costs least.
    fn flatness(&self, rows: &[Row]) -> Option<Row> {
        let sizes = rows.iter().filter(|row| row.case.by_size).map(|row| row.server.median);
        let (least, most) = (sizes.clone().reduce(f64::min)?, sizes.clone().reduce(f64::max)?);
        let scale = self.scale;
        let command = self.command(&format!("compare --only 'closed loop' --scale {scale}"));
        (sizes.count() > 1).then(|| Row {
            case: Case::flatness(),
            limit: None,
            server: Spread::of(&[most / least]),
            ratio: None,
            load: [None, None],
            command,
        })
    }
}

/// A path as somebody writes it who is where this program was started.
fn from_here(path: &str) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = Path::new(path);
    path.strip_prefix(here).unwrap_or(path).to_string_lossy().into_owned()
}

impl Comparison {
    /// Whether all that must hold does.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.case.goal.holds(row.server, row.ratio))
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let runs: Vec<Value> = self.runs.iter().map(Run::json).collect();
        let [limit, server] = &self.names;
        json!({ "machine": self.machine.json(), "limit": limit, "server": server, "holds": self.holds(), "rows": rows, "runs": runs })
    }

    /// For people: what each was, and how that stands to what it is to be.
    #[must_use]
    pub fn table(&self) -> (String, Table) {
        let [limit, server] = &self.names;
        let mut table = Table::new(&["", limit, server, "", "ratio", "must", "aim", ""]);
        for Row { case, limit, server, ratio, .. } in &self.rows {
            let limit = limit.map(|limit| limit.to_string()).unwrap_or_default();
            let ratio = ratio.map(|ratio| ratio.to_string()).unwrap_or_default();
            let [must, aim] = case.goal.bounds().map(|bound| bound.map(short).unwrap_or_default());
            let verdict = case.goal.verdict(server.to_owned(), self.ratio_of(case.title));
            table.row(&[&case.title, &limit, server, &case.unit, &ratio, &must, &aim, &verdict]);
        }
        (format!("{} ({} after {limit})", self.machine, server), table)
    }

    fn ratio_of(&self, title: &str) -> Option<Spread> {
        self.rows.iter().find(|row| row.case.title == title)?.ratio
    }
}

impl Row {
    fn json(&self) -> Value {
        let Self { case, limit, server, ratio, load, command } = self;
        let [must, aim] = case.goal.bounds();
        json!({
            "case": case.title, "unit": case.unit, "figure": case.key, "limit": limit.map(Spread::json), "server": server.json(),
            "ratio": ratio.map(Spread::json), "must": must, "aim": aim, "of_ratio": case.goal.of_ratio(),
            "verdict": case.goal.verdict(*server, *ratio), "load_share": load, "command": command,
        })
    }
}

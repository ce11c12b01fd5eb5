//! What is measured, and what it is held to.

use super::{Bounds, Fault, Programs};
use crate::steps::{self, Step};

/// What can be checked by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Instructions of each step.
    Instructions,
    /// CPU through the whole server, beside the limit.
    Ratios,
    /// What is held by who is idle.
    Memory,
}

/// All of them, the quick one first.
pub const PARTS: [Part; 3] = [Part::Memory, Part::Instructions, Part::Ratios];

/// A figure beside its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What it is of.
    pub what: &'static str,
    /// What it was when it was recorded, where it was.
    pub recorded: Option<f64>,
    /// What it is; nothing where it cannot be measured here.
    pub now: Option<f64>,
    /// What it may be.
    pub bound: f64,
    /// Whether it was measured a second time, for it was missed at first.
    pub again: bool,
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is within its bound.
    Holds,
    /// It is not.
    Missed,
    /// It was not measured.
    NotRun,
}

const ROOM: &str = "CPU per delivery, room of 500, to the limit's";
const PAIRS: &str = "CPU per delivery, 500 pairs, to the limit's";
const FLAT: &str = "CPU per delivery, rooms of 100 to 1,000, most to least";
const RATIOS: [&str; 3] = [ROOM, PAIRS, FLAT];

const CONNECTION: &str = "an idle joined connection, the whole server";
const SESSION: &str = "an idle session, in process";
const BYTES: [&str; 2] = [CONNECTION, SESSION];

/// Each is measured so often, the server and the limit by turns. The least counts: what else runs on the machine only adds.
const REPETITIONS: usize = 3;
/// How long each run of these is, in seconds.
const SECONDS: &str = "0.7";

impl Part {
    /// What it is called on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Ratios => "ratios",
            Self::Memory => "memory",
        }
    }

    /// What is measured, by the names that the bounds have.
    #[must_use]
    pub fn measures(self) -> Vec<&'static str> {
        match self {
            Self::Instructions => steps::ALL.iter().map(|step| step.name).collect(),
            Self::Ratios => RATIOS.to_vec(),
            Self::Memory => BYTES.to_vec(),
        }
    }
}

impl Check {
    /// What became of it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.now {
            None => Verdict::NotRun,
            Some(now) if now <= self.bound => Verdict::Holds,
            // No number is no figure below the bound either.
            Some(_) => Verdict::Missed,
        }
    }
}

/// Measures one part.
///
/// # Errors
/// Where something cannot be measured, or has no bound.
pub fn check(part: Part, programs: &Programs, bounds: &Bounds) -> Result<Vec<Check>, Fault> {
    match part {
        Part::Instructions => {
            let counts = Programs::can_count();
            steps::ALL.iter().map(|step| instructions(step, counts, programs, bounds)).collect()
        }
        Part::Ratios => {
            let bound = |what| bounds.ratios.get(what).copied().ok_or(Fault::NoBound(what));
            let measure = |what| ratio(what, programs);
            RATIOS.into_iter().map(|what| twice(what, bound(what)?, measure)).collect()
        }
        Part::Memory => {
            let bound = |what| bounds.bytes.get(what).copied().ok_or(Fault::NoBound(what));
            let measure = |what| bytes(what, programs);
            BYTES.into_iter().map(|what| twice(what, bound(what)?, measure)).collect()
        }
    }
}

/// Counts the instructions of each step and takes that as what is recorded.
///
/// # Errors
/// Where something cannot be counted.
pub fn record(programs: &Programs, bounds: &mut Bounds) -> Result<(), Fault> {
    let count = |step: &Step| {
        let count = programs.instructions(step.name, step.times)?;
        Ok((step.name.to_owned(), count.round() as u64))
    };
    bounds.instructions.recorded = steps::ALL.iter().map(count).collect::<Result<_, Fault>>()?;
    Ok(())
}

fn instructions(
    step: &Step,
    counts: bool,
    programs: &Programs,
    bounds: &Bounds,
) -> Result<Check, Fault> {
    let recorded = bounds.instructions.recorded.get(step.name);
    let recorded = *recorded.ok_or(Fault::NoBound(step.name))? as f64;
    let bound = recorded * bounds.instructions.allowed;
    let now = counts.then(|| programs.instructions(step.name, step.times)).transpose()?;
    Ok(Check { what: step.what, recorded: Some(recorded), now, bound, again: false })
}

/// Measures, and once more where it is missed: something else may have run just then.
fn twice(
    what: &'static str,
    bound: f64,
    measure: impl Fn(&'static str) -> Result<f64, Fault>,
) -> Result<Check, Fault> {
    let once = Check { what, recorded: None, now: Some(measure(what)?), bound, again: false };
    if once.verdict() == Verdict::Holds {
        return Ok(once);
    }
    Ok(Check { now: Some(measure(what)?), again: true, ..once })
}

fn ratio(what: &'static str, programs: &Programs) -> Result<f64, Fault> {
    const CPU: &str = "cpu_us_per_delivery";
    let room = |members| ["fanout", "--members", members, "--seconds", SECONDS];
    match what {
        FLAT => {
            let mut all = [Vec::new(), Vec::new(), Vec::new()];
            for _ in 0..REPETITIONS {
                for (members, all) in ["100", "500", "1000"].into_iter().zip(&mut all) {
                    all.push(programs.of_server(&room(members), CPU)?);
                }
            }
            let costs = all.map(least);
            Ok(costs.into_iter().fold(0.0, f64::max) / costs.into_iter().fold(f64::MAX, f64::min))
        }
        _ => {
            let mode = if what == ROOM {
                room("500")
            } else {
                ["pairs", "--pairs", "500", "--seconds", SECONDS]
            };
            let (mut limit, mut server) = (Vec::new(), Vec::new());
            for _ in 0..REPETITIONS {
                limit.push(programs.of_limit(&mode, CPU)?);
                server.push(programs.of_server(&mode, CPU)?);
            }
            Ok(least(server) / least(limit))
        }
    }
}

fn bytes(what: &'static str, programs: &Programs) -> Result<f64, Fault> {
    const IDLE: [&str; 5] = ["idle", "--connections", "2000", "--settle-s", "1"];
    match what {
        CONNECTION => programs.of_server(&IDLE, "bytes_per_connection"),
        _ => programs.held(50_000),
    }
}

fn least(values: Vec<f64>) -> f64 {
    values.into_iter().reduce(f64::min).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn check(now: Option<f64>) -> Verdict {
        Check { what: "", recorded: None, now, bound: 3.0, again: false }.verdict()
    }

    #[test]
    fn what_is_above_its_bound_is_missed_and_what_is_no_number_too() {
        assert_eq!(
            [Some(3.0), Some(3.1), None].map(check),
            [Verdict::Holds, Verdict::Missed, Verdict::NotRun]
        );
        assert_eq!(check(Some(f64::NAN)), Verdict::Missed);
    }

    #[test]
    fn only_what_is_missed_is_measured_again_and_then_that_counts() {
        for (figures, now, times) in
            [([2.0, 9.0], 2.0, 1), ([9.0, 2.0], 2.0, 2), ([9.0, 8.0], 8.0, 2)]
        {
            let measured = Cell::new(0);
            let figure = |_| {
                measured.set(measured.get() + 1);
                Ok(figures[measured.get() - 1])
            };
            let check = twice("", 3.0, figure).unwrap();
            assert_eq!((check.now, measured.get()), (Some(now), times));
        }
    }

    #[test]
    fn of_nothing_there_is_no_least() {
        assert_eq!(least(vec![9.0, 1.0, 2.0]), 1.0);
        assert!(least(Vec::new()).is_nan());
    }
}

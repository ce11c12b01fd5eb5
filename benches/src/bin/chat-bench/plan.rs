//! What is run, in which order, and how long it may be.

use std::path::{Path, PathBuf};

use chat_benches::READINGS;
use chat_benches::report::Kind;

use super::step::Step;

/// Where criterion writes.
const CRITERION: &str = "CRITERION_HOME";

/// A step, and what its outcome is.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) step: Step,
    pub(super) gives: Gives,
}

/// What a step leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gives {
    /// Criterion's files of a bench, in that directory.
    Timed(String, PathBuf),
    /// Readings of a bench, in that file.
    Told(String, PathBuf),
    Compared,
    Beside,
    Python,
    /// Something that others need.
    Nothing,
}

/// Benches of criterion's; and of a quick look what of them is run, if anything is.
const TIMED: [(&str, Option<&str>); 10] = [
    ("append", Some("append and mark/(noop|tokio)/(10|1000)$")),
    ("drain", Some("of 1000 sessions/1$")),
    ("join", Some("the store/public/999|nothing asked for")),
    ("matching", Some("strict/100000$")),
    ("ranking", Some("/100000$")),
    ("traffic", None),
    ("reading", None),
    ("saying", None),
    ("watching", None),
    ("redis_growth", None),
];

/// The others, and the same.
const TOLD: [(&str, Option<&str>); 4] = [
    ("matching_delay", None),
    ("memory", Some("an idle session")),
    ("expiry", None),
    ("redis", Some("CPU of the server per operation")),
];

/// All steps. `work` is for what they leave behind, `beside` where the other programs are.
pub(super) fn plan(kind: Kind, python: bool, work: &Path, beside: &Path) -> Vec<Planned> {
    let quick = kind == Kind::Quick;
    let load = |name: &str, mode: &str, length: &[&str], gives| Planned {
        step: Step {
            name: name.to_owned(),
            program: beside.join("chat-load"),
            args: ["--json", mode].iter().chain(length).map(ToString::to_string).collect(),
            env: Vec::new(),
        },
        gives,
    };
    // First what most depends on being complete: where the time runs out, single benches are missing.
    let mut all = Vec::new();
    // Of the whole, so much that everything has its time.
    let length: &[&str] =
        if quick { &["--repetitions", "1", "--scale", "0.1"] } else { &["--scale", "0.7"] };
    let main: &[&str] = if quick { &["--only", "room of 500"] } else { &[] };
    all.push(load("the whole server beside the limit", "compare", length, Gives::Compared));
    all.push(script("installing the peers", "ci/peers.sh", &[], Gives::Nothing));
    let length = [length, main].concat();
    all.push(load("the whole server beside its peers", "peers", &length, Gives::Beside));
    let wanted = |(_, some): &&(&str, Option<&str>)| !quick || some.is_some();
    let some = |some: Option<&'static str>| some.filter(|_| quick);
    let all_timed = TIMED.iter().filter(wanted);
    all.extend(all_timed.map(|(name, part)| timed(name, some(*part), work)));
    let all_told = TOLD.iter().filter(wanted);
    all.extend(all_told.map(|(name, part)| told(name, some(*part), work)));
    if python {
        all.push(script("from Python", "ci/python.sh", &["bench", "--json"], Gives::Python));
    }
    all
}

fn timed(bench: &str, only: Option<&str>, work: &Path) -> Planned {
    let home = work.join("criterion").join(bench);
    let mut args = vec!["--noplot"];
    if let Some(only) = only {
        args.extend([
            "--warm-up-time",
            "0.1",
            "--measurement-time",
            "0.2",
            "--sample-size",
            "10",
            only,
        ]);
    }
    let step = cargo_bench(bench, &args, (CRITERION, home.clone()));
    Planned { step, gives: Gives::Timed(bench.to_owned(), home) }
}

fn told(bench: &str, only: Option<&str>, work: &Path) -> Planned {
    let file = work.join(format!("{bench}.readings"));
    let args: Vec<&str> = only.into_iter().flat_map(|only| ["--quick", only]).collect();
    let step = cargo_bench(bench, &args, (READINGS, file.clone()));
    Planned { step, gives: Gives::Told(bench.to_owned(), file) }
}

fn cargo_bench(bench: &str, args: &[&str], env: (&'static str, PathBuf)) -> Step {
    let usual = ["bench", "--quiet", "--locked", "-p", "chat-benches", "--bench", bench, "--"];
    Step {
        name: format!("bench {bench}"),
        program: "ci/cargo.sh".into(),
        args: usual.iter().chain(args).map(ToString::to_string).collect(),
        env: vec![env],
    }
}

fn script(name: &str, program: &str, args: &[&str], gives: Gives) -> Planned {
    let args = args.iter().map(ToString::to_string).collect();
    Planned {
        step: Step { name: name.to_owned(), program: program.into(), args, env: Vec::new() },
        gives,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(kind: Kind) -> Vec<String> {
        let all = plan(kind, false, Path::new("work"), Path::new("beside"));
        all.into_iter().map(|planned| planned.step.name).collect()
    }

    #[test]
    fn a_quick_look_is_a_part_of_the_whole() {
        let (whole, quick) = (names(Kind::Whole), names(Kind::Quick));
        assert!(quick.len() < whole.len());
        assert!(quick.iter().all(|name| whole.contains(name)));
    }

    #[test]
    fn every_bench_there_is_is_run() {
        let files =
            std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches")).unwrap();
        let whole = names(Kind::Whole);
        for file in files {
            let file = file.unwrap().path();
            let name = format!("bench {}", file.file_stem().unwrap().to_string_lossy());
            assert!(whole.contains(&name), "{name} of {whole:?}");
        }
    }
}

//! Runs the plan, one step after the other, and writes what came of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use chat_benches::load::Machine;
use chat_benches::report::{Again, Missing, Results, Told, timed};
use chat_benches::{Reading, Watch};
use clap::Parser as _;

use super::options::Options;
use super::plan::{Gives, Planned, plan};
use super::write::{read, write};

/// For what steps leave behind. Below the root of the checkout, wherever things are built.
const WORK: &str = "target/chat-bench";

pub(super) fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(missing) if missing.is_empty() => ExitCode::SUCCESS,
        Ok(missing) => {
            for Missing { step, why } in missing {
                eprintln!("chat-bench: {step} has no figures: {why}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("chat-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<Vec<Missing>> {
    if !Path::new("benches/Cargo.toml").is_file() {
        return Err(io::Error::other("this is to be run from the root of a checkout"));
    }
    let out = options.out();
    if options.again {
        write(&read(&out)?, &out, options.readme().as_deref())?;
        return Ok(Vec::new());
    }
    let results = measured(options)?;
    write(&results, &out, options.readme().as_deref())?;
    eprintln!("{}", out.join("RESULTS.md").display());
    Ok(results.missing)
}

fn measured(options: &Options) -> io::Result<Results> {
    let work = PathBuf::from(WORK);
    let logs = work.join("log");
    // What was left by a run before is not of this one.
    match fs::remove_dir_all(&work) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        removed => removed?,
    }
    fs::create_dir_all(&logs)?;
    // Benches run in a directory of their own.
    let work = fs::canonicalize(work)?;
    let here = std::env::current_exe()?;
    let beside = here.parent().unwrap_or(Path::new("."));
    let root = std::env::current_dir()?;

    let before = if options.only.is_some() { Some(read(&options.out())?) } else { None };
    let mut results = before.unwrap_or_else(|| empty(options));
    let (about, day) = (about(), Machine::this().day);
    if options.only.is_none() {
        results.about.clone_from(&about);
    }
    let commit = about.get("commit").cloned().unwrap_or_default();
    let only = options.only.as_deref().unwrap_or_default();
    let steps = plan(options.kind(), options.python, &work, beside);
    let steps: Vec<Planned> =
        steps.into_iter().filter(|planned| planned.step.name.contains(only)).collect();
    let (watch, budget) = (Watch::start(), options.budget());
    for (at, Planned { step, gives }) in steps.iter().enumerate() {
        let begun = watch.elapsed();
        let outcome = step.run(&logs, budget.saturating_sub(begun));
        let outcome =
            outcome.and_then(|said| take(&mut results, gives, &anywhere(&said, beside, &root)));
        let took = watch.elapsed().saturating_sub(begun);
        tell(at + 1, steps.len(), &step.name, took, outcome.as_ref().err());
        results.missing.retain(|missing| missing.step != step.name);
        results.again.retain(|again| again.step != step.name);
        let step = step.name.clone();
        match outcome {
            Err(why) => results.missing.push(Missing { step, why }),
            // The page says of which run its figures are.
            Ok(()) if options.only.is_some() => {
                let (day, commit) = (day.clone(), commit.clone());
                results.again.push(Again { step, day, commit });
            }
            Ok(()) => {}
        }
    }
    if options.only.is_none() {
        results.seconds = watch.elapsed().as_secs();
    }
    Ok(results.rounded())
}

/// With paths as they are in any checkout: programs tell where they are on this machine, which is nobody else's.
fn anywhere(said: &str, beside: &Path, root: &Path) -> String {
    let said = said.replace(&format!("{}/", beside.display()), "target/release/");
    said.replace(&format!("{}/", root.display()), "")
}

fn tell(at: usize, of: usize, name: &str, took: Duration, fault: Option<&String>) {
    let fault = fault.map(|why| format!("  NOT MEASURED: {why}")).unwrap_or_default();
    eprintln!("[{at}/{of}] {name}  {:.0} s{fault}", took.as_secs_f64());
}

/// Takes over what a step has left behind, in the place of what was there before.
fn take(results: &mut Results, gives: &Gives, said: &str) -> Result<(), String> {
    let nonsense = |error: serde_json::Error| format!("what it said is not understood: {error}");
    match gives {
        Gives::Timed(bench, home) => {
            let new = timed(home, bench).map_err(|error| error.to_string())?;
            if new.is_empty() {
                return Err("criterion left nothing behind".to_owned());
            }
            results.timed.retain(|old| old.bench != *bench);
            results.timed.extend(new);
        }
        Gives::Told(bench, file) => {
            let new = Reading::all(file).map_err(|error| error.to_string())?;
            if new.is_empty() {
                return Err("it left no figures behind".to_owned());
            }
            results.told.retain(|old| old.bench != *bench);
            let told = |reading| Told { bench: bench.clone(), reading };
            results.told.extend(new.into_iter().map(told));
        }
        Gives::Compared => results.compared = Some(serde_json::from_str(said).map_err(nonsense)?),
        Gives::Beside => results.beside = Some(serde_json::from_str(said).map_err(nonsense)?),
        Gives::Python => results.python = Some(serde_json::from_str(said).map_err(nonsense)?),
        Gives::Nothing => {}
    }
    Ok(())
}

fn empty(options: &Options) -> Results {
    Results {
        kind: options.kind(),
        day: Machine::this().day,
        seconds: 0,
        about: BTreeMap::new(),
        missing: Vec::new(),
        again: Vec::new(),
        timed: Vec::new(),
        told: Vec::new(),
        compared: None,
        beside: None,
        python: None,
    }
}

/// The machine, and the versions of what is not installed for a peer.
fn about() -> BTreeMap<String, String> {
    let Machine { cpu, cores, kernel, .. } = Machine::this();
    let mut about = BTreeMap::from([
        ("processor".to_owned(), format!("{cores} cores of {cpu}")),
        ("Linux".to_owned(), kernel),
        ("chat-server".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ]);
    about.extend(memory().map(|gigabytes| ("memory".to_owned(), format!("{gigabytes} GB"))));
    let word = |line: String, at| line.split_whitespace().nth(at).map(str::to_owned);
    let rust = said("rustc", &["--version"]).and_then(|line| word(line, 1));
    let redis = said("redis-server", &["--version"]).and_then(|line| word(line, 2));
    let redis = redis.map(|version| version.trim_start_matches("v=").to_owned());
    let commit = said("git", &["describe", "--always", "--dirty"]);
    for (name, version) in [("Rust", rust), ("Redis", redis), ("commit", commit)] {
        about.extend(version.map(|version| (name.to_owned(), version)));
    }
    about
}

fn memory() -> Option<u64> {
    let all = fs::read_to_string("/proc/meminfo").ok()?;
    let line = all.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some((kilobytes * 1_024).div_ceil(1_000_000_000))
}

/// The first line that a program says, if it is there and says one.
fn said(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_work_in_any_checkout() {
        let said =
            "/b/release/chat-load --server /b/release/chat-server --in /home/x/engine/benches";
        let told = anywhere(said, Path::new("/b/release"), Path::new("/home/x/engine"));
        assert_eq!(
            told,
            "target/release/chat-load --server target/release/chat-server --in benches"
        );
        let usual = anywhere(
            "/x/target/release/chat-load",
            Path::new("/x/target/release"),
            Path::new("/x"),
        );
        assert_eq!(usual, "target/release/chat-load");
    }
}

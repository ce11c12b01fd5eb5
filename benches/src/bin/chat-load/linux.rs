//! Does what the options say, and says what came of it: figures on standard output, everything else beside it.

use std::process::ExitCode;

use chat_benches::Table;
use chat_benches::load::{Fault, Progress, Run, Target};
use clap::Parser as _;
use serde_json::Value;

use super::options::{Mode, Options, Under};

/// Something that must hold did not.
const MISSED: u8 = 3;

pub(super) fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(code) => code,
        Err(fault) => {
            let mut text = format!("chat-load: {fault}");
            let mut cause = std::error::Error::source(&fault);
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<ExitCode, Fault> {
    // Comparisons start servers of their own.
    if let Mode::Compare(compare) = &options.mode {
        let comparison = compare.settings()?.run()?;
        let (title, table) = comparison.table();
        show(options.json, &comparison.json(), &table, &title);
        let missed = compare.check && !comparison.holds();
        return Ok(if missed { ExitCode::from(MISSED) } else { ExitCode::SUCCESS });
    }
    if let Mode::Peers(peers) = &options.mode {
        let side_by_side = peers.settings()?.run()?;
        let (title, table) = side_by_side.table();
        show(options.json, &side_by_side.json(), &table, &title);
        for void in side_by_side.void() {
            eprintln!("chat-load: no figure of {void}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let Some((work, server)) = options.mode.work() else { return Ok(ExitCode::SUCCESS) };
    let progress = Progress::new(work.name());
    let work = |target: &Target| work.run(target, &progress);
    let run = match server.under()? {
        Under::Started(program) => program.under(work)?,
        Under::Attached(target) => {
            Run { server: format!("process {}", target.pid), ..work(&target)? }
        }
    };
    drop(progress);
    show(options.json, &run.json(), &run.table(), &run.server);
    Ok(ExitCode::SUCCESS)
}

#[allow(clippy::print_stdout, reason = "this is what the program is for")]
fn show(json: bool, value: &Value, table: &Table, title: &str) {
    if json {
        println!("{value:#}");
    } else {
        table.print(title);
    }
}

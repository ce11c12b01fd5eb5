//! Looks whether the engine has become slower or larger than it was. `ci/guard.sh` builds what it needs and runs it.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("chat-guard stands on what runs on Linux only");
    std::process::ExitCode::from(2)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::PathBuf;
    use std::process::ExitCode;

    use chat_benches::guard::{Bounds, Fault, PARTS, Programs, Report, check, record};
    use clap::Parser;

    /// Instructions of the hot operations, ratios to the limit, memory of who is idle: each beside its bound. Fails where one
    /// is missed.
    #[derive(Debug, Parser)]
    #[command(version)]
    struct Options {
        /// The file of bounds
        #[arg(long, value_name = "PATH", default_value = "benches/guard.json")]
        bounds: PathBuf,
        /// Only the part whose name has this: instructions, ratios, memory
        #[arg(long)]
        only: Option<String>,
        /// Checks nothing, and puts the instructions of now into the file
        #[arg(long)]
        record: bool,
    }

    pub(super) fn main() -> ExitCode {
        match run(&Options::parse()) {
            Ok(code) => code,
            Err(fault) => {
                eprintln!("chat-guard: {fault}");
                ExitCode::FAILURE
            }
        }
    }

    #[allow(clippy::print_stdout, reason = "this is what the program is for")]
    fn run(options: &Options) -> Result<ExitCode, Fault> {
        let (programs, mut bounds) = (Programs::beside_this()?, Bounds::read(&options.bounds)?);
        if options.record {
            record(&programs, &mut bounds)?;
            bounds.write(&options.bounds)?;
            return Ok(ExitCode::SUCCESS);
        }
        if !Programs::can_count() {
            println!(
                "there is no valgrind: instructions are not counted (apt-get install valgrind)"
            );
        }
        let (only, mut report) = (options.only.as_deref().unwrap_or_default(), Report::default());
        for part in PARTS.into_iter().filter(|part| part.name().contains(only)) {
            report.show(part, &check(part, &programs, &bounds)?);
        }
        println!("{report}");
        Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

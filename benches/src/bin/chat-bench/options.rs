//! What can be asked for.

use std::path::PathBuf;
use std::time::Duration;

use chat_benches::report::Kind;
use clap::Parser;

/// Runs all benches, the whole server beside the limit and beside its peers, and writes the page of it: RESULTS.md,
/// results.json and plots, and the table of the README. From the root of a checkout.
#[derive(Debug, Parser)]
#[command(version)]
pub(super) struct Options {
    /// A look of two minutes: some of the cases, once and short; into target/bench-quick, and not into the README
    #[arg(long)]
    pub(super) quick: bool,
    /// Where it is written [default: benches, of a quick look target/bench-quick]
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
    /// Only steps whose name has this; the others keep the figures they had
    #[arg(long)]
    pub(super) only: Option<String>,
    /// The figures of the Python module too, about five minutes more
    #[arg(long)]
    pub(super) python: bool,
    /// Measures nothing, and writes the page of the figures that are there anew
    #[arg(long, conflicts_with_all = ["quick", "only", "python"])]
    pub(super) again: bool,
    /// Seconds after which nothing more is begun, and what runs is ended [default: 900, of a quick look 120; with
    /// Python's 400 more]
    #[arg(long)]
    budget: Option<u64>,
}

impl Options {
    pub(super) fn kind(&self) -> Kind {
        if self.quick { Kind::Quick } else { Kind::Whole }
    }

    pub(super) fn out(&self) -> PathBuf {
        let usual = if self.quick { "target/bench-quick" } else { "benches" };
        self.out.clone().unwrap_or_else(|| usual.into())
    }

    /// A look is not for the README, and neither is what is written elsewhere.
    pub(super) fn readme(&self) -> Option<PathBuf> {
        (!self.quick && self.out.is_none()).then(|| "README.md".into())
    }

    pub(super) fn budget(&self) -> Duration {
        let usual = if self.quick { 120 } else { 900 } + if self.python { 400 } else { 0 };
        Duration::from_secs(self.budget.unwrap_or(usual))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parse(args: &[&str]) -> Options {
        Options::try_parse_from(["chat-bench"].iter().chain(args)).unwrap()
    }

    #[test]
    fn a_quick_look_touches_nothing_that_is_committed() {
        let quick = parse(&["--quick"]);
        assert_eq!((quick.kind(), quick.readme()), (Kind::Quick, None));
        assert!(quick.out().starts_with("target") && quick.budget() == Duration::from_secs(120));
        let whole = parse(&[]);
        assert!(whole.readme().is_some() && whole.out() == Path::new("benches"));
        assert_eq!(parse(&["--out", "x"]).readme(), None);
        assert!(Options::try_parse_from(["chat-bench", "--again", "--quick"]).is_err());
    }
}

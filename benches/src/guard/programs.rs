//! The programs that measure, each as a process of its own.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::Fault;

/// Built together, so they lie in one directory; chat-server among them.
#[derive(Debug, Clone)]
pub struct Programs(PathBuf);

impl Programs {
    /// Those beside the program that runs.
    ///
    /// # Errors
    /// Where the system does not say where that is.
    pub fn beside_this() -> Result<Self, Fault> {
        let here = std::env::current_exe().map_err(Fault::system("finding this program"))?;
        Ok(Self(here.with_file_name("")))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Whether instructions can be counted here.
    #[must_use]
    pub fn can_count() -> bool {
        let mut asked = Command::new("valgrind");
        asked.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        asked.status().is_ok_and(|status| status.success())
    }

    /// Instructions of one step, the mean of so many.
    ///
    /// # Errors
    /// Where it is not taken, or not counted.
    pub fn instructions(&self, step: &str, times: usize) -> Result<f64, Fault> {
        const WHAT: &str = "valgrind";
        let mut valgrind = Command::new(WHAT);
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        valgrind.arg("--toggle-collect=*steps*counted*");
        valgrind.arg(self.path("chat-steps")).arg(step).arg(times.to_string());
        let output = run(WHAT, &mut valgrind)?;
        let counted = collected(&String::from_utf8_lossy(&output.stderr));
        let times = number_behind("counted ", &output).ok_or(Fault::Unclear("chat-steps"))?;
        let counted = counted.filter(|&counted| counted > 0.0).ok_or(Fault::Unclear(WHAT))?;
        Ok(counted / times)
    }

    /// What an idle session holds, in bytes.
    ///
    /// # Errors
    /// Where it cannot be measured.
    pub fn held(&self, sessions: usize) -> Result<f64, Fault> {
        const WHAT: &str = "chat-steps";
        let output =
            run(WHAT, Command::new(self.path(WHAT)).arg("held").arg(sessions.to_string()))?;
        number_behind("held ", &output).ok_or(Fault::Unclear(WHAT))
    }

    /// A figure of a run of `chat-load` against chat-server.
    ///
    /// # Errors
    /// Where the run is void.
    pub fn of_server(&self, mode: &[&str], figure: &str) -> Result<f64, Fault> {
        let server = self.path("chat-server");
        self.load(|load| load.args(mode).arg("--server").arg(&server), figure)
    }

    /// The same against the limit.
    ///
    /// # Errors
    /// Where the run is void.
    pub fn of_limit(&self, mode: &[&str], figure: &str) -> Result<f64, Fault> {
        self.load(|load| load.args(mode).arg("--limit"), figure)
    }

    fn load(
        &self,
        with: impl FnOnce(&mut Command) -> &mut Command,
        figure: &str,
    ) -> Result<f64, Fault> {
        const WHAT: &str = "chat-load";
        let output = run(WHAT, with(Command::new(self.path(WHAT)).arg("--json")))?;
        let told: Value =
            serde_json::from_slice(&output.stdout).map_err(|_| Fault::Unclear(WHAT))?;
        told["figures"][figure].as_f64().ok_or(Fault::Unclear(WHAT))
    }
}

/// Runs it to its end. What it says beside its figures is shown where it fails.
fn run(what: &'static str, command: &mut Command) -> Result<Output, Fault> {
    let output = command.stdin(Stdio::null()).output().map_err(Fault::system(what))?;
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        return Err(Fault::Failed { what, status: output.status });
    }
    Ok(output)
}

fn number_behind(word: &str, output: &Output) -> Option<f64> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().find_map(|line| line.strip_prefix(word)?.trim().parse().ok())
}

/// `==4711== Collected : 123456`
fn collected(text: &str) -> Option<f64> {
    text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_callgrind_has_counted_is_read() {
        let text = "==7== Events    : Ir\n==7== Collected : 2096034\n==7== \n==7== I   refs:      2,096,034\n";
        assert_eq!(collected(text), Some(2_096_034.0));
        assert_eq!(collected("==7== Collected :\n"), None);
    }

    #[test]
    fn a_program_that_is_not_there_is_a_fault() {
        let programs = Programs("/nowhere/at/all".into());
        assert!(matches!(programs.held(1), Err(Fault::System { .. })));
        assert!(matches!(programs.of_limit(&["fanout"], "x"), Err(Fault::System { .. })));
    }
}

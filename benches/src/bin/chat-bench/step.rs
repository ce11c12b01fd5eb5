//! One step: a program of its own, which is waited for, watched over, and ended where it takes too long.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chat_benches::Watch;
use chat_benches::load::process_tree;
use rustix::process::{Pid, Signal, kill_process};

/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(200);
/// What was asked to end has so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// A program with what it is started with.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// For people.
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(&'static str, PathBuf)>,
}

impl Step {
    /// Runs it to its end. What it says on standard output is the result, or else why there is none.
    ///
    /// Both outputs are kept in files. What it started ends with it: if it has to be stopped, so are all its children.
    pub(super) fn run(&self, logs: &Path, left: Duration) -> Result<String, String> {
        if left.is_zero() {
            return Err("there was no time left".to_owned());
        }
        self.outcome(logs, left).map_err(|error| format!("{}: {error}", self.program.display()))?
    }

    fn outcome(&self, logs: &Path, left: Duration) -> io::Result<Result<String, String>> {
        let file: String =
            self.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let [out, err] = ["out", "err"].map(|end| logs.join(format!("{file}.{end}")));
        let child = Command::new(&self.program)
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(File::create(&out)?)
            .stderr(File::create(&err)?)
            .spawn()?;
        let ended = self.wait(child, left)?;
        Ok(match ended {
            None => Err(format!("it was stopped after {} s: the time was up", left.as_secs())),
            Some(status) if status.success() => Ok(fs::read_to_string(&out)?),
            Some(status) => Err(format!("{status}: {}", last_words(&err))),
        })
    }

    /// Until it ends, or the time is up.
    fn wait(
        &self,
        mut child: Child,
        left: Duration,
    ) -> io::Result<Option<std::process::ExitStatus>> {
        let watch = Watch::start();
        let shown = io::stderr().is_terminal();
        loop {
            if let Some(status) = child.try_wait()? {
                if shown {
                    let _ = write!(io::stderr(), "\r\x1b[2K");
                }
                return Ok(Some(status));
            }
            if watch.elapsed() >= left {
                end(&mut child)?;
                return Ok(None);
            }
            if shown {
                // A terminal that is gone is no reason to stop.
                let _ = write!(
                    io::stderr(),
                    "\r\x1b[2K{} … {} s",
                    self.name,
                    watch.elapsed().as_secs()
                );
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// Asks a child and all that came from it to end, and sees to it that they do.
fn end(child: &mut Child) -> io::Result<()> {
    let all = process_tree(child.id());
    tell(&all, Signal::TERM);
    let watch = Watch::start();
    while watch.elapsed() < PATIENCE && child.try_wait()?.is_none() {
        std::thread::sleep(LOOK);
    }
    // Again from the root, and those that may have lost their parent meanwhile.
    if child.try_wait()?.is_none() {
        tell(&process_tree(child.id()), Signal::KILL);
    }
    tell(&all, Signal::KILL);
    child.wait().map(drop)
}

fn tell(pids: &[u32], signal: Signal) {
    for pid in pids {
        if let Some(pid) = i32::try_from(*pid).ok().and_then(Pid::from_raw) {
            // One that has ended by itself is what was wanted.
            let _ = kill_process(pid, signal);
        }
    }
}

/// The last line that calls itself an error, or else the last that says something.
fn last_words(file: &Path) -> String {
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().rev().filter(|line| !line.trim().is_empty());
    let error = lines.clone().find(|line| line.starts_with("error"));
    error.or(lines.next()).unwrap_or("it did not say why").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, left: Duration) -> Result<String, String> {
        let logs = std::env::temp_dir().join(format!("chat-bench-step-{}", std::process::id()));
        fs::create_dir_all(&logs).unwrap();
        let (program, args) = ("sh".into(), vec!["-c".to_owned(), script.to_owned()]);
        let name = script.chars().filter(char::is_ascii_alphanumeric).collect();
        Step { name, program, args, env: Vec::new() }.run(&logs, left)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_it_says_is_the_result_and_what_it_complains_of_the_reason() {
        assert_eq!(run("echo 7; echo x >&2", LONG), Ok("7\n".to_owned()));
        let told = run("echo 7; echo first >&2; echo no npm >&2; exit 3", LONG).unwrap_err();
        assert!(told.contains("3: no npm"), "{told}");
        let told = run("echo error: so it is >&2; echo try --help >&2; exit 2", LONG).unwrap_err();
        assert!(told.ends_with("error: so it is"), "{told}");
        assert_eq!(run("true", Duration::ZERO), Err("there was no time left".to_owned()));
    }

    #[test]
    fn what_takes_too_long_ends_with_its_children() {
        let left = Duration::from_millis(600);
        let pid = std::env::temp_dir().join(format!("chat-bench-pid-{}", std::process::id()));
        let script = format!("sleep 61 & echo $! > {}; wait", pid.display());
        let told = run(&script, left).unwrap_err();
        assert!(told.contains("the time was up"), "{told}");
        let sleeper = fs::read_to_string(&pid).unwrap();
        fs::remove_file(&pid).unwrap();
        let watch = Watch::start();
        // Whoever adopts orphans has to take note of its end.
        let lives = || {
            fs::read_to_string(format!("/proc/{}/stat", sleeper.trim()))
                .is_ok_and(|stat| !stat.contains(") Z "))
        };
        while lives() && watch.elapsed() < LONG {
            std::thread::sleep(LOOK);
        }
        assert!(!lives());
    }
}

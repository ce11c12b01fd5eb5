//! A program that never outlives its test, whatever becomes of the test, and whose end can be looked at.
//!
//! It runs under a shell that waits at the other end of a pipe, as `chat_testing::Process` does: when the test ends, even by a
//! kill, the pipe closes, and the shell kills the program and removes its directory. Beyond that one, what it says on stdout and
//! stderr is kept apart, and the shell tells the code with which it ended.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use chat_testing::fresh_dir;

/// `$1` is the directory, behind it the program. Who has ended already keeps its code until it is waited for, whatever is
/// sent to it.
const SHELL: &str = r#"
trap '' INT TERM HUP
dir=$1
shift
cd "$dir" || exit 1
(trap - INT TERM HUP; exec "$@") >out 2>err &
echo $!
read -r _
kill -9 $! 2>/dev/null
wait $!
echo $?
cd / && rm -rf "$dir"
"#;

/// A running program.
pub struct Process {
    shell: Child,
    pipe: Option<ChildStdin>,
    told: BufReader<ChildStdout>,
    pub pid: u32,
    pub dir: PathBuf,
}

impl Process {
    /// Starts it in a directory of its own.
    pub fn start(program: &[String], vars: &[(&str, &str)]) -> Self {
        Self::start_in(fresh_dir(), program, vars)
    }

    /// Starts it in this directory, which is removed with it.
    pub fn start_in(dir: PathBuf, program: &[String], vars: &[(&str, &str)]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", SHELL, "sh"]).arg(&dir).args(program).envs(vars.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = command.spawn().unwrap();
        let mut told = BufReader::new(shell.stdout.take().unwrap());
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        let pid = line.trim().parse().unwrap();
        Self { pipe: shell.stdin.take(), shell, told, pid, dir }
    }

    /// What it has said on stdout.
    pub fn out(&self) -> String {
        read(&self.dir.join("out"))
    }

    /// What it has said on stderr.
    pub fn err(&self) -> String {
        read(&self.dir.join("err"))
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let kill = ["-c", "kill -$1 $2", "sh", name, &self.pid.to_string()];
        assert!(Command::new("sh").args(kill).status().unwrap().success(), "{name} was sent");
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        let stat = read(Path::new(&format!("/proc/{}/stat", self.pid)));
        let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim().chars().next());
        matches!(state, None | Some('Z'))
    }

    /// The code with which it ends, by itself, within this time.
    pub async fn code(mut self, within: Duration) -> i32 {
        let until = Instant::now() + within;
        while !self.has_ended() {
            assert!(Instant::now() < until, "it has not ended within {within:?}: {}", self.err());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.end()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) -> i32 {
        let Some(mut pipe) = self.pipe.take() else { return 0 };
        // Whoever does not hear it hears the end of the pipe.
        let _ = pipe.write_all(b"\n");
        drop(pipe);
        let mut line = String::new();
        let _ = self.told.read_line(&mut line);
        let _ = self.shell.wait();
        line.trim().parse().unwrap_or(-1)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

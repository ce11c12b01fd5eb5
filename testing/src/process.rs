//! A program that never outlives the test that started it, whatever becomes of the test.
//!
//! It runs under a shell that waits at the other end of a pipe: when the test ends, even by a kill that nobody can
//! catch, the pipe closes, and the shell kills what it has started and removes its directory. Until the shell has
//! seen its end the program's number is nobody else's, so that a signal never reaches a stranger.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// `$1` is the directory, behind it the program. A line on the pipe ends the program and keeps the directory.
const SHELL: &str = r#"
trap '' INT TERM HUP
dir=$1
shift
cd "$dir" || exit 1
"$@" >log 2>&1 &
echo $!
read -r keep
kill -9 $!
wait
[ -n "$keep" ] || { cd / && rm -rf "$dir"; }
"#;

/// A running program.
#[derive(Debug)]
pub struct Process {
    shell: Child,
    pipe: Option<ChildStdin>,
    pid: u32,
}

impl Process {
    /// Starts a program in this directory, where it writes its `log`. `vars` are added to its environment.
    pub fn start(dir: &Path, program: &[String], vars: &[(&str, String)]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", SHELL, "sh"]).arg(dir).args(program);
        command.envs(vars.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let pid = line.trim().parse().unwrap();
        Self { pipe: shell.stdin.take(), shell, pid }
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Kills it as `kill -9` does, and keeps its directory.
    pub fn kill(mut self) {
        self.end(b"keep\n");
    }

    /// Stops it where it is.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let kill = ["-c", "kill -$1 $2", "sh", signal, &self.pid.to_string()];
        assert!(Command::new("sh").args(kill).status().unwrap().success(), "{signal} was sent");
    }

    fn end(&mut self, last_words: &[u8]) {
        if let Some(mut pipe) = self.pipe.take() {
            // Whoever does not hear it hears the end of the pipe.
            let _ = pipe.write_all(last_words);
            drop(pipe);
            let _ = self.shell.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end(b"");
    }
}

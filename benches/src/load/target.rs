//! The server under test: started here and stopped by its pid, or one that runs already.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::fault::Fault;
use super::process::Stat;
use crate::Watch;
use crate::socket::open_files;

/// A server has this long to say where it listens.
const READY: Duration = Duration::from_secs(30);

/// And this long to end after it was told to. Then it is killed.
const ENDING: Duration = Duration::from_secs(15);

/// A server, with the process that is to be measured. One that was started here ends with this value.
#[derive(Debug)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// The path of its WebSockets.
    pub path: String,
    /// Its process.
    pub pid: u32,
    child: Option<Child>,
    /// The last line that it has complained in, where that is kept.
    complaint: Arc<Mutex<String>>,
}

impl Target {
    /// Starts a server and waits until it has said, in its first line, `… is listening on http://ADDRESS`.
    ///
    /// # Errors
    /// Where it does not start, or does not say so.
    pub fn start(program: &Path, args: &[OsString]) -> Result<Self, Fault> {
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Fault::system("starting the server"))?;
        let line = first_line(&mut child);
        // From here on it is stopped, whatever happens.
        let pid = child.id();
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let path = "/ws".to_owned();
        let child = Some(child);
        let mut target = Self { address: unknown, path, pid, child, complaint: Arc::default() };
        match line.recv_timeout(READY) {
            Ok(line) => target.address = listening(&line).ok_or(Fault::NotReady)?,
            Err(RecvTimeoutError::Timeout) => return Err(Fault::NotReady),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(target.end().map_or(Fault::NotReady, Fault::Ended));
            }
        }
        Ok(target)
    }

    /// Starts a server that is told where to listen rather than saying so, and waits until it does. Of what
    /// it writes only the last complaint is kept.
    ///
    /// # Errors
    /// Where it does not start, or nobody listens there.
    pub(super) fn start_at(mut command: Command, port: u16) -> Result<Self, Fault> {
        // A server has as many files as the load: not all of them raise that limit by themselves.
        let _ = open_files();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Fault::system("starting the server"))?;
        let (pid, address) = (child.id(), SocketAddr::from(([127, 0, 0, 1], port)));
        let complaint = last_line(&mut child);
        let path = "/".to_owned();
        let mut target = Self { address, path, pid, child: Some(child), complaint };
        let watch = Watch::start();
        while TcpStream::connect_timeout(&address, READY).is_err() {
            let ended = target.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if let Some(status) = ended {
                return Err(target.explained(Fault::Ended(status)));
            }
            if watch.elapsed() >= READY {
                return Err(target.explained(Fault::NotReady));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(target)
    }

    /// A server that runs already, and whose process is known.
    ///
    /// # Errors
    /// Where it is not of this machine, or there is no such process.
    pub fn attach(url: &str, pid: u32) -> Result<Self, Fault> {
        let (address, path) = parse(url).ok_or_else(|| Fault::Url(url.into()))?;
        Stat::of(pid).ok_or(Fault::NoProcess(pid))?;
        Ok(Self { address, path, pid, child: None, complaint: Arc::default() })
    }

    /// A fault with what the server has said to it, if it has said anything.
    pub(super) fn explained(&self, fault: Fault) -> Fault {
        let said = self.complaint.lock().map(|line| line.clone()).unwrap_or_default();
        if said.is_empty() {
            return fault;
        }
        Fault::Explained { fault: Box::new(fault), said: said.into() }
    }

    /// Ends a server that was started here, as its operator would, and waits for it.
    ///
    /// # Errors
    /// Where it has ended by itself before, or does not end as it should.
    pub fn stop(mut self) -> Result<(), Fault> {
        let before = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
        let Some(status) = self.end() else { return Ok(()) };
        // A program that does not listen to the signal ends by it, as the limit does.
        let as_told = status.success() || status.signal() == Some(Signal::TERM.as_raw());
        if before.is_none() && as_told { Ok(()) } else { Err(Fault::Ended(status)) }
    }

    fn end(&mut self) -> Option<ExitStatus> {
        let mut child = self.child.take()?;
        // Not waited for yet, so the pid cannot be anybody else's.
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid
            && kill_process(pid, Signal::TERM).is_ok()
        {
            let steps = ENDING.as_millis() / 10;
            for _ in 0..steps {
                if let Ok(Some(status)) = child.try_wait() {
                    return Some(status);
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        // It has ended already, or does not want to.
        let _ = child.kill();
        child.wait().ok()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a server says first. The rest is read too, so that it never waits for somebody to read.
fn first_line(child: &mut Child) -> Receiver<String> {
    let (found, line) = sync_channel(1);
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            if let Some(first) = lines.next() {
                // Nobody waits any more if it came too late.
                let _ = found.send(first);
            }
            lines.for_each(drop);
        });
    }
    line
}

/// The last line on its standard error, as it comes to be.
fn last_line(child: &mut Child) -> Arc<Mutex<String>> {
    let last = Arc::<Mutex<String>>::default();
    if let Some(stderr) = child.stderr.take() {
        let found = Arc::clone(&last);
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Ok(mut last) = found.lock()
                    && !line.trim().is_empty()
                {
                    *last = line;
                }
            }
        });
    }
    last
}

fn listening(line: &str) -> Option<SocketAddr> {
    line.rsplit_once("is listening on http://")?.1.trim_end_matches('/').parse().ok()
}

/// Address and path of a `ws://` URL, which has to be of this machine: this is a load.
fn parse(url: &str) -> Option<(SocketAddr, String)> {
    let rest = url.strip_prefix("ws://")?;
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    let host = if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut addresses = host.to_socket_addrs().ok()?;
    let is_here = |ip: IpAddr| ip.is_loopback();
    let address = addresses.find(|address| is_here(address.ip()))?;
    if path.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    Some((address, if path.is_empty() { "/".to_owned() } else { path.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loaded() {
        let here = |port| SocketAddr::from(([127, 0, 0, 1], port));
        assert_eq!(parse("ws://127.0.0.1:8000/ws"), Some((here(8000), "/ws".to_owned())));
        assert_eq!(parse("ws://127.0.0.1/chat/ws"), Some((here(80), "/chat/ws".to_owned())));
        assert_eq!(parse("ws://127.0.0.1:9"), Some((here(9), "/".to_owned())));
        assert!(parse("ws://[::1]:9/ws").is_some_and(|(address, _)| address.is_ipv6()));
        for url in
            ["http://127.0.0.1/", "wss://127.0.0.1/", "ws://192.0.2.1:80/", "ws://127.0.0.1:1/a b"]
        {
            assert_eq!(parse(url), None, "{url}");
        }
    }

    #[test]
    fn the_first_line_says_where() {
        let line = "chat-server is listening on http://127.0.0.1:43123";
        assert_eq!(listening(line), Some(SocketAddr::from(([127, 0, 0, 1], 43123))));
        assert_eq!(listening("ready"), None);
    }

    #[test]
    fn one_that_ends_at_once_is_a_fault() {
        let started = Target::start(Path::new("true"), &[]);
        assert!(matches!(started, Err(Fault::Ended(_))), "{started:?}");
        let started = Target::start(Path::new("/nowhere/at/all"), &[]);
        assert!(matches!(started, Err(Fault::System { .. })), "{started:?}");
        let started = Target::start(Path::new("echo"), &["hello".into()]);
        assert!(matches!(started, Err(Fault::NotReady)), "{started:?}");
        let started = Target::start_at(Command::new("true"), 1);
        assert!(matches!(started, Err(Fault::Ended(_))), "{started:?}");
    }

    #[test]
    fn what_a_server_complains_of_is_told() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo first >&2; echo no such thing >&2; exec sleep 60"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let complaint = last_line(&mut child);
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let (pid, child) = (child.id(), Some(child));
        let target = Target { address, path: String::new(), pid, child, complaint };
        let (watch, told) = (Watch::start(), || target.explained(Fault::NotReady).to_string());
        while !told().ends_with("said `no such thing`") && watch.elapsed() < READY {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(told().ends_with("said `no such thing`"), "{}", told());
        target.stop().unwrap();
    }
}

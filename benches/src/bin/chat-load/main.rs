//! `chat-load`: what a chat server costs under a load. `chat-load --help` says how.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod options;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("chat-load stands on epoll and /proc: it runs on Linux only");
    std::process::ExitCode::from(2)
}

//! `chat-bench`: all figures of the project in one run, and the page of them. `chat-bench --help` says how.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
mod plan;
#[cfg(target_os = "linux")]
mod step;
#[cfg(target_os = "linux")]
mod write;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("chat-bench starts servers and reads /proc: it runs on Linux only");
    std::process::ExitCode::from(2)
}

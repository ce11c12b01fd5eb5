//! Takes one step of the engine again and again, for callgrind to count: `chat-steps drain 1000` says `counted 1000`.
//! `chat-steps` alone says which there are; `chat-steps held 20000` what so many idle sessions hold, in bytes each.

use std::process::ExitCode;

use chat_benches::steps::{ALL, Step};

#[allow(clippy::print_stdout, reason = "this is what the program is for")]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let times = |text: &str| text.parse::<usize>().ok().filter(|&times| times > 0);
    match args[..] {
        [] => ALL.iter().for_each(|step| println!("{:12}  {}", step.name, step.what)),
        ["held", count] if let Some(count) = times(count) => return held(count),
        [name, count] if let (Some(step), Some(count)) = (Step::named(name), times(count)) => {
            println!("counted {}", step.run(count));
        }
        _ => {
            eprintln!(
                "usage: chat-steps STEP TIMES | held SESSIONS; without any: which steps there are"
            );
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

#[cfg(target_os = "linux")]
#[allow(clippy::print_stdout, reason = "as above")]
fn held(sessions: usize) -> ExitCode {
    match chat_benches::guard::held(sessions) {
        Ok(bytes) => {
            println!("held {bytes:.0}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("chat-steps: {fault}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn held(_: usize) -> ExitCode {
    eprintln!("chat-steps: what is held is read from /proc, which is Linux'");
    ExitCode::from(2)
}

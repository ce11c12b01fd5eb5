//! The limit as a program: `chat-limit [--listen 127.0.0.1:0]`. It says where it listens, and ends when it is told to.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("chat-limit stands on epoll: it runs on Linux only");
    std::process::ExitCode::from(2)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, Write as _};
    use std::net::SocketAddr;
    use std::process::ExitCode;

    use chat_benches::limit::Limit;
    use chat_benches::socket::open_files;
    use clap::Parser;

    /// What a chat server could at best cost: a bare epoll loop that sends ready frames. For `chat-load`, and for
    /// loopback: it checks nothing.
    #[derive(Debug, Parser)]
    #[command(version)]
    struct Options {
        /// Where to listen, on loopback.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    }

    pub(super) fn main() -> ExitCode {
        let options = Options::parse();
        if !options.listen.ip().is_loopback() {
            eprintln!("chat-limit: {} is not loopback, and this is not for others", options.listen);
            return ExitCode::from(2);
        }
        match serve(options.listen) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("chat-limit: {}: {error}", options.listen);
                ExitCode::FAILURE
            }
        }
    }

    fn serve(listen: SocketAddr) -> io::Result<()> {
        let _ = open_files();
        let limit = Limit::bind(listen)?;
        let mut out = io::stdout().lock();
        writeln!(out, "chat-limit is listening on http://{}", limit.address()?)?;
        out.flush()?;
        drop(out);
        limit.run()
    }
}

//! Which versions were measured: of what runs, not of what was asked for.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::load::Fault;

/// Names and versions, as the environment itself has them.
const ASK_PYTHON: &str = "import sys, platform, importlib.metadata as installed
print(', '.join(f'{name} {installed.version(name)}' for name in sys.argv[1:]) + ', Python ' + platform.python_version())";

#[derive(Deserialize)]
struct Package {
    version: String,
}

/// A program of this workspace: `chat-server 0.1.0`.
pub(super) fn own(program: &Path) -> Result<String, Fault> {
    said(Command::new(program).arg("--version"))
}

/// Packages in an environment, and the Python.
pub(super) fn python(python: &Path, packages: &[&str]) -> Result<String, Fault> {
    said(Command::new(python).args(["-c", ASK_PYTHON]).args(packages))
}

/// A package, and the Node.
pub(super) fn node(modules: &Path, package: &str) -> Result<String, Fault> {
    let file = modules.join(package).join("package.json");
    let text = fs::read_to_string(&file).map_err(Fault::system("reading a package's version"))?;
    let Package { version } = serde_json::from_str(&text)
        .map_err(|_| Fault::NotUnderstood(file.to_string_lossy().into()))?;
    let node = said(Command::new("node").arg("--version"))?;
    Ok(format!("{package} {version}, Node {}", node.trim_start_matches('v')))
}

/// The redis-server.
pub(super) fn redis() -> Result<String, Fault> {
    let text = Command::new("redis-server").arg("--version").output();
    let Ok(text) = text else {
        return Err(Fault::NotInstalled("redis-server".into(), "ci/redis.sh"));
    };
    let text = String::from_utf8_lossy(&text.stdout);
    Ok(format!("redis-server {}", redis_version(&text).unwrap_or("of an unknown version")))
}

/// `Redis server v=7.0.15 sha=…`
fn redis_version(text: &str) -> Option<&str> {
    text.split_ascii_whitespace().find_map(|word| word.strip_prefix("v="))
}

fn said(command: &mut Command) -> Result<String, Fault> {
    let output = command.output().map_err(Fault::system("asking a program for its version"))?;
    if !output.status.success() {
        return Err(Fault::Ended(output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_programs_say() {
        let text = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64\n";
        assert_eq!(redis_version(text), Some("7.0.15"));
        assert_eq!(redis_version("hello"), None);
        assert_eq!(
            said(Command::new("echo").arg("chat-server 0.1.0")).unwrap(),
            "chat-server 0.1.0"
        );
        assert!(matches!(said(&mut Command::new("false")), Err(Fault::Ended(_))));
    }
}

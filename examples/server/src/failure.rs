//! Why the program does not start, or stops: one line for whoever started it, and a number for what did.

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

/// What is said in one line, without any secret.
#[derive(Debug)]
pub(crate) struct Failure {
    line: String,
    /// 2: what was given is wrong, and will be the next time. 1: it may go otherwise then.
    code: u8,
}

impl Failure {
    /// What was given cannot be right.
    pub(crate) fn wrong(line: impl Into<String>) -> Self {
        Self { line: line.into(), code: 2 }
    }

    /// What was given may be right, but it cannot be done.
    pub(crate) fn cannot(line: impl Into<String>) -> Self {
        Self { line: line.into(), code: 1 }
    }

    /// The code to end with.
    pub(crate) fn exit(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whatever a source has to say, it is one line.
        let words: Vec<&str> = self.line.split_whitespace().collect();
        f.write_str(&words.join(" "))
    }
}

/// An error with all its reasons, each said once.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let reason = source.to_string();
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{said}")]
    struct Said {
        said: &'static str,
        source: Option<Box<Self>>,
    }

    #[test]
    fn reasons_are_in_one_line_and_each_is_there_once() {
        let last = Said { said: "connection refused\n(os error 111)", source: None };
        let middle = Said { said: "it cannot be reached", source: Some(Box::new(last)) };
        let first = Said { said: "a: it cannot be reached", source: Some(Box::new(middle)) };
        let failure = Failure::cannot(chain(&first));
        assert_eq!(
            failure.to_string(),
            "a: it cannot be reached: connection refused (os error 111)"
        );
    }
}

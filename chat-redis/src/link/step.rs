//! A step: commands of one slot that go to one server, one alone or several as one. And what its answers mean.

use redis::{Cmd, Pipeline, ServerError, Value};

use super::fault::{Fault, Said, said};

/// One command, or several in a MULTI.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) slot: u16,
    cmds: Vec<Cmd>,
    together: bool,
    /// The others are reads, which may be run any number of times.
    first_writes: bool,
}

/// What became of a step.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// It was run; an answer for each command.
    Done(Vec<Value>),
    /// It was not run, and may be sent again; after a while where `wait` says so.
    Again { why: Fault, wait: bool },
    /// It was refused, or nobody knows.
    Failed(Fault),
}

impl Step {
    /// One command.
    pub(crate) fn one(slot: u16, cmd: Cmd) -> Self {
        Self { slot, cmds: vec![cmd], together: false, first_writes: true }
    }

    /// Reads as one step, behind a command that writes if there is one.
    pub(crate) fn together(slot: u16, first: Option<Cmd>, reads: Vec<Cmd>) -> Self {
        let first_writes = first.is_some();
        Self { slot, cmds: first.into_iter().chain(reads).collect(), together: true, first_writes }
    }

    /// Adds its commands.
    pub(crate) fn put_into(&self, pipe: &mut Pipeline) {
        // Not the pipeline's own MULTI: that tells less of what went wrong, and stumbles where MULTI itself is refused.
        if self.together {
            pipe.cmd("MULTI");
        }
        for cmd in &self.cmds {
            pipe.add_command(cmd.clone());
        }
        if self.together {
            pipe.cmd("EXEC");
        }
    }

    /// Takes its answers from those of the pipeline: what became of it, and whether a script is to be loaded.
    pub(crate) fn outcome(&self, answers: &mut impl Iterator<Item = Value>) -> (Outcome, bool) {
        if !self.together {
            return match answers.next() {
                Some(Value::ServerError(error)) => not_run(&error),
                Some(value) => (Outcome::Done(vec![value]), false),
                None => (Outcome::Failed(Fault::Odd), false),
            };
        }
        // Whatever was said to MULTI, and to each command that was to wait for EXEC: after an error nothing is run.
        let queued: Vec<Value> = answers.by_ref().take(self.cmds.len() + 1).collect();
        let done = answers.next();
        if let Some(error) = queued.iter().find_map(error) {
            return not_run(error);
        }
        match done {
            Some(Value::Array(values)) if values.len() == self.cmds.len() => {
                match values.iter().enumerate().find_map(|(at, value)| Some((at, error(value)?))) {
                    None => (Outcome::Done(values), false),
                    Some((at, error)) if at == 0 || !self.first_writes => not_run(error),
                    // What writes was run; what became of it is lost with the answer.
                    Some((_, error)) => match said(error) {
                        Said::No(fault) | Said::Elsewhere(fault) => (Outcome::Failed(fault), false),
                        Said::NoScript => (Outcome::Failed(Fault::Odd), false),
                    },
                }
            }
            Some(Value::ServerError(error)) => not_run(&error),
            _ => (Outcome::Failed(Fault::Odd), false),
        }
    }
}

fn error(value: &Value) -> Option<&ServerError> {
    match value {
        Value::ServerError(error) => Some(error),
        _ => None,
    }
}

fn not_run(error: &ServerError) -> (Outcome, bool) {
    match said(error) {
        Said::Elsewhere(why) => (Outcome::Again { why, wait: true }, false),
        Said::NoScript => (Outcome::Again { why: super::fault::said_so(error), wait: false }, true),
        Said::No(fault) => (Outcome::Failed(fault), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An outcome in a word, from answers as they come over the wire.
    fn outcome(step: &Step, answers: &str) -> String {
        let values = answers.split(' ').map(|word| match word {
            "ok" => Value::Okay,
            "queued" => Value::SimpleString("QUEUED".to_owned()),
            _ => value(word),
        });
        let mut values = values.chain([Value::Int(99)]);
        let (outcome, no_script) = step.outcome(&mut values);
        assert_eq!(values.next(), Some(Value::Int(99)), "it takes what is its own");
        match outcome {
            Outcome::Done(values) => format!("done {}", values.len()),
            Outcome::Again { wait, .. } => {
                assert_ne!(wait, no_script);
                if no_script { "load".to_owned() } else { "again".to_owned() }
            }
            Outcome::Failed(fault) => format!("failed {}", fault.is_retryable()),
        }
    }

    fn value(word: &str) -> Value {
        if let Some(list) = word.strip_prefix('[') {
            return Value::Array(list.trim_end_matches(']').split(',').map(value).collect());
        }
        word.parse().map(Value::Int).unwrap_or_else(|_| {
            redis::parse_redis_value(format!("-{word} x\r\n").as_bytes()).unwrap()
        })
    }

    #[test]
    fn one_command() {
        let step = Step::one(0, redis::cmd("EVALSHA"));
        assert_eq!(outcome(&step, "7"), "done 1");
        assert_eq!(outcome(&step, "NOSCRIPT"), "load");
        assert_eq!(outcome(&step, "MOVED"), "again");
        assert_eq!(outcome(&step, "OOM"), "failed true");
        assert_eq!(outcome(&step, "WRONGTYPE"), "failed false");
    }

    #[test]
    fn several_as_one() {
        let step = Step::together(0, Some(redis::cmd("EVALSHA")), vec![redis::cmd("GET")]);
        assert_eq!(outcome(&step, "ok queued queued [1,2]"), "done 2");
        assert_eq!(outcome(&step, "ok queued queued [NOSCRIPT,2]"), "load");
        assert_eq!(outcome(&step, "ok queued queued [WRONGTYPE,2]"), "failed false");
        assert_eq!(outcome(&step, "ok queued queued [1,WRONGTYPE]"), "failed false");
        assert_eq!(outcome(&step, "ok MOVED MOVED EXECABORT"), "again");
        assert_eq!(outcome(&step, "ok OOM queued EXECABORT"), "failed true");
        assert_eq!(outcome(&step, "NOPERM 1 2 ERR"), "failed false");
        assert_eq!(outcome(&step, "ok queued queued LOADING"), "again");
        assert_eq!(outcome(&step, "ok queued queued [1]"), "failed false");
    }

    #[test]
    fn what_was_run_is_not_run_again() {
        let step = Step::together(0, Some(redis::cmd("EVALSHA")), vec![redis::cmd("GET")]);
        assert_eq!(outcome(&step, "ok queued queued [1,TRYAGAIN]"), "failed true");
        let reads = Step::together(0, None, vec![redis::cmd("GET"), redis::cmd("GET")]);
        assert_eq!(outcome(&reads, "ok queued queued [1,TRYAGAIN]"), "again");
    }
}

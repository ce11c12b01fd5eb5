//! Reading what Redis answers: a value at a time, and an error that says what was expected instead of a panic.

use bytes::Bytes;
use redis::Value;

use crate::codec::Corrupt;

/// The parts of an answer, taken one after the other.
#[derive(Debug)]
pub(crate) struct Parts(std::vec::IntoIter<Value>);

impl Parts {
    /// The parts of an array; nothing has none.
    pub(crate) fn of(value: Value) -> Result<Self, Corrupt> {
        match value {
            Value::Array(all) | Value::Set(all) => Ok(Self(all.into_iter())),
            Value::Map(pairs) => {
                let all: Vec<_> =
                    pairs.into_iter().flat_map(|(name, value)| [name, value]).collect();
                Ok(Self(all.into_iter()))
            }
            Value::Nil => Ok(Self(Vec::new().into_iter())),
            _ => Err(Corrupt("an answer of several parts")),
        }
    }

    /// How many are left.
    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }

    /// The next part, whatever it is.
    pub(crate) fn value(&mut self) -> Result<Value, Corrupt> {
        self.0.next().ok_or(Corrupt("an answer with one part more"))
    }

    /// The next part as bytes.
    pub(crate) fn bytes(&mut self) -> Result<Bytes, Corrupt> {
        bytes(self.value()?)
    }

    /// The next part as bytes, or nothing where there is nothing.
    pub(crate) fn maybe(&mut self) -> Result<Option<Bytes>, Corrupt> {
        match self.value()? {
            Value::Nil => Ok(None),
            value => bytes(value).map(Some),
        }
    }

    /// The next part as a number.
    pub(crate) fn number(&mut self) -> Result<u64, Corrupt> {
        number(&self.value()?)
    }

    /// The next part as parts of its own.
    pub(crate) fn parts(&mut self) -> Result<Self, Corrupt> {
        Self::of(self.value()?)
    }
}

/// A value as bytes.
pub(crate) fn bytes(value: Value) -> Result<Bytes, Corrupt> {
    match value {
        Value::BulkString(bytes) => Ok(bytes.into()),
        Value::SimpleString(text) => Ok(text.into()),
        Value::Okay => Ok(Bytes::from_static(b"OK")),
        Value::Int(number) => Ok(number.to_string().into()),
        Value::Double(number) => Ok(number.to_string().into()),
        _ => Err(Corrupt("an answer of bytes")),
    }
}

/// A value as a number.
pub(crate) fn number(value: &Value) -> Result<u64, Corrupt> {
    let corrupt = Corrupt("an answer that is a number");
    match value {
        Value::Int(number) => u64::try_from(*number).map_err(|_| corrupt),
        Value::BulkString(bytes) => {
            std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).ok_or(corrupt)
        }
        _ => Err(corrupt),
    }
}

/// Names and values in turn, as of a hash.
pub(crate) fn pairs(value: Value) -> Result<Vec<(Bytes, Bytes)>, Corrupt> {
    let mut parts = Parts::of(value)?;
    let mut all = Vec::with_capacity(parts.left() / 2);
    while parts.left() > 0 {
        all.push((parts.bytes()?, parts.bytes()?));
    }
    Ok(all)
}

/// The entries of a stream, number and content, as they are in the answer.
pub(crate) fn stream(value: Value) -> Result<Vec<(u64, Bytes)>, Corrupt> {
    let corrupt = Corrupt("an entry of a stream");
    let mut parts = Parts::of(value)?;
    let mut all = Vec::with_capacity(parts.left());
    while parts.left() > 0 {
        let mut entry = parts.parts()?;
        let id = entry.bytes()?;
        let n = id.split(|byte| *byte == b'-').next().unwrap_or_default();
        let n = std::str::from_utf8(n).ok().and_then(|n| n.parse().ok()).ok_or(corrupt)?;
        let mut fields = entry.parts()?;
        if fields.bytes()? != "e" {
            return Err(corrupt);
        }
        all.push((n, fields.bytes()?));
    }
    Ok(all)
}

/// The members of an ordered set with their scores, in either form in which Redis gives them.
pub(crate) fn scored(value: Value) -> Result<Vec<(Bytes, f64)>, Corrupt> {
    let mut parts = Parts::of(value)?;
    let mut all = Vec::with_capacity(parts.left());
    while parts.left() > 0 {
        match parts.value()? {
            pair @ Value::Array(_) => {
                let mut pair = Parts::of(pair)?;
                all.push((pair.bytes()?, score(&pair.value()?)?));
            }
            member => all.push((bytes(member)?, score(&parts.value()?)?)),
        }
    }
    Ok(all)
}

fn score(value: &Value) -> Result<f64, Corrupt> {
    match value {
        Value::Double(score) => Ok(*score),
        Value::Int(score) => Ok(*score as f64),
        Value::BulkString(bytes) => {
            let text = std::str::from_utf8(bytes).ok();
            text.and_then(|text| text.parse().ok()).ok_or(Corrupt("a score"))
        }
        _ => Err(Corrupt("a score")),
    }
}

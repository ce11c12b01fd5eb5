//! What a host kept of a room, as the wire has it, taken apart.

use chat_core::{Entry, Epoch, Key, Name, RoomId, Said, Timestamp, UserId, What};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;

use super::body::to_body;
use super::options;

/// More than any page holds.
const MANY: usize = 2_000;
/// Longer than any name may be.
const NAME: usize = 1_024;

/// The entries that the hook `older` answers. That they belong where they are put is looked at by the engine.
pub(crate) fn entries(
    answer: &Bound<'_, PyAny>,
    room: &RoomId,
    epoch: Epoch,
) -> PyResult<Vec<Entry>> {
    if answer.is_none() {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    for entry in answer.try_iter()? {
        if entries.len() >= MANY {
            return Err(PyValueError::new_err("older answers at most as many as it is asked for"));
        }
        entries.push(one(&entry?, room, epoch)?);
    }
    Ok(entries)
}

fn one(entry: &Bound<'_, PyAny>, room: &RoomId, epoch: Epoch) -> PyResult<Entry> {
    let py = entry.py();
    let given = |name: &str| -> PyResult<Option<Bound<'_, PyAny>>> {
        match entry.get_item(name) {
            Ok(value) => Ok(Some(value).filter(|value| !value.is_none())),
            Err(error) if error.is_instance_of::<PyKeyError>(py) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let text = |name: &str| given(name)?.map(|value| value.extract::<String>()).transpose();
    if text("ev")?.is_some_and(|ev| ev != "said") {
        return Err(PyValueError::new_err("older answers what was said, and nothing else"));
    }
    if text("room")?.is_some_and(|named| named != room.as_str()) {
        return Err(PyValueError::new_err("older was asked about another room"));
    }
    let invalid = |error| super::errors::invalid(py, &error);
    let by = text("by")?.map(|by| UserId::new(&by)).transpose().map_err(invalid)?;
    let name = text("name")?.map(|name| Name::new(&name, NAME)).transpose().map_err(invalid)?;
    let key: Option<Key> = options::key(py, text("key")?.as_deref())?;
    // Null is a body too.
    let said = Said { by, name, body: to_body(&entry.get_item("body")?)?, key };
    let n = entry.get_item("n")?.extract::<u64>()?;
    let at = Timestamp(entry.get_item("at")?.extract::<u64>()?);
    Ok(Entry::new(room.clone(), epoch, n, at, What::Said(said)))
}

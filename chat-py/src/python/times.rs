//! Times, from Python and to it.

use std::time::Duration;

use chat_core::Timestamp;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyTzInfo};

use super::errors::bad_request;

/// A length of time: seconds as a number, or a `timedelta`.
pub(crate) fn seconds(field: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let py = value.py();
    let wrong = || bad_request(py, field, &format!("{field} is a time in seconds, or a timedelta"));
    if value.is_instance_of::<pyo3::types::PyBool>() {
        return Err(wrong());
    }
    let seconds = match value.extract::<f64>() {
        Ok(seconds) => seconds,
        Err(_) => match value.call_method0("total_seconds") {
            Ok(seconds) => seconds.extract::<f64>()?,
            Err(_) => return Err(wrong()),
        },
    };
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| bad_request(py, field, &format!("{field} cannot be {seconds} seconds")))
}

/// The same, or never.
pub(crate) fn seconds_or_never(
    field: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<Option<Duration>> {
    if value.is_none() { Ok(None) } else { seconds(field, value).map(Some) }
}

/// A moment, aware, in UTC.
#[allow(clippy::cast_precision_loss, reason = "milliseconds of this age are far below 2^53")]
pub(crate) fn moment(py: Python<'_>, at: Timestamp) -> PyResult<Bound<'_, PyDateTime>> {
    let utc = PyTzInfo::utc(py)?;
    PyDateTime::from_timestamp(py, at.0 as f64 / 1000.0, Some(&utc))
}

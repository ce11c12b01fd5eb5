//! Times, from Python and to it.

use std::time::Duration;

use chat_core::Timestamp;
use pyo3::prelude::*;

use super::errors::bad_request;
use super::kept::{Attribute, Name};

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
pub(crate) fn moment(py: Python<'_>, at: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    static DATETIME: Attribute = Attribute::new("datetime", "datetime");
    static TIMEZONE: Attribute = Attribute::new("datetime", "timezone");
    static FROM_TIMESTAMP: Name = Name::new("fromtimestamp");
    static UTC: Name = Name::new("utc");
    let utc = TIMEZONE.get(py)?.getattr(UTC.get(py))?;
    DATETIME.get(py)?.call_method1(FROM_TIMESTAMP.get(py), (at.0 as f64 / 1000.0, utc))
}

//! Bodies: Python's values as JSON, and back.

use chat_core::Body;
use jiter::{FloatMode, PythonParse, StringCacheMode};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::errors::bad_body;
use super::kept::Attribute;

/// How deep lists and dicts may lie in one another: what everyone who reads bodies can take, and the end of those that hold themselves.
const DEPTH: usize = 64;

/// A value as a body.
pub(crate) fn to_body(value: &Bound<'_, PyAny>) -> PyResult<Body> {
    let mut json = Vec::with_capacity(64);
    write(&mut json, value, DEPTH)?;
    Ok(Body::json(json))
}

/// A body as a value.
pub(crate) fn from_body<'py>(py: Python<'py>, body: &Body) -> PyResult<Bound<'py, PyAny>> {
    from_json(py, body.as_bytes())
}

/// A JSON text as a value.
pub(crate) fn from_json<'py>(py: Python<'py>, json: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let parse = PythonParse {
        allow_inf_nan: false,
        cache_mode: StringCacheMode::Keys,
        float_mode: FloatMode::Float,
        ..PythonParse::default()
    };
    if let Ok(value) = parse.python_parse(py, json) {
        return Ok(value);
    }
    // What others said may be stranger than this reader takes: half a surrogate pair, a hundred brackets.
    static LOADS: Attribute = Attribute::new("json", "loads");
    LOADS.get(py)?.call1((json,))
}

fn write(json: &mut Vec<u8>, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
    let py = value.py();
    let Some(depth) = depth.checked_sub(1) else {
        let message =
            format!("a body is at most {DEPTH} lists and dicts deep, and cannot hold itself");
        return Err(bad_body(py, &message));
    };
    if let Ok(text) = value.cast::<PyString>() {
        write_text(json, text)?;
    } else if value.is_none() {
        json.extend_from_slice(b"null");
    } else if let Ok(yes) = value.cast::<PyBool>() {
        json.extend_from_slice(if yes.is_true() { b"true" } else { b"false" });
    } else if let Ok(dict) = value.cast::<PyDict>() {
        json.push(b'{');
        for (at, (key, value)) in dict.iter().enumerate() {
            if at > 0 {
                json.push(b',');
            }
            let Ok(key) = key.cast::<PyString>() else {
                return Err(bad_body(
                    py,
                    &format!("the keys of a body are str, not {}", kind(&key)),
                ));
            };
            write_text(json, key)?;
            json.push(b':');
            write(json, &value, depth)?;
        }
        json.push(b'}');
    } else if let Ok(list) = value.cast::<PyList>() {
        write_all(json, list.iter(), depth)?;
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        write_all(json, tuple.iter(), depth)?;
    } else if value.is_instance_of::<PyInt>() {
        write_int(json, value)?;
    } else if let Ok(float) = value.cast::<PyFloat>() {
        write_float(json, float)?;
    } else {
        return Err(bad_body(
            py,
            &format!(
                "a body is made of str, int, float, bool, None, list and dict: it cannot hold {}",
                kind(value)
            ),
        ));
    }
    Ok(())
}

fn write_all<'py>(
    json: &mut Vec<u8>,
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    depth: usize,
) -> PyResult<()> {
    json.push(b'[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            json.push(b',');
        }
        write(json, &item, depth)?;
    }
    json.push(b']');
    Ok(())
}

fn write_text(json: &mut Vec<u8>, text: &Bound<'_, PyString>) -> PyResult<()> {
    let py = text.py();
    match text.to_cow() {
        // Into memory: nothing can fail.
        Ok(text) => serde_json::to_writer(json, &*text).map_err(|e| bad_body(py, &e.to_string())),
        Err(error) => {
            let message = "a body holds half a surrogate pair, which is no text: encode it with errors=\"replace\" first";
            let raised = bad_body(py, message);
            raised.set_cause(py, Some(error));
            Err(raised)
        }
    }
}

fn write_int(json: &mut Vec<u8>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    use std::io::Write;
    if let Ok(int) = value.extract::<i64>() {
        let _ = write!(json, "{int}");
        return Ok(());
    }
    // Its own digits, also where a subclass shows itself in another way. Very long ones Python itself refuses.
    let int = value.py().get_type::<PyInt>();
    let digits = int.call_method1("__repr__", (value,)).map_err(|error| {
        let refused = bad_body(value.py(), "a body cannot hold an int of so many digits");
        refused.set_cause(value.py(), Some(error));
        refused
    })?;
    json.extend_from_slice(digits.cast::<PyString>()?.to_cow()?.as_bytes());
    Ok(())
}

fn write_float(json: &mut Vec<u8>, value: &Bound<'_, PyFloat>) -> PyResult<()> {
    let float = value.extract::<f64>()?;
    if !float.is_finite() {
        return Err(bad_body(value.py(), &format!("{float} is no number in JSON")));
    }
    serde_json::to_writer(json, &float).map_err(|e| bad_body(value.py(), &e.to_string()))
}

fn kind(value: &Bound<'_, PyAny>) -> String {
    value
        .get_type()
        .fully_qualified_name()
        .map_or_else(|_| "this".to_owned(), |name| name.to_string())
}

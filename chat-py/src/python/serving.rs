//! What a server of an engine is given, read and checked.

use std::net::IpAddr;

use chat_ws::{Options, Origin, Rates, Secret};
use ipnet::IpNet;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyString};

use super::errors::bad_request;
use super::options::{number, only, tags};
use super::times::seconds;

const NAMES: [&str; 18] = [
    "hello_timeout",
    "ping",
    "silent",
    "frame",
    "depth",
    "rate",
    "connections",
    "connections_of_address",
    "waiting",
    "waiting_in_all",
    "stuck",
    "commands",
    "bad_frames",
    "retry_min",
    "retry_max",
    "drain_spread",
    "own_host",
    "rename",
];

/// Times and bounds of connections, from their names.
pub(crate) fn options(
    py: Python<'_>,
    given: Option<&Bound<'_, PyDict>>,
    origins: Option<&Bound<'_, PyAny>>,
    proxies: Option<&Bound<'_, PyAny>>,
) -> PyResult<Options> {
    let mut options = Options {
        origins: each(origins, "origins", origin)?,
        trusted_proxies: each(proxies, "trusted_proxies", network)?,
        ..Options::default()
    };
    let Some(given) = given else { return Ok(options) };
    only(given, "options", &NAMES)?;
    for (name, value) in given.iter() {
        let name = name.cast::<PyString>()?.to_cow()?.into_owned();
        let name = name.as_str();
        match name {
            "hello_timeout" => options.hello_timeout = time(name, &value)?,
            "silent" => options.silent = time(name, &value)?,
            "stuck" => options.stuck = time(name, &value)?,
            "retry_min" => options.retry.min = time(name, &value)?,
            "retry_max" => options.retry.max = time(name, &value)?,
            "drain_spread" => options.drain_spread = seconds(name, &value)?,
            "ping" if value.is_none() => options.ping = None,
            "ping" => options.ping = Some(time(name, &value)?),
            "rate" => options.rates = rates(&value)?,
            "frame" => options.frame = some(name, &value)?,
            "depth" => options.depth = some(name, &value)?,
            "connections" => options.connections = some(name, &value)?,
            "connections_of_address" => options.connections_of_address = some(name, &value)?,
            "waiting" => options.waiting = some(name, &value)?,
            "waiting_in_all" => options.waiting_in_all = some(name, &value)?,
            "commands" => options.commands = some(name, &value)?,
            "own_host" => options.own_host = value.extract()?,
            "rename" => options.accounts_rename = value.extract()?,
            "bad_frames" => options.bad_frames = some::<u8>(name, &value)?,
            _ => {}
        }
    }
    if options.ping.is_some_and(|ping| ping >= options.silent) {
        return Err(bad_request(
            py,
            "silent",
            "silent is longer than ping: who is given up was asked before",
        ));
    }
    if options.retry.min > options.retry.max {
        return Err(bad_request(py, "retry_max", "retry_max is not below retry_min"));
    }
    Ok(options)
}

/// A length of time that is one.
fn time(name: &str, value: &Bound<'_, PyAny>) -> PyResult<std::time::Duration> {
    let time = seconds(name, value)?;
    if time.is_zero() {
        return Err(bad_request(value.py(), name, &format!("{name} is more than 0 seconds")));
    }
    Ok(time)
}

/// A number that is not none at all.
fn some<T: TryFrom<u64> + Default + PartialEq>(
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<T> {
    let number: T = number(name, value)?;
    if number == T::default() {
        return Err(bad_request(value.py(), name, &format!("{name} is at least 1")));
    }
    Ok(number)
}

/// Commands in a second; as many as come for 0 or None.
fn rates(value: &Bound<'_, PyAny>) -> PyResult<Rates> {
    if value.is_none() {
        Ok(Rates::unlimited())
    } else {
        Ok(Rates::per_second(number("rate", value)?))
    }
}

/// Texts, each read; but not one text, whose letters would be taken for them.
fn each<T>(
    given: Option<&Bound<'_, PyAny>>,
    field: &str,
    read: impl Fn(Python<'_>, &str) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let py = given.py();
    if given.is_instance_of::<PyString>() {
        return Err(bad_request(
            py,
            field,
            &format!("{field} are several texts: write them in a list"),
        ));
    }
    let texts = tags(Some(given))?.unwrap_or_default();
    texts.iter().map(|text| read(py, text)).collect()
}

fn origin(py: Python<'_>, text: &str) -> PyResult<Origin> {
    let wrong = |error: String| bad_request(py, "origins", &format!("{text:?} is {error}"));
    if text.contains("://") {
        text.parse().map_err(|error: chat_ws::NotAnOrigin| wrong(error.to_string()))
    } else {
        Origin::host(text).map_err(|error| wrong(error.to_string()))
    }
}

fn network(py: Python<'_>, text: &str) -> PyResult<IpNet> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).map_err(|_| {
        bad_request(
            py,
            "trusted_proxies",
            &format!("{text:?} is neither an address nor a network (10.0.0.0/8)"),
        )
    })
}

/// What tokens are signed with.
pub(crate) fn secret(given: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Secret>> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(None) };
    let py = given.py();
    let bytes = if let Ok(bytes) = given.cast::<PyBytes>() {
        bytes.as_bytes().to_vec()
    } else if let Ok(text) = given.cast::<PyString>() {
        text.to_cow()?.as_bytes().to_vec()
    } else {
        return Err(bad_request(py, "secret", "secret is bytes, or a str"));
    };
    Secret::new(bytes).map(Some).map_err(|error| bad_request(py, "secret", &error.to_string()))
}

/// A port; 0 is any that is free.
pub(crate) fn port(given: &Bound<'_, PyAny>) -> PyResult<u16> {
    let wrong = || bad_request(given.py(), "port", "port is a number from 0 to 65535");
    if !given.is_instance_of::<PyInt>() || given.is_instance_of::<PyBool>() {
        return Err(wrong());
    }
    given.extract::<u16>().map_err(|_| wrong())
}

//! What is given to calls: ids, rooms, limits. Names that are not known are refused, with the one that may have been meant.

use std::time::Duration;

use chat_core::{
    HistoryPage, Key, Limits, MatchRules, Order, PolicyChange, PolicyDefaults, PoolName, Presence,
    RoomId, RoomPolicy, RoomSpec, StoreOptions, UserId,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::body::to_body;
use super::errors::{bad_request, invalid};
use super::times::{seconds, seconds_or_never};

pub(crate) fn room_id(py: Python<'_>, room: &str) -> PyResult<RoomId> {
    RoomId::new(room).map_err(|error| invalid(py, &error))
}

pub(crate) fn user_id(py: Python<'_>, user: &str) -> PyResult<UserId> {
    UserId::new(user).map_err(|error| invalid(py, &error))
}

pub(crate) fn key(py: Python<'_>, key: Option<&str>) -> PyResult<Option<Key>> {
    key.map(Key::new).transpose().map_err(|error| invalid(py, &error))
}

/// An order, or none for the number of people online.
pub(crate) fn order_or_online(py: Python<'_>, order: &str) -> PyResult<Option<Order>> {
    if order == "online" { Ok(None) } else { self::order(py, order).map(Some) }
}

pub(crate) fn order(py: Python<'_>, order: &str) -> PyResult<Order> {
    let words = || Order::ALL.map(Order::as_str).join(", ");
    let known = Order::ALL.into_iter().find(|known| known.as_str() == order);
    known.ok_or_else(|| bad_request(py, "order", &format!("order is one of {}", words())))
}

pub(crate) fn history_page(
    py: Python<'_>,
    before: Option<i64>,
    after: Option<i64>,
    limit: i64,
) -> PyResult<HistoryPage> {
    let limit = count(py, "limit", limit)?;
    let before = before.map(|n| count(py, "before", n)).transpose()?;
    let after = after.map(|n| count(py, "after", n)).transpose()?;
    match (before, after) {
        (None, None) => Ok(HistoryPage::Newest { limit }),
        (Some(n), None) => Ok(HistoryPage::Before { n, limit }),
        (None, Some(n)) => Ok(HistoryPage::After { n, limit }),
        (Some(_), Some(_)) => {
            Err(bad_request(py, "after", "a page is before an entry or after one, not both"))
        }
    }
}

/// Tags: any iterable of texts, but not one text, whose letters would be taken for tags.
pub(crate) fn tags(tags: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Vec<String>>> {
    /// Beyond what any limit allows: the engine says which one it is.
    const MANY: usize = 1_000;
    let Some(tags) = tags.filter(|tags| !tags.is_none()) else { return Ok(None) };
    if tags.is_instance_of::<PyString>() {
        let message = "tags are several texts: write tags=[\"music\"]";
        return Err(bad_request(tags.py(), "tags", message));
    }
    tags.try_iter()?
        .take(MANY)
        .map(|tag| tag?.extract::<String>())
        .collect::<PyResult<_>>()
        .map(Some)
}

/// Ids, in the same way.
pub(crate) fn ids(ids: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Vec<String>>> {
    /// Beyond what can sensibly be asked at once; what may be is the engine's limit.
    const MANY: usize = 100_000;
    let Some(ids) = ids.filter(|ids| !ids.is_none()) else { return Ok(None) };
    if ids.is_instance_of::<PyString>() {
        return Err(bad_request(ids.py(), "ids", "ids are several: write ids=[\"film-1\"]"));
    }
    let ids = ids.try_iter()?.take(MANY + 1).map(|id| id?.extract::<String>());
    let ids = ids.collect::<PyResult<Vec<_>>>()?;
    Ok(Some(ids))
}

/// A room by its keywords.
pub(crate) fn spec_of(
    py: Python<'_>,
    room: Option<&str>,
    create: Option<&Bound<'_, PyDict>>,
) -> PyResult<RoomSpec> {
    match create {
        Some(create) => spec(py, room, create),
        None => spec(py, room, &PyDict::new(py)),
    }
}

/// A room that is asked for.
pub(crate) fn spec(
    py: Python<'_>,
    room: Option<&str>,
    create: &Bound<'_, PyDict>,
) -> PyResult<RoomSpec> {
    const NAMES: [&str; 11] = [
        "title", "kind", "meta", "owner", "capacity", "idle", "empty", "max_age", "history",
        "presence", "grace",
    ];
    only(create, "a room", &NAMES)?;
    let given = |name: &str| create.get_item(name);
    let title = match given("title")? {
        Some(title) => title.extract::<String>()?,
        // A room of one's own object may well have no other name.
        None => room.unwrap_or_default().to_owned(),
    };
    let kind = given("kind")?.map(|kind| kind.extract::<String>()).transpose()?;
    let mut spec = match kind.as_deref() {
        None | Some("public") => RoomSpec::public(title),
        Some("private") => RoomSpec::private(title),
        Some(_) => return Err(bad_request(py, "kind", "kind is \"public\" or \"private\"")),
    };
    if let Some(room) = room {
        spec = spec.with_id(room);
    }
    if let Some(meta) = given("meta")?.filter(|meta| !meta.is_none()) {
        spec = spec.with_meta(to_body(&meta)?);
    }
    if let Some(owner) = given("owner")?.filter(|owner| !owner.is_none()) {
        spec = spec.with_owner(owner.extract::<String>()?);
    }
    Ok(spec.with_policy(policy_change(create)?))
}

fn policy_change(from: &Bound<'_, PyDict>) -> PyResult<PolicyChange> {
    let py = from.py();
    let mut change = PolicyChange::default();
    for (name, value) in from.iter() {
        let name = name.cast::<PyString>()?.to_cow()?.into_owned();
        match name.as_str() {
            "capacity" => change.capacity = Some(number("capacity", &value)?),
            "history" => change.history = Some(number("history", &value)?),
            "idle" => change.idle = Some(seconds_or_never("idle", &value)?),
            "empty" => change.empty = Some(seconds_or_never("empty", &value)?),
            "max_age" => change.max_age = Some(seconds_or_never("max_age", &value)?),
            "grace" => change.grace = Some(seconds("grace", &value)?),
            "presence" => change.presence = Some(presence(py, &value)?),
            _ => {}
        }
    }
    Ok(change)
}

fn presence(py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Presence> {
    match value.extract::<String>()?.as_str() {
        "log" => Ok(Presence::Log),
        "count" => Ok(Presence::Count),
        _ => Err(bad_request(py, "presence", "presence is \"log\" or \"count\"")),
    }
}

/// The policies of the three kinds of rooms, each from its default.
pub(crate) fn policies(given: Option<&Bound<'_, PyDict>>) -> PyResult<PolicyDefaults> {
    const KINDS: [&str; 3] = ["public", "private", "pair"];
    const NAMES: [&str; 7] =
        ["capacity", "idle", "empty", "max_age", "history", "presence", "grace"];
    let mut policies = PolicyDefaults::default();
    let Some(given) = given else { return Ok(policies) };
    only(given, "policies", &KINDS)?;
    for (kind, policy) in given.iter() {
        let what = format!("policies of {kind} rooms");
        let Ok(policy) = policy.cast::<PyDict>() else {
            return Err(bad_request(given.py(), "policies", &format!("{what} are a dict")));
        };
        only(policy, &what, &NAMES)?;
        let change = policy_change(policy)?;
        let which = match kind.extract::<String>()?.as_str() {
            "public" => &mut policies.public,
            "private" => &mut policies.private,
            _ => &mut policies.pair,
        };
        changed(which, &change);
        which.check().map_err(|error| invalid(given.py(), &error))?;
    }
    Ok(policies)
}

fn changed(policy: &mut RoomPolicy, change: &PolicyChange) {
    policy.capacity = change.capacity.unwrap_or(policy.capacity);
    policy.idle = change.idle.unwrap_or(policy.idle);
    policy.empty = change.empty.unwrap_or(policy.empty);
    policy.max_age = change.max_age.unwrap_or(policy.max_age);
    policy.history = change.history.unwrap_or(policy.history);
    policy.grace = change.grace.unwrap_or(policy.grace);
    let large = policy.capacity > RoomPolicy::LOG_CAPACITY;
    let unless_said = if large { Presence::Count } else { policy.presence };
    policy.presence = change.presence.unwrap_or(unless_said);
}

/// Fields of a struct of bounds by their names.
macro_rules! fields {
    ($given:ident, $what:literal, $into:ident, { $($name:ident: $kind:ident),* $(,)? }) => {
        if let Some(given) = $given {
            only(given, $what, &[$(stringify!($name)),*])?;
            $(
                if let Some(value) = given.get_item(stringify!($name))? {
                    $into.$name = fields!(@$kind stringify!($name), &value);
                }
            )*
        }
    };
    (@number $name:expr, $value:expr) => { number($name, $value)? };
    (@time $name:expr, $value:expr) => { seconds($name, $value)? };
}

pub(crate) fn limits(given: Option<&Bound<'_, PyDict>>) -> PyResult<Limits> {
    let mut limits = Limits::default();
    fields!(given, "limits", limits, {
        body: number, meta: number, name: number, title: number, tags: number, tag: number,
        sessions: number, sessions_of_user: number, rooms_of_session: number,
        pools_of_session: number, watches_of_session: number, lists: number, list_rows: number,
        list_depth: number, entries: number, members: number, ids: number, resume: number,
        tail: number, tail_bytes: number, queue: number, batch: number,
    });
    Ok(limits)
}

pub(crate) fn store(
    given: Option<&Bound<'_, PyDict>>,
    matching: Option<&Bound<'_, PyDict>>,
) -> PyResult<StoreOptions> {
    let mut rules = MatchRules::default();
    fields!(matching, "matching", rules, {
        widen: time, soft: time, confirm: time, place_kept: time, partners_kept: time,
        block_kept: time, blocks: number, blocks_in_pool: number, scan: number, waiting: number,
    });
    let mut store = StoreOptions { matching: rules, ..StoreOptions::default() };
    fields!(given, "store", store, {
        lease: time, visitors_window: time, visitors_step: time, visitors_kept: number,
        closed_kept: time, keys_kept: time, keys: number, notices: number, rooms: number,
        pools: number, mail: number, reap_batch: number,
    });
    let py = given.or(matching).map(pyo3::Bound::py);
    if let Some(py) = py
        && store.lease < Duration::from_millis(100)
    {
        return Err(bad_request(py, "lease", "a lease is at least 0.1 seconds"));
    }
    Ok(store)
}

pub(crate) fn number<T>(name: &str, value: &Bound<'_, PyAny>) -> PyResult<T>
where
    T: TryFrom<u64>,
{
    let py = value.py();
    let wrong = || bad_request(py, name, &format!("{name} is a whole number, and not below 0"));
    if value.is_instance_of::<pyo3::types::PyBool>() {
        return Err(wrong());
    }
    let number = value.extract::<u64>().map_err(|_| wrong())?;
    T::try_from(number).map_err(|_| bad_request(py, name, &format!("{name} cannot be so large")))
}

/// A number among a call's arguments.
pub(crate) fn count<T: TryFrom<i64>>(py: Python<'_>, name: &str, value: i64) -> PyResult<T> {
    let wrong = if value < 0 { "be below 0" } else { "be so large" };
    T::try_from(value).map_err(|_| bad_request(py, name, &format!("{name} cannot {wrong}")))
}

/// Refuses names that are none of these.
pub(crate) fn only(given: &Bound<'_, PyDict>, what: &str, names: &[&str]) -> PyResult<()> {
    let py = given.py();
    for name in given.keys() {
        let Ok(name) = name.extract::<String>() else {
            return Err(bad_request(py, what, &format!("the names in {what} are str")));
        };
        if names.contains(&name.as_str()) {
            continue;
        }
        let close = py
            .import("difflib")?
            .call_method1("get_close_matches", (&name, names.to_vec(), 1))?
            .extract::<Vec<String>>()?;
        let meant = match close.first() {
            Some(close) => format!("did you mean {close}?"),
            None => format!("there are {}", names.join(", ")),
        };
        return Err(bad_request(py, &name, &format!("{what}: there is no {name}: {meant}")));
    }
    Ok(())
}

/// The pools that there are, where not any may be named.
pub(crate) fn pools(given: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Vec<PoolName>>> {
    let Some(py) = given.map(Bound::py) else { return Ok(None) };
    let names = tags(given).map_err(|_| bad_request(py, "pools", "pools are several names"))?;
    let Some(names) = names else { return Ok(None) };
    let pool = |name: &String| PoolName::new(name).map_err(|error| invalid(py, &error));
    names.iter().map(pool).collect::<PyResult<_>>().map(Some)
}

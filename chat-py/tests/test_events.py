"""What a session is told: frozen values that can be matched by pattern, and are on the wire as they are here."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from twins import events

import chat_engine
from chat_engine import (
    Bye,
    Closed,
    Count,
    Cursor,
    Engine,
    Event,
    Joined,
    Kicked,
    Left,
    ListChanged,
    Matched,
    Renamed,
    Said,
    Session,
    Signal,
    Unmatched,
)

FIELDS = {
    Said: {"ev", "room", "n", "at", "by", "name", "body"},
    Joined: {"ev", "room", "n", "at", "user", "name", "live"},
    Left: {"ev", "room", "n", "at", "user", "name", "live", "why"},
    Renamed: {"ev", "room", "n", "at", "user", "name"},
    Closed: {"ev", "room", "n", "at", "why"},
    Signal: {"ev", "room", "by", "body"},
    Count: {"ev", "room", "live"},
    Matched: {"ev", "pool", "room", "you", "cursor", "members", "shared"},
    Unmatched: {"ev", "pool", "why"},
    ListChanged: {"ev", "list", "version", "ops"},
    Kicked: {"ev", "room"},
    Bye: {"ev", "why"},
}


@pytest.fixture(scope="module")
def all_kinds() -> Iterator[list[Event]]:
    """At least one event of each kind."""
    told: list[Event] = []
    with Engine(clock="manual") as engine:
        kim, lee, max_ = engine.connect("1", "Kim"), engine.connect("2", "Lee"), engine.connect("3", "Max")
        for session in (kim, lee):
            session.join("r", create={"title": "R", "owner": "1"})
        lee.say("r", {"text": "hi", "emoji": "🦀"}, key="k")
        lee.signal("r", {"typing": True})
        lee.rename("Lea")
        lee.leave("r")
        kim.join("many", create={"title": "Many", "presence": "count", "capacity": 100_000})
        lee.join("many")
        engine.clock.advance(1)
        told += kim.batch(0)
        kim.watch("newest")
        engine.open("new", title="New")
        engine.clock.advance(1)
        for session in (kim, max_):
            session.seek("random", tags=["a"])
        lee.seek("waiting")
        with engine.connect("2", "Lee") as other:
            other.seek("waiting")
        told += lee.batch(0)
        kim.close_room("r")
        engine.kick("many", "1")
        told += kim.batch(0)
        engine.disconnect("1")
        told += kim.batch(0)
        yield told


@pytest.mark.parametrize("kind", FIELDS)
def test_each_kind_is_on_the_wire_as_it_is_here(all_kinds: list[Event], kind: type[Event]) -> None:
    of_kind = [event for event in all_kinds if type(event) is kind]
    assert of_kind, [event.ev for event in all_kinds]
    for event in of_kind:
        wire = json.loads(event.json)
        assert wire == event.as_dict()
        assert wire["ev"] == event.ev == kind.ev
        assert FIELDS[kind] - {"ops"} <= set(wire)
        for name in set(wire) - {"ev", "ops"}:
            value = getattr(event, name)
            if isinstance(value, datetime):
                assert value.tzinfo is not None
                assert value == datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=wire[name])
            elif name == "cursor" or (name == "room" and kind is Matched):
                assert value.as_dict() == wire[name]
            elif name == "members":
                assert [member.as_dict() for member in value] == wire[name]
            else:
                assert value == wire[name], name


@pytest.mark.parametrize("kind", FIELDS)
def test_each_kind_is_frozen_and_tells_what_it_is(all_kinds: list[Event], kind: type[Event]) -> None:
    event: Any = next(event for event in all_kinds if type(event) is kind)
    for name in (*kind.__match_args__, "anything"):
        with pytest.raises(AttributeError):
            setattr(event, name, None)
        with pytest.raises(AttributeError):
            delattr(event, name)
    with pytest.raises(TypeError):
        kind()
    with pytest.raises(TypeError):
        type("Sub", (kind,), {})
    assert repr(event).startswith(f"{kind.__name__}(")
    for name in kind.__match_args__:
        assert f"{name}=" in repr(event), repr(event)
    assert kind.__module__.startswith("chat_engine")


def test_events_are_matched_by_pattern(engine: Engine) -> None:
    with engine.connect("1", "Kim") as kim, engine.connect("2", "Lee") as lee:
        kim.join("r", create={"title": "R"})
        lee.join("r")
        lee.say("r", {"text": "hi"})
        lee.leave("r")
        found: list[Any] = []
        for event in events(kim, 3):
            match event:
                case Said(room, by, {"text": str(text)}, name=name):
                    found.append((room, by, name, text))
                case Joined("r", user, name):
                    found.append(("joined", user, name))
                case Left(_, user, "left"):
                    found.append(("left", user))
        assert found == [("joined", "2", "Lee"), ("r", "2", "Lee", "hi"), ("left", "2")]


def test_a_list_changed_step_by_step_is_the_list() -> None:
    with Engine(clock="manual") as engine, engine.connect("1") as kim:
        seen = kim.watch("live", 5)
        rows = seen.rooms
        sessions = [engine.connect(f"u{n}") for n in range(8)]
        for n, session in enumerate(sessions):
            for room in range(n + 1):
                session.join(f"room-{room}", create={"title": f"Room {room}"})
        engine.clock.advance(5)
        for session in sessions[:5]:
            session.leave("room-0")
        engine.close_room("room-2")
        engine.clock.advance(5)
        for event in kim.batch(0):
            assert isinstance(event, ListChanged)
            rows = event.apply(rows)
        assert [(r.id, r.live) for r in rows] == [(r.id, r.live) for r in engine.rooms("live", 5)]


def test_cursors_are_values() -> None:
    cursor = Cursor("e", 3, 5)
    assert cursor == Cursor("e", 3, 5) and cursor != Cursor("e", 4, 5)
    assert hash(cursor) == hash(Cursor("e", 3, 5))
    assert Cursor.from_dict(cursor.as_dict()) == cursor
    assert cursor.as_dict() == {"epoch": "e", "n": 3, "at": 5}
    assert Cursor.from_dict({"epoch": "e", "n": 3}).at is None
    for wrong in ({}, {"epoch": "e"}, {"n": 3}, {"epoch": 1, "n": 3}, *({"epoch": "e", "n": n} for n in (-1, 2**70))):
        with pytest.raises((chat_engine.BadRequest, TypeError, ValueError, LookupError)):
            Cursor.from_dict(wrong)


def test_what_is_answered_is_on_the_wire_as_it_is_here(engine: Engine) -> None:
    with engine.connect("1", "Kim") as kim:
        snapshot = kim.join("r", create={"title": "R", "meta": {"a": [1]}})
        spoken = kim.say("r", "hi")
        for answer, fields in [
            (snapshot, {"room", "you", "created", "cursor", "members", "entries", "resumed"}),
            (spoken, {"n", "at", "dup"}),
            (kim.history("r"), {"entries", "more", "epoch", "first"}),
            (kim.members("r"), {"members", "count", "more", "cursor"}),
            (engine.rooms(), {"rooms", "total"}),
            (kim.watch("live"), {"list", "version", "rooms"}),
            (
                engine.room("r"),
                {"id", "kind", "title", "meta", "owner", "capacity", "created", "live", "visitors", "last"},
            ),
        ]:
            wire = answer.as_dict()
            assert set(wire) == fields, type(answer)
            json.dumps(wire)
            assert type(answer).__name__ in repr(answer)
        last = engine.room("r").last
        assert last is not None and last.as_dict() == engine.room("r").as_dict()["last"]


def test_pages_are_sequences(engine: Engine) -> None:
    with engine.connect("1", "Kim") as kim:
        kim.join("r", create={"title": "R"})
        for n in range(3):
            kim.say("r", n)
        for page in (kim.history("r"), kim.members("r"), engine.rooms()):
            assert len(page) == len(list(page)) and page[0] is not None and page[-1] is not None
            with pytest.raises(IndexError):
                page[len(page)]
        assert isinstance(kim.history("r")[-1], Said)


def test_a_session_can_be_followed_by_for(engine: Engine) -> None:
    async def main() -> tuple[list[Event], list[Event]]:
        async with await engine.aconnect("1", "Kim") as kim:
            await kim.ajoin("r", create={"title": "R"})
            for n in range(5):
                await kim.asay("r", n)
            one_by_one = []
            async for event in kim:
                one_by_one.append(event)
                if len(one_by_one) == 3:
                    break
            # Nothing that was taken with them is lost: the next reader goes on there.
            rest: list[Event] = []
            async for batch in kim.batches():
                rest += batch
                break
            return one_by_one, rest

    first, rest = asyncio.run(main())
    assert [e.body for e in (*first, *rest) if isinstance(e, Said)] == [0, 1, 2, 3, 4]


def test_following_ends_after_bye(engine: Engine) -> None:
    async def main() -> tuple[list[str], list[str]]:
        some = []
        for how in ("events", "batches"):
            kim = await engine.aconnect("1", "Kim")
            await engine.adisconnect("1")
            if how == "events":
                some.append([event.ev async for event in kim])
            else:
                some.append([event.ev async for batch in kim.batches() for event in batch])
        return some[0], some[1]

    assert asyncio.run(main()) == (["bye"], ["bye"])


def test_engines_and_sessions_say_what_they_are(engine: Engine) -> None:
    session: Session = engine.connect("1", "Kim")
    # What somebody is called has no business in a log.
    assert "Session" in repr(session) and "Kim" not in repr(session)
    assert "Engine" in repr(engine) and "memory://" in repr(engine)

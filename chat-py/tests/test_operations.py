"""Every operation, by both of its names, on both stores."""

import asyncio
import inspect
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import twins
from twins import Call, events

import chat_engine
from chat_engine import Closed, Engine, Joined, Kicked, Left, ListChanged, Matched, Renamed, Said, Session, Signal

# Made and taken down by a property or by Python, or an answer without waiting: these need no second name.
WITHOUT_TWIN = {
    Engine: {"stats", "server", "serve"},
    Session: {"batches"},
}


@pytest.fixture(params=[twins.sync, twins.awaited], ids=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    """One of the two names."""
    call: Call = request.param
    return call


@pytest.fixture
def kim(each_engine: Engine) -> Iterator[Session]:
    with each_engine.connect("1", "Kim") as session:
        yield session


@pytest.fixture
def lee(each_engine: Engine) -> Iterator[Session]:
    with each_engine.connect("2", "Lee") as session:
        yield session


@pytest.mark.parametrize("kind", [Engine, Session])
def test_every_operation_has_two_names(kind: type) -> None:
    names = {name for name, _ in inspect.getmembers(kind, callable) if not name.startswith("_")}
    plain = {name for name in names if f"a{name}" in names}
    assert names - plain - {f"a{name}" for name in plain} == WITHOUT_TWIN[kind]
    for name in plain:
        both = [inspect.signature(getattr(kind, each)) for each in (name, f"a{name}")]
        if name != "batch":  # which has a `timeout`; its twin has `asyncio.timeout`
            assert [p.replace(annotation=p.empty) for p in both[0].parameters.values()] == [
                p.replace(annotation=p.empty) for p in both[1].parameters.values()
            ], name


def test_somebody_connects(each_engine: Engine, call: Call) -> None:
    session = call(each_engine, "connect", "42", "Kim")
    assert (session.user, session.name, session.closed) == ("42", "Kim", False)
    assert session.engine is each_engine or session.engine.node == each_engine.node
    call(session, "close")
    assert session.closed


def test_who_says_no_name_is_somebody_new(each_engine: Engine, call: Call) -> None:
    some = [call(each_engine, "connect") for _ in range(3)]
    assert len({session.user for session in some}) == 3
    assert all(session.name for session in some)


def test_a_join_answers_with_the_room(kim: Session, lee: Session, call: Call) -> None:
    first = call(kim, "join", "rust", create={"title": "Rust", "meta": {"a": 1}})
    assert (first.created, first.you, first.resumed, first.why) == (True, "1", False, None)
    assert (first.room.id, first.room.title, first.room.meta, first.room.kind) == ("rust", "Rust", {"a": 1}, "public")
    call(kim, "say", "rust", {"text": "hello"})
    second = call(lee, "join", "rust")
    assert (second.created, [m.user for m in second.members], [m.name for m in second.members]) == (
        False,
        ["1", "2"],
        ["Kim", "Lee"],
    )
    assert [entry.body for entry in second.entries if isinstance(entry, Said)] == [{"text": "hello"}]
    assert second.cursor.n == 3
    assert second.room.live == 2


def test_a_join_with_a_cursor_gives_what_was_missed(kim: Session, lee: Session, call: Call) -> None:
    cursor = call(kim, "join", "r", create={"title": "R"}).cursor
    lee.join("r")
    for n in range(5):
        lee.say("r", n)
    again = call(kim, "join", "r", since=cursor)
    assert again.resumed
    assert [entry.n for entry in again.entries] == list(range(cursor.n + 1, again.cursor.n + 1))
    newest = call(kim, "join", "r", recent=2)
    assert [entry.body for entry in newest.entries if isinstance(entry, Said)] == [3, 4]


def test_what_is_said_comes_to_all_in_one_order(kim: Session, lee: Session, call: Call) -> None:
    kim.join("r", create={"title": "R"})
    lee.join("r")
    events(kim, 1)  # Lee has joined.
    said = [call(kim, "say", "r", n) for n in range(3)] + [call(lee, "say", "r", n) for n in range(3, 6)]
    assert [spoken.n for spoken in said] == list(range(said[0].n, said[0].n + 6))
    for session in (kim, lee):
        told = events(session, 6)
        assert [(e.n, e.body, e.by) for e in told if isinstance(e, Said)] == [
            (spoken.n, n, "1" if n < 3 else "2") for n, spoken in enumerate(said)
        ]


def test_a_key_is_said_once(kim: Session, call: Call) -> None:
    kim.join("r", create={"title": "R"})
    first = call(kim, "say", "r", "once", key="k")
    again = call(kim, "say", "r", "once", key="k")
    assert (first.duplicate, again.duplicate, again.n) == (False, True, first.n)
    (told,) = events(kim, 1)
    assert isinstance(told, Said) and told.key == "k"
    assert kim.batch(0) == []


def test_a_signal_is_for_the_others(kim: Session, lee: Session, call: Call) -> None:
    kim.join("r", create={"title": "R"})
    lee.join("r")
    events(kim, 1)
    assert call(kim, "signal", "r", {"typing": True}) is None
    (told,) = events(lee, 1)
    assert isinstance(told, Signal)
    assert (told.room, told.by, told.body) == ("r", "1", {"typing": True})
    assert kim.batch(0) == []


def test_who_leaves_is_gone(kim: Session, lee: Session, call: Call) -> None:
    kim.join("r", create={"title": "R"})
    lee.join("r")
    assert call(kim, "leave", "r") is None
    (told,) = events(lee, 1)
    assert isinstance(told, Left) and (told.user, told.why, told.live) == ("1", "left", 1)
    with pytest.raises(chat_engine.NotMember):
        call(kim, "say", "r", "x")


def test_history_goes_both_ways(each_engine: Engine, kim: Session, call: Call) -> None:
    kim.join("r", create={"title": "R"})
    said = [kim.say("r", n).n for n in range(10)]
    for on in (kim, each_engine):
        newest = call(on, "history", "r", limit=3)
        assert ([e.body for e in newest if isinstance(e, Said)], newest.more, len(newest)) == ([7, 8, 9], True, 3)
        before = call(on, "history", "r", before=said[3], limit=50)
        assert [e.body for e in before if isinstance(e, Said)] == [0, 1, 2]
        after = call(on, "history", "r", after=said[3], limit=2)
        assert [e.body for e in after if isinstance(e, Said)] == [4, 5]
        assert after.more and after.first == said[0] and after.epoch == newest.epoch
        with pytest.raises(chat_engine.BadRequest):
            call(on, "history", "r", before=3, after=1)


def test_members_come_page_by_page(each_engine: Engine, call: Call) -> None:
    sessions = [each_engine.connect(f"{n:02}", f"N{n}") for n in range(5)]
    for session in sessions:
        session.join("r", create={"title": "R"})
    for on in (sessions[0], each_engine):
        page = call(on, "members", "r", limit=3)
        assert ([m.user for m in page], page.count, page.more) == (["00", "01", "02"], 5, True)
        rest = call(on, "members", "r", after="02", limit=3)
        assert ([m.user for m in rest], rest.more) == (["03", "04"], False)
    assert abs(page[0].since - datetime.now(timezone.utc)) < timedelta(minutes=1)


def test_a_new_name_is_told(kim: Session, lee: Session, call: Call) -> None:
    kim.join("r", create={"title": "R"})
    lee.join("r")
    assert call(kim, "rename", "  Kim 2 ") == "Kim 2"
    assert kim.name == "Kim 2"
    (told,) = events(lee, 1)
    assert isinstance(told, Renamed) and (told.user, told.name) == ("1", "Kim 2")


def test_rooms_are_opened(each_engine: Engine, kim: Session, call: Call) -> None:
    room = call(each_engine, "open", "film-1", title="A film", capacity=7, owner="9", idle=60, max_age=None)
    assert (room.id, room.title, room.capacity, room.owner, room.live) == ("film-1", "A film", 7, "9", 0)
    with pytest.raises(chat_engine.RoomExists):
        call(each_engine, "open", "film-1", title="Again")
    made = call(each_engine, "open", title="Any", kind="private")
    assert made.kind == "private" and len(made.id) > 16
    own = call(kim, "open", title="Mine")
    assert own.owner == "1"
    assert call(each_engine, "room", "film-1").title == "A film"
    with pytest.raises(chat_engine.NoSuchRoom):
        call(each_engine, "room", "film-2")


def test_rooms_are_listed(each_engine: Engine, call: Call) -> None:
    for n in range(4):
        each_engine.open(f"film-{n}", title=f"Film {n}")
    with each_engine.connect("1", "Kim") as kim:
        kim.join("film-2")
        page = call(each_engine, "rooms", order="live", limit=2)
        assert (page[0].id, page[0].live, len(page), page.total) == ("film-2", 1, 2, 4)
        rest = call(each_engine, "rooms", order="live", limit=10, offset=2)
        assert {room.id for room in (*page, *rest)} == {f"film-{n}" for n in range(4)}
        by_id = call(each_engine, "rooms", ids=["film-1", "nothing", "film-2"])
        assert [(room.id, room.live) for room in by_id] == [("film-1", 0), ("film-2", 1)]
        assert call(each_engine, "rooms", ids=[]).rooms == []
        assert call(each_engine, "online") == 1


def test_the_site_itself_posts(each_engine: Engine, kim: Session, call: Call) -> None:
    kim.join("r", create={"title": "R"})
    by_site = call(each_engine, "post", "r", {"text": "maintenance"})
    call(each_engine, "post", "r", "hi", user="bot", name="Bot", key="k")
    again = call(each_engine, "post", "r", "hi", user="bot", name="Bot", key="k")
    assert again.duplicate
    site, bot = events(kim, 2)
    assert isinstance(site, Said) and isinstance(bot, Said)
    assert (site.n, site.by, site.name, site.body) == (by_site.n, None, None, {"text": "maintenance"})
    assert (bot.by, bot.name, bot.body, bot.key) == ("bot", "Bot", "hi", "k")


def test_somebody_is_put_out(each_engine: Engine, kim: Session, lee: Session, call: Call) -> None:
    kim.join("r", create={"title": "R"})
    lee.join("r")
    events(kim, 1)
    assert call(each_engine, "kick", "r", "2") is None
    told = events(kim, 1)[0]
    assert isinstance(told, Left) and told.why == "kicked"
    assert any(isinstance(e, Kicked) and e.room == "r" for e in lee.batch(20))
    with pytest.raises(chat_engine.NotMember):
        lee.say("r", "x")


def test_somebody_is_sent_away(each_engine: Engine, kim: Session, call: Call) -> None:
    assert call(each_engine, "disconnect", "1") is None
    until = time.monotonic() + 20
    told: list[Any] = []
    while not told and time.monotonic() < until:
        told = kim.batch(1)
    assert [(e.ev, e.why) for e in told] == [("bye", "kicked")]
    with pytest.raises(chat_engine.Ended):
        kim.batch(0)
    with pytest.raises(chat_engine.Ended):
        call(kim, "join", "r", create={"title": "R"})


def test_a_room_is_closed(each_engine: Engine, kim: Session, lee: Session, call: Call) -> None:
    kim.open("mine", title="Mine")
    each_engine.open("other", title="Other")
    kim.join("mine")
    kim.join("other")
    with pytest.raises(chat_engine.Forbidden) as refused:
        call(lee, "close_room", "mine")
    assert isinstance(refused.value, PermissionError) and refused.value.code == "forbidden"
    assert call(kim, "close_room", "mine") is None
    assert call(each_engine, "close_room", "other") is None
    told = events(kim, 2)
    assert [(e.room, e.why) for e in told if isinstance(e, Closed)] == [("mine", "owner"), ("other", "admin")]
    with pytest.raises(chat_engine.RoomClosed) as closed:
        call(kim, "join", "mine")
    assert (closed.value.code, closed.value.why) == ("room_closed", "owner")
    assert isinstance(closed.value, LookupError)


def test_a_second_connection_knows_where_its_user_is(each_engine: Engine, kim: Session, call: Call) -> None:
    kim.join("a", create={"title": "A"})
    with each_engine.connect("1") as other:
        assert call(other, "rooms") == ["a"]
        assert call(other, "waiting") == []
        kim.seek("random")
        assert call(other, "waiting") == ["random"]
    assert call(kim, "cancel_seek") is None
    with pytest.raises(chat_engine.NotWaiting):
        call(kim, "cancel_seek", "random")


def test_two_are_matched(kim: Session, lee: Session, call: Call) -> None:
    assert call(kim, "seek", tags=["music", "film"]) is None
    assert call(lee, "seek", "random", tags=["music"], strict=True) is None
    (kims,), (lees,) = events(kim, 1), events(lee, 1)
    assert isinstance(kims, Matched) and isinstance(lees, Matched)
    assert kims.room.id == lees.room.id and kims.room.id.startswith("random~")
    assert kims.room.kind == "pair" and kims.shared == ["music"]
    assert kims.you != "1" and {m.user for m in kims.members} == {kims.you, lees.you}
    with pytest.raises(chat_engine.AlreadyMatched):
        call(kim, "seek")
    call(kim, "say", kims.room.id, "hello")
    (told,) = events(lee, 1)
    assert isinstance(told, Said) and told.by == kims.you
    assert call(lee, "seek_next", kims.room.id, tags=["else"]) is None
    kinds = [type(e) for e in events(kim, 3)]
    assert kinds == [Said, Left, Closed]
    assert lee.waiting() == ["random"]


def test_a_blocked_partner_does_not_come_again(kim: Session, lee: Session, call: Call) -> None:
    kim.seek()
    lee.seek()
    (matched,) = events(kim, 1)
    assert isinstance(matched, Matched)
    events(lee, 1)
    assert call(kim, "block", matched.room.id) is None
    events(lee, 2)  # left, closed
    kim.batch(0)
    kim.seek()
    lee.seek()
    assert kim.batch(0.3) == [] or not any(isinstance(e, Matched) for e in kim.batch(0))
    assert kim.waiting() == lee.waiting() == ["random"]


def test_a_list_is_watched(each_engine: Engine, kim: Session, lee: Session, call: Call) -> None:
    each_engine.open("a", title="A")
    each_engine.open("b", title="B")
    seen = call(kim, "watch", "live", 10)
    assert (seen.order, {room.id for room in seen.rooms}) == ("live", {"a", "b"})
    rooms, version = seen.rooms, seen.version
    lee.join("b")
    until = time.monotonic() + 20
    while rooms[0].id != "b" and time.monotonic() < until:
        for event in kim.batch(1):
            assert isinstance(event, ListChanged)
            assert (event.list, event.version) == ("live", version + 1)
            rooms, version = event.apply(rooms), event.version
    assert [(room.id, room.live) for room in rooms] == [("b", 1), ("a", 0)]
    assert call(kim, "unwatch", "live") is True
    assert call(kim, "unwatch", "live") is False
    online = call(kim, "watch", "online")
    assert (online.order, online.online, online.rooms) == ("online", 2, [])


def test_with_ends_what_was_begun(url: str, call: Call) -> None:
    async def asynchronously() -> tuple[Engine, Session]:
        async with Engine(url) as engine, await engine.aconnect("1") as session:
            await session.ajoin("r", create={"title": "R"})
        return engine, session

    if call is twins.sync:
        with Engine(url) as engine, engine.connect("1") as session:
            session.join("r", create={"title": "R"})
    else:
        engine, session = asyncio.run(asynchronously())
    assert engine.closed and session.closed
    # To end what has ended is no mistake.
    call(session, "close")
    call(engine, "close")


def test_time_passes_by_hand(call: Call) -> None:
    with Engine(clock="manual") as engine, engine.connect("1") as session:
        assert engine.clock.manual
        before = engine.clock.now
        session.join("r", create={"title": "R", "idle": 60})
        assert call(engine.clock, "advance", timedelta(seconds=59)) is None
        assert session.batch(0) == []
        call(engine.clock, "advance", 1.5)
        assert [(type(e), e.why) for e in session.batch(0) if isinstance(e, Closed)] == [(Closed, "idle")]
        assert engine.clock.now - before == timedelta(seconds=60.5)


def test_a_sweep_does_what_is_due(each_engine: Engine, call: Call) -> None:
    assert call(each_engine, "sweep") is None
    assert isinstance(each_engine.stats(), dict)
    assert all(isinstance(k, str) and isinstance(v, int) for k, v in each_engine.stats().items())


def test_a_batch_waits_for_as_long_as_it_is_told(kim: Session) -> None:
    began = time.monotonic()
    assert kim.batch(0) == []
    assert kim.batch(timeout=timedelta(milliseconds=50)) == []
    assert 0.05 <= time.monotonic() - began < 20


def test_who_joined_is_told_of_the_next(kim: Session, lee: Session, call: Call) -> None:
    kim.join("r", create={"title": "R"})
    lee.join("r")
    (told,) = call(kim, "batch")
    assert isinstance(told, Joined) and (told.user, told.name, told.live) == ("2", "Lee", 2)

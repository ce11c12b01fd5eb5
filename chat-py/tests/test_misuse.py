"""What is done wrong is said, with what to do instead: it neither hangs nor ends the process."""

import asyncio
import copy
import gc
import pickle
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from redis_server import RedisServer

import chat_engine
from chat_engine import ChatError, Ended, Engine, Misuse, Session, SynchronousOnly


@pytest.fixture
def kim(engine: Engine) -> Iterator[Session]:
    with engine.connect("1", "Kim") as session:
        session.join("r", create={"title": "R"})
        yield session


def test_every_error_is_a_chat_error_with_a_code() -> None:
    codes = set()
    for name in chat_engine.__all__:
        kind = getattr(chat_engine, name)
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert issubclass(kind, ChatError), name
            error = kind("what happened")
            assert str(error) == "what happened"
            assert isinstance(error.code, str) and error.code
            codes.add(error.code)
            again = pickle.loads(pickle.dumps(error))
            assert type(again) is kind and str(again) == str(error) and again.code == error.code
    wire = "bad_request unauthorized forbidden no_such_room room_exists room_full room_closed not_member not_waiting"
    assert set(wire.split()) <= codes
    assert {"already_matched", "too_large", "too_many", "overloaded", "unavailable", "internal"} <= codes


def test_every_error_is_also_what_python_calls_it() -> None:
    for name, kinds in {
        "BadRequest": (ValueError,),
        "BodyError": (ValueError, TypeError),
        "Unauthorized": (PermissionError,),
        "Forbidden": (PermissionError,),
        "NoSuchRoom": (LookupError,),
        "RoomClosed": (LookupError,),
        "RoomExists": (ValueError,),
        "TooLarge": (ValueError,),
        "Unavailable": (ConnectionError,),
        "StoreTimeout": (ConnectionError, TimeoutError),
        "Ended": (ConnectionError,),
        "InternalError": (RuntimeError,),
        "Misuse": (RuntimeError,),
        "SynchronousOnly": (RuntimeError,),
    }.items():
        for kind in (*kinds, ChatError):
            assert issubclass(getattr(chat_engine, name), kind), (name, kind)


def test_a_closed_engine_says_so(engine: Engine, kim: Session) -> None:
    engine.close()
    assert engine.closed
    for ask in (
        lambda: engine.rooms(),
        lambda: engine.connect("2"),
        lambda: engine.post("r", 1),
        lambda: asyncio.run(engine.arooms()),  # type: ignore[arg-type]
    ):
        with pytest.raises(Misuse, match="closed"):
            ask()
    for ask in (lambda: kim.say("r", 1), lambda: kim.join("s", create={"title": "S"})):
        with pytest.raises(Ended):
            ask()


def test_a_closed_engine_says_bye_to_its_sessions(engine: Engine, kim: Session) -> None:
    other = engine.connect("2")
    engine.close()
    for session in (kim, other):
        told = [event.ev for event in session.batch(1)]
        assert told[-1:] == ["bye"]
        with pytest.raises(Ended):
            session.batch(1)


def test_a_closed_session_says_so(kim: Session) -> None:
    kim.close()
    for ask in (
        lambda: kim.say("r", 1),
        lambda: kim.batch(),
        lambda: kim.leave("r"),
        lambda: asyncio.run(kim.abatch()),  # type: ignore[arg-type]
    ):
        with pytest.raises(Ended):
            ask()


@pytest.mark.parametrize("close", ["session", "engine", "disconnect"])
def test_closing_wakes_who_waits(engine: Engine, close: str) -> None:
    session = engine.connect("1")
    found: list[Any] = []

    def reads() -> None:
        try:
            found.append([event.ev for event in session.batch(60)])
            session.batch(60)
        except Ended:
            found.append("ended")

    reader = threading.Thread(target=reads)
    reader.start()
    time.sleep(0.05)
    {"session": session.close, "engine": engine.close, "disconnect": lambda: engine.disconnect("1")}[close]()
    reader.join(20)
    assert not reader.is_alive()
    assert found[-1] == "ended", found


def test_a_session_has_one_reader_at_a_time(kim: Session) -> None:
    async def two() -> list[BaseException | Any]:
        first = asyncio.ensure_future(kim.abatch())
        await asyncio.sleep(0)
        with pytest.raises(Misuse, match="read a session in one place"):
            await kim.abatch()
        with pytest.raises(Misuse):
            await kim.__aiter__().__anext__()
        kim.say("r", 1)
        return await first

    assert [event.as_dict()["body"] for event in asyncio.run(two())] == [1]

    def thread() -> None:
        with pytest.raises(Ended):
            while True:
                # The other one may look just now.
                with suppress(Misuse):
                    kim.batch(60)

    reader = threading.Thread(target=thread)
    reader.start()
    end = time.monotonic() + 20
    with pytest.raises(Misuse):
        while time.monotonic() < end:
            kim.batch(0)
            time.sleep(0.005)
    kim.close()
    reader.join(20)
    assert not reader.is_alive()


def test_waiting_in_the_thread_of_a_running_loop_is_refused(kim: Session) -> None:
    async def main() -> None:
        # What is there can be taken; to wait would stop the loop.
        kim.say("r", 1)
        with pytest.raises(SynchronousOnly, match="await it"):
            kim.batch(5)

    asyncio.run(main())
    assert len(kim.batch(0)) == 1, "nothing was taken"


def test_redis_is_not_asked_in_the_thread_of_a_running_loop(redis_url: str) -> None:
    with Engine(redis_url) as engine, engine.connect("1") as kim:
        kim.join("r", create={"title": "R"})

        async def main() -> None:
            for ask in (
                lambda: engine.rooms(),
                lambda: engine.post("r", 1),
                lambda: engine.connect("2"),
                lambda: kim.say("r", 1),
                lambda: kim.leave("r"),
                lambda: engine.open("s", title="S"),
                lambda: engine.close_room("r"),
            ):
                with pytest.raises(SynchronousOnly, match="await it"):
                    ask()
            # In another thread there is no loop, and so it may wait.
            assert (await asyncio.to_thread(engine.rooms)).total == 1

        asyncio.run(main())
        assert [e.ev for e in kim.batch(0)] == [], "nothing was done"
        assert engine.rooms().total == 1


def test_in_memory_nothing_waits_so_nothing_is_refused(engine: Engine) -> None:
    async def main() -> None:
        with engine.connect("1") as kim:
            kim.join("r", create={"title": "R"})
            kim.say("r", 1)
            assert [event.ev for event in kim.batch(0)] == ["said"]
            assert engine.rooms().total == 1

    asyncio.run(main())


def test_what_was_begun_in_one_loop_is_not_awaited_in_another(redis: RedisServer, redis_url: str) -> None:
    with Engine(redis_url) as engine:
        assert engine.rooms().total == 0

        async def begin() -> Any:
            operation = engine.arooms()
            operation.send(None)
            return operation

        # So that it has to wait.
        redis.pause()
        begun = asyncio.run(begin())
        redis.resume()

        async def go_on() -> None:
            with pytest.raises((Misuse, RuntimeError)) as refused:
                await begun
            assert str(refused.value)

        asyncio.run(go_on())
        assert engine.rooms().total == 0


def test_sessions_go_from_one_loop_to_the_next(each_engine: Engine) -> None:
    session = asyncio.run(each_engine.aconnect("1", "Kim"))  # type: ignore[arg-type]
    asyncio.run(session.ajoin("r", create={"title": "R"}))  # type: ignore[arg-type]
    for n in range(3):
        asyncio.run(session.asay("r", n))  # type: ignore[arg-type]
        (told,) = asyncio.run(session.abatch())  # type: ignore[arg-type]
        assert told.body == n  # type: ignore[union-attr]


def test_an_operation_outside_of_a_loop_says_so(redis: RedisServer, redis_url: str) -> None:
    with Engine(redis_url) as engine:
        assert engine.rooms().total == 0
        redis.pause()
        operation = engine.arooms()
        with pytest.raises(Misuse, match="loop"):
            operation.send(None)
        operation.close()
        redis.resume()


def test_what_cannot_be_copied_or_kept_says_so(engine: Engine, kim: Session) -> None:
    for thing in (engine, kim, engine.clock):
        for keep in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises((TypeError, Misuse)):
                keep(thing)


def test_none_can_be_made_by_hand() -> None:
    for kind in (Session, chat_engine.Room, chat_engine.Clock, chat_engine.Snapshot):
        with pytest.raises(TypeError):
            kind()
        assert type(kind) is type


def test_wrong_numbers_of_arguments_are_python_errors(engine: Engine, kim: Session) -> None:
    for ask in (
        lambda: kim.say("r"),  # type: ignore[call-arg]
        lambda: kim.say("r", 1, 2),  # type: ignore[call-arg,misc]
        lambda: engine.rooms(1),  # type: ignore[arg-type]
        lambda: engine.rooms(ids=3),  # type: ignore[arg-type]
        lambda: engine.rooms(ids=[1]),  # type: ignore[list-item]
        lambda: kim.seek(tags=3),  # type: ignore[arg-type]
        lambda: kim.batch("soon"),  # type: ignore[arg-type]
        lambda: kim.join("r", since=5),  # type: ignore[arg-type]
        lambda: kim.join("r", create=5),  # type: ignore[arg-type]
        lambda: engine.kick("r"),  # type: ignore[call-arg]
        lambda: engine.connect(5),  # type: ignore[arg-type]
    ):
        with pytest.raises((TypeError, ValueError)):
            ask()
    with pytest.raises(ValueError):
        engine.rooms("popular")  # type: ignore[arg-type]
    # A string is a sequence of strings, and never what was meant.
    with pytest.raises((TypeError, ValueError)):
        engine.rooms(ids="film-1")
    with pytest.raises((TypeError, ValueError)):
        kim.seek(tags="music")
    for wrong in (float("nan"), -1, float("inf") * -1):
        with pytest.raises(ValueError):
            kim.batch(wrong)


def test_who_is_forgotten_is_let_go(engine: Engine) -> None:
    session = engine.connect("1", "Kim")
    session.join("r", create={"title": "R", "grace": 0})
    with engine.connect("2") as other:
        other.join("r")
        try:
            gone = weakref.ref(session)
        except TypeError:
            gone = lambda: None  # noqa: E731
        del session
        gc.collect()
        assert gone() is None
        told: list[Any] = []
        until = time.monotonic() + 20
        while not told and time.monotonic() < until:
            told = other.batch(1)
        assert [(e.ev, e.user, e.why) for e in told] == [("left", "1", "lost")]


def test_a_panic_is_an_exception_and_the_next_one_is_served(redis_url: str) -> None:
    from chat_engine import _native

    for here in (True, False):
        with pytest.raises(chat_engine.InternalError) as refused:
            _native._panic(here)  # type: ignore[attr-defined]
        assert isinstance(refused.value, RuntimeError)
        assert not type(refused.value).__name__.startswith("PanicException")
    with Engine(redis_url) as engine:
        assert engine.rooms().total == 0

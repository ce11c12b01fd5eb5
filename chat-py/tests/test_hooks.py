"""What a host decides, and what it is told: by plain functions and by coroutines, in threads of their own."""

import asyncio
import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from programs import Runner

import chat_engine
from chat_engine import (
    BadRequest,
    Deny,
    Engine,
    Forbidden,
    Misuse,
    NotMember,
    Opened,
    Paired,
    Replace,
    Room,
    Said,
    SynchronousOnly,
    Unavailable,
    Wrote,
)

PATIENCE = 20.0


def hooks(**named: Callable[..., Any]) -> SimpleNamespace:
    return SimpleNamespace(**named)


def until(so: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.002)


def logged(caplog: pytest.LogCaptureFixture, message: str) -> list[logging.LogRecord]:
    """What is logged comes behind what is answered; so it may also be from what was before."""
    return [record for record in caplog.records if record.getMessage() == message]


def bodies(engine: Engine, room: str = "r") -> list[Any]:
    return [entry.body for entry in engine.history(room) if isinstance(entry, Said)]


# --- what is decided --------------------------------------------------------------------------------------------------


def test_each_hook_is_asked_with_what_it_is_about(url: str) -> None:
    asked: list[tuple[Any, ...]] = []

    def note(name: str) -> Callable[..., None]:
        return lambda *args: asked.append((name, *args))

    named = {name: note(name) for name in ("may_open", "may_join", "may_say", "may_seek", "blocks")}
    with Engine(url, hooks=hooks(**named)) as engine, engine.connect("7", "Kim") as kim:
        kim.join("r", create={"title": "R", "meta": {"x": 1}, "idle": 60, "max_age": None})
        kim.say("r", {"text": "hello"})
        kim.seek("random")
        # What the host does itself is not asked about.
        engine.open("own")
        engine.post("r", "from the host")
    by_name = {name: args for name, *args in asked}
    room = by_name["may_open"][2]
    assert by_name["may_open"][:2] == ["7", "Kim"]
    assert (room["id"], room["title"], room["kind"], room["meta"]) == ("r", "R", "public", {"x": 1})
    assert (room["owner"], room["capacity"], room["idle"], room["max_age"]) == ("7", 1000, 60.0, None)
    assert by_name["may_join"] == ["7", "Kim", "r"]
    assert by_name["may_say"] == ["7", "Kim", "r", {"text": "hello"}]
    assert by_name["may_seek"] == ["7", "Kim", "random"]
    assert by_name["blocks"] == ["7", "Kim"]
    assert [name for name, *_ in asked].count("may_say") == 1


@pytest.mark.parametrize(("answer", "why"), [(False, None), (Deny(), None), (Deny("members only\n"), "members only ")])
def test_what_is_refused_is_refused_with_the_hosts_words(answer: object, why: str | None) -> None:
    refuse = hooks(may_open=lambda *args: answer, may_join=lambda *args: answer, may_seek=lambda *args: answer)
    with Engine(hooks=refuse) as engine, engine.connect("7") as session:
        engine.open("r")
        for act in (lambda: session.open("new"), lambda: session.join("r"), lambda: session.seek()):
            with pytest.raises(Forbidden) as refused:
                act()
            assert (refused.value.code, refused.value.why) == ("forbidden", why)
        assert engine.room("r").live == 0
        with pytest.raises(NotMember):
            session.say("r", "x")


def test_what_is_said_may_be_refused_or_replaced() -> None:
    def may_say(user: str, name: str, room: str, body: Any) -> object:
        return {"no": Deny("not that"), "damn": Replace({"text": "****"}), "null": Replace(None)}.get(body)

    with Engine(hooks=hooks(may_say=may_say)) as engine, engine.connect("7") as session:
        session.join("r", create={"title": "R"})
        for body in ("x", "damn", "null"):
            session.say("r", body)
        with pytest.raises(Forbidden, match="not that"):
            session.say("r", "no")
        assert bodies(engine) == ["x", {"text": "****"}, None]
        assert Replace([1]).body == [1] and Deny("x").reason == "x"


def test_a_replacement_that_is_no_body_fails_where_it_is_made() -> None:
    with pytest.raises(chat_engine.BodyError):
        Replace(object())


def test_those_whom_the_host_blocks_do_not_meet() -> None:
    def blocks(user: str, name: str) -> Iterable[str]:
        return (blocked for blocked in {"1": ["2"]}.get(user, []))

    with Engine(hooks=hooks(blocks=blocks), clock="manual") as engine:
        one, two, three = (engine.connect(user) for user in "123")
        one.seek()
        two.seek()
        engine.clock.advance(20)
        assert not any(isinstance(event, chat_engine.Matched) for event in two.batch(0))
        three.seek()
        assert isinstance(three.batch(PATIENCE)[0], chat_engine.Matched)


def test_hooks_may_be_coroutines_with_a_loop_of_their_thread(url: str) -> None:
    loops = set()

    async def may_say(user: str, name: str, room: str, body: Any) -> object:
        loops.add(asyncio.get_running_loop())
        await asyncio.sleep(0.001)
        # The engine may be used from within, as in any other loop.
        rooms = await engine.arooms(ids=[room])
        return Replace(f"{body} ({len(rooms)})")

    with Engine(url, hooks=hooks(may_say=may_say)) as engine, engine.connect("7") as session:
        session.join("r", create={"title": "R"})
        for n in range(5):
            session.say("r", n)
        assert bodies(engine) == [f"{n} (1)" for n in range(5)]
    assert 1 <= len(loops) <= 4


def test_a_plain_hook_may_use_the_engine_too() -> None:
    def may_join(user: str, name: str, room: str) -> bool:
        return engine.room(room).live < 1

    with Engine(hooks=hooks(may_join=may_join)) as engine:
        engine.open("r")
        one, two = engine.connect("1"), engine.connect("2")
        one.join("r")
        with pytest.raises(Forbidden):
            two.join("r")


# --- hooks that fail --------------------------------------------------------------------------------------------------


def fails(*_: object) -> object:
    raise RuntimeError("its database is away")


async def fails_later(*_: object) -> object:
    raise RuntimeError("its database is away")


WRONG: list[Callable[..., object]] = [
    fails,
    fails_later,
    lambda *args: "yes",
    lambda *args: 1,
    lambda: True,
    lambda *args: (_ for _ in ()).throw(SystemExit(1)),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_hook_that_fails_refuses_or_allows_as_is_chosen(
    wrong: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    with Engine(hooks=hooks(may_join=wrong)) as engine, engine.connect("7") as session:
        engine.open("r")
        with pytest.raises(Unavailable) as refused:
            session.join("r")
        assert refused.value.retry_after is not None and "database" not in str(refused.value)
        until(lambda: len(logged(caplog, "the hook may_join failed")) == 1, "a word in the log")
        (record,) = logged(caplog, "the hook may_join failed")
        assert (record.name, record.levelno) == ("chat_engine", logging.ERROR) and record.exc_info is not None
    with Engine(hooks=hooks(may_join=wrong), hooks_fail_open=True) as engine, engine.connect("7") as session:
        engine.open("r")
        assert session.join("r").room.live == 1
        until(lambda: len(logged(caplog, "the hook may_join failed")) == 2, "a word in the log")


def test_a_hook_that_takes_too_long_is_not_waited_for() -> None:
    go = threading.Event()

    def may_say(user: str, name: str, room: str, body: Any) -> None:
        if body == "slow":
            go.wait(PATIENCE)

    slow = hooks(may_say=may_say)
    with Engine(hooks=slow, hook_timeout=timedelta(seconds=1)) as engine, engine.connect("7") as session:
        session.join("r", create={"title": "R"})
        with pytest.raises(Unavailable):
            session.say("r", "slow")
        # Others are not held up by it.
        session.say("r", "quick")
        assert bodies(engine) == ["quick"]
        go.set()


def test_a_coroutine_that_takes_too_long_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    cancelled = threading.Event()

    async def may_say(*_: object) -> None:
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with Engine(hooks=hooks(may_say=may_say), hook_timeout=1) as engine, engine.connect("7") as session:
        session.join("r", create={"title": "R"})
        with pytest.raises(Unavailable):
            session.say("r", "x")
        assert cancelled.wait(PATIENCE)
        until(lambda: len(logged(caplog, "the hook may_say failed")) == 1, "a word in the log")


def test_more_than_can_be_asked_is_refused_and_not_kept_waiting(program: Runner) -> None:
    source = """
    import asyncio, logging, threading
    from types import SimpleNamespace
    from chat_engine import Engine, Unavailable

    logging.disable(logging.CRITICAL)
    go, begun = threading.Event(), []

    def may_say(user, name, room, body):
        begun.append(body)
        go.wait(30)

    async def main():
        engine = Engine(hooks=SimpleNamespace(may_say=may_say), hook_timeout=60)
        session = await engine.aconnect("7")
        await session.ajoin("r", create={"title": "R"})
        says = [asyncio.ensure_future(session.asay("r", n)) for n in range(1_100)]
        while sum(say.done() for say in says) < 1_100 - 1_024 - 2:
            await asyncio.sleep(0.01)
        assert all(isinstance(say.exception(), Unavailable) for say in says if say.done())
        assert len(begun) <= 2, len(begun)
        # Who gives up leaves their place to others, and is not asked about any more.
        for say in says[10:]:
            say.cancel()
        await asyncio.gather(*says[10:], return_exceptions=True)
        others = []
        while len(others) < 1_000:
            more = [asyncio.ensure_future(session.asay("r", "other")) for _ in range(100)]
            await asyncio.sleep(0.01)
            refused = [say for say in more if say.done()]
            assert all(isinstance(say.exception(), Unavailable) for say in refused)
            others += [say for say in more if not say.done()]
        go.set()
        await asyncio.gather(*says[:10], *others)
        print(len([body for body in begun if body != "other"]) <= 10 + 24 + 2, len(begun) >= 1_010)
        await engine.aclose()

    asyncio.run(main())
    """
    ended = program(source, env={"CHAT_ENGINE_THREADS": "2"}).well()
    assert ended.out == "True True\n"


def test_there_are_four_threads_at_the_most(program: Runner) -> None:
    source = """
    import threading, time
    from types import SimpleNamespace
    from chat_engine import Engine

    seen, lock = set(), threading.Lock()

    def may_say(*args):
        with lock:
            seen.add(threading.current_thread().name)
        time.sleep(0.001)

    assert not [t for t in threading.enumerate() if t.name.startswith("chat-hooks")]
    engines = [Engine(hooks=SimpleNamespace(may_say=may_say), observer=lambda *args: None) for _ in range(3)]
    # They are made when they are needed.
    assert not [t for t in threading.enumerate() if t.name.startswith("chat-hooks")]
    def says(engine, n):
        with engine.connect(str(n)) as session:
            session.join("r", create={"title": "R"})
            for body in range(20):
                session.say("r", body)
    people = [threading.Thread(target=says, args=(engine, n)) for engine in engines for n in range(6)]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join()
    threads = [t for t in threading.enumerate() if t.name.startswith("chat-hooks")]
    assert 2 <= len(seen) <= 4 and len(threads) <= 5, (seen, threads)
    assert all(t.daemon for t in threads)
    for engine in engines:
        engine.close()
    print("ok")
    """
    assert program(source).well().out == "ok\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (SimpleNamespace(may_sya=lambda *args: None), "did you mean may_say"),
        (SimpleNamespace(may_say="no function"), "may_say cannot be called"),
        (SimpleNamespace(), "has none of may_open"),
        ("site.chat.Rules", "has none of"),
    ],
)
def test_hooks_that_would_never_be_asked_are_refused(given: object, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        Engine(hooks=given)


def test_a_class_is_not_an_object_of_it() -> None:
    class Rules:
        def may_say(self, *args: object) -> None: ...

    with pytest.raises(Misuse, match="make one of it"):
        Engine(hooks=Rules)
    with pytest.raises(BadRequest, match="observer is a function"):
        Engine(observer="x")  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match="hook_timeout"):
        Engine(hooks=Rules(), hook_timeout="2")  # type: ignore[arg-type]


def test_a_plain_operation_that_has_to_ask_does_not_stop_an_event_loop() -> None:
    async def main() -> None:
        async with Engine(hooks=hooks(may_say=lambda *args: None)) as engine:
            session = await engine.aconnect("7")
            await session.ajoin("r", create={"title": "R"})
            with pytest.raises(SynchronousOnly):
                session.say("r", "x")
            await session.asay("r", "x")
            assert [entry.body for entry in await engine.ahistory("r") if isinstance(entry, Said)] == ["x"]

    asyncio.run(main())


# --- what was said before what the log still holds --------------------------------------------------------------------


class Archive:
    """A host that keeps everything: what it observes, as the wire has it."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str, int, int]] = []
        self.epochs: dict[int, str] = {}

    def observe(self, batch: list[Any], dropped: int) -> None:
        for seen in batch:
            if isinstance(seen, Wrote) and isinstance(seen.entry, Said):
                self.entries.append(seen.entry.as_dict())

    def older(self, room: str, epoch: str, before: int, limit: int) -> Iterable[dict[str, Any]]:
        self.asked.append((room, epoch, before, limit))
        return [entry for entry in self.entries if entry["room"] == room and entry["n"] < before][-limit:]


def test_reading_back_goes_on_in_what_the_host_keeps(url: str) -> None:
    archive = Archive()
    with Engine(url, hooks=archive, observer=archive.observe) as engine, engine.connect("7", "Kim") as kim:
        kim.join("r", create={"title": "R", "history": 5})
        for n in range(20):
            kim.say("r", {"n": n}, key=f"k{n}")
        engine.post("r", None)
        until(lambda: len(archive.entries) == 21, "the archive")
        said = []
        before = None
        while True:
            page = kim.history("r", before=before, limit=8)
            assert page == engine.history("r", before=before, limit=8)
            said[:0] = [entry for entry in page if isinstance(entry, Said)]
            if not page.more:
                break
            before = said[0].n
        assert [entry.as_dict() for entry in said] == archive.entries
        assert (said[0].key, said[0].name, said[0].body, said[-1].by) == ("k0", "Kim", {"n": 0}, None)
        assert archive.asked[0][:2] == ("r", said[0].epoch)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda *args: 7,
        lambda *args: [7],
        lambda *args: [{"n": 1}],
        lambda *args: [{"ev": "left", "n": 1, "at": 1, "user": "7", "name": "x"}],
        lambda *args: [{"ev": "said", "room": "other", "n": 1, "at": 1, "body": 1}],
        lambda *args: [{"ev": "said", "n": -1, "at": 1, "body": 1}],
        lambda *args: [{"ev": "said", "n": 1, "at": 1, "body": object()}],
        lambda *args: ({"ev": "said", "n": n, "at": 1, "body": 1} for n in range(10**9)),
        lambda room, epoch, before, limit: [{"ev": "said", "n": before, "at": 1, "body": 1}],
        fails,
    ],
)
def test_what_is_no_part_of_the_log_is_not_shown(wrong: Callable[..., object]) -> None:
    with Engine(hooks=hooks(older=wrong)) as engine:
        engine.open("r", history=2)
        for n in range(5):
            engine.post("r", n)
        assert [entry.n for entry in engine.history("r", before=5)] == [4]


# --- what is told -----------------------------------------------------------------------------------------------------


def test_an_observer_is_told_everything_once_and_in_order(url: str) -> None:
    seen: list[Any] = []
    threads: set[str] = set()

    def observer(batch: list[Any], dropped: int) -> None:
        assert dropped == 0
        threads.add(threading.current_thread().name)
        seen.extend(batch)

    with Engine(url, observer=observer) as engine:
        with engine.connect("1") as one, engine.connect("2") as two:
            one.join("r", create={"title": "R"})
            for n in range(3_000):
                one.say("r", n)
            one.seek()
            two.seek()
            matched = [event for event in one.batch(PATIENCE) if isinstance(event, chat_engine.Matched)]
            until(lambda: any(isinstance(each, Paired) for each in seen), "the match")
    # The end of the engine tells what still waits.
    said = [each.entry.body for each in seen if isinstance(each, Wrote) and isinstance(each.entry, Said)]
    assert said == list(range(3_000))
    match seen[0]:
        case Opened(Room() as room):
            assert room.id == "r"
        case other:
            pytest.fail(f"{other} came first")
    (pair,) = (each for each in seen if isinstance(each, Paired))
    assert pair.pool == "random" and pair.room.startswith("random~")
    assert {real for real, _ in pair.users} == {"1", "2"} and all(alias.startswith("a_") for _, alias in pair.users)
    assert not matched or matched[0].room.id == pair.room
    assert len(threads) == 1 and "MainThread" not in threads


def test_an_observer_that_fails_loses_that_batch_and_gets_the_next(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []

    def observer(batch: list[Any], dropped: int) -> None:
        if not logged(caplog, "the observer failed"):
            raise RuntimeError("its disk is full")
        seen.extend(batch)

    with Engine(observer=observer) as engine:
        engine.open("a")
        until(lambda: len(logged(caplog, "the observer failed")) == 1, "a word in the log")
        engine.open("b")
        until(lambda: bool(seen), "the next batch")
    assert [each.room.id for each in seen] == ["b"]


def test_an_observer_may_be_a_coroutine_and_is_in_nobodys_way() -> None:
    go, seen = threading.Event(), []

    async def observer(batch: list[Any], dropped: int) -> None:
        await asyncio.to_thread(go.wait, PATIENCE)
        seen.extend(batch)

    with Engine(observer=observer) as engine:
        began = time.monotonic()
        engine.open("r")
        for n in range(100):
            engine.post("r", n)
        assert time.monotonic() - began < 5 and not seen
        go.set()
        until(lambda: len(seen) == 101, "all of it")


# --- forks, the end, and what is let go of ----------------------------------------------------------------------------


def test_a_child_asks_and_tells_with_threads_of_its_own(program: Runner) -> None:
    source = """
    import os, time, warnings
    from types import SimpleNamespace
    from chat_engine import Engine, Forbidden

    warnings.simplefilter("ignore", DeprecationWarning)  # a fork with threads, which is what this is about

    # No lock, which a fork may find held.
    told = []
    engine = Engine(hooks=SimpleNamespace(may_say=lambda user, name, room, body: body != "no"),
                    observer=lambda batch, dropped: told.append(len(batch)))

    def talk(who):
        with engine.connect(who) as session:
            session.join("r", create={"title": "R"})
            session.say("r", "x")
            try:
                session.say("r", "no")
            except Forbidden:
                return
            raise AssertionError("nobody was asked")

    talk("parent")
    lives = 0
    for generation in range(4):
        told.clear()
        child = os.fork()
        if child:
            assert os.waitpid(child, 0)[1] == 0
            break
        lives += 1
        talk(f"child{generation}")
        end = time.monotonic() + 20
        while not told:
            assert time.monotonic() < end
            time.sleep(0.005)
    talk("again")
    engine.close()
    if lives == 0:
        print("ok")
    """
    assert program(source).well().out == "ok\n"


def test_the_process_ends_though_a_hook_an_observer_and_auth_hang(program: Runner) -> None:
    source = """
    import sys, threading, time
    from types import SimpleNamespace
    from websockets.sync.client import connect
    from chat_engine import Engine, Unavailable

    begun = threading.Semaphore(0)

    def hangs(*args):
        begun.release()
        time.sleep(600)

    engine = Engine(hooks=SimpleNamespace(may_say=hangs), hook_timeout=1, observer=hangs)
    server = engine.serve(port=0, auth=hangs)
    client = connect(server.url)
    client.send('{"id":1,"do":"hello"}')
    session = engine.connect("7")
    session.join("r", create={"title": "R"})
    try:
        session.say("r", "x")
    except Unavailable:
        pass
    for _ in range(3):
        assert begun.acquire(timeout=20)
    began = time.monotonic()
    import atexit
    atexit._run_exitfuncs()
    print(time.monotonic() - began < 10)
    """
    assert program(source, within=40).well().out == "True\n"


@pytest.mark.parametrize("first", ["engine", "session"])
def test_what_is_left_is_observed_whoever_goes_last(first: str) -> None:
    seen: list[object] = []
    held: dict[str, Any] = {"engine": Engine(observer=lambda batch, dropped: seen.extend(batch))}
    held["session"] = held["engine"].connect("7")
    held["session"].join("r", create={"title": "R"})
    for n in range(500):
        held["session"].say("r", n)
    held.pop(first)
    held.clear()
    until(lambda: len(seen) >= 502, "the last of it")


def test_a_closed_engine_lets_go_of_its_host_though_that_holds_it() -> None:
    class App:
        def __init__(self) -> None:
            self.engine = Engine(observer=self.saw)

        def saw(self, batch: object, dropped: int) -> None: ...

    app = App()
    app.engine.open("r")
    app.engine.close()
    gone = weakref.ref(app)
    del app

    def is_gone() -> bool:
        # What Rust let go of outside of Python is freed at the next call from here.
        assert not Engine().closed
        gc.collect()
        return gone() is None

    until(is_gone, "its end")


def test_closing_in_a_loop_is_refused_where_an_observer_is_to_be_told() -> None:
    async def main() -> None:
        engine = Engine(observer=lambda batch, dropped: None)
        engine.open("r")
        with pytest.raises(SynchronousOnly):
            engine.close()
        assert engine.room("r").id == "r"
        await engine.aclose()

    asyncio.run(main())


def test_a_host_is_let_go_of_with_its_engine() -> None:
    class Rules:
        def may_say(self, *args: object) -> None: ...

    rules = Rules()
    gone = weakref.ref(rules)
    with Engine(hooks=rules) as engine, engine.connect("7") as session:
        session.join("r", create={"title": "R"})
        session.say("r", "x")
    del rules, engine, session

    def is_gone() -> bool:
        # What Rust let go of outside of Python is freed at the next call from here.
        assert not Engine().closed
        gc.collect()
        return gone() is None

    until(is_gone, "its end")

"""Threads, memory and files: what is there while nothing is asked for, and what is left when it is over."""

import asyncio
import gc
import os
import re
import threading
from typing import Any

import pytest
from programs import Runner

from chat_engine import Ended, Engine


def test_no_thread_of_the_runtime_attaches_to_python(program: Runner, url: str) -> None:
    """Whoever calls into Python is seen there: its frames, and a `_DummyThread` where Python did not make it.

    So in each call from below it is looked who is there.
    """
    source = """
    import os, sys, threading, time
    from chat_engine import Engine

    def tasks():
        found = {}
        for tid in os.listdir("/proc/self/task"):
            try:
                with open(f"/proc/self/task/{tid}/comm") as file:
                    found[int(tid)] = file.read().strip()
            except FileNotFoundError:
                pass
        return found

    seen = set()

    class Hooks:
        def may_say(self, user, name, room, body):
            look()
            return True

    def look():
        made_by_python = {thread.native_id for thread in threading.enumerate()}
        assert threading.get_native_id() in made_by_python
        dummies = [thread for thread in threading.enumerate() if isinstance(thread, threading._DummyThread)]
        assert not dummies, dummies
        known = {thread.ident for thread in threading.enumerate()}
        assert set(sys._current_frames()) <= known, "somebody attached that Python did not make"
        seen.add(tasks()[threading.get_native_id()])

    def observed(events, missed):
        look()

    def asked(upgrade):
        look()
        return ("9", "Max")

    engine = Engine(sys.argv[1], hooks=Hooks(), observer=observed)
    server = engine.serve("127.0.0.1", 0, auth=asked)
    sessions = [engine.connect(f"u{n}") for n in range(4)]
    for session in sessions:
        session.join("r", create={"title": "R"})
    for n in range(200):
        sessions[n % 4].say("r", n)
        look()
    for session in sessions:
        while session.batch(0.05):
            look()
    workers = [name for name in tasks().values() if name.startswith("chat-engine")]
    assert workers, tasks()
    assert not any(name.startswith("chat-engine") and name in workers for name in seen & set(workers)), seen
    server.stop(1)
    engine.close()
    print("ok")
    """
    assert program(source, url).well().out == "ok\n"


def test_engines_do_not_bring_threads_each(engine: Engine) -> None:
    engine.connect("1")
    before = len(os.listdir("/proc/self/task"))
    engines = [Engine() for _ in range(50)]
    for more in engines:
        more.connect("1").join("r", create={"title": "R"})
    assert len(os.listdir("/proc/self/task")) <= before + 2
    for more in engines:
        more.close()



def test_connections_come_and_go_and_leave_nothing(program: Runner) -> None:
    source = """
    import gc, os
    from chat_engine import Engine

    def rss():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    engine = Engine()
    def round(count):
        for n in range(count):
            session = engine.connect(f"u{n % 100}")
            session.join("r", create={"title": "R", "grace": 0, "history": 10})
            session.say("r", {"text": "hello"})
            session.batch(0)
            session.close()
        gc.collect()
        return rss()

    before = round(20_000)
    after = round(100_000)
    assert engine.stats()["sessions"] == 0, engine.stats()
    print((after - before) // 1024)
    """
    grown = int(program(source, within=240).well().out)
    # 100,000 of anything would be more than this, were it only 40 bytes each.
    assert grown < 4_096, f"{grown} KiB more after 100,000 connections"


def test_files_of_redis_are_given_back(redis_url: str) -> None:
    def files() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    def once() -> None:
        with Engine(redis_url) as engine, engine.connect("1") as kim:
            kim.join("r", create={"title": "R"})

    for _ in range(3):
        once()
    before = files()
    for _ in range(10):
        once()
    assert files() <= before + 2


def test_threads_share_an_engine_and_a_session(each_engine: Engine) -> None:
    kim = each_engine.connect("1")
    kim.join("r", create={"title": "R"})
    wrong: list[BaseException] = []

    def works(n: int) -> None:
        try:
            for step in range(50):
                kim.say("r", [n, step], key=f"{n}-{step}")
                each_engine.rooms()
                with each_engine.connect(f"t{n}") as other:
                    other.join("r")
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=works, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    told: list[Any] = []
    while sum(event.ev == "said" for event in told) < 300:
        batch = kim.batch(30)
        assert batch
        told += batch
    for thread in threads:
        thread.join()
    assert not wrong
    said = [event.body for event in told if event.ev == "said"]
    for n in range(6):
        assert [step for who, step in said if who == n] == list(range(50))
    kim.close()


def test_waiting_lets_other_threads_go_on(each_engine: Engine) -> None:
    """A thread in `batch()` holds nothing of Python's."""
    with each_engine.connect("1") as kim:

        def waits() -> None:
            with pytest.raises(Ended):
                while kim.batch(30):
                    pass

        waiting = threading.Thread(target=waits)
        waiting.start()
        turns = 0
        while waiting.is_alive():
            turns += 1
            if turns == 1_000:
                kim.close()
        assert turns >= 1_000


def test_the_name_of_a_thread_says_whose_it_is(redis_url: str) -> None:
    with Engine(redis_url) as engine:
        engine.rooms()
        names = []
        for tid in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{tid}/comm") as file:
                names.append(file.read().strip())
    assert any(re.match("chat-engine", name) for name in names), names
    assert not any("tokio" in name for name in names), names


@pytest.mark.parametrize("daemon", [True, False])
def test_a_thread_that_has_ended_left_its_loop_behind(each_engine: Engine, daemon: bool) -> None:
    sessions: list[Any] = []

    async def main() -> None:
        session = await each_engine.aconnect("1")
        await session.ajoin("r", create={"title": "R"})
        sessions.append(session)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(session.abatch(), 0.01)

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=daemon)
    thread.start()
    thread.join(20)
    (session,) = sessions
    each_engine.post("r", "hi")
    assert [event.body for event in session.batch(20)] == ["hi"]
    session.close()

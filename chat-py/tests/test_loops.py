"""Event loops: many of them, one after the other and at once, each way of being told, and nothing left behind."""

import asyncio
import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from programs import Runner

from chat_engine import Engine, Said, Session

WAKEUPS = ["eventfd", "socketpair", "thread"]

# Run once for each way of being told; it prints what it has to.
CONVERSATION = """
import asyncio, sys, threading
from chat_engine import Engine, Said

async def reads(session, count):
    bodies = []
    async for event in session:
        if isinstance(event, Said):
            bodies.append(event.body)
            if len(bodies) == count:
                return bodies

async def main(engine, name):
    sessions = [await engine.aconnect(f"{name}-{n}") for n in range(10)]
    for session in sessions:
        await session.ajoin("r", create={"title": "R"})
    readers = [asyncio.create_task(reads(session, 200)) for session in sessions]
    await asyncio.sleep(0)
    return sessions, readers

async def whole(engine, name, ready, go):
    sessions, readers = await main(engine, name)
    ready.release()
    await asyncio.to_thread(go.wait)
    found = await asyncio.wait_for(asyncio.gather(*readers), 40)
    for session in sessions:
        await session.aclose()
    return found

engine = Engine(sys.argv[1])
found, ready, go = {}, threading.Semaphore(0), threading.Event()
threads = [
    threading.Thread(target=lambda n=n: found.update({n: asyncio.run(whole(engine, n, ready, go))})) for n in range(3)
]
for thread in threads:
    thread.start()
for _ in threads:
    ready.acquire()
go.set()
for n in range(200):
    engine.post("r", n)
for thread in threads:
    thread.join()
assert len(found) == 3
assert all(bodies == list(range(200)) for loops in found.values() for bodies in loops), found
engine.close()
print("heard", sum(len(loops) for loops in found.values()))
"""


@pytest.mark.parametrize("wakeup", [*WAKEUPS, None])
def test_three_loops_at_once_hear_everything(program: Runner, url: str, wakeup: str | None) -> None:
    env = {"CHAT_ENGINE_WAKEUP": wakeup} if wakeup else {}
    assert program(CONVERSATION, url, env=env).well().out == "heard 30\n"


@pytest.mark.parametrize("wakeup", WAKEUPS)
def test_the_way_that_is_asked_for_is_the_way_that_is_taken(program: Runner, wakeup: str) -> None:
    source = """
    import asyncio, os, threading
    from chat_engine import Ended, Engine

    def files():
        def target(fd):
            try:
                return os.readlink(f"/proc/self/fd/{fd}")
            except FileNotFoundError:
                return ""
        return [target(fd) for fd in os.listdir("/proc/self/fd")]

    async def main():
        engine = Engine()
        session = await engine.aconnect("1")
        # The loop has a pair of its own.
        before, threads = files(), threading.active_count()
        reader = asyncio.create_task(session.abatch())
        await asyncio.sleep(0.05)
        after = files()
        print(
            sum("eventfd" in name for name in after) - sum("eventfd" in name for name in before),
            sum("socket:" in name for name in after) - sum("socket:" in name for name in before),
            threading.active_count() - threads,
        )
        await session.aclose()
        try:
            await reader
        except Ended:
            pass

    asyncio.run(main())
    """
    told = {"eventfd": "1 0 0\n", "socketpair": "0 2 0\n", "thread": "0 0 1\n"}[wakeup]
    assert program(source, env={"CHAT_ENGINE_WAKEUP": wakeup}).well().out == told


def test_a_way_that_does_not_exist_is_named(program: Runner) -> None:
    source = """
    import asyncio, chat_engine

    async def main():
        engine = chat_engine.Engine()
        session = await engine.aconnect("1")
        await asyncio.wait_for(session.abatch(), 1)

    try:
        asyncio.run(main())
    except (chat_engine.BadRequest, ValueError, chat_engine.Misuse) as error:
        print(error)
    """
    ended = program(source, env={"CHAT_ENGINE_WAKEUP": "telepathy"}).well()
    assert "telepathy" in ended.out


class NoReader(asyncio.SelectorEventLoop):
    """As on Windows: a loop that watches no files."""

    def add_reader(self, *_: Any) -> None:
        raise NotImplementedError

    def remove_reader(self, *_: Any) -> bool:
        raise NotImplementedError


def waits(session: Session, engine: Engine) -> Callable[[], Any]:
    async def main() -> Any:
        reader = asyncio.ensure_future(session.abatch())
        await asyncio.sleep(0.01)
        threading.Timer(0.01, lambda: engine.post("r", "hi")).start()
        return await asyncio.wait_for(reader, 20)

    return main


def test_a_loop_without_files_is_told_by_a_thread(each_engine: Engine) -> None:
    with each_engine.connect("1") as kim:
        kim.join("r", create={"title": "R"})
        for _ in range(3):
            loop = NoReader.__new__(NoReader)
            # Its own pair needs what it does not offer to others.
            NoReader.add_reader, kept = asyncio.SelectorEventLoop.add_reader, NoReader.add_reader
            loop.__init__()  # type: ignore[misc]
            NoReader.add_reader = kept  # type: ignore[method-assign]
            try:
                (told,) = loop.run_until_complete(waits(kim, each_engine)())
                assert isinstance(told, Said) and told.body == "hi"
            finally:
                NoReader.remove_reader, kept_remove = asyncio.SelectorEventLoop.remove_reader, NoReader.remove_reader
                loop.close()
                NoReader.remove_reader = kept_remove  # type: ignore[method-assign]


def test_run_again_and_again_leaves_nothing_behind(each_engine: Engine) -> None:
    def files() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    with each_engine.connect("1") as kim:
        kim.join("r", create={"title": "R"})
        for _ in range(5):
            asyncio.run(waits(kim, each_engine)())
        before, threads = files(), threading.active_count()
        for _ in range(100):
            (told,) = asyncio.run(waits(kim, each_engine)())
            assert told.body == "hi"
        assert files() <= before + 2
        assert threading.active_count() <= threads + 1


def test_a_loop_that_ends_while_somebody_waits_leaves_nothing_behind(each_engine: Engine) -> None:
    async def main(session: Session) -> None:
        task = asyncio.ensure_future(session.abatch())
        await asyncio.sleep(0)
        task.cancel()

    async def abandons(session: Session) -> None:
        asyncio.ensure_future(session.abatch())
        await asyncio.sleep(0)

    with each_engine.connect("1") as kim:
        kim.join("r", create={"title": "R"})
        for n in range(20):
            asyncio.run((main if n % 2 else abandons)(kim))
        kim.say("r", "there")
        (told,) = kim.batch(20)
        assert isinstance(told, Said) and told.body == "there"


def test_a_loop_that_is_closed_with_somebody_waiting_is_not_missed(engine: Engine) -> None:
    with engine.connect("1") as kim:
        kim.join("r", create={"title": "R"})
        loop = asyncio.new_event_loop()
        task = loop.create_task(kim.abatch())
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        # Nobody will ever be told; that must not be anybody's end.
        for n in range(10):
            kim.say("r", n)
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        del task, loop
        gc.collect()
        assert [e.as_dict()["body"] for e in kim.batch(20)] == list(range(10))


def test_thousands_of_sessions_on_one_loop(engine: Engine) -> None:
    async def reads(session: Session, heard: list[int]) -> None:
        async for event in session:
            if isinstance(event, Said):
                heard.append(event.n)
                if event.body == "last":
                    return

    async def main() -> None:
        sessions = [await engine.aconnect(f"u{n}") for n in range(3_000)]
        for n, session in enumerate(sessions):
            await session.ajoin(f"room-{n % 10}", create={"title": "R"})
        heard: list[list[int]] = [[] for _ in sessions]
        readers = [asyncio.create_task(reads(s, h)) for s, h in zip(sessions, heard, strict=True)]
        await asyncio.sleep(0)
        for n in range(5):
            for room in range(10):
                await engine.apost(f"room-{room}", "last" if n == 4 else n)
            await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.gather(*readers), 60)
        for room in range(10):
            assert len({tuple(h) for h in heard[room::10]}) == 1
            assert all(len(h) == 5 and h == list(range(h[0], h[0] + 5)) for h in heard[room::10])
        for session in sessions:
            await session.aclose()

    asyncio.run(main())


def test_one_wake_up_for_very_much(engine: Engine, tmp_path: Path) -> None:
    class Counting(asyncio.SelectorEventLoop):
        turns = 0

        def _run_once(self) -> None:
            self.turns += 1
            super()._run_once()  # type: ignore[misc]

    async def main() -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Counting)
        async with await engine.aconnect("1") as kim:
            await kim.ajoin("r", create={"title": "R"})
            reader = asyncio.ensure_future(kim.abatch())
            await asyncio.sleep(0.01)
            began = loop.turns
            for n in range(1_000):
                engine.post("r", n)
            batch = await reader
            return len(batch), loop.turns - began

    loop = Counting()
    try:
        events, turns = loop.run_until_complete(main())
    finally:
        loop.close()
    assert (events, turns <= 5) == (1_000, True), (events, turns)

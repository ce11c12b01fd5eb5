"""Who stops waiting loses nothing: each entry comes once, in order, to whoever reads next; a key is said once."""

import asyncio
import itertools
import os
import random
import threading
import time
from typing import Any

import pytest

import chat_engine
from chat_engine import Engine, Reset, Said, Session


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Another one at each run; a failure says with what it is repeated."""
    seed = os.environ.get("SEED") or str(random.SystemRandom().randrange(2**32))
    print(f"SEED={seed}")
    return random.Random(seed)


async def whatever(operation: Any, within: float) -> Any:
    """Awaits it for this long; None where that was not long enough."""
    task = asyncio.ensure_future(operation)
    await asyncio.wait([task], timeout=within)
    if not task.done():
        task.cancel()
    try:
        return await task
    except asyncio.CancelledError:
        return None


def in_order(entries: list[Any], count: int) -> None:
    said = [event for event in entries if isinstance(event, Said)]
    assert [event.body for event in said] == list(range(count))
    assert [event.n for event in said] == list(range(said[0].n, said[0].n + count))
    assert not any(isinstance(event, Reset) for event in entries)


@pytest.mark.parametrize("how", ["batch", "events", "batches", "wait_for"])
def test_a_reader_cancelled_at_random_loses_nothing(each_engine: Engine, chance: random.Random, how: str) -> None:
    # Fewer than an engine keeps for those who fall behind.
    count = 900

    async def read(session: Session, found: list[Any]) -> None:
        if how in ("batch", "wait_for"):
            found += await session.abatch()
        elif how == "events":
            async for event in session:
                found.append(event)
        else:
            async for batch in session.batches():
                found += batch

    async def main(session: Session) -> list[Any]:
        found: list[Any] = []
        while len(found) < count:
            within = chance.choice([0, 0, 0.0005, 0.002, 0.01])
            if how == "wait_for":
                try:
                    found += await asyncio.wait_for(session.abatch(), within)
                except asyncio.TimeoutError:
                    pass
            else:
                await whatever(read_into(session, found), within)
        return found

    async def read_into(session: Session, found: list[Any]) -> None:
        await read(session, found)

    with each_engine.connect("1") as kim:
        kim.join("r", create={"title": "R"})
        chance_of_pauses = random.Random(chance.random())

        def says() -> None:
            for n in range(count):
                each_engine.post("r", n)
                time.sleep(chance_of_pauses.random() * 0.001)

        says_too = threading.Thread(target=says)
        says_too.start()
        try:
            found = asyncio.run(asyncio.wait_for(main(kim), 90))
        finally:
            says_too.join()
        in_order(found, count)


def test_what_is_said_with_a_key_is_said_once_however_often_it_is_given_up(
    each_engine: Engine, chance: random.Random
) -> None:
    count = 150

    async def main(kim: Session) -> None:
        for n in range(count):
            while await whatever(kim.asay("r", n, key=f"k{n}"), chance.choice([0, 0.0002, 0.001, 1])) is None:
                pass

    with each_engine.connect("1") as kim:
        kim.join("r", create={"title": "R"})
        asyncio.run(asyncio.wait_for(main(kim), 90))
        found: list[Any] = []
        while len(found) < count:
            found += kim.batch(20)
        in_order(found, count)
        assert kim.batch(0) == []


def test_a_join_that_was_given_up_is_undone_or_done(redis_url: str, chance: random.Random) -> None:
    with Engine(redis_url) as engine, engine.connect("1") as kim:

        async def main() -> None:
            for _ in range(100):
                await whatever(kim.ajoin("r", create={"title": "R", "grace": 0}), chance.random() * 0.002)
                # Whatever became of it, both go on from here.
                await kim.ajoin("r", create={"title": "R", "grace": 0})
                await kim.asay("r", "there")
                await kim.aleave("r")

        asyncio.run(asyncio.wait_for(main(), 90))
        assert engine.members("r").count == 0
        assert engine.room("r").live == 0


def test_connections_that_were_given_up_leave_nobody(redis_url: str, chance: random.Random) -> None:
    with Engine(redis_url) as engine:

        async def main() -> None:
            for n in range(100):
                session = await whatever(engine.aconnect(f"u{n}"), chance.random() * 0.001)
                if session is not None:
                    await session.aclose()

        asyncio.run(asyncio.wait_for(main(), 90))
        assert engine.stats()["sessions"] == 0


def test_many_operations_cancelled_at_once(each_engine: Engine, chance: random.Random) -> None:
    async def main() -> None:
        async with await each_engine.aconnect("1") as kim:
            await kim.ajoin("r", create={"title": "R"})
            for _ in range(20):
                tasks = [asyncio.create_task(kim.asay("r", n)) for n in range(50)]
                await asyncio.sleep(chance.random() * 0.002)
                for task in chance.sample(tasks, 25):
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                assert {type(result) for result in results} <= {chat_engine.Spoken, asyncio.CancelledError}
            last = await kim.asay("r", "last")
            read: list[Any] = []
            while not read or read[-1].n < last.n:
                read += await asyncio.wait_for(kim.abatch(), 20)
            assert all(b.n == a.n + 1 for a, b in itertools.pairwise(read))
            assert read[-1].body == "last"

    asyncio.run(asyncio.wait_for(main(), 90))


def test_a_time_out_of_batch_loses_nothing(each_engine: Engine, chance: random.Random) -> None:
    count = 900
    with each_engine.connect("1") as kim:
        kim.join("r", create={"title": "R"})
        says = threading.Thread(target=lambda: [each_engine.post("r", n) for n in range(count)])
        says.start()
        found: list[Any] = []
        while len(found) < count:
            found += kim.batch(chance.choice([0, 0.0001, 0.001, 0.01]))
        says.join()
        in_order(found, count)

"""Within this process: operations that are ready, batches of events, a message to many sessions."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import Any

from chat_engine import Engine, Said, Session

from .cpu import of_this
from .figures import Figure, figure

ROUNDS = 7


def ready() -> list[Figure]:
    """What one operation takes of the calling thread."""
    with Engine() as engine, engine.connect("1", "Kim") as kim:
        kim.join("r", create={"title": "R", "history": 10})
        plain: dict[str, Callable[[], Any]] = {
            "online": engine.online,
            "say": lambda: kim.say("r", "hello"),
            "signal": lambda: kim.signal("r", "hello"),
            "rooms(ids=…), one": lambda: engine.rooms(ids=["r"]),
        }
        awaited: dict[str, Callable[[], Awaitable[Any]]] = {
            "aonline": engine.aonline,
            "asay": lambda: kim.asay("r", "hello"),
            "asignal": lambda: kim.asignal("r", "hello"),
            "arooms(ids=…), one": lambda: engine.arooms(ids=["r"]),
        }
        figures = [figure(f"ready: {name}", "µs", _timed(call, kim), _must(name)) for name, call in plain.items()]
        for name, make in awaited.items():
            figures.append(figure(f"ready: await {name}", "µs", asyncio.run(_atimed(make, kim)), _must(name)))
        return figures


def _must(name: str) -> float | None:
    # The price of the binding; what is done on top of it is the engine's.
    return 1.0 if name.removeprefix("a") in ("online", "signal", "say") else None


def _timed(call: Callable[[], Any], kim: Session, count: int = 20_000) -> list[float]:
    rounds = []
    for _ in range(ROUNDS):
        gc.disable()
        began = time.perf_counter_ns()
        for _ in range(count):
            call()
        rounds.append((time.perf_counter_ns() - began) / 1_000 / count)
        gc.enable()
        while kim.batch(0):
            pass
    return rounds


async def _atimed(make: Callable[[], Awaitable[Any]], kim: Session, count: int = 20_000) -> list[float]:
    rounds = []
    for _ in range(ROUNDS):
        gc.disable()
        began = time.perf_counter_ns()
        for _ in range(count):
            await make()
        rounds.append((time.perf_counter_ns() - began) / 1_000 / count)
        gc.enable()
        while kim.batch(0):
            pass
    return rounds


def batches() -> list[Figure]:
    """A batch of 1,000, by event."""
    count, taken, looked = 1_000, [], []
    with Engine() as engine, engine.connect("1", "Kim") as kim:
        kim.join("r", create={"title": "R"})
        for _ in range(ROUNDS * 3):
            for n in range(count):
                engine.post("r", {"text": "hello", "n": n})
            gc.disable()
            began = time.perf_counter_ns()
            batch = kim.batch(0)
            took = time.perf_counter_ns()
            assert len(batch) == count
            assert sum(1 for event in batch if isinstance(event, Said) and event.body["text"]) == count
            ended = time.perf_counter_ns()
            gc.enable()
            taken.append((took - began) / 1_000 / count)
            looked.append((ended - began) / 1_000 / count)
    return [
        figure("batches: an event of a batch of 1,000", "µs", taken, 0.5),
        figure("batches: the same, its type and body looked at", "µs", looked),
    ]


def fanout() -> list[Figure]:
    """A message to 50 sessions, each read by a task."""
    return [
        figure("fanout: a delivery to one of 50 sessions, one at a time", "µs", asyncio.run(_fanout(1)), 5.0),
        figure("fanout: the same, ten messages at a time", "µs", asyncio.run(_fanout(10))),
    ]


async def _fanout(at_a_time: int, members: int = 50, messages: int = 1_000) -> list[float]:
    due = 0
    all_there = asyncio.Event()

    async def reads(session: Session) -> None:
        nonlocal due
        async for batch in session.batches():
            for event in batch:
                if isinstance(event, Said):
                    due -= 1
            if due <= 0:
                all_there.set()

    rounds = []
    with Engine() as engine:
        sessions = [engine.connect(f"u{n}") for n in range(members)]
        for session in sessions:
            session.join("r", create={"title": "R", "history": 10})
        for session in sessions:
            session.batch(0)
        readers = [asyncio.create_task(reads(session)) for session in sessions]
        await asyncio.sleep(0.05)
        for _ in range(ROUNDS):
            began = of_this()
            for n in range(0, messages, at_a_time):
                due = members * at_a_time
                all_there.clear()
                for step in range(at_a_time):
                    await engine.apost("r", [n, step])
                await asyncio.wait_for(all_there.wait(), 30)
                if due:
                    raise RuntimeError("void: somebody was given more than was said")
            rounds.append((of_this() - began) / messages / members)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        for session in sessions:
            session.close()
    return rounds

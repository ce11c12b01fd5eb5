"""What the `a…` names return: coroutines in all that asyncio asks of one, ready at once where nothing is waited for."""

import asyncio
import collections.abc
import inspect
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import chat_engine
from chat_engine import Engine


def test_they_are_coroutines(engine: Engine) -> None:
    operation = engine.arooms()
    assert isinstance(operation, collections.abc.Coroutine) and isinstance(operation, collections.abc.Awaitable)
    assert inspect.isawaitable(operation)
    assert asyncio.iscoroutine(operation)
    operation.close()


def test_what_is_ready_needs_no_loop(engine: Engine) -> None:
    operation = engine.aopen("r", title="R")
    with pytest.raises(StopIteration) as done:
        operation.send(None)
    assert done.value.value.id == "r"


def test_nothing_is_done_before_it_is_awaited_or_all_is(engine: Engine) -> None:
    # Either is a contract one can live with; what must not be is that closing it leaves half of it.
    operation = engine.aopen("r", title="R")
    before = engine.rooms().total
    operation.close()
    assert engine.rooms().total == before
    assert before in (0, 1)


def test_in_two_tasks_at_once_the_second_is_told_so(each_engine: Engine) -> None:
    async def main() -> None:
        async with await each_engine.aconnect("1") as kim:
            await kim.ajoin("r", create={"title": "R"})
            reading = kim.abatch()
            first, second = asyncio.create_task(reading), asyncio.create_task(reading)
            with pytest.raises(RuntimeError, match="being awaited already"):
                await asyncio.wait_for(second, 20)
            await each_engine.apost("r", "on")
            assert [e.as_dict()["body"] for e in await asyncio.wait_for(first, 20)] == ["on"]

    asyncio.run(main())


def test_awaited_twice_it_says_so(each_engine: Engine) -> None:
    async def main() -> None:
        operation = each_engine.arooms()
        await operation
        with pytest.raises(RuntimeError, match="already"):
            await operation
        operation.close()

    asyncio.run(main())


def test_thrown_into_it_raises_there(each_engine: Engine) -> None:
    operation = each_engine.arooms()
    with pytest.raises(KeyError):
        operation.throw(KeyError("x"))
    with pytest.raises(RuntimeError):
        operation.send(None)


@pytest.mark.parametrize("way", ["await", "gather", "create_task", "wait_for", "task_group", "shield", "run", "thread"])
def test_every_way_of_asyncio(each_engine: Engine, way: str) -> None:
    engine = each_engine

    async def main() -> list[Any]:
        if way == "await":
            return [await engine.arooms() for _ in range(3)]
        if way == "gather":
            return list(await asyncio.gather(*(engine.arooms() for _ in range(50))))
        if way == "create_task":
            tasks = [asyncio.create_task(engine.arooms()) for _ in range(50)]
            return [await task for task in tasks]
        if way == "wait_for":
            return [await asyncio.wait_for(engine.arooms(), 20)]
        if way == "task_group":
            if not hasattr(asyncio, "TaskGroup"):
                return [await engine.arooms()]
            async with asyncio.TaskGroup() as group:  # type: ignore[attr-defined,unused-ignore]
                tasks = [group.create_task(engine.arooms()) for _ in range(50)]
            return [task.result() for task in tasks]
        if way == "shield":
            return [await asyncio.shield(engine.arooms())]
        if way == "thread":
            loop = asyncio.get_running_loop()
            future = await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(engine.arooms(), loop))
            return [await asyncio.wrap_future(future)]
        return []

    answers = [asyncio.run(engine.arooms())] if way == "run" else asyncio.run(main())
    assert answers and all(answer.total == 0 for answer in answers)


def test_errors_come_out_where_it_is_awaited(each_engine: Engine) -> None:
    async def main() -> None:
        with pytest.raises(chat_engine.NoSuchRoom):
            await each_engine.aroom("nowhere")
        results = await asyncio.gather(*(each_engine.aroom("nowhere") for _ in range(5)), return_exceptions=True)
        assert {type(result) for result in results} == {chat_engine.NoSuchRoom}
        task = asyncio.create_task(each_engine.apost("nowhere", 1))
        with pytest.raises(chat_engine.NoSuchRoom):
            await task

    asyncio.run(main())


def test_wrong_arguments_are_wrong_at_once_or_when_awaited(each_engine: Engine) -> None:
    for make in (
        lambda: each_engine.aopen("r", titel="R"),
        lambda: each_engine.apost("r", object()),
        lambda: each_engine.aroom("not an id"),
    ):
        with pytest.raises((TypeError, ValueError)):
            asyncio.run(make())  # type: ignore[arg-type]


def test_a_task_that_is_cancelled_before_it_began_does_nothing(each_engine: Engine) -> None:
    async def main() -> None:
        task = asyncio.create_task(each_engine.aopen("r", title="R"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    # A coroutine may be begun when it is made; what has no end is that half of it is there.
    assert each_engine.rooms().total in (0, 1)


def test_what_is_never_awaited_ends_nothing(each_engine: Engine) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")

        async def main() -> None:
            for _ in range(100):
                each_engine.arooms()

        asyncio.run(main())
    assert each_engine.rooms().total == 0


def test_nothing_hangs_where_the_time_is_up(engine: Engine) -> None:
    async def main() -> None:
        async with await engine.aconnect("1") as kim:
            await kim.ajoin("r", create={"title": "R"})
            for _ in range(20):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(kim.abatch(), 0.005)
            await kim.asay("r", "still there")
            assert [e.ev for e in await asyncio.wait_for(kim.abatch(), 20)] == ["said"]

    asyncio.run(main())


def test_it_works_on_uvloop(each_engine: Engine) -> None:
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")

    async def main() -> list[Any]:
        async with await each_engine.aconnect("1") as kim:
            await kim.ajoin("r", create={"title": "R"})
            reader = asyncio.ensure_future(kim.abatch())
            await asyncio.sleep(0.01)
            await each_engine.apost("r", "hi")
            return await asyncio.wait_for(reader, 20)

    loop = uvloop.new_event_loop()
    try:
        assert [e.body for e in loop.run_until_complete(main())] == ["hi"]
    finally:
        loop.close()


def test_a_coroutine_driven_by_another_is_the_same(engine: Engine) -> None:
    async def around(make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return await make()

    outer = around(engine.arooms)
    with pytest.raises(StopIteration) as done:
        outer.send(None)
    assert done.value.value.total == 0

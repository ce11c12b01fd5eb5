"""Threads in which the engine calls what a host wrote: hooks, observers, `auth`.

The engine's own threads never enter Python. They leave a job, and one of these fetches it: made when something is to be
asked for the first time, more of them while jobs wait (four at the most, or `CHAT_ENGINE_THREADS`), ended with the
process. What fails is logged by the logger `chat_engine`; who asked is told no more than that there is no answer.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
import threading
from typing import Any

from ._native import _Jobs, _Task

_logger = logging.getLogger("chat_engine")
_numbers = itertools.count(1)


def start(jobs: _Jobs) -> None:
    """One more thread for these jobs."""
    name = f"chat-hooks-{next(_numbers)}"
    threading.Thread(target=_work, args=(jobs,), name=name, daemon=True).start()


def _work(jobs: _Jobs) -> None:
    caller = _Caller()
    try:
        while True:
            try:
                task = jobs.next()
                if task is None:
                    return
                _do(jobs, task, caller)
                # Not kept while waiting for the next one.
                del task
            except BaseException:
                # Whatever it was, SystemExit too: the next one is to find a thread.
                _logger.exception("a job could not be done")
    finally:
        jobs.left()
        caller.close()


def _do(jobs: _Jobs, task: _Task, caller: _Caller) -> None:
    if task.refused:
        _logger.warning("%d calls were refused: all threads are busy, and too many wait", task.refused)
    if task.more:
        try:
            start(jobs)
        except RuntimeError:
            # The system has no more, or the process is ending: this one goes on alone.
            jobs.left()
    try:
        try:
            call = task.call()
            if call is None:
                # Whoever asked has given up.
                return
            answer = caller.call(*call, task.within)
        except BaseException as error:
            task.failed(error)
        else:
            task.done(answer)
    except BaseException:
        _logger.exception("%s failed", task.what)


class _Caller:
    """Calls plain functions, and coroutines in an event loop of this thread's own."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def call(self, function: Any, args: tuple[Any, ...], within: float | None) -> Any:
        answer = function(*args)
        if inspect.isawaitable(answer):
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
            return self._loop.run_until_complete(asyncio.wait_for(answer, within))
        return answer

    def close(self) -> None:
        if self._loop is not None:
            try:
                self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            finally:
                self._loop.close()

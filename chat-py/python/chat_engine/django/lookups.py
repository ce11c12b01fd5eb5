"""Threads in which an ASGI connection's user is looked up, so that the loop is not held up.

A few of their own, and not one for all (as asgiref's thread-sensitive one) nor one for each: when a thousand clients
come back at once, the database sees a few connections. Whoever waits is a connection that has not been accepted yet,
so their number is the server's.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from .databases import cared_for

_T = TypeVar("_T")

THREADS = 4

_pool: ThreadPoolExecutor | None = None


async def in_thread(function: Callable[..., _T], *args: Any) -> _T:
    """Calls it in one of the threads, with the database connections cared for as around a request."""
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(THREADS, thread_name_prefix="chat-users")
    call = copy_context().run
    return await asyncio.get_running_loop().run_in_executor(_pool, call, cared_for(function), *args)


def _forked() -> None:
    # The parent's threads are not here.
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)

"""Database connections of threads that serve no request.

Django opens a connection for each thread that asks the database something, and closes it around requests. The threads
of the chat see no requests: without this, each would keep its connection for ever, and be left with one that the
database has closed long ago.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connections

_Called = TypeVar("_Called", bound=Callable[..., Any])


def settle() -> None:
    """Closes this thread's connections that are over, and are not within a transaction."""
    # Within one, the connection is a test's, or somebody's who knows what they are doing.
    if not any(connection.in_atomic_block for connection in connections.all(initialized_only=True)):
        close_old_connections()


def cared_for(function: _Called) -> _Called:
    """The function, with its thread's connections looked after as around a request; a coroutine function likewise."""

    async def finish(answer: Any) -> Any:
        try:
            return await answer
        finally:
            # The ORM's own coroutines work in a thread of asgiref's.
            await sync_to_async(settle)()

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        settle()
        try:
            answer = function(*args, **kwargs)
        finally:
            settle()
        return finish(answer) if inspect.isawaitable(answer) else answer

    return called  # type: ignore[return-value]

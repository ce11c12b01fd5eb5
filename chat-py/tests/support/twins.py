"""Both names of each operation, called in the same way."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chat_engine import Event, Session

Call = Callable[..., Any]


def sync(on: Any, name: str, /, *arguments: Any, **named: Any) -> Any:
    """`on.name(…)`."""
    return getattr(on, name)(*arguments, **named)


def awaited(on: Any, name: str, /, *arguments: Any, **named: Any) -> Any:
    """`await on.aname(…)`, each in an event loop of its own: nothing may depend on the one that was there before."""

    async def operation() -> Any:
        return await getattr(on, f"a{name}")(*arguments, **named)

    return asyncio.run(operation())


def events(session: Session, count: int, within: float = 20) -> list[Event]:
    """The next so many events of a session; exactly so many are there."""
    found: list[Event] = []
    while len(found) < count:
        batch = session.batch(timedelta(seconds=within))
        assert batch, f"{count} events are awaited, and only these came: {found}"
        found.extend(batch)
    assert len(found) == count, found
    return found

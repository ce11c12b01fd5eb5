"""Reading what was stored, a page at a time, from the newest on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from django.db.models import Q, QuerySet

from ..conf import DEFAULT_ALIAS
from .models import Message, stored_time

MOST = 500


@dataclass(frozen=True)
class Page:
    """A page of what was said, oldest first; itself a sequence of messages."""

    messages: tuple[Message, ...]
    more: bool
    """Whether there is an earlier page."""

    @property
    def before(self) -> str | None:
        """What `page(room, before=…)` takes for the page before this one; None where there is none."""
        return _mark(self.messages[0]) if self.more else None

    def as_dict(self) -> dict[str, Any]:
        """For a JSON response: `entries` as they are on the wire, `more` and `before`."""
        return {"entries": [message.as_dict() for message in self.messages], "more": self.more, "before": self.before}

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)


def page(room: str, *, before: str | None = None, limit: int = 50, alias: str = DEFAULT_ALIAS) -> Page:
    """What was said in a room: the newest, or what was before another page.

    Of all times that the room was open, also those before it was closed and opened again. `before` comes from a page,
    by whatever way; one that does not is a `ValueError`. `limit` is cut to 500.
    """
    limit = _bounded(limit)
    return _page(list(_newest(room, before, alias)[: limit + 1]), limit)


async def apage(room: str, *, before: str | None = None, limit: int = 50, alias: str = DEFAULT_ALIAS) -> Page:
    """`page`, where there is an event loop."""
    limit = _bounded(limit)
    return _page([message async for message in _newest(room, before, alias)[: limit + 1]], limit)


def older(alias: str, room: str, epoch: str, before: int, limit: int) -> list[dict[str, Any]]:
    """What was said in one log before a number: entries as they are on the wire, oldest first.

    The engine asks where its own log reaches back no further.
    """
    found = Message.objects.filter(room=room, epoch=epoch, n__lt=before).order_by("-n")[: _bounded(limit)]
    return [message.as_dict() for message in reversed(found)]


def _newest(room: str, before: str | None, alias: str) -> QuerySet[Message]:
    found = Message.objects.filter(room=room, alias=alias).order_by("-at", "-n")
    if before is None:
        return found
    # The numbers begin anew with each log, so time comes first.
    mark = re.fullmatch(r"([0-9]{1,14})-([0-9]{1,18})", before)
    if mark is None:
        raise ValueError("before is no place in a history: take it from a page")
    at, n = stored_time(datetime.fromtimestamp(int(mark[1]) / 1000, timezone.utc)), int(mark[2])
    return found.filter(Q(at__lt=at) | Q(at=at, n__lt=n))


def _mark(message: Message) -> str:
    return f"{message.milliseconds}-{message.n}"


def _page(found: list[Message], limit: int) -> Page:
    return Page(tuple(reversed(found[:limit])), len(found) > limit)


def _bounded(limit: int) -> int:
    if limit < 1:
        raise ValueError("limit has to be 1 or more")
    return min(limit, MOST)

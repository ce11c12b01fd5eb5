"""Names for what the engine takes and gives, for those who check types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Literal, Protocol, TypeAlias, TypedDict, Union

from ._native import (
    Bye,
    Closed,
    Count,
    Joined,
    Kicked,
    Left,
    ListChanged,
    Matched,
    Opened,
    Paired,
    Renamed,
    Reset,
    Said,
    Signal,
    Unmatched,
    Wrote,
)

Json: TypeAlias = Any
"""What JSON can hold: None, bool, int, float, str, and lists, tuples and dicts of these."""

Seconds: TypeAlias = Union[float, timedelta]
Order: TypeAlias = Literal["live", "visitors", "newest", "active"]
Kind: TypeAlias = Literal["public", "private"]

Entry: TypeAlias = Union[Said, Joined, Left, Renamed, Closed]
"""What stands in a room's log."""

Event: TypeAlias = Union[Entry, Signal, Count, Matched, Unmatched, ListChanged, Reset, Kicked, Bye]
"""What a session is told. More kinds will come: a `match` needs a `case _`."""


Observation: TypeAlias = Union[Opened, Wrote, Paired]
"""What an observer is given. More kinds will come."""


class Create(TypedDict, total=False):
    """A room that is asked for. Times are seconds; None is never."""

    title: str
    kind: Kind
    meta: Json
    owner: str
    capacity: int
    idle: Seconds | None
    empty: Seconds | None
    max_age: Seconds | None
    history: int
    presence: Literal["log", "count"]
    grace: Seconds


class Hooks(Protocol):
    """What a host may decide. Each is optional. Plain functions, called in threads of their own, or coroutines.

    None or True allows, False or a `Deny` refuses; `may_say` may answer a `Replace`.
    """

    def may_open(self, user: str, name: str, room: dict[str, Json]) -> object: ...

    def may_join(self, user: str, name: str, room: str) -> object: ...

    def may_say(self, user: str, name: str, room: str, body: Json) -> object: ...

    def may_seek(self, user: str, name: str, pool: str) -> object: ...

    def blocks(self, user: str, name: str) -> Iterable[str]:
        """Users with whom this one is never paired."""

    def older(self, room: str, epoch: str, before: int, limit: int) -> Iterable[Mapping[str, Json]]:
        """What was said before what the log still holds: entries as they are on the wire, oldest first."""

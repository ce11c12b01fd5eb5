"""Names for what the engine takes and gives, for those who check types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Literal, Protocol, TypeAlias, TypedDict

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

Seconds: TypeAlias = float | timedelta
Order: TypeAlias = Literal["live", "visitors", "newest", "active"]
Kind: TypeAlias = Literal["public", "private"]

Entry: TypeAlias = Said | Joined | Left | Renamed | Closed
"""What stands in a room's log."""

Event: TypeAlias = Entry | Signal | Count | Matched | Unmatched | ListChanged | Reset | Kicked | Bye
"""What a session is told. More kinds will come: a `match` needs a `case _`."""


Observation: TypeAlias = Opened | Wrote | Paired
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


class ServerOptions(TypedDict, total=False):
    """Times and bounds of connections; times are seconds."""

    hello_timeout: Seconds
    """For the first command. 10."""
    ping: Seconds | None
    """Without a sign of life, after which one is asked for. 25. Who carries a `peer`'s frames has pings of its own."""
    silent: Seconds
    """Without a sign of life, after which the connection is given up. 60."""
    frame: int
    """Bytes of a frame that a client sends. 65,536."""
    depth: int
    """How deep JSON may be nested. 32."""
    rate: int | None
    """Commands of a connection in a second; 0 or None is no bound. 100."""
    connections: int
    """In all. 100,000."""
    connections_of_address: int
    """From one address, or one network of IPv6; those from this machine are not counted. 256."""
    waiting: int
    """Bytes that may wait for one connection. 262,144."""
    waiting_in_all: int
    """Bytes that may wait beyond that, of all together. 268,435,456."""
    stuck: Seconds
    """For how long one for which as much waits may take nothing. 5."""
    commands: int
    """Commands of one connection that are under way or wait. 64."""
    bad_frames: int
    """Frames that are no command, until the connection is closed. 5."""
    retry_min: Seconds
    retry_max: Seconds
    """The window within which clients come back. 0.5 and 15."""
    own_host: bool
    """Whether pages of this very host may connect, whatever it is called by. True."""
    rename: bool
    """Whether users who have an account may take another name. True."""
    drain_spread: Seconds
    """Over how long those who are sent away are asked to spread their coming back. 3."""


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

"""Rooms, presence, ranking, matching and expiry.

    import chat_engine

    engine = chat_engine.Engine("memory://")             # or "redis://localhost:6379/0"
    async with await engine.aconnect(user="42", name="Kim") as session:
        await session.ajoin("rust", create={"title": "Rust"})
        await session.asay("rust", {"text": "hello"})
        async for event in session:
            ...

Every operation has a plain name, for views, scripts and tasks, and one with `a` in front, to be awaited. For Django see
`chat_engine.django`.
"""

from __future__ import annotations

import atexit as _atexit
import difflib as _difflib
import json as _json
import os as _os

from . import _loops, _native, _threads
from ._errors import (
    AlreadyMatched,
    BadRequest,
    BodyError,
    ChatError,
    Ended,
    Forbidden,
    InternalError,
    Misuse,
    NoSuchRoom,
    NotMember,
    NotWaiting,
    Overloaded,
    RoomClosed,
    RoomExists,
    RoomFull,
    StoreTimeout,
    SynchronousOnly,
    TooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
)
from ._native import (
    Answer,
    Batches,
    Bye,
    Clock,
    Closed,
    Count,
    Cursor,
    Deny,
    Engine,
    Events,
    History,
    Joined,
    Kicked,
    Left,
    ListChanged,
    Matched,
    Member,
    Members,
    Opened,
    Paired,
    Peer,
    Renamed,
    Replace,
    Reset,
    Room,
    RoomList,
    RoomPage,
    Said,
    Server,
    Session,
    Signal,
    Snapshot,
    Spoken,
    Unmatched,
    Upgrade,
    Wrote,
    __version__,
)
from ._types import Create, Entry, Event, Hooks, Json, Kind, Observation, Order, Seconds, ServerOptions

__all__ = [
    "AlreadyMatched",
    "Answer",
    "BadRequest",
    "Batches",
    "BodyError",
    "Bye",
    "ChatError",
    "Clock",
    "Closed",
    "Count",
    "Create",
    "Cursor",
    "Deny",
    "Ended",
    "Engine",
    "Entry",
    "Event",
    "Events",
    "Forbidden",
    "History",
    "Hooks",
    "InternalError",
    "Joined",
    "Json",
    "Kicked",
    "Kind",
    "Left",
    "ListChanged",
    "Matched",
    "Member",
    "Members",
    "Misuse",
    "NoSuchRoom",
    "NotMember",
    "NotWaiting",
    "Observation",
    "Opened",
    "Order",
    "Overloaded",
    "Paired",
    "Peer",
    "Renamed",
    "Replace",
    "Reset",
    "Room",
    "RoomClosed",
    "RoomExists",
    "RoomFull",
    "RoomList",
    "RoomPage",
    "Said",
    "Seconds",
    "Server",
    "ServerOptions",
    "Session",
    "Signal",
    "Snapshot",
    "Spoken",
    "StoreTimeout",
    "SynchronousOnly",
    "TooLarge",
    "TooMany",
    "Unauthorized",
    "Unavailable",
    "Unmatched",
    "Upgrade",
    "Wrote",
    "__version__",
]


def _after_fork_in_child() -> None:
    _native._after_fork_in_child()
    _loops.forked()


def _at_exit() -> None:
    # First those that ring for event loops, so that they are back from where they wait.
    _loops.close_all()
    _native._at_exit()


if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(
        before=_native._before_fork,
        after_in_parent=_native._after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
_atexit.register(_at_exit)

# Imported here although others use them: at their first use, another thread's fork might be in the middle of that.
_modules = (_difflib, _json, _threads)

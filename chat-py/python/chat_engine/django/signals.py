"""What happened in the chats: Django signals, sent behind what people do and not in its way.

    from django.dispatch import receiver
    from chat_engine.django import signals

    @receiver(signals.message)
    def count(sender, alias, entry, **kwargs):
        Film.objects.filter(room=entry.room).update(messages=F("messages") + 1)

Connect them where other receivers are connected, before the first use of a chat (in `AppConfig.ready`): an engine
that nobody listens to has no observer at all, and tells nothing later either.

*Guarantees*: each thing is told once, by the process that did it; in the order of each room; with `send_robust`, so
that one receiver's fault is logged and is nobody else's. They run in a thread of their own, one batch after the
other, in which the ORM may be used; its connections are cared for as around a request. *Under pressure*: 65,536
things may wait; what comes while as many do is dropped, counted and logged. *How it ends*: when the engine is closed,
what still waits is told first.

In pair rooms people go by their aliases here too; `matched` alone says who they are.
"""

import logging
import secrets
import threading
import warnings
from collections.abc import Callable
from typing import Any

from django.dispatch import Signal

from chat_engine import Closed, Engine, Joined, Left, Observation, Opened, Paired, Said, Wrote

from .conf import DEFAULT_ALIAS
from .databases import cared_for

logger = logging.getLogger("chat_engine.django")

Consumer = Callable[[str, list[Observation], int], object]
"""Takes an alias, what happened there, oldest first, and how much was dropped before it."""


class ChatSignal(Signal):
    """A signal that says so where somebody connects too late to be told anything."""

    def connect(self, *args: Any, **kwargs: Any) -> None:
        super().connect(*args, **kwargs)
        if deaf := sorted(_deaf):
            warnings.warn(
                f"The chat {deaf[0]!r} was used before anybody listened to it, so it tells nothing. "
                "Connect receivers in AppConfig.ready().",
                RuntimeWarning,
                stacklevel=2,
            )


message = ChatSignal()
"""Something was said. Sent with `alias` and `entry`, a `chat_engine.Said`."""
joined = ChatSignal()
"""Somebody came into a room. Sent with `alias` and `entry`, a `chat_engine.Joined`."""
left = ChatSignal()
"""Somebody left a room. Sent with `alias` and `entry`, a `chat_engine.Left`."""
room_opened = ChatSignal()
"""A room was opened. Sent with `alias` and `room`, a `chat_engine.Room`."""
room_closed = ChatSignal()
"""A room was closed. Sent with `alias` and `entry`, a `chat_engine.Closed`."""
matched = ChatSignal()
"""Two people were paired. Sent with `alias`, `pool`, `room` (its id) and `users`: two pairs of who and as whom."""

_OF_ENTRY: dict[type, ChatSignal] = {Said: message, Joined: joined, Left: left, Closed: room_closed}
_consumers: list[Consumer] = []
# Aliases whose engine was made without an observer.
_deaf: set[str] = set()
# Rooms that were opened to see how far the telling has come.
_marks: dict[str, threading.Event] = {}
_MARK = "chat-mark:"


def add_consumer(consumer: Consumer) -> None:
    """Has a function called with each batch of each chat, before the signals: `consumer(alias, observations, dropped)`.

    For what stores or counts many at a time. It runs in the thread of the signals; what it raises is logged, and the
    batch is not given again. Add it in `AppConfig.ready`; adding it twice is adding it once.
    """
    if consumer not in _consumers:
        _consumers.append(consumer)


def remove_consumer(consumer: Consumer) -> None:
    """Takes it out again, if it is there."""
    if consumer in _consumers:
        _consumers.remove(consumer)


def is_listened_to() -> bool:
    """Whether anybody wants to know what happens."""
    return bool(_consumers) or any(signal.receivers for signal in (*_OF_ENTRY.values(), room_opened, matched))


def observer_of(alias: str) -> Callable[[list[Observation], int], None] | None:
    """What the engine of this alias is to tell; nothing where nobody listens."""
    if not is_listened_to():
        _deaf.add(alias)
        return None
    _deaf.discard(alias)

    @cared_for
    def observe(batch: list[Observation], dropped: int) -> None:
        tell(alias, batch, dropped)

    return observe


def tell(alias: str, batch: list[Observation], dropped: int) -> None:
    """Gives a batch to consumers and receivers."""
    if dropped:
        logger.error("chat %r: %d events were dropped, since their receivers are too slow", alias, dropped)
    passed: list[threading.Event] = []
    if _marks:
        passed = [_marks[seen.room.id] for seen in batch if isinstance(seen, Opened) and seen.room.id in _marks]
        batch = [seen for seen in batch if not _is_of_mark(seen)]
    for consumer in tuple(_consumers) if batch or dropped else ():
        try:
            consumer(alias, batch, dropped)
        except Exception:
            logger.exception("chat %r: a consumer failed, and a batch of %d is lost to it", alias, len(batch))
    for seen in batch:
        _send(alias, seen)
    for mark in passed:
        mark.set()


def flush(alias: str = DEFAULT_ALIAS, timeout: float = 10.0) -> None:
    """Waits until all that this process did so far has been told to consumers and receivers: for tests."""
    from .connections import chats

    if alias in _deaf or not is_listened_to():
        return
    # Things are told in their order, so whatever came before this room has been told once it is.
    room, told = f"{_MARK}{secrets.token_hex(12)}", threading.Event()
    _marks[room] = told
    engine = chats[alias]
    engine.open(room, title="mark", kind="private")
    engine.close_room(room)
    if engine.clock.manual:
        # There nothing happens by itself.
        engine.sweep()
    if not told.wait(timeout):
        raise TimeoutError(f"the receivers of chat {alias!r} are not done after {timeout} s")


def _is_of_mark(seen: Observation) -> bool:
    match seen:
        case Opened(room):
            return room.id in _marks
        case Wrote(entry):
            return entry.room in _marks
    return False


def _send(alias: str, seen: Observation) -> None:
    match seen:
        case Wrote(entry):
            # A name was changed: there is no signal for it.
            if signal := _OF_ENTRY.get(type(entry)):
                signal.send_robust(sender=Engine, alias=alias, entry=entry)
        case Opened(room):
            room_opened.send_robust(sender=Engine, alias=alias, room=room)
        case Paired(pool, room, users):
            matched.send_robust(sender=Engine, alias=alias, pool=pool, room=room, users=users)

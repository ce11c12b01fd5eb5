"""Storing what was said: the observer's batches go into a queue, and a thread puts them into the database.

The observer's thread is not the one that stores: signals are sent there, and are not to wait for a database that is
away. *Under pressure*: `MOST` messages wait; what comes while they do is dropped, counted and logged. A failing
database is tried again, at the latest every `LONGEST` seconds; a message that it will not take by itself is dropped
alone. *After a fork* the child begins with an empty queue: what waits is the parent's. *How it ends*: `close` stores
what waits, for at most `LAST` seconds.
"""

import logging
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, Error, InterfaceError, OperationalError, router, transaction
from django.db import connections as databases

from chat_engine import ChatError, Observation, Opened, Said, Wrote

from ..databases import cared_for, settle
from .rooms import Kinds

if TYPE_CHECKING:
    from .models import Message

logger = logging.getLogger("chat_engine.django.history")

MOST = 50_000
AT_ONCE = 500
FIRST, LONGEST = 0.25, 30.0
LAST = 5.0
PAUSE = 2.0
# Postgres has none in its texts.
_NUL, _INSTEAD = "\x00", "\ufffd"

_Waiting = tuple[str, Said]


class Recorder:
    """A queue, and the thread that empties it."""

    def __init__(self, most: int = MOST, first_wait: float = FIRST) -> None:
        self._most = most
        self._first_wait = first_wait
        self._begin()

    def _begin(self) -> None:
        # All of it anew: what a thread of the parent had locked stays locked in the child.
        self.kinds = Kinds()
        self._changed = threading.Condition()
        self._queue: deque[_Waiting] = deque()
        # What the thread has taken and not stored yet.
        self._busy = 0
        self._dropped = 0
        self._thread: threading.Thread | None = None
        self._storing = threading.Lock()
        self._paused = False

    def record(self, alias: str, observations: list[Observation]) -> None:
        """Takes what happened. Never waits."""
        said: list[_Waiting] = []
        for seen in observations:
            if isinstance(seen, Opened):
                self.kinds.learn(alias, seen.room)
            elif isinstance(seen, Wrote) and isinstance(seen.entry, Said):
                said.append((alias, seen.entry))
        if not said:
            return
        with self._changed:
            fits = said[: max(0, self._most - len(self._queue) - self._busy)]
            self._queue.extend(fits)
            if len(fits) < len(said):
                if self._dropped == 0:
                    logger.error("%d messages wait for the database: what is said meanwhile is not stored", self._most)
                self._dropped += len(said) - len(fits)
            self._start()
            self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Waits until everything that was taken is stored; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._busy, timeout)

    def close(self, timeout: float) -> None:
        """Stores what waits, in this thread where there is no other."""
        end = time.monotonic() + timeout
        self.kinds.may_ask = False
        if self._thread is not None and self._thread.is_alive():
            self.flush(timeout)
        elif self._storing.acquire(timeout=timeout):
            # A thread cannot be started any more when the process ends.
            try:
                while (batch := self._take()) and time.monotonic() < end and self._stored(batch):
                    pass
            finally:
                self._storing.release()
        if left := len(self._queue) + self._busy:
            logger.error("%d messages were not stored before the process ended", left)

    def pause(self) -> None:
        """Before a fork: waits a moment for what is just being stored.

        SQLite takes the locks of its files to be the process's, so a child would wait for what its parent had begun.
        """
        self._paused = self._storing.acquire(timeout=PAUSE)

    def resume(self) -> None:
        """After it, in the parent."""
        if self._paused:
            self._storing.release()

    def restart(self) -> None:
        """After it, in the child: nothing waits, and there is no thread."""
        self._begin()

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="chat-history", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:
                # The process ends; `close` does it.
                self._thread = None

    def _run(self) -> None:
        wait = self._first_wait
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._queue))
            with self._storing:
                done = self._stored(self._take())
            if done:
                wait = self._first_wait
                continue
            time.sleep(wait)
            wait = min(wait * 2, LONGEST)

    def _take(self) -> list[_Waiting]:
        with self._changed:
            batch = [self._queue.popleft() for _ in range(min(AT_ONCE, len(self._queue)))]
            self._busy = len(batch)
            return batch

    def _stored(self, batch: list[_Waiting]) -> bool:
        """Whether a batch is done with. If not, it is the first in the queue again."""
        try:
            self._store(batch)
            done = True
        except (OperationalError, InterfaceError, ChatError) as error:
            # Nothing of what was said is shown: the database's message may hold it.
            logger.warning("%d messages could not be stored (%s); trying again", len(batch), type(error).__name__)
            done = False
        except Exception as error:
            logger.error("%d messages could not be stored (%s)", len(batch), type(error).__name__)
            done = True
        with self._changed:
            if not done:
                self._queue.extendleft(reversed(batch))
            self._busy = 0
            if done and self._dropped:
                logger.error("%d messages were not stored, since the database was away for too long", self._dropped)
                self._dropped = 0
            self._changed.notify_all()
        return done

    @cared_for
    def _store(self, batch: list[_Waiting]) -> None:
        logs = {(alias, said.room, said.epoch) for alias, said in batch}
        wanted = self.kinds.wanted(logs)
        rows = [row(alias, said) for alias, said in batch if (alias, said.room, said.epoch) in wanted]
        if rows:
            insert(rows)


def row(alias: str, said: Said) -> "Message":
    """A message as it is stored."""
    from .models import Message, stored_time

    return Message(
        alias=alias,
        room=said.room,
        epoch=said.epoch,
        n=said.n,
        at=stored_time(said.at),
        by=_plain(said.by),
        name=_plain(said.name),
        body=_plain(said.body),
        key=_plain(said.key),
    )


def insert(rows: "list[Message]") -> None:
    """Stores messages; those that are there already stay as they are."""
    from .models import Message

    database = router.db_for_write(Message)
    try:
        _insert(rows, database)
    except (OperationalError, InterfaceError):
        # A connection that the database has closed is noticed at its use. A new one, then it is away.
        if databases[database].in_atomic_block:
            raise
        databases[database].close()
        _insert_each_if_need_be(rows, database)
    except (Error, ValueError, TypeError, RecursionError):
        _insert_each(rows, database)


def _insert_each_if_need_be(rows: "list[Message]", database: str) -> None:
    try:
        _insert(rows, database)
    except (OperationalError, InterfaceError):
        raise
    except (Error, ValueError, TypeError, RecursionError):
        _insert_each(rows, database)


def _insert(rows: "list[Message]", database: str) -> None:
    from .models import Message

    with transaction.atomic(using=database):
        if databases[database].features.supports_ignore_conflicts:
            Message.objects.using(database).bulk_create(rows, batch_size=AT_ONCE, ignore_conflicts=True)
            return
        for one in rows:
            values = {field.name: getattr(one, field.name) for field in Message._meta.fields if not field.primary_key}
            place = {name: values.pop(name) for name in ("room", "epoch", "n")}
            Message.objects.using(database).get_or_create(**place, defaults=values)


def _insert_each(rows: "list[Message]", database: str) -> None:
    """One that cannot be stored is not to take the others with it."""
    lost = 0
    for one in rows:
        try:
            _insert([one], database)
        except (OperationalError, InterfaceError):
            raise
        except (DatabaseError, ValueError, TypeError, RecursionError) as error:
            lost += 1
            logger.error("message %d of a room could not be stored (%s)", one.n, type(error).__name__)
    if lost:
        logger.error("%d of %d messages could not be stored", lost, len(rows))


def _plain(value: Any) -> Any:
    """A value of JSON without what databases do not take."""
    if isinstance(value, str):
        return value.replace(_NUL, _INSTEAD)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {_plain(name): _plain(one) for name, one in value.items()}
    return value


_recorder = Recorder()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_recorder.pause, after_in_parent=_recorder.resume, after_in_child=_recorder.restart)


def record(alias: str, observations: list[Observation], dropped: int = 0) -> None:
    """The consumer of what happens in the chats."""
    _recorder.record(alias, observations)


def flush(timeout: float = 10.0, alias: str | None = None) -> None:
    """Waits until all that this process said so far is stored, for tests and reports; `TimeoutError` if it is not."""
    from .. import signals
    from ..connections import chats

    for name in chats if alias is None else (alias,):
        if chats.is_made(name):
            signals.flush(name, timeout)
    if not _recorder.flush(timeout):
        raise TimeoutError(f"the history is not stored after {timeout} s")


def close() -> None:
    """When the process ends: tells the chats to tell what they still have to, and stores it."""
    from ..connections import chats

    end = time.monotonic() + LAST
    _recorder.flush(LAST)
    # Whichever of the two is registered first to be done at the end, the chats end before their history does.
    chats.close_all()
    _recorder.close(max(0.1, end - time.monotonic()))
    settle()

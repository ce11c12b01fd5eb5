"""How the engine wakes an event loop: one inbox for each loop, rung once for everything that is ready."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import weakref

from . import _native
from ._errors import SynchronousOnly

# No lock around it: making an inbox runs code that is not ours, which may want one itself. A loop's own thread makes
# its inbox; whoever comes in between, from within that, is found by `setdefault`.
_inboxes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _native._Inbox] = (
    weakref.WeakKeyDictionary()
)

_under_django: list[type[SynchronousOnly]] = []

_PATIENCE = 5.0
"""How long the end of a loop goes unnoticed by the thread that rings for it, in seconds."""


def inbox_of(loop: asyncio.AbstractEventLoop) -> _native._Inbox:
    """The inbox of this loop, made when something waits in it for the first time."""
    inbox = _inboxes.get(loop)
    if inbox is None:
        let_go_of_closed()
        made = _open(loop)
        inbox = _inboxes.setdefault(loop, made)
        if inbox is not made:
            if made.fd is not None:
                loop.remove_reader(made.fd)
            made.close()
    return inbox


def let_go_of_closed() -> None:
    """Drops what waits in loops that were closed: it would wait for ever, and hold its loop and its session."""
    for loop, inbox in _all():
        if loop.is_closed():
            inbox.close()
            _inboxes.pop(loop, None)


def _all() -> list[tuple[asyncio.AbstractEventLoop, _native._Inbox]]:
    while True:
        try:
            return list(_inboxes.items())
        except RuntimeError:
            # Another thread's loop came meanwhile.
            continue


def _open(loop: asyncio.AbstractEventLoop) -> _native._Inbox:
    wanted = os.environ.get("CHAT_ENGINE_WAKEUP")
    if wanted is None:
        kinds = ["eventfd", "thread"] if sys.platform == "linux" else ["socketpair", "thread"]
        if sys.platform == "win32":
            kinds = ["thread"]
    else:
        kinds = [wanted]
    for kind in kinds:
        inbox = _native._Inbox(kind)
        if inbox.fd is None:
            _ring_by_thread(loop, inbox)
            return inbox
        try:
            loop.add_reader(inbox.fd, inbox.ring)
        except NotImplementedError:
            continue
        return inbox
    raise RuntimeError(f"this event loop cannot be woken by {' or '.join(kinds)}")


def _ring_by_thread(loop: asyncio.AbstractEventLoop, inbox: _native._Inbox) -> None:
    """For loops that watch no files: a thread waits for the bell and calls into the loop, once for all."""
    threading.Thread(
        target=_ring, args=(weakref.ref(loop), inbox), name="chat-engine-bell", daemon=True
    ).start()


def _ring(to: weakref.ref[asyncio.AbstractEventLoop], inbox: _native._Inbox) -> None:
    while not inbox.closed:
        rang = inbox.wait(_PATIENCE)
        loop = to()
        if loop is None or loop.is_closed():
            inbox.close()
        elif rang:
            try:
                loop.call_soon_threadsafe(inbox.ring)
            except RuntimeError:
                inbox.close()
        del loop


def close_all() -> None:
    """The end of the process: threads that ring are let go."""
    for _, inbox in _all():
        inbox.close()


def forked() -> None:
    """In a child right after the fork: its loops are its own, and so are their inboxes."""
    _inboxes.clear()


def refuse_to_block() -> None:
    """Raises where an event loop runs in this thread: what waits would stop it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    message = (
        "an event loop runs in this thread, and would stand still: "
        "use the operation with `a` in front, and await it"
    )
    raise _synchronous_only()(message)


def _synchronous_only() -> type[SynchronousOnly]:
    """Under Django also what Django raises, so that whoever handles that handles this."""
    django = sys.modules.get("django.core.exceptions")
    if django is None:
        return SynchronousOnly
    if not _under_django:
        kind = type("SynchronousOnly", (SynchronousOnly, django.SynchronousOnlyOperation), {"__module__": __name__})
        _under_django.append(kind)
    return _under_django[0]

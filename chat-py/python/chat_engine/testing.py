"""For tests of programs that use the engine: one whose time is moved by hand, and a client that speaks chat.v1 to it.

    from chat_engine.testing import Client, engine

    with engine() as chat:
        kim, lee = Client(chat, user="kim"), Client(chat, user="lee")
        kim.connect()
        lee.connect()
        kim.ask("join", room="rust", create={"title": "Rust", "policy": {"idle_s": 600}})
        kim.send_json({"id": 7, "do": "say", "room": "rust", "body": "hello"})
        assert kim.receive_json()["ev"] == "said"
        assert lee.receive_nothing()
        chat.clock.advance(600)                     # the room has been idle for ten minutes
        assert kim.receive_json()["why"] == "idle"

A `Client` is no mock: it is the server's own side of a connection, without a socket. Each method has a twin with an
`a` in front for tests that are coroutines.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from . import Engine, Peer, Server

__all__ = ["Client", "Closed", "Refused", "engine"]

PATIENCE = 5.0
"""Seconds for which something that has to come is waited for."""
SILENCE = 0.05
"""Seconds after which something that must not come has not come."""

# What is in memory is there at once; only hooks and other threads take a while.
_LOOK = 0.001


def engine(**options: Any) -> Engine:
    """An engine in memory whose clock is moved by `engine.clock.advance(seconds)`; options as `Engine` takes them."""
    return Engine("memory://", clock="manual", **options)


class Refused(AssertionError):
    """A command was answered by an error."""

    def __init__(self, command: str, error: Mapping[str, Any]) -> None:
        super().__init__(f"{command}: {error.get('code')}: {error.get('message')}")
        self.code = error.get("code")
        self.error = error


class Closed(AssertionError):
    """The connection was closed, and nothing more comes."""

    def __init__(self, code: int, reason: str | None) -> None:
        super().__init__(f"closed with {code}{f': {reason}' if reason else ''}")
        self.code = code
        self.reason = reason


class Client:
    """One connection to an engine, or to a server of one."""

    def __init__(
        self,
        of: Engine | Server,
        *,
        user: str | None = None,
        name: str | None = None,
        headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> None:
        server = of if isinstance(of, Server) else of.server()
        self._peer: Peer = server.peer(headers=headers, user=user, name=name, origin_checked=True)
        self._came: deque[dict[str, Any]] = deque()
        self._ids = itertools.count(1_000_000)

    # --- what is said ---

    def send_json(self, message: Mapping[str, Any]) -> None:
        """Sends a frame."""
        self.send_text(json.dumps(message))

    async def asend_json(self, message: Mapping[str, Any]) -> None:
        """Sends a frame."""
        self.send_json(message)

    def send_text(self, text: str) -> None:
        """Sends a frame that may be anything."""
        self._peer.receive(text)
        # A command is begun when somebody looks for its answer, as a server always does.
        self._take()

    def connect(self, **hello: Any) -> dict[str, Any]:
        """Says `hello` (`token=`, `name=`), and gives what it is answered with. `Refused` if nobody is let in."""
        return self.ask("hello", **hello)

    async def aconnect(self, **hello: Any) -> dict[str, Any]:
        """Says `hello` (`token=`, `name=`), and gives what it is answered with. `Refused` if nobody is let in."""
        return await self.aask("hello", **hello)

    def ask(self, do: str, timeout: float = PATIENCE, **fields: Any) -> dict[str, Any]:
        """Sends a command and gives its answer; what else comes is kept for `receive_json`."""
        id = self._begin(do, fields)
        until = time.monotonic() + timeout
        while (answer := self._answer(id)) is None:
            self._wait(until, f"the answer to {do}")
        return _accepted(do, answer)

    async def aask(self, do: str, timeout: float = PATIENCE, **fields: Any) -> dict[str, Any]:
        """Sends a command and gives its answer; what else comes is kept for `areceive_json`."""
        id = self._begin(do, fields)
        until = time.monotonic() + timeout
        while (answer := self._answer(id)) is None:
            await self._await(until, f"the answer to {do}")
        return _accepted(do, answer)

    # --- what is heard ---

    def receive_json(self, timeout: float = PATIENCE) -> dict[str, Any]:
        """The next frame. `TimeoutError` where none comes, `Closed` where none can come any more."""
        until = time.monotonic() + timeout
        while not self._has_one():
            self._wait(until, "a frame")
        return self._came.popleft()

    async def areceive_json(self, timeout: float = PATIENCE) -> dict[str, Any]:
        """The next frame. `TimeoutError` where none comes, `Closed` where none can come any more."""
        until = time.monotonic() + timeout
        while not self._has_one():
            await self._await(until, "a frame")
        return self._came.popleft()

    def receive_nothing(self, timeout: float = SILENCE) -> bool:
        """Whether nothing has come, nor does within this time."""
        until = time.monotonic() + timeout
        while not self._has_one():
            if time.monotonic() >= until:
                return True
            time.sleep(_LOOK)
        return False

    async def areceive_nothing(self, timeout: float = SILENCE) -> bool:
        """Whether nothing has come, nor does within this time."""
        until = time.monotonic() + timeout
        while not self._has_one():
            if time.monotonic() >= until:
                return True
            await asyncio.sleep(_LOOK)
        return False

    @property
    def close_code(self) -> int | None:
        """With which code the server has closed; None while it has not."""
        self._take()
        return self._peer.close_code

    # --- the end ---

    def close(self) -> None:
        """Is gone, as when a tab is closed: the user has their grace to come back."""
        self._peer.lost()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- helpers ---

    def _begin(self, do: str, fields: Mapping[str, Any]) -> int:
        id = next(self._ids)
        self.send_json({"id": id, "do": do, **fields})
        return id

    def _take(self) -> None:
        self._came.extend(json.loads(frame) for frame in self._peer.frames())

    def _has_one(self) -> bool:
        self._take()
        return bool(self._came)

    def _answer(self, id: int) -> dict[str, Any] | None:
        self._take()
        for at, frame in enumerate(self._came):
            if frame.get("re") == id and "ev" not in frame:
                del self._came[at]
                return frame
        return None

    def _wait(self, until: float, what: str) -> None:
        self._look_at_end(until, what)
        time.sleep(_LOOK)

    async def _await(self, until: float, what: str) -> None:
        self._look_at_end(until, what)
        await asyncio.sleep(_LOOK)

    def _look_at_end(self, until: float, what: str) -> None:
        code = self._peer.close_code
        if code is not None:
            raise Closed(code, self._peer.close_reason)
        if time.monotonic() >= until:
            raise TimeoutError(f"{what} did not come; what came: {list(self._came)}")


def _accepted(do: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    if "err" in answer:
        raise Refused(do, answer["err"])
    return dict(answer["ok"])

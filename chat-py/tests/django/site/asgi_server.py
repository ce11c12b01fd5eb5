"""An ASGI server's side of one WebSocket, without a socket: what a server sends to an application and takes from it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

WITHIN = 10.0


def scope(path: str = "/ws", **more: Any) -> dict[str, Any]:
    """That of a WebSocket."""
    headers = more.pop("headers", [])
    return {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"testserver"), *headers],
        "client": ("192.0.2.1", 4711),
        "subprotocols": ["chat.v1"],
        **more,
    }


class Connection:
    """One connection; `async with` begins and ends it."""

    def __init__(self, application: Callable[..., Awaitable[None]], scope: dict[str, Any]) -> None:
        self._application = application
        self._scope = scope
        self.to: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.received = 0
        self.read = asyncio.Event()
        self.read.set()
        self.broken: Exception | None = None
        self.task: asyncio.Task[None] | None = None

    async def _receive(self) -> dict[str, Any]:
        message = await self.to.get()
        self.received += 1
        return message

    async def _send(self, message: dict[str, Any]) -> None:
        # A client that does not read.
        await self.read.wait()
        if self.broken is not None:
            raise self.broken
        self.sent.put_nowait(message)

    async def __aenter__(self) -> "Connection":
        self.task = asyncio.ensure_future(self._application(self._scope, self._receive, self._send))
        self.to.put_nowait({"type": "websocket.connect"})
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self.task is not None
        if not self.task.done():
            self.to.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait_for(self.task, WITHIN)

    async def next(self) -> dict[str, Any]:
        """The next message to the server."""
        return await asyncio.wait_for(self.sent.get(), WITHIN)

    async def accepted(self) -> "Connection":
        """It was accepted."""
        message = await self.next()
        assert message["type"] == "websocket.accept", message
        return self

    async def closed(self) -> int:
        """With which code it is closed; what comes before that is passed over."""
        while (message := await self.next())["type"] == "websocket.send":
            pass
        assert message["type"] == "websocket.close", message
        return int(message["code"])

    async def json(self) -> dict[str, Any]:
        """The next frame."""
        message = await self.next()
        assert message["type"] == "websocket.send", message
        frame: dict[str, Any] = json.loads(message["text"])
        return frame

    def say(self, **command: Any) -> None:
        """A frame of the client's."""
        self.to.put_nowait({"type": "websocket.receive", "text": json.dumps(command), "bytes": None})

    async def ask(self, **command: Any) -> dict[str, Any]:
        """A command and its answer; what else comes before it is passed over."""
        self.say(id=1, **command)
        while (frame := await self.json()).get("re") != 1:
            pass
        return frame

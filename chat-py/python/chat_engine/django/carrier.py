"""One WebSocket of an ASGI server, carried to and from a `Peer`.

```
 receive() ──▶ reading (a task) ──▶ peer.receive(text)
 send()    ◀── carry (the server's own task) ◀── peer.aframes()
```

*Under pressure*: while the peer takes no more commands nothing is received, so that the client waits; while the
client does not read, `send` waits, what is for it stays in the engine as a place in a log, and after a while it is
disconnected. *How it ends*: by the peer's close code, by the client's going, or by the server's ending of the task;
in each case the peer is told, and its user may come back within the grace.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from chat_engine import Peer

logger = logging.getLogger("chat_engine.django")

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

STUCK = 30.0
"""Seconds for which a client may take nothing while something is being sent to it."""


async def carry(peer: Peer, receive: Receive, send: Send, subprotocol: str | None) -> None:
    """Accepts the connection, and carries it to its end."""
    try:
        first = await receive()
        if first["type"] != "websocket.connect":
            return
        try:
            await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})
        except Exception as error:
            # The client did not wait for it, and some servers raise then.
            logger.debug("a connection was gone before it was accepted: %s", type(error).__name__)
            return
        await _Carrier(peer, receive, send).run()
    finally:
        peer.lost()


class _Carrier:
    def __init__(self, peer: Peer, receive: Receive, send: Send) -> None:
        self._peer = peer
        self._receive = receive
        self._send = send
        self._gone = False
        self._room = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        reading = self._loop.create_task(self._read())
        try:
            await self._write()
        finally:
            reading.cancel()
            # What it failed with has been logged; a cancellation of this task itself comes out all the same.
            await asyncio.wait({reading})

    async def _read(self) -> None:
        peer = self._peer
        try:
            while True:
                while not peer.wants_more:
                    if peer.close_code is not None:
                        return
                    self._room.clear()
                    await self._room.wait()
                message = await self._receive()
                if message["type"] != "websocket.receive":
                    return
                text = message.get("text")
                if text is not None:
                    peer.receive(text)
                else:
                    peer.receive_binary()
        except Exception as error:
            # Each server has exceptions of its own for a connection that has gone.
            logger.debug("a connection is not read from any more: %s", type(error).__name__)
        finally:
            if peer.close_code is None:
                self._gone = True
                peer.lost()

    async def _write(self) -> None:
        peer = self._peer
        while True:
            frames = await peer.aframes()
            if self._gone:
                return
            if frames and not await self._sent([{"type": "websocket.send", "text": frame} for frame in frames]):
                return
            if peer.wants_more:
                self._room.set()
            code = peer.close_code
            if code is not None:
                # Something may have come in between that belongs before the close.
                rest = [{"type": "websocket.send", "text": frame} for frame in peer.frames()]
                await self._sent([*rest, {"type": "websocket.close", "code": code, "reason": peer.close_reason or ""}])
                return

    async def _sent(self, messages: list[dict[str, Any]]) -> bool:
        """Whether all of it was taken. Who takes nothing for too long is given up."""
        this = asyncio.current_task()
        assert this is not None  # a coroutine that runs does so in a task
        given_up = False

        def give_up() -> None:
            nonlocal given_up
            given_up = True
            this.cancel()

        late = self._loop.call_later(STUCK, give_up)
        try:
            for message in messages:
                await self._send(message)
            return True
        except asyncio.CancelledError:
            # Somebody else's cancellation is not to be swallowed, whatever else there was.
            if not given_up or (hasattr(this, "uncancel") and this.uncancel() > 0):
                raise
            return False
        except Exception as error:
            logger.debug("a connection is not written to any more: %s", type(error).__name__)
            return False
        finally:
            late.cancel()

"""A client of chat.v1 on a real socket: replies by number, events in their order."""

import json
from collections import deque
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

PATIENCE = 20.0
"""What takes longer has not happened."""


class Client:
    """One connection."""

    def __init__(self, url: str, **options: Any) -> None:
        self._socket = connect(url, open_timeout=PATIENCE, close_timeout=PATIENCE, ping_interval=None, **options)
        self._number = 0
        self._events: deque[dict[str, Any]] = deque()

    def send_text(self, text: str | bytes) -> None:
        self._socket.send(text)

    def send(self, do: str, **fields: Any) -> int:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "do": do, **fields}))
        return self._number

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """The whole reply."""
        number = self.send(do, **fields)
        while True:
            frame = self._read()
            if frame.get("re", ...) == number:
                return frame
            self._events.append(frame)

    def ok(self, do: str, **fields: Any) -> dict[str, Any]:
        reply = self.ask(do, **fields)
        assert "ok" in reply, reply
        return reply["ok"]

    def refused(self, do: str, **fields: Any) -> dict[str, Any]:
        reply = self.ask(do, **fields)
        assert "err" in reply, reply
        return reply["err"]

    def event(self, ev: str) -> dict[str, Any]:
        """The next event, which is of this kind."""
        event = self._events.popleft() if self._events else self._read()
        assert event.get("ev") == ev, event
        return event

    def closed(self) -> tuple[int, str]:
        """Waits for the end: the code, and the `why` of the last word."""
        why = ""
        try:
            while True:
                why = self._read().get("why", "")
        except ConnectionClosed as error:
            assert error.rcvd is not None, error
            assert error.rcvd.reason == why
            return error.rcvd.code, why

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> dict[str, Any]:
        frame = json.loads(self._socket.recv(timeout=PATIENCE))
        assert isinstance(frame, dict)
        return frame

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

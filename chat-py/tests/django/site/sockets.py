"""A WebSocket client of a page's length: a handshake, texts, a close code."""

import base64
import json
import os
import socket
import struct
from typing import Any
from urllib.parse import urlsplit


class Refused(Exception):
    """The upgrade was answered by another status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Socket:
    """One connection. `Refused` where it is not upgraded."""

    def __init__(self, url: str, *, cookie: str | None = None, origin: str | None = None, timeout: float = 10) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port or 80), timeout)
        self._read = self._socket.makefile("rb")
        self.close_code: int | None = None
        lines = [
            f"GET {parts.path or '/'} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: chat.v1",
            *([f"Cookie: {cookie}"] if cookie else []),
            *([f"Origin: {origin}"] if origin else []),
        ]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        status = int(self._read.readline().split()[1])
        self.headers = {}
        while line := self._read.readline().strip():
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()
        if status != 101:
            self.close()
            raise Refused(status)

    def send(self, message: dict[str, Any]) -> None:
        """A text frame, masked as a client's have to be."""
        data, mask = json.dumps(message).encode(), os.urandom(4)
        short = len(data) < 126
        head = struct.pack("!BB", 0x81, 0x80 | len(data)) if short else struct.pack("!BBH", 0x81, 0xFE, len(data))
        self._socket.sendall(head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)))

    def receive(self) -> dict[str, Any] | None:
        """The next text; None at the end, and `close_code` says which."""
        while True:
            head = self._read.read(2)
            if len(head) < 2:
                return None
            size = head[1] & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", self._read.read(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self._read.read(8))
            data = self._read.read(size)
            kind = head[0] & 0x0F
            if kind == 1:
                message: dict[str, Any] = json.loads(data)
                return message
            if kind == 8:
                self.close_code = struct.unpack("!H", data[:2])[0] if data else 1005
                return None

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """A command and its answer; what else comes before it is passed over."""
        self.send({"id": 1, "do": do, **fields})
        while (message := self.receive()) is not None:
            if message.get("re") == 1:
                return message
        raise ConnectionError(f"closed with {self.close_code}")

    def close(self) -> None:
        """Is gone."""
        self._read.close()
        self._socket.close()

    def __enter__(self) -> "Socket":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

"""A site under an ASGI server, and clients of it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from redis_server import die_with_parent, free_port
from websockets.sync.client import ClientConnection, connect

WITHIN = 20.0
"""Seconds for what takes a moment."""

COMMANDS: dict[str, Callable[[str, int], list[str]]] = {
    "daphne": lambda app, port: ["daphne", "-b", "127.0.0.1", "-p", str(port), f"{app}:application"],
    "uvicorn": lambda app, port: [
        *("uvicorn", "--host", "127.0.0.1", "--port", str(port), "--lifespan", "off"),
        *("--loop", "asyncio", "--timeout-graceful-shutdown", "3", f"{app}:application"),
    ],
    "uvicorn-uvloop": lambda app, port: [
        *("uvicorn", "--host", "127.0.0.1", "--port", str(port), "--lifespan", "off"),
        *("--loop", "uvloop", "--timeout-graceful-shutdown", "3", f"{app}:application"),
    ],
    "hypercorn": lambda app, port: [
        *("hypercorn", "--bind", f"127.0.0.1:{port}", "--graceful-timeout", "3", f"asgi:{app}:application"),
    ],
    "granian": lambda app, port: [
        *("granian", "--interface", "asginl", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers-kill-timeout", "5", f"{app}:application"),
    ],
}


@dataclass(frozen=True)
class Site:
    """What is served."""

    directory: Path
    database: Path
    sessions: dict[str, str]


class Served:
    """The site, from the beginning to the end of the `with`."""

    def __init__(
        self, site: Site, server: str, directory: Path, *, application: str = "served_asgi", chat: str = "memory://"
    ) -> None:
        self.site = site
        self.server = server
        self.port = free_port()
        self._application = application
        self._chat = chat
        self._log = directory / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that has the sockets."""
        return int(self.get("/rooms/")["pid"])

    def log(self) -> str:
        """What the server had to say."""
        return self._log.read_text()

    def start(self) -> None:
        """Starts it at its port, and waits until it answers."""
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *COMMANDS[self.server](self._application, self.port)],
                cwd=self.site.directory,
                env={
                    **os.environ,
                    "SITE_DATABASE": str(self.site.database),
                    "SITE_CHAT": self._chat,
                    "PYTHONPATH": str(self.site.directory),
                    "DJANGO_SETTINGS_MODULE": "served_settings",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
                start_new_session=True,
            )
        until = time.monotonic() + 30
        while True:
            try:
                self.get("/rooms/")
                return
            except (OSError, urllib.error.URLError):
                assert self._process.poll() is None and time.monotonic() < until, self.log()
                time.sleep(0.05)

    def stop(self) -> int:
        """Asks it to end, as a deployment does, and waits for that."""
        assert self._process is not None
        self._process.terminate()
        try:
            return self._process.wait(WITHIN)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.server} does not end\n{self.log()}") from None

    def get(self, path: str) -> dict[str, Any]:
        """A page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=WITHIN) as response:
            return dict(json.load(response))

    def client(self, user: str | None = None, *, path: str = "/ws", origin: str | None = None, **more: Any) -> "Client":
        """A connection, of somebody who is logged in or of nobody."""
        headers = {"Cookie": f"theme=dark; sessionid={self.site.sessions[user]}"} if user else {}
        socket = connect(
            f"ws://127.0.0.1:{self.port}{path}",
            additional_headers=headers,
            origin=origin,  # type: ignore[arg-type]
            subprotocols=["chat.v1"],  # type: ignore[list-item]
            compression=None,
            proxy=None,
            open_timeout=WITHIN,
            close_timeout=5,
            **more,
        )
        return Client(socket)

    def __enter__(self) -> "Served":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            # Its workers too: they are of its group.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class Client:
    """One who speaks chat.v1 by hand."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []
        self._id = 0

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """Gives a command, and waits for its answer."""
        self._id += 1
        self.socket.send(json.dumps({"id": self._id, "do": do, **fields}))
        while True:
            frame = self.frame()
            if frame.get("re") == self._id:
                assert "ok" in frame, frame
                return dict(frame["ok"])
            self.events.append(frame)

    def frame(self) -> dict[str, Any]:
        """The next frame."""
        return dict(json.loads(self.socket.recv(timeout=WITHIN)))

    def event(self, ev: str) -> dict[str, Any]:
        """The next event of this kind; the others before it are passed over."""
        while True:
            event = self.events.pop(0) if self.events else self.frame()
            if event.get("ev") == ev:
                return event

    def gone(self) -> None:
        """As a tab that is closed, or a cable that is pulled."""
        # Closing alone says nothing to the other side as long as somebody reads here, and does not wake who does.
        with suppress(OSError):
            self.socket.socket.shutdown(socket.SHUT_RDWR)
        self.socket.socket.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

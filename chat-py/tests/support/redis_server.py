"""A redis-server with a port and a directory of its own, which ends with whoever started it."""

import ctypes
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from types import TracebackType

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """For `preexec_fn`: whatever becomes of this program, what it started does not stay."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


_given: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, that systems give to nobody who asks for any, and that was not given before."""
    while True:
        port = random.SystemRandom().randrange(10_000, 20_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port


class RedisServer:
    """Runs from the beginning to the end of the `with`."""

    def __init__(self) -> None:
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._directory = tempfile.mkdtemp(prefix="chat-redis-")

    def url(self, prefix: str = "chat") -> str:
        """The address of a store in it."""
        return f"redis://127.0.0.1:{self.port}/0?prefix={prefix}"

    def start(self, port: int = 0) -> None:
        """Starts it, at this port or at any."""
        # Somebody else may take the port in between.
        for _ in range(5):
            self.port = port or free_port()
            self._process = subprocess.Popen(
                [
                    *("redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""),
                    *("--appendonly", "no", "--dir", self._directory, "--loglevel", "warning"),
                ],
                stdout=subprocess.DEVNULL,
                preexec_fn=die_with_parent,
            )
            if self._answers():
                return
        raise RuntimeError("redis-server does not start")

    def stop(self) -> None:
        """Ends it at once, as a fault would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Nothing is answered, and nothing breaks."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Everything is answered again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        assert self._process is not None
        until = time.monotonic() + 20
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as link:
                    link.sendall(b"PING\r\n")
                    if link.recv(16).startswith(b"+PONG"):
                        return True
            except OSError:
                pass
            time.sleep(0.01)
        self.stop()
        return False

    def __enter__(self) -> "RedisServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

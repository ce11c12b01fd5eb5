"""`manage.py` of the site of the tests, as a process of its own."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redis_server import die_with_parent

_SITE = Path(__file__).parent


class Manage:
    """A command that goes on until the `with` ends."""

    def __init__(self, *arguments: str, **env: str) -> None:
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", str(_SITE / "manage.py"), *arguments],
            cwd=_SITE,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "chatsite.settings", **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip())
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, text: str, within: float = 60) -> str:
        """The line in which this stands, once it does."""
        until = time.monotonic() + within
        with self._changed:
            while not (found := [line for line in self.lines if text in line]):
                left = until - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    raise AssertionError(f"{text!r} was not said:\n" + "\n".join(self.lines))
                self._changed.wait(min(left, 0.5))
            return found[0]

    def end(self, by: signal.Signals = signal.SIGTERM, within: float = 20) -> int:
        """Asks it to end, and waits."""
        self.process.send_signal(by)
        return self.process.wait(within)

    def __enter__(self) -> "Manage":
        return self

    def __exit__(self, *error: object) -> None:
        # The reloader's child is of the same group.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()


def manage(*arguments: str, within: float = 120, **env: str) -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself."""
    return subprocess.run(
        [sys.executable, str(_SITE / "manage.py"), *arguments],
        cwd=_SITE,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "chatsite.settings", **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within,
    )


def until(what: Callable[[], Any], within: float = 60) -> Any:
    """Waits until something is so, and gives it."""
    end = time.monotonic() + within
    while not (found := what()):
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.02)
    return found

"""Python programs in processes of their own, for what ends a process or forks it."""

import itertools
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

# A program that hangs says where when it is aborted. Faulthandler's own clock is a thread, which a child lacks.
_PRELUDE = """\
import faulthandler as _faulthandler
_faulthandler.enable()
"""


@dataclass(frozen=True)
class Ended:
    """What became of a program."""

    code: int
    out: str
    err: str

    def well(self) -> "Ended":
        """It ended by itself, and had nothing to complain about."""
        assert (self.code, self.err) == (0, ""), f"code {self.code}\n--- stderr\n{self.err}\n--- stdout\n{self.out}"
        return self


class Runner:
    """Runs programs from a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = itertools.count()

    def __call__(
        self, source: str, *arguments: str, within: float = 60, env: dict[str, str] | None = None
    ) -> Ended:
        """Runs it to its end."""
        process = self.start(source, *arguments, env=env)
        try:
            # What it left behind may hold its pipes open.
            out, err = process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGABRT)
            try:
                out, err = process.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
            err += f"\n(ended after {within} s)"
        return Ended(process.returncode, out, err)

    def start(
        self, source: str, *arguments: str, env: dict[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        """Starts it, in a process group of its own."""
        path = self.write(source)
        return subprocess.Popen(
            [sys.executable, str(path), *arguments],
            cwd=self._directory,
            # From 3.12 on Python itself warns of forks with threads, which is what is tested here.
            env={**os.environ, "PYTHONWARNINGS": "ignore:This process:DeprecationWarning", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def write(self, source: str) -> Path:
        """The program as a file."""
        # Several threads may run programs from here.
        path = self._directory / f"program{next(self._numbers)}.py"
        path.write_text(_PRELUDE + textwrap.dedent(source))
        return path

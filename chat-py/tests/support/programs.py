"""Python programs in processes of their own, for what ends a process or forks it."""

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

# A program that hangs says where, before it is ended.
_PRELUDE = """\
import faulthandler as _faulthandler
_faulthandler.enable()
_faulthandler.dump_traceback_later({within}, exit=True)
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
        self._count = 0

    def __call__(
        self, source: str, *arguments: str, within: float = 60, env: dict[str, str] | None = None
    ) -> Ended:
        """Runs it to its end."""
        process = self.start(source, *arguments, within=within, env=env)
        try:
            # What it left behind may hold its pipes open.
            out, err = process.communicate(timeout=within + 10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += f"\n(ended after {within + 10} s)"
        return Ended(process.returncode, out, err)

    def start(
        self, source: str, *arguments: str, within: float = 60, env: dict[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        """Starts it, in a process group of its own."""
        path = self.write(source, within=within)
        return subprocess.Popen(
            [sys.executable, str(path), *arguments],
            cwd=self._directory,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def write(self, source: str, *, within: float = 60, name: str | None = None) -> Path:
        """The program as a file."""
        self._count += 1
        path = self._directory / (name or f"program{self._count}.py")
        path.write_text(_PRELUDE.format(within=within) + textwrap.dedent(source))
        return path

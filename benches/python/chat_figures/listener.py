"""`manage.py chat_server` beside `chat-server`: the same listener, once within Python."""

import json
import subprocess
import sys
from pathlib import Path

from .figures import Figure, figure
from .served import SITES, free_port, running

ROUNDS = 5
RELEASE = Path("target/release")


def listener(seconds: float = 4) -> list[Figure]:
    """Server CPU by delivery of each, by turns."""
    python, rust = [], []
    for _ in range(ROUNDS):
        port = free_port()
        command = [sys.executable, str(SITES / "manage.py"), "chat_server", f"127.0.0.1:{port}"]
        with running(command, port) as pid:
            python.append(_load(port, pid, seconds))
        port = free_port()
        command = [str((RELEASE / "chat-server").resolve()), "--listen", f"127.0.0.1:{port}", "--rate", "0"]
        with running(command, port) as pid:
            rust.append(_load(port, pid, seconds))
    return [
        figure("listener: chat_server, a delivery in a room of 500", "µs", python),
        figure("listener: chat-server, the same", "µs", rust),
        figure("listener: their ratio", "×", [a / b for a, b in zip(python, rust, strict=True)], 1.1),
    ]


def _load(port: int, pid: int, seconds: float) -> float:
    command = [str((RELEASE / "chat-load").resolve()), "--json", "fanout", "--members", "500"]
    command += ["--seconds", str(seconds), "--url", f"ws://127.0.0.1:{port}/ws", "--pid", str(pid)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if ended.returncode != 0:
        raise RuntimeError(f"chat-load: {ended.stderr}")
    return float(json.loads(ended.stdout)["figures"]["cpu_us_per_delivery"])

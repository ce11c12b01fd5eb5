"""The chat under uvicorn beside a consumer on Channels under Daphne: the same room, the same messages."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from .cpu import of_tree
from .figures import Figure, figure
from .served import free_port, running

ROUNDS = 3
MEMBERS = 100
MESSAGES = 100
WARM = 10

Join = Callable[[ClientConnection], Any]


def asgi() -> list[Figure]:
    """Server CPU by delivery of each, by turns."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "--lifespan", "off"]
        command += ["--log-level", "warning", "site_asgi:application"]
        with running(command, port) as pid:
            ours.append(asyncio.run(_room(port, pid, _ours_begins, _ours_says, _ours_hears)))
        port = free_port()
        command = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port)]
        command += ["site_channels:application"]
        with running(command, port) as pid:
            theirs.append(asyncio.run(_room(port, pid, _theirs_begins, _theirs_says, _theirs_hears)))
    return [
        figure(f"asgi: the chat under uvicorn, a delivery in a room of {MEMBERS}", "µs", ours),
        figure("asgi: Channels in memory under Daphne, the same", "µs", theirs),
        figure("asgi: so many times less", "×", [b / a for a, b in zip(ours, theirs, strict=True)], 5.0, at_least=True),
    ]


async def _room(
    port: int, pid: int, begins: Join, says: Callable[[int], str], hears: Callable[[str], int | None]
) -> float:
    """Members take turns in speaking; the next message goes out when everybody has the last one."""
    # All at once would be a load of its own; nothing of it is counted.
    sockets = []
    for _ in range(MEMBERS):
        url = f"ws://127.0.0.1:{port}/ws"
        socket = await connect(url, compression=None, ping_interval=None, proxy=None, max_queue=None)
        await begins(socket)
        sockets.append(socket)

    async def hear(socket: ClientConnection) -> int:
        while (n := hears(str(await socket.recv()))) is None:
            pass
        return n

    began = 0.0
    for n in range(WARM + MESSAGES):
        if n == WARM:
            began = of_tree(pid)
        await sockets[n % MEMBERS].send(says(n))
        heard = await asyncio.wait_for(asyncio.gather(*map(hear, sockets)), 30)
        if heard != [n] * MEMBERS:
            raise RuntimeError(f"void: message {n} is not what everybody has got")
    used = of_tree(pid) - began
    for socket in sockets:
        await socket.close()
    return used / MESSAGES / MEMBERS


TEXT = "a message of some thirty letters"


async def _ours_begins(socket: ClientConnection) -> None:
    await socket.send('{"id":0,"do":"hello"}')
    await socket.send('{"id":1,"do":"join","room":"r","create":{"title":"R"}}')
    while json.loads(await socket.recv()).get("re") != 1:
        pass


def _ours_says(n: int) -> str:
    return json.dumps({"id": n, "do": "say", "room": "r", "body": {"n": n, "text": TEXT}})


def _ours_hears(frame: str) -> int | None:
    said = json.loads(frame)
    return int(said["body"]["n"]) if said.get("ev") == "said" else None


async def _theirs_begins(socket: ClientConnection) -> None:
    if json.loads(await socket.recv()) != {"ready": True}:
        raise RuntimeError("void: the consumer is not ready")


def _theirs_says(n: int) -> str:
    return json.dumps({"n": n, "text": TEXT})


def _theirs_hears(frame: str) -> int | None:
    return int(json.loads(frame)["body"]["n"])

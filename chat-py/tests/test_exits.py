"""The end of a process, whatever is going on: by itself, in time, with code 0 and without a word."""

import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from programs import Runner

# In each, `work()` starts what is going on; then the main thread simply comes to its end.
GOING_ON = {
    "asyncio is reading": """
import asyncio

async def main():
    session = await engine.aconnect("a")
    await session.ajoin("r")
    reader = asyncio.create_task(session.abatch())
    more = [asyncio.create_task(engine.apost("r", n)) for n in range(50)]
    await asyncio.sleep(chance.random() * 0.02)
    # And here the program ends, with all of it under way.

asyncio.run(main())
""",
    "a loop in a thread is reading": """
import asyncio

async def main():
    session = await engine.aconnect("a")
    await session.ajoin("r")
    async for event in session:
        pass

threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
time.sleep(chance.random() * 0.05)
""",
    "threads are in batch()": """
def reads(n):
    session = engine.connect(f"t{n}")
    session.join("r")
    while True:
        session.batch()

for n in range(8):
    threading.Thread(target=reads, args=(n,), daemon=True).start()
time.sleep(chance.random() * 0.05)
""",
    "threads are asking": """
def asks():
    while True:
        engine.rooms()
        engine.post("r", "x")

for n in range(4):
    threading.Thread(target=asks, daemon=True).start()
time.sleep(chance.random() * 0.05)
""",
    "a server has clients": """
from websockets.sync.client import connect

server = engine.serve("127.0.0.1", 0, auth=lambda upgrade: ("u", "U"))
# One who talks so fast is put out before long: by then all have to be there.
all_there = threading.Barrier(5, timeout=25)
def talks(n):
    with connect(f"ws://127.0.0.1:{server.port}/", open_timeout=20) as ws:
        all_there.wait()
        ws.send('{"id":1,"do":"hello"}')
        ws.send('{"id":2,"do":"join","room":"r"}')
        while True:
            ws.send('{"id":3,"do":"say","room":"r","body":"x"}')
            ws.recv()

for n in range(4):
    threading.Thread(target=talks, args=(n,), daemon=True).start()
all_there.wait()
time.sleep(chance.random() * 0.05)
""",
    "hooks are running": """
def says(n):
    session = engine.connect(f"h{n}")
    session.join("r")
    while True:
        session.say("r", "x")

for n in range(4):
    threading.Thread(target=says, args=(n,), daemon=True).start()
time.sleep(chance.random() * 0.05)
""",
}

AROUND = """
import random, sys, threading, time
from chat_engine import ChatError, Engine

chance = random.Random(sys.argv[2])
threading.excepthook = lambda args: None  # the threads are not what is looked at

class Hooks:
    def may_say(self, user, name, room, body):
        time.sleep(chance.random() * 0.01)
        return True

engine = Engine(sys.argv[1], **{hooks})
engine.open("r", title="R")
"""


# The main thread ends while another one is held in a line of Python that the module has called.
HELD = '''
import asyncio, sys, threading, time, types
from chat_engine import Engine

class Lingers:
    """Deleted when the interpreter is ending already: meanwhile others come for its lock."""
    def __del__(self, sleep=time.sleep):
        sleep(1)

# Not in this module, whose names its threads keep alive.
sys.modules["lingers"] = types.ModuleType("lingers")
sys.modules["lingers"].one = Lingers()
engine = Engine("memory://")
engine.open("r", title="R")
held = threading.Event()

def hold(name):
    if name == sys.argv[1] and ready.is_set() and not held.is_set():
        held.set()
        time.sleep(0.5)

ready = threading.Event()

class Loop(asyncio.SelectorEventLoop):
    def create_future(self):
        hold("create_future")
        return super().create_future()

    def call_soon(self, *args, **more):
        hold("call_soon")
        return super().call_soon(*args, **more)

async def reads():
    session = await engine.aconnect("a")
    await session.ajoin("r")
    ready.set()
    while True:
        await session.abatch()

def headers():
    hold("headers")
    yield b"a", b"b"

def asks():
    ready.set()
    engine.server().peer(headers=headers())

target = asks if sys.argv[1] == "headers" else lambda: Loop().run_until_complete(reads())
threading.Thread(target=target, daemon=True).start()
ready.wait(20)
while not held.wait(0.01):
    engine.post("r", 1)
'''


@pytest.mark.parametrize("where", ["create_future", "call_soon", "headers"])
def test_the_end_waits_for_who_is_in_the_middle_of_something(program: Runner, where: str) -> None:
    program(HELD, where).well()


@pytest.mark.parametrize("going_on", GOING_ON)
def test_the_end_comes_while(program: Runner, url: str, going_on: str) -> None:
    """Fifty times for each: what goes wrong at exit goes wrong now and then."""
    if "server" in going_on:
        pytest.importorskip("websockets")
    source = AROUND.replace("{hooks}", "{\"hooks\": Hooks()}" if "hooks" in going_on else "{}") + GOING_ON[going_on]

    def once(n: int) -> None:
        # Each has a store of its own.
        address = url if url.startswith("memory") else f"{url}-{n}"
        program(source, address, str(n), within=30).well()

    with ThreadPoolExecutor(4) as several:
        list(several.map(once, range(50)))


def test_who_waits_in_batch_can_be_interrupted(program: Runner, url: str) -> None:
    source = """
    import signal, sys, time
    from chat_engine import Engine

    # Whoever started the tests may have had this ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    engine = Engine(sys.argv[1])
    session = engine.connect("1")
    try:
        print("ready", flush=True)
        session.batch()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    session.join("r", create={"title": "R"})
    session.say("r", "on")
    assert session.batch(20)
    engine.close()
    """
    process = program.start(source, url)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "interrupted\n", "")
    assert time.monotonic() - began < 10


def test_an_interrupt_ends_a_loop_that_reads(program: Runner, url: str) -> None:
    source = """
    import asyncio, signal, sys
    from chat_engine import Engine

    signal.signal(signal.SIGINT, signal.default_int_handler)

    async def main():
        async with Engine(sys.argv[1]) as engine, await engine.aconnect("1") as session:
            print("ready", flush=True)
            async for event in session:
                pass

    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    """
    process = program.start(source, url)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "interrupted\n", "")


def test_terminated_is_terminated(program: Runner, url: str) -> None:
    source = """
    import sys
    from chat_engine import Engine

    session = Engine(sys.argv[1]).connect("1")
    print("ready", flush=True)
    session.batch()
    """
    process = program.start(source, url)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    try:
        process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == -signal.SIGTERM


def test_after_the_end_everything_says_so(program: Runner, url: str) -> None:
    """Other `atexit`s and destructors may still want something; they get an error, or an answer, and no hang."""
    source = """
    import asyncio, atexit, sys

    def last():
        for ask in (lambda: engine.rooms(), lambda: engine.connect("2"), lambda: kim.batch(1), lambda: kim.say("r", 1)):
            try:
                ask()
            except ChatError:
                pass
        kim.close()
        engine.close()
        print("last")

    # Registered before the package is imported: it runs after everything of the package has ended.
    atexit.register(last)
    from chat_engine import ChatError, Engine

    class Late:
        def __del__(self):
            kim.close()
            engine.close()

    engine = Engine(sys.argv[1])
    kim = engine.connect("1")
    kim.join("r", create={"title": "R"})
    late = Late()
    """
    assert program(source, url).well().out == "last\n"

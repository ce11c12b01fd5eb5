"""Forks: the child begins anew from the settings, the parent does not notice, and neither hangs."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from programs import Runner
from redis_server import die_with_parent, free_port

FORKS = """
import os, sys
from chat_engine import Engine, Misuse

engine = Engine(sys.argv[1])
kim = engine.connect("1", "Kim")
kim.join("r", create={"title": "R"})
node = engine.node

def child():
    try:
        for wrong in (lambda: kim.say("r", 1), lambda: kim.batch(0), lambda: kim.batch(1), lambda: kim.leave("r")):
            try:
                wrong()
            except Misuse as error:
                assert "process" in str(error) or "fork" in str(error), error
            else:
                raise AssertionError("a session of another process was used")
        kim.close()
        assert engine.node != node
        if sys.argv[1].startswith("memory"):
            assert engine.rooms().total == 0
        else:
            assert [room.id for room in engine.rooms()] == ["r"]
        with engine.connect("2", "Lee") as lee:
            lee.join("r", create={"title": "R"})
            lee.say("r", "from the child")
            assert any(event.ev == "said" for event in lee.batch(20))
        engine.close()
    except BaseException:
        import traceback
        traceback.print_exc()
        os._exit(1)
    os._exit(0)

for _ in range(5):
    pid = os.fork()
    if pid == 0:
        child()
    assert os.waitpid(pid, 0)[1] == 0
kim.say("r", "from the parent")
assert engine.node == node
told = kim.batch(20)
while not any(event.ev == "said" and event.body == "from the parent" for event in told):
    told += kim.batch(20)
from_children = [event for event in told if event.ev == "said" and event.body == "from the child"]
assert len(from_children) == (0 if sys.argv[1].startswith("memory") else 5), told
engine.close()
print("ok")
"""

# A fork in the middle of everything: threads that wait and threads that say, a loop that reads.
UNDER_LOAD = """
import asyncio, os, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # a fork with threads, which is what this is about
from chat_engine import Engine, Ended

url = sys.argv[1]
engine = Engine(url)
over = threading.Event()
sessions = [engine.connect(f"u{n}") for n in range(8)]
for session in sessions:
    session.join("r", create={"title": "R"})
counts = [0] * len(sessions)

def says(session):
    while not over.is_set():
        session.say("r", "x" * 100)
        time.sleep(0.0005)

def reads(n):
    while not over.is_set():
        counts[n] += len(sessions[n].batch(0.05))

async def reads_too():
    while not over.is_set():
        try:
            counts[7] += len(await asyncio.wait_for(sessions[7].abatch(), 0.05))
        except asyncio.TimeoutError:
            pass

asyncio.run(asyncio.sleep(0))  # asyncio's own first use, which has a lock, is not what is tried here
threads = [threading.Thread(target=says, args=(session,)) for session in sessions[:3]]
threads += [threading.Thread(target=reads, args=(n,)) for n in range(7)]
threads += [threading.Thread(target=lambda: asyncio.run(reads_too()))]
for thread in threads:
    thread.start()

for n in range(int(sys.argv[2])):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            async def main():
                async with await engine.aconnect("child") as child:
                    await child.ajoin("mine", create={"title": "Mine"})
                    await child.asay("mine", n)
                    return await asyncio.wait_for(child.abatch(), 20)
            assert asyncio.run(main())[-1].body == n
            engine.close()
            code = 0
        finally:
            os._exit(code)
    until = time.monotonic() + 30
    while (done := os.waitpid(pid, os.WNOHANG))[0] == 0:
        if time.monotonic() > until:
            os.kill(pid, 6)  # its faulthandler says where it stands
            os.waitpid(pid, 0)
            print(f"child {n} hangs", file=sys.stderr)
            over.set()
            sys.exit(1)
        time.sleep(0.001)
    assert done[1] == 0, (n, done)

before = list(counts)
until = time.monotonic() + 30
while any(a == b for a, b in zip(before, counts)) and time.monotonic() < until:
    time.sleep(0.01)
assert all(a > b for a, b in zip(counts, before)), "after the forks somebody in the parent reads no more"
over.set()
for thread in threads:
    thread.join()
engine.close()
print("ok")
"""

# A fork while another thread is held in the middle of a first use of something of Python's, which the module keeps.
FIRST_USE = """
import asyncio, importlib, os, signal, sys, threading, types
from contextlib import suppress
from chat_engine import BadRequest, Engine, Forbidden, Misuse

engine = Engine("memory://")
module, name, use = importlib.import_module(sys.argv[1]), sys.argv[2], sys.argv[3]
inside, go_on = threading.Event(), threading.Event()
parent, first = os.getpid(), threading.current_thread()

class Held(types.ModuleType):
    def __getattribute__(self, asked):
        if asked == name and os.getpid() == parent and threading.current_thread() is not first:
            inside.set()
            go_on.wait(20)
        return super().__getattribute__(asked)

module.__class__ = Held

async def waits():
    async with await engine.aconnect("x") as session:
        try:
            await asyncio.wait_for(session.abatch(), 0.01)
        except asyncio.TimeoutError:
            pass

def plain():
    with engine.connect("x") as session:
        session.batch(0.01)

def two():
    with engine.connect("x") as session:
        def reads():
            with suppress(Misuse):
                session.batch(1)

        other = threading.Thread(target=reads)
        other.start()
        try:
            while other.is_alive():
                session.batch(0)
        except Misuse:
            pass
        other.join()

def error():
    try:
        engine.connect("")
    except BadRequest:
        return
    raise AssertionError("it takes anybody")

def moment():
    with engine.connect("x") as session:
        session.join("r", create={"title": "R"})
        session.say("r", 1)
        assert session.batch(20)[-1].at.year > 2000

class Nobody:
    def may_join(self, *asked):
        return False

def asks():
    with Engine("memory://", hooks=Nobody()) as engine, engine.connect("x") as session:
        try:
            session.join("r", create={"title": "R"})
        except Forbidden:
            return
    raise AssertionError("it was not asked")

uses = {"waits": lambda: asyncio.run(waits()), "plain": plain, "two": two, "error": error}
uses |= {"moment": moment, "asks": asks}
thread = threading.Thread(target=uses[use])
thread.start()
assert inside.wait(20), "nobody asks for it"
pid = os.fork()
if pid == 0:
    signal.alarm(20)
    uses[use]()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0, "the child waits for what nobody does there"
go_on.set()
thread.join()
engine.close()
print("ok")
"""

POOLS = """
import multiprocessing, sys
from chat_engine import Engine

engine = Engine(sys.argv[2]) if sys.argv[1] == "fork" else None

def work(n):
    global engine
    if engine is None:
        engine = Engine(sys.argv[2])
    engine.post("r", n)
    return engine.node

if __name__ == "__main__":
    first = engine or Engine(sys.argv[2])
    with first.connect("1") as kim:
        kim.join("r", create={"title": "R"})
        with multiprocessing.get_context(sys.argv[1]).Pool(3) as pool:
            nodes = set(pool.map(work, range(30), chunksize=1))
            pool.close()
            pool.join()
        assert first.node not in nodes
        told = []
        while len(told) < 30:
            told += kim.batch(20)
        assert sorted(event.body for event in told) == list(range(30)), told
    first.close()
    print("ok")
"""


def test_a_child_begins_anew(program: Runner, url: str) -> None:
    assert program(FORKS, url).well().out == "ok\n"


def test_a_hundred_forks_under_load(program: Runner, url: str) -> None:
    assert program(UNDER_LOAD, url, "100", within=240).well().out == "ok\n"


@pytest.mark.parametrize(
    ("module", "name", "use"),
    [
        ("asyncio", "get_running_loop", "waits"),
        ("chat_engine._loops", "inbox_of", "waits"),
        ("chat_engine._loops", "refuse_to_block", "plain"),
        ("chat_engine._loops", "let_go_of_closed", "two"),
        ("chat_engine._errors", "make", "error"),
        ("chat_engine._threads", "start", "asks"),
        ("datetime", "datetime", "moment"),
        ("datetime", "timezone", "moment"),
    ],
)
def test_a_fork_in_the_middle_of_a_first_use(program: Runner, module: str, name: str, use: str) -> None:
    assert program(FIRST_USE, module, name, use).well().out == "ok\n"


@pytest.mark.parametrize("way", ["fork", "forkserver", "spawn"])
def test_pools_of_processes(program: Runner, redis_url: str, way: str) -> None:
    env = {"PYTHONWARNINGS": "ignore::DeprecationWarning"}
    assert program(POOLS, way, redis_url, env=env).well().out == "ok\n"


def test_a_child_that_just_ends_ends_well(program: Runner, url: str) -> None:
    source = """
    import os, sys, threading, warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    from chat_engine import Engine

    engine = Engine(sys.argv[1])
    kim = engine.connect("1")
    kim.join("r", create={"title": "R"})
    for use in (False, True):
        for _ in range(10):
            pid = os.fork()
            if pid == 0:
                if use:
                    engine.connect("2").join("r", create={"title": "R"})
                sys.exit(0)  # with atexit and all
            assert os.waitpid(pid, 0)[1] == 0
    # What a child lets go of is not the parent's to lose.
    assert engine.members("r").count >= 1
    kim.say("r", "here")
    engine.close()
    print("ok")
    """
    assert program(source, url).well().out == "ok\n"


def test_a_grandchild_begins_anew_too(program: Runner, url: str) -> None:
    source = """
    import os, sys
    from chat_engine import Engine

    engine = Engine(sys.argv[1])
    nodes = []

    def generation(depth):
        engine.open(title=f"{depth}")
        assert engine.node not in nodes
        nodes.append(engine.node)
        if depth < 4:
            pid = os.fork()
            if pid == 0:
                generation(depth + 1)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        engine.close()

    generation(0)
    print("ok")
    """
    assert program(source, url).well().out == "ok\n"


SITE = """
import json, os
from chat_engine import Engine

# Made, and used, before the workers are forked.
engine = Engine(os.environ["CHAT_URL"])
engine.open("preloaded", title="Preloaded", grace=0) if not engine.rooms(ids=["preloaded"]) else None
kept = engine.connect("master")

def application(environ, start_response):
    if environ["PATH_INFO"] == "/kept":
        try:
            kept.rooms()
            answer = "used"
        except Exception as error:
            answer = type(error).__name__
    else:
        engine.post("preloaded", os.getpid())
        with engine.connect() as session:
            session.join("preloaded")
            answer = len(session.history("preloaded"))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"pid": os.getpid(), "node": engine.node, "answer": answer}).encode()]
"""


@pytest.mark.parametrize("workers", ["sync", "gthread"])
def test_gunicorn_with_preload(tmp_path: Path, redis_url: str, workers: str) -> None:
    pytest.importorskip("gunicorn")
    (tmp_path / "site_of_test.py").write_text(SITE)
    port = free_port()
    log = tmp_path / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [
                *(sys.executable, "-W", "ignore::DeprecationWarning", "-m", "gunicorn", "--preload", "--workers", "3"),
                *("--worker-class", workers, "--threads", "4" if workers == "gthread" else "1"),
                *("--bind", f"127.0.0.1:{port}", "--graceful-timeout", "5", "site_of_test:application"),
            ],
            cwd=tmp_path,
            env={**os.environ, "CHAT_URL": redis_url},
            stdout=file,
            stderr=file,
            preexec_fn=die_with_parent,
        )

    def ask(path: str) -> dict[str, object]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as response:
            return dict(json.load(response))

    try:
        until = time.monotonic() + 30
        while True:
            try:
                ask("/")
                break
            except OSError:
                assert time.monotonic() < until and process.poll() is None, log.read_text()
                time.sleep(0.05)
        answers: list[dict[str, object]] = []
        while len({a["pid"] for a in answers}) < 3 and time.monotonic() < until:
            answers += [ask("/") for _ in range(10)]
        pids, nodes = {a["pid"] for a in answers}, {a["node"] for a in answers}
        # One that is asked rarely may have been passed over; each that answered is a node of its own.
        assert len(pids) == len(nodes) >= 2, log.read_text()
        assert ask("/kept")["answer"] == "Misuse"
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
    text = log.read_text()
    assert code == 0, text
    assert "Traceback" not in text and "Fatal" not in text and "panicked" not in text, text
    assert "SIGABRT" not in text and "SIGKILL" not in text and "SIGSEGV" not in text, text

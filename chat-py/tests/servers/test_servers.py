"""The site with its chat under Daphne, uvicorn, hypercorn and granian: what a page's socket sees."""

import json
import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor

import pytest
from served import WITHIN, Served
from websockets.exceptions import ConnectionClosed, InvalidStatus

GONE = {"title": "Gone", "policy": {"grace_ms": 0}}


def test_who_is_logged_in_is_known(served: Served) -> None:
    with served.client("kim") as kim:
        assert kim.socket.subprotocol == "chat.v1"
        hello = kim.ask("hello")
        assert (hello["user"], hello["name"]) == ("1", "Kim")
        assert "token" not in hello
        kim.ask("join", room="mine", create={"title": "Mine"})
        assert kim.ask("say", room="mine", body="hi")["dup"] is False


def test_who_is_not_is_anonymous_and_stays_the_same(served: Served) -> None:
    with served.client() as first:
        hello = first.ask("hello", name="Somebody")
    assert hello["name"] == "Somebody" and hello["user"] not in ("1", "2")
    with served.client() as again:
        assert again.ask("hello", token=hello["token"])["user"] == hello["user"]
    with served.client() as other:
        assert other.ask("hello")["user"] != hello["user"]


def test_two_talk_and_the_views_see_it(served: Served) -> None:
    with served.client("kim") as kim, served.client("lee") as lee:
        for client in (kim, lee):
            client.ask("hello")
            client.ask("join", room="talk", create={"title": "Talk"})
        assert kim.event("joined")["user"] == "2"
        said = kim.ask("say", room="talk", body={"text": "안녕 🦀"})
        heard = lee.event("said")
        assert (heard["n"], heard["by"], heard["name"], heard["body"]) == (said["n"], "1", "Kim", {"text": "안녕 🦀"})
        (room,) = (room for room in served.get("/rooms/")["rooms"] if room["id"] == "talk")
        assert (room["live"], room["last"]["body"]) == (2, {"text": "안녕 🦀"})
        served.get("/post/talk/1/")
        assert lee.event("said")["body"] == [0, "x"]
        served.get("/apost/talk/")
        assert lee.event("said")["body"] == "asynchronously"


def test_a_tab_that_is_closed_is_noticed(served: Served) -> None:
    with served.client("kim") as kim:
        kim.ask("hello")
        kim.ask("join", room="gone", create=GONE)
        for way in ("close", "cut"):
            lee = served.client("lee")
            lee.ask("hello")
            lee.ask("join", room="gone")
            assert kim.event("joined")["user"] == "2"
            # Somebody whose frames are on the way, too.
            lee.socket.send(json.dumps({"id": 99, "do": "say", "room": "gone", "body": way}))
            if way == "close":
                lee.socket.close()
            else:
                lee.gone()
            left = kim.event("left")
            assert (left["user"], left["why"]) == ("2", "lost")


def test_pages_of_other_sites_are_refused(served: Served) -> None:
    for origin in ("https://evil.example", "null", f"http://127.0.0.1.evil.example:{served.port}"):
        with pytest.raises(InvalidStatus) as refused:
            served.client("kim", origin=origin)
        assert refused.value.response.status_code == 403, origin
    for origin in (f"http://127.0.0.1:{served.port}", "http://localhost:3000", "https://chat.example"):
        with served.client("kim", origin=origin) as kim:
            assert kim.ask("hello")["user"] == "1"


def test_elsewhere_there_is_no_chat(served: Served) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        served.client(path="/elsewhere")
    with pytest.raises(urllib.error.HTTPError) as asked:
        served.get("/ws")
    with asked.value:
        assert asked.value.code == 426
    assert served.get("/rooms/")


def test_frames_that_are_none_close_the_connection(served: Served) -> None:
    with served.client() as client:
        client.ask("hello")
        for frame in ("no json", "[]", b"binary", '{"id":1}', "{}"):
            client.socket.send(frame)
            assert client.frame()["err"]["code"] == "bad_request"
        assert client.frame() == {"ev": "bye", "why": "protocol"}
        with pytest.raises(ConnectionClosed) as closed:
            client.frame()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4400


def test_many_at_once(served: Served) -> None:
    def one(n: int) -> list[object]:
        with served.client() as client:
            client.ask("hello", name=f"N{n}")
            client.ask("join", room="many", create={"title": "Many"})
            client.ask("say", room="many", body=n)
            ready.append(n)
            until = time.monotonic() + WITHIN
            while len(ready) < 40 and time.monotonic() < until:
                client.ask("ping")
            return [entry["body"] for entry in client.ask("history", room="many")["entries"] if entry["ev"] == "said"]

    ready: list[int] = []
    with ThreadPoolExecutor(40) as threads:
        seen = list(threads.map(one, range(40)))
    assert all(sorted(map(int, map(str, bodies))) == list(range(40)) for bodies in seen)
    assert len({tuple(map(str, bodies)) for bodies in seen}) == 1


def rss(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_one_that_does_not_read_holds_up_nobody(served: Served) -> None:
    """24 MB are said to a room; who reads gets all of it, and who does not costs no more than what is kept for all."""
    count, size = 3_000, 8_000
    with served.client("kim") as kim, served.client("lee", max_queue=1) as lee:
        for client in (kim, lee):
            client.ask("hello")
            client.ask("join", room="slow", create={"title": "Slow", "policy": {"history": 10}})
        pid = served.pid
        before, most = rss(pid), 0
        with ThreadPoolExecutor(1) as thread:
            for _ in range(count // 100):
                posting = thread.submit(served.get, f"/post/slow/100/?size={size}")
                bodies = [kim.event("said")["body"][0] for _ in range(100)]
                assert bodies == list(range(100))
                posting.result(WITHIN)
                most = max(most, rss(pid))
        grown = (most - before) / 1_000_000
        # Daphne takes whatever it is given, and never says that it is too much: it holds all of it until its own pings
        # find nobody. It must not be held twice.
        allowed = 40 if served.server == "daphne" else 12
        assert grown < allowed, f"{grown:.1f} MB for one that does not read"

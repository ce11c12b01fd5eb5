"""Connections whose frames somebody else carries: in an event loop, and by hand."""

import asyncio
import gc
import json
import socket
import threading
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from programs import Runner

from chat_engine import BadRequest, Ended, Engine, Forbidden, Misuse, Peer, TooMany, Unavailable

PATIENCE = 20.0
SECRET = "a secret of thirty-two bytes, or more"


class Talk:
    """A connection, as a framework carries it."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.frames: list[dict[str, Any]] = []
        self._number = 0

    def send(self, do: str, **fields: Any) -> int:
        self._number += 1
        self.peer.receive(json.dumps({"id": self._number, "do": do, **fields}))
        return self._number

    async def more(self) -> list[dict[str, Any]]:
        frames = [json.loads(text) for text in await asyncio.wait_for(self.peer.aframes(), PATIENCE)]
        self.frames += frames
        return frames

    async def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        """The whole reply."""
        while not self.peer.wants_more:
            await self.more()
        number = self.send(do, **fields)
        while True:
            for frame in self.frames:
                if frame.get("re") == number:
                    self.frames.remove(frame)
                    return frame
            await self.more()

    async def ok(self, do: str, **fields: Any) -> dict[str, Any]:
        reply = await self.ask(do, **fields)
        assert "ok" in reply, reply
        return reply["ok"]

    async def event(self, ev: str) -> dict[str, Any]:
        while not self.frames:
            await self.more()
        frame = self.frames.pop(0)
        assert frame.get("ev") == ev, frame
        return frame

    async def end(self) -> int:
        """Waits for the close."""
        while self.peer.close_code is None:
            await self.more()
        self.frames += map(json.loads, self.peer.frames())
        return self.peer.close_code


def run(main: Callable[[Engine], Coroutine[Any, Any, None]], url: str = "memory://", **options: Any) -> None:
    async def around() -> None:
        async with Engine(url, **options) as engine:
            await main(engine)

    asyncio.run(around())


def test_two_talk(url: str) -> None:
    async def main(engine: Engine) -> None:
        server = engine.server()
        kim, lee = (Talk(server.peer(user=user, name=user.title())) for user in ("kim", "lee"))
        for talk in (kim, lee):
            hello = await talk.ok("hello")
            assert "ping_ms" not in hello["limits"], "nobody could answer one"
            await talk.ok("join", room="r", create={"title": "R"})
        assert (await kim.event("joined"))["name"] == "Lee"
        # The carrier's task waits; what comes wakes it.
        waiting = asyncio.create_task(kim.event("said"))
        await asyncio.sleep(0)
        await lee.ok("say", room="r", body={"text": "h\u00e9llo \U0001f600"})
        said = await waiting
        assert (said["by"], said["body"]) == ("lee", {"text": "h\u00e9llo \U0001f600"})
        assert server.connections == 2
        lee.peer.lost()
        kim.peer.lost()
        assert server.connections == 0

    run(main, url)


def test_the_first_connections_wait_for_the_store_and_not_the_loop(redis_url: str) -> None:
    async def main(engine: Engine) -> None:
        talks = [Talk(engine.server().peer(user=str(n))) for n in range(3)]
        for talk in talks:
            assert (await talk.ok("hello"))["user"] in "012"

    run(main, redis_url)


def test_without_a_store_clients_are_told_to_come_back() -> None:
    async def main(engine: Engine) -> None:
        talk = Talk(engine.server().peer())
        # Nothing is taken meanwhile, and nobody is kept from anything.
        assert not talk.peer.wants_more and talk.peer.frames() == []
        for receive in (lambda: talk.peer.receive("{}"), talk.peer.receive_binary):
            with pytest.raises(Misuse, match="wants_more"):
                receive()
        assert await talk.end() == 4000
        assert (talk.frames, talk.peer.close_reason, talk.peer.wants_more) == ([], "gone", False)

    # It takes the connection, and never says anything.
    with socket.create_server(("127.0.0.1", 0)) as mute:
        run(main, f"redis://127.0.0.1:{mute.getsockname()[1]}/")


def test_who_the_transport_knows_outweighs_a_token_of_nobodys(engine: Engine) -> None:
    asked = []

    async def main() -> None:
        server = engine.server(secret=SECRET, auth=asked.append)
        guest = await Talk(server.peer()).ok("hello", name="Guest")
        assert len(asked) == 1 and guest["user"].startswith("u_")
        for token in (None, guest["token"]):
            hello = await Talk(server.peer(user="7", name="Kim Il-seong, with a very long name indeed")).ok(
                "hello", token=token
            )
            assert (hello["user"], hello["name"], "token" in hello) == ("7", "Kim Il-seong, with a very long n", False)
        # Known is known: there is nothing to ask.
        assert len(asked) == 1
        refused = await Talk(server.peer(user="7")).ask("hello", token="x")
        assert refused["err"]["code"] == "unauthorized"

    asyncio.run(main())


def test_where_the_site_names_its_users_they_take_no_other_name(engine: Engine) -> None:
    async def main() -> None:
        for options, may in ({}, True), ({"rename": False}, False):
            server = engine.server(options=options)
            kim = Talk(server.peer(user="7", name="Kim"))
            await kim.ok("hello")
            answer = await kim.ask("rename", name="Lee")
            assert ("ok" in answer) is may and (may or answer["err"]["code"] == "forbidden")
            guest = Talk(server.peer())
            await guest.ok("hello")
            assert (await guest.ok("rename", name="Lee"))["name"] == "Lee"

    asyncio.run(main())


def test_who_may_not_begin_is_refused_before_anything_is_accepted(engine: Engine) -> None:
    headers = [(b"host", b"example.org"), (b"origin", b"https://evil.example")]
    server = engine.server(
        options={"connections_of_address": 1, "connections": 2, "ping": 5}, trusted_proxies=["192.0.2.9"]
    )
    with pytest.raises(Forbidden):
        server.peer(headers=headers)
    one = server.peer(headers=headers, origin_checked=True, client="192.0.2.1")
    with pytest.raises(TooMany):
        server.peer(client="192.0.2.1")
    forwarded = [(b"x-forwarded-for", b"192.0.2.1"), (b"bad name", b"x"), (b"x", b"\n")]
    with pytest.raises(TooMany):
        server.peer(headers=forwarded, client="192.0.2.9")
    two = server.peer(client="/run/a.sock")
    with pytest.raises(Unavailable) as full:
        server.peer(client="192.0.2.3")
    assert full.value.retry_after == 1
    for user in ("", "kim lee", "x" * 129):
        with pytest.raises(BadRequest):
            server.peer(user=user)
    one.lost()
    two.lost()
    server.peer(client="192.0.2.1")


def test_garbage_is_answered_and_then_the_end(engine: Engine) -> None:
    async def main() -> None:
        for garbage in ("", "x", "[]", "{", "\ud800", '{"id":1,"do":"\udfff"}', "\0", '{"id":-1,"do":"ping"}'):
            talk = Talk(engine.server().peer())
            await talk.ok("hello")
            for _ in range(5):
                talk.peer.receive(garbage)
            assert await talk.end() == 4400
            codes = [frame.get("err", {}).get("code") for frame in talk.frames]
            assert codes == ["bad_request"] * 5 + [None] and talk.frames[-1]["why"] == "protocol"
            # Nothing is taken any more, and nothing breaks.
            talk.peer.receive("{}")
            assert not talk.peer.wants_more

        talk = Talk(engine.server().peer())
        for _ in range(5):
            talk.peer.receive_binary()
        assert await talk.end() == 4400
        talk = Talk(engine.server(options={"frame": 100}).peer())
        talk.peer.receive("x" * 101)
        assert await talk.end() == 4413
        for wrong in (b"{}", None, 7):
            with pytest.raises(TypeError):
                talk.peer.receive(wrong)  # type: ignore[arg-type]

    asyncio.run(main())


def test_time_passes_for_who_waits(engine: Engine) -> None:
    async def main() -> None:
        talk = Talk(engine.server(options={"hello_timeout": 0.05}).peer())
        assert await talk.end() == 4408
        # A listener's server would ask for signs of life; here the carrier sees to them.
        async with engine.serve(port=0, options={"ping": 0.02, "silent": 0.05}) as server:
            talk = Talk(server.peer())
            await talk.ok("hello")
            waiting = asyncio.create_task(talk.more())
            await asyncio.sleep(0.2)
            assert not waiting.done() and talk.peer.close_code is None
            waiting.cancel()
            talk.peer.lost()

    asyncio.run(main())


def test_a_client_that_asks_for_too_much_at_once_waits() -> None:
    go = threading.Event()
    slow = SimpleNamespace(may_say=lambda *args: go.wait(PATIENCE) and None)

    async def main(engine: Engine) -> None:
        talk = Talk(engine.server(options={"commands": 4, "rate": None}).peer())
        await talk.ok("hello")
        await talk.ok("join", room="r", create={"title": "R"})
        sent = 0
        while talk.peer.wants_more:
            talk.send("say", room="r", body=sent)
            sent += 1
        assert sent == 4

        async def until_it_takes_more() -> None:
            while not talk.peer.wants_more:
                await talk.more()

        waiting = asyncio.create_task(until_it_takes_more())
        await asyncio.sleep(0.02)
        assert not waiting.done()
        go.set()
        await asyncio.wait_for(waiting, PATIENCE)

    run(main, hooks=slow, hook_timeout=PATIENCE)


def test_a_carrier_that_sends_slowly_is_given_some_at_a_time_and_all_in_order(engine: Engine) -> None:
    async def main() -> None:
        talk = Talk(engine.server(options={"waiting": 4096}).peer())
        await talk.ok("hello")
        await talk.ok("join", room="r", create={"title": "R"})
        for _ in range(100):
            engine.post("r", "x" * 10_000)
        frames = await talk.more()
        assert 1 <= len(frames) <= 64
        # What is taken makes room for the next, in order, and nothing is missing.
        while len(frames) < 100:
            more = await talk.more()
            assert 1 <= len(more) <= 64
            frames += more
        assert [frame["n"] for frame in frames] == list(range(2, 102))

    asyncio.run(main())


def test_what_was_asked_for_is_done_though_the_client_has_gone() -> None:
    go = threading.Event()
    slow = SimpleNamespace(may_say=lambda *args: go.wait(PATIENCE) and None)

    async def main(engine: Engine) -> None:
        server = engine.server()
        talk = Talk(server.peer(user="7"))
        await talk.ok("hello")
        await talk.ok("join", room="r", create={"title": "R"})
        talk.send("say", room="r", body="last words")
        await asyncio.sleep(0)
        talk.peer.frames()
        talk.peer.lost()
        go.set()
        for _ in range(2_000):
            page = await engine.ahistory("r")
            if any(getattr(entry, "body", None) == "last words" for entry in page):
                break
            await asyncio.sleep(0.005)
        else:
            pytest.fail("it was not said")
        assert talk.peer.close_code is None and not talk.peer.wants_more

    run(main, hooks=slow, hook_timeout=PATIENCE)


def test_who_waits_hears_of_the_end_once_and_then_gets_an_error(engine: Engine) -> None:
    async def main() -> None:
        talk = Talk(engine.server().peer())
        waiting = asyncio.create_task(talk.peer.aframes())
        await asyncio.sleep(0)
        talk.peer.lost()
        talk.peer.lost()
        assert await waiting == []
        # A loop without an end would stop everything else.
        with pytest.raises(Ended):
            await talk.peer.aframes()

        talk = Talk(engine.server().peer(user="7"))
        await talk.ok("hello")
        await engine.adisconnect("7")
        assert await talk.end() == 4403
        assert talk.frames.pop()["why"] == "kicked"
        assert await talk.peer.aframes() == []
        with pytest.raises(Ended):
            await talk.peer.aframes()

    asyncio.run(main())


def test_a_stop_says_goodbye_to_peers(engine: Engine) -> None:
    async def main() -> None:
        server = engine.server()
        talk = Talk(server.peer())
        await talk.ok("hello")
        ending = asyncio.create_task(talk.end())
        await asyncio.sleep(0)
        stopping = asyncio.create_task(server.astop(PATIENCE))
        assert await ending == 4000 and talk.frames[-1]["ev"] == "bye"
        talk.peer.lost()
        del talk
        gc.collect()
        await stopping
        with pytest.raises(Unavailable):
            server.peer()

    asyncio.run(main())


def test_being_cancelled_loses_nothing(engine: Engine) -> None:
    async def main() -> None:
        talk = Talk(engine.server(options={"rate": None}).peer())
        await talk.ok("hello")
        await talk.ok("join", room="r", create={"title": "R"})
        seen: list[int] = []
        for n in range(300):
            waiting = asyncio.ensure_future(talk.peer.aframes())
            if n % 3 == 0:
                await asyncio.sleep(0)
            engine.post("r", n)
            if n % 2 == 0:
                waiting.cancel()
            try:
                seen += [json.loads(text)["body"] for text in await waiting]
            except asyncio.CancelledError:
                pass
        seen += [json.loads(text)["body"] for text in talk.peer.frames()]
        assert seen == list(range(300))

    asyncio.run(main())


def test_one_at_a_time_waits_and_in_any_loop(engine: Engine) -> None:
    server = engine.server()
    talk = Talk(server.peer())

    async def first() -> None:
        await talk.ok("hello")
        waiting = asyncio.create_task(talk.peer.aframes())
        await asyncio.sleep(0)
        with pytest.raises(Misuse, match="somebody else waits"):
            await talk.peer.aframes()
        waiting.cancel()
        await asyncio.sleep(0)

    async def second() -> None:
        await talk.ok("join", room="r", create={"title": "R"})

    asyncio.run(first())
    asyncio.run(second())


@pytest.mark.parametrize("wakeup", ["eventfd", "socketpair", "thread"])
def test_each_way_of_being_woken_wakes_peers(program: Runner, wakeup: str) -> None:
    source = """
    import asyncio, threading
    from chat_engine import Engine

    async def main(engine):
        peer = engine.server().peer(user="7")
        peer.receive('{"id":1,"do":"hello"}')
        peer.receive('{"id":2,"do":"join","room":"r","create":{"title":"R"}}')
        frames = []
        while len(frames) < 2:
            frames += await peer.aframes()
        def posts():
            for n in range(500):
                engine.post("r", n)
        thread = threading.Thread(target=posts)
        thread.start()
        while len(frames) < 502:
            frames += await peer.aframes()
        thread.join()
        print(len(frames))

    with Engine() as engine:
        asyncio.run(main(engine))
    """
    assert program(source, env={"CHAT_ENGINE_WAKEUP": wakeup}).well().out == "502\n"


def test_by_hand_nothing_needs_an_event_loop() -> None:
    with Engine(clock="manual") as engine:
        server = engine.server()
        talk = Talk(server.peer(user="7", name="Kim"))
        talk.send("hello")
        talk.send("join", room="r", create={"title": "R", "policy": {"idle_s": 60}})
        replies = [json.loads(text) for text in talk.peer.frames()]
        assert [reply["re"] for reply in replies] == [1, 2]
        engine.clock.advance(61)
        (closed,) = (json.loads(text) for text in talk.peer.frames())
        assert (closed["ev"], closed["why"]) == ("closed", "idle")
        assert talk.peer.frames() == []


def test_one_that_is_dropped_is_lost(engine: Engine) -> None:
    server = engine.server()
    peer = server.peer(user="7")
    peer.receive('{"id":1,"do":"hello"}')
    assert len(peer.frames()) == 1
    assert (server.connections, engine.online()) == (1, 1)
    del peer
    gc.collect()
    assert (server.connections, engine.online()) == (0, 0)


def test_a_connection_stays_with_its_process(program: Runner) -> None:
    source = """
    import os, warnings
    from chat_engine import Engine, Misuse

    warnings.simplefilter("ignore", DeprecationWarning)  # a fork with threads, which is what this is about
    engine = Engine()
    peer = engine.server().peer(user="7")
    peer.receive('{"id":1,"do":"hello"}')
    assert peer.frames()
    child = os.fork()
    if child == 0:
        for use in (lambda: peer.receive("{}"), peer.frames, peer.receive_binary):
            try:
                use()
            except Misuse:
                continue
            raise AssertionError
        peer.lost()
        del peer
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    peer.receive('{"id":2,"do":"ping"}')
    print(peer.frames())
    """
    assert program(source).well().out == '[\'{"re":2,"ok":{}}\']\n'

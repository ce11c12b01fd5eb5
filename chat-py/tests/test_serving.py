"""The server of an engine: who comes in, what is refused, and how it ends. On real sockets."""

import asyncio
import errno
import gc
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from programs import Runner
from websockets.exceptions import InvalidStatus
from wire import PATIENCE, Client

import chat_engine
from chat_engine import BadRequest, Engine, Misuse, Server, SynchronousOnly, Upgrade

SECRET = "a secret of thirty-two bytes, or more"


@pytest.fixture
def serve(engine: Engine) -> Iterator[Callable[..., str]]:
    """Serves the engine; the address."""
    servers: list[Server] = []

    def serve(**options: Any) -> str:
        servers.append(engine.serve(port=0, **options))
        assert servers[-1].url is not None
        return servers[-1].url

    yield serve
    for server in servers:
        server.stop(1)


def until(so: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.005)


def refused_with(url: str, **options: Any) -> int:
    with pytest.raises(InvalidStatus) as refused:
        Client(url, **options)
    return int(refused.value.response.status_code)


# --- who somebody is --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "who"),
    [
        ("7", ("7", "guest")),
        (("7", "Kim"), ("7", "Kim")),
        (("7", None), ("7", "guest")),
        ((7, "Kim"), ("7", "Kim")),
        (SimpleNamespace(id="7", name="Kim"), ("7", "Kim")),
        (SimpleNamespace(id=7), ("7", "guest")),
        (
            ("7", "  a name that is much longer than the thirty-two characters of a chat"),
            ("7", "a name that is much longer than"),
        ),
        (("7", "\u202e\n"), ("7", "guest")),
    ],
)
def test_auth_says_who_somebody_is(serve: Callable[..., str], answer: object, who: tuple[str, str]) -> None:
    with Client(serve(auth=lambda upgrade: answer)) as client:
        hello = client.ok("hello")
        assert (hello["user"], hello["name"]) == who
        assert "token" not in hello


def test_a_wished_name_is_for_those_of_whom_the_site_has_none(serve: Callable[..., str]) -> None:
    with Client(serve(auth=lambda upgrade: "7")) as client:
        assert client.ok("hello", name="Kim")["name"] == "Kim"
    with Client(serve(auth=lambda upgrade: ("7", "Kim"))) as client:
        assert client.ok("hello", name="Admin")["name"] == "Kim"


@pytest.mark.parametrize("nobody", [None, SimpleNamespace(id=None, name="AnonymousUser")])
def test_who_is_nobody_to_auth_is_by_a_token_or_has_no_account(serve: Callable[..., str], nobody: object) -> None:
    url = serve(auth=lambda upgrade: nobody)
    with Client(url) as client:
        first = client.ok("hello", name="Guest")
        assert first["user"].startswith("u_")
    with Client(url) as client:
        again = client.ok("hello", token=first["token"])
        assert (again["user"], again["name"]) == (first["user"], "Guest")


def test_auth_is_called_once_with_what_the_connection_shows(serve: Callable[..., str]) -> None:
    shown: list[Upgrade] = []

    def auth(upgrade: Upgrade) -> str:
        shown.append(upgrade)
        return "7"

    url = serve(auth=auth)
    headers = [("X-One", "1"), ("Cookie", 'sessionid=abc; empty=; quoted="x=y"; sessionid=second')]
    with Client(url, additional_headers=headers) as client:
        client.ok("hello", token="t", name="Kim")
        client.ok("join", room="r", create={"title": "R"})
        for n in range(20):
            client.ok("say", room="r", body=n)
    (upgrade,) = shown
    assert (upgrade.token, upgrade.name, upgrade.client) == ("t", "Kim", "127.0.0.1")
    assert upgrade.headers["x-one"] == "1" and upgrade.headers["upgrade"] == "websocket"
    assert upgrade.cookies == {"sessionid": "second", "empty": "", "quoted": "x=y"}
    assert "abc" not in repr(upgrade) and "'t'" not in repr(upgrade)


def test_who_is_not_permitted_is_sent_away(serve: Callable[..., str], caplog: pytest.LogCaptureFixture) -> None:
    def auth(upgrade: Upgrade) -> str:
        raise chat_engine.Unauthorized("banned")

    with Client(serve(auth=auth)) as client:
        assert client.refused("hello")["code"] == "unauthorized"
        assert client.closed() == (4401, "unauthorized")
    assert not caplog.records


@pytest.mark.parametrize("wrong", [RuntimeError("its database"), SystemExit(1), 7.5, True, "", ("7",), b"7", "k im"])
def test_an_auth_that_fails_may_be_asked_again(
    serve: Callable[..., str], caplog: pytest.LogCaptureFixture, wrong: object
) -> None:
    answers: list[object] = [wrong, "7"]

    def auth(upgrade: Upgrade) -> object:
        answer = answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    with Client(serve(auth=auth)) as client:
        refused = client.refused("hello")
        assert (refused["code"], refused["retry_ms"]) == ("unavailable", 1000)
        assert "database" not in refused["message"]
        assert client.ok("hello")["user"] == "7"
    # Who asked is told first.
    until(lambda: len(caplog.records) > 0, "a word in the log")
    (record,) = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == ("chat_engine", logging.ERROR, "auth failed")
    assert record.exc_info is not None


def test_auth_may_be_a_coroutine(serve: Callable[..., str]) -> None:
    async def auth(upgrade: Upgrade) -> str:
        await asyncio.sleep(0.001)
        return "7"

    with Client(serve(auth=auth)) as client:
        assert client.ok("hello")["user"] == "7"


def test_an_auth_that_hangs_holds_up_nobody_but_its_own_connection(engine: Engine) -> None:
    go = threading.Event()

    def auth(upgrade: Upgrade) -> str:
        if upgrade.name == "hangs":
            go.wait(PATIENCE)
        return "7"

    server = engine.serve(port=0, auth=auth, options={"hello_timeout": 2})
    try:
        with Client(server.url or "") as hangs:
            hangs.send("hello", name="hangs")
            with Client(server.url or "") as client:
                assert client.ok("hello")["user"] == "7"
                client.ok("join", room="r", create={"title": "R"})
            assert hangs.closed() == (4408, "no_hello")
    finally:
        go.set()
        server.stop(1)


def test_who_has_gone_is_not_asked_about(engine: Engine) -> None:
    go, asked = threading.Event(), []

    def auth(upgrade: Upgrade) -> str:
        asked.append(upgrade.name)
        go.wait(PATIENCE)
        return "7"

    with engine.serve(port=0, auth=auth, options={"hello_timeout": 3}) as server:
        clients = []
        for n in range(6):
            client = Client(server.url or "")
            client.send("hello", name=str(n))
            clients.append(client)
        until(lambda: len(asked) == 4, "four that are asked about")
        # Four threads are busy with the first; the others give up where they wait.
        for client in clients:
            assert client.closed()[0] == 4408
            client.close()
        go.set()
        with Client(server.url or "") as client:
            client.ok("hello", name="last")
        assert len(asked) == 5 and asked[-1] == "last"


def test_without_an_account_nobody_comes_in_where_that_is_not_allowed(serve: Callable[..., str]) -> None:
    with Client(serve(anonymous=False)) as client:
        assert client.refused("hello", name="Kim")["code"] == "unauthorized"
        assert client.closed()[0] == 4401


def test_servers_with_one_secret_know_each_others_guests(serve: Callable[..., str]) -> None:
    with Client(serve(secret=SECRET)) as client:
        guest = client.ok("hello")
    with Client(serve(secret=SECRET.encode())) as client:
        assert client.ok("hello", token=guest["token"])["user"] == guest["user"]
    with Client(serve(secret=SECRET[::-1])) as client:
        assert client.refused("hello", token=guest["token"])["code"] == "unauthorized"


def test_processes_on_one_redis_know_each_others_guests(redis_url: str) -> None:
    with Engine(redis_url) as one, Engine(redis_url) as two:
        with one.serve(port=0) as server, Client(server.url or "") as client:
            guest = client.ok("hello")
        with two.serve(port=0) as server, Client(server.url or "") as client:
            assert client.ok("hello", token=guest["token"])["user"] == guest["user"]


# --- who may connect --------------------------------------------------------------------------------------------------


def test_a_server_that_nobody_holds_goes_on_until_its_engine_is_closed() -> None:
    engine = Engine()
    port = engine.serve(port=0).port
    gc.collect()
    Client(f"ws://127.0.0.1:{port}/").close()
    engine.close()
    with pytest.raises(ConnectionRefusedError):
        Client(f"ws://127.0.0.1:{port}/")


def test_pages_of_other_origins_are_refused(serve: Callable[..., str]) -> None:
    url = serve(origins=["https://app.example.org", "example.net", ".example.com", "[::1]"])
    for origin in [
        "https://app.example.org",
        "http://example.net:3000",
        "https://www.example.com",
        "http://[::1]:9",
        url.replace("ws", "http")[:-1],
    ]:
        Client(url, origin=origin).close()
    for origin in ["http://app.example.org", "https://www.example.net", "https://evil.example", "null"]:
        assert refused_with(url, origin=origin) == 403, origin
    Client(serve(origins=["*"]), origin="https://anywhere.example").close()
    # Not even its own, where the site says by what names it is known: anybody's DNS may give this address a name.
    url = serve(origins=["example.net"], options={"own_host": False})
    assert refused_with(url, origin=url.replace("ws", "http")[:-1]) == 403
    Client(url, origin="https://example.net").close()


def test_an_address_has_only_so_many_connections_behind_a_trusted_proxy(serve: Callable[..., str]) -> None:
    url = serve(trusted_proxies=["127.0.0.1"], options={"connections_of_address": 1})
    one = {"X-Forwarded-For": "192.0.2.1"}
    with Client(url, additional_headers=one):
        assert refused_with(url, additional_headers=one) == 429
        Client(url, additional_headers={"X-Forwarded-For": "192.0.2.2"}).close()


def test_there_are_only_so_many_connections(serve: Callable[..., str]) -> None:
    url = serve(options={"connections": 1})
    with Client(url):
        assert refused_with(url) == 503


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"origins": ["https://a.example/path"]}, "origins"),
        ({"origins": ["example.org:8000"]}, "origins"),
        ({"origins": "*"}, "origins"),
        ({"trusted_proxies": ["proxy"]}, "trusted_proxies"),
        ({"trusted_proxies": "10.0.0.0/8"}, "trusted_proxies"),
        ({"secret": "short"}, "secret"),
        ({"secret": 7}, "secret"),
        ({"auth": "a.path"}, "auth"),
        ({"port": -1}, "port"),
        ({"port": 65_536}, "port"),
        ({"port": "8000"}, "port"),
        ({"port": True}, "port"),
        ({"options": {"hello_timout": 1}}, "hello_timout"),
        ({"options": {"hello_timeout": 0}}, "hello_timeout"),
        ({"options": {"hello_timeout": None}}, "hello_timeout"),
        ({"options": {"silent": "1"}}, "silent"),
        ({"options": {"silent": 20}}, "silent"),
        ({"options": {"frame": 0}}, "frame"),
        ({"options": {"frame": -1}}, "frame"),
        ({"options": {"commands": 0}}, "commands"),
        ({"options": {"bad_frames": 256}}, "bad_frames"),
        ({"options": {"rate": 1.5}}, "rate"),
        ({"options": {"retry_min": 20}}, "retry_max"),
    ],
)
def test_what_is_given_wrongly_is_refused_by_name(engine: Engine, options: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        engine.serve(**{"port": 0, **options})
    assert refused.value.field == field
    if "port" not in options:
        with pytest.raises(BadRequest):
            engine.server(**options)


def test_a_slip_in_a_name_is_answered_with_the_right_one(engine: Engine) -> None:
    with pytest.raises(BadRequest, match="did you mean hello_timeout\\?"):
        engine.server(options={"hello_timout": 1})


def test_options_are_what_holds(serve: Callable[..., str]) -> None:
    with Client(serve(options={"hello_timeout": 1})) as client:
        assert client.closed() == (4408, "no_hello")
    with Client(serve(options={"frame": 200})) as client:
        assert client.ok("hello")["limits"]["frame"] == 200
        client.send("say", room="r", body="x" * 200)
        assert client.closed() == (4413, "too_large")
    with Client(serve(options={"ping": None, "silent": 0.1, "retry_min": 1, "retry_max": 2})) as client:
        hello = client.ok("hello")
        assert "ping_ms" not in hello["limits"]
        assert hello["retry"] == {"min_ms": 1000, "max_ms": 2000}
    with Client(serve(options={"rate": 1})) as client:
        client.ok("hello")
        assert "rate_limited" in [client.ask("ping").get("err", {}).get("code") for _ in range(5)]
    with Client(serve(options={"rate": None})) as client:
        client.ok("hello")
        assert all("ok" in client.ask("ping") for _ in range(500))


# --- where, and until when --------------------------------------------------------------------------------------------


def test_a_port_in_use_is_an_os_error(engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(OSError) as refused:
            engine.serve(port=taken.getsockname()[1])
        assert refused.value.errno == errno.EADDRINUSE
        assert str(taken.getsockname()[1]) in str(refused.value)
    with pytest.raises(OSError):
        engine.serve("no such host", 0)
    with pytest.raises(PermissionError if _is_unprivileged() else OSError):
        engine.serve("192.0.2.1", 80)


def _is_unprivileged() -> bool:
    try:
        socket.create_server(("127.0.0.1", 80)).close()
    except PermissionError:
        return True
    except OSError:
        pass
    return False


def test_several_servers_of_one_engine_are_one_chat(engine: Engine) -> None:
    with engine.serve(port=0) as one, engine.serve("localhost", 0) as two:
        assert one.port != two.port and (one.host, one.engine) == ("127.0.0.1", engine)
        assert one.url == f"ws://127.0.0.1:{one.port}/"
        with Client(one.url or "") as kim, Client(f"ws://localhost:{two.port}/any/path") as lee:
            for client in (kim, lee):
                client.ok("hello")
                client.ok("join", room="r", create={"title": "R"})
            assert kim.event("joined")["live"] == 2
            lee.ok("say", room="r", body="hello")
            assert kim.event("said")["body"] == "hello"
            # And so are what the program itself does, and sees.
            engine.post("r", {"text": "from a view"})
            assert kim.event("said")["by"] is None
            assert [entry.body for entry in engine.history("r") if isinstance(entry, chat_engine.Said)] == [
                "hello",
                {"text": "from a view"},
            ]
            assert (one.connections, two.connections, engine.room("r").live) == (1, 1, 2)
        until(lambda: one.connections == two.connections == 0, "their end")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here")
def test_it_listens_on_ipv6(engine: Engine) -> None:
    for host in ("::1", "[::1]"):
        with engine.serve(host, 0) as server:
            assert server.url == f"ws://[::1]:{server.port}/"
            with Client(server.url) as client:
                client.ok("hello")


def test_who_is_there_when_it_stops_is_told_to_come_back(engine: Engine) -> None:
    server = engine.serve(port=0)
    url = server.url or ""
    assert server.wait(0.01) is False and not server.draining
    with Client(url) as client:
        client.ok("hello")
        client.ok("join", room="r", create={"title": "R"})
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert client.closed() == (4000, "drain")
        stopping.join(PATIENCE)
    assert server.wait() is True and server.draining and server.connections == 0
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        Client(url)
    # The engine goes on, and may be served again, at the same place.
    with engine.serve(port=server.port or 0) as again, Client(again.url or "") as client:
        client.ok("hello")
        client.ok("join", room="r")


def test_a_client_that_reads_nothing_holds_up_no_stop(engine: Engine) -> None:
    server = engine.serve(port=0)
    with socket.create_connection(("127.0.0.1", server.port or 0)):
        began = time.monotonic()
        server.stop(0.5)
        assert time.monotonic() - began < 5


def test_the_end_of_the_engine_is_that_of_its_servers() -> None:
    engine = Engine()
    server = engine.serve(port=0)
    with Client(server.url or "") as client:
        client.ok("hello")
        engine.close()
        assert client.closed()[0] == 4000
    assert server.wait(PATIENCE)
    with pytest.raises(ConnectionRefusedError):
        Client(server.url or "")
    with pytest.raises(Misuse, match="closed"):
        engine.serve(port=0)
    server.stop()


def test_in_an_event_loop_what_waits_is_awaited(engine: Engine) -> None:
    async def main() -> None:
        async with engine.serve(port=0) as server:
            waiting = asyncio.create_task(server.await_())
            for blocks in (server.stop, server.wait):
                with pytest.raises(SynchronousOnly):
                    blocks()
            assert not waiting.done() and not server.draining
            with await asyncio.to_thread(Client, server.url or "") as client:
                assert (await asyncio.to_thread(client.ok, "hello"))["user"]
                await server.astop(1)
            await waiting

    asyncio.run(main())


def test_in_an_event_loop_a_store_that_is_not_there_yet_is_not_waited_for(redis_url: str) -> None:
    async def main() -> None:
        async with Engine(redis_url) as engine:
            with pytest.raises(SynchronousOnly):
                engine.serve(port=0)
            await engine.aonline()
            async with engine.serve(port=0) as server:
                assert server.port

    asyncio.run(main())


def test_a_store_that_is_away_is_said_at_once() -> None:
    with Engine("redis://127.0.0.1:1/") as engine:
        with pytest.raises(ConnectionError):
            engine.serve(port=0)


def test_what_does_not_listen_has_no_end_to_wait_for(engine: Engine) -> None:
    server = engine.server()
    assert (server.host, server.port, server.url, server.connections) == (None, None, None, 0)
    with pytest.raises(Misuse):
        server.wait()
    server.stop()


def test_a_child_listens_nowhere_and_its_parent_goes_on(program: Runner) -> None:
    source = """
    import os, sys, warnings
    from chat_engine import Engine

    warnings.simplefilter("ignore", DeprecationWarning)  # a fork with threads, which is what this is about
    sys.path[:0] = [SUPPORT]
    from wire import Client

    engine = Engine()
    server = engine.serve(port=0, auth=lambda upgrade: "7")
    with Client(server.url) as client:
        client.ok("hello")
        child = os.fork()
        if child == 0:
            assert (server.port, server.connections) == (None, 0)
            server.stop()
            peer = server.peer()
            peer.receive('{"id":1,"do":"hello"}')
            while not (frames := peer.frames()):
                pass
            assert '"user":"7"' in frames[0], frames
            with engine.serve(port=0, auth=lambda upgrade: "8") as own, Client(own.url) as other:
                assert other.ok("hello")["user"] == "8"
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        client.ok("ping")
        assert server.connections == 1
    server.stop()
    print("ok")
    """
    import wire

    support = repr(str(__import__("pathlib").Path(wire.__file__).parent))
    assert program(source.replace("SUPPORT", support)).well().out == "ok\n"

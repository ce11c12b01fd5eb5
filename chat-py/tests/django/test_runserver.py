"""`manage.py runserver`: views and sockets share one engine, in the process that serves."""

import http.client
import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client, RequestFactory, override_settings
from manage_site import Manage, until
from redis_server import free_port
from sockets import Refused, Socket

from chat_engine.django import serving
from chat_engine.django.conf import Config

SITE = Path(__file__).parent / "site"


@pytest.fixture
def port() -> int:
    return free_port()


def get(port: int, path: str, host: str = "127.0.0.1") -> Any:
    """A page of the site."""
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=10) as answer:
        return json.load(answer)


def where(port: int, host: str = "127.0.0.1") -> Any:
    """Which process serves, and where its sockets are; as soon as it does."""

    def look() -> Any:
        try:
            return get(port, "/where/", host)
        except (OSError, http.client.HTTPException, ValueError):
            # Nobody is there yet; or one who is just ending, and answers half.
            return None

    return until(look)


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def listening(pid: int) -> int:
    """How many ports a process listens on."""
    inodes = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(fd)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    tables = [Path(f"/proc/{pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()]
    return sum(1 for row in rows if row[3] == "0A" and row[9] in inodes)


@pytest.mark.parametrize("reload", [True, False])
def test_what_is_said_by_a_socket_is_seen_by_a_view_in_one_process(reload: bool, db: None, port: int) -> None:
    arguments = [] if reload else ["--noreload"]
    user = get_user_model().objects.create_user("kim")
    site = Client()
    site.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={site.cookies[settings.SESSION_COOKIE_NAME].value}"
    with Manage("runserver", f"127.0.0.1:{port}", *arguments, SITE_DEBUG="1") as server:
        found = where(port)
        if reload:
            # The parent only watches over files.
            assert children(server.process.pid) == [found["pid"]]
            assert listening(server.process.pid) == 0
        else:
            assert found["pid"] == server.process.pid
        with Socket(found["url"], cookie=cookie, origin=f"http://127.0.0.1:{port}") as socket:
            assert socket.ask("hello")["ok"]["user"] == str(user.pk)
            socket.ask("join", room="film-7", create={"title": "Alien"})
            assert get(port, "/films/")["film-7"] == 1
            assert get(port, "/say/film-7/?body=hello")["n"] == 2
            while (frame := socket.receive()) is not None and frame.get("ev") != "said":
                pass
            assert frame is not None and (frame["body"], frame["by"]) == ("hello", None)
        with pytest.raises(Refused):
            Socket(found["url"], cookie=cookie, origin="http://evil.test")
        # A page asked for by another of this machine's names gets the sockets under the same.
        assert where(port, "localhost")["url"] == found["url"].replace("127.0.0.1", "localhost")


def test_a_reload_keeps_the_port_so_that_open_pages_come_back(db: None, port: int) -> None:
    touched = SITE / "chatsite" / "views.py"
    with Manage("runserver", f"127.0.0.1:{port}", SITE_DEBUG="1") as server:
        before = where(port)
        until(lambda: "Watching for file changes" in "\n".join(server.lines))

        def another() -> Any:
            found = where(port)
            if found["pid"] != before["pid"]:
                return found
            # What changes before the reloader's first look is not seen as a change: it changes again until it is.
            touched.touch()
            return None

        assert until(another)["url"] == before["url"]


@pytest.mark.parametrize(
    ("env", "served"),
    [
        ({"SITE_DEBUG": "1", "SITE_SERVE": "0"}, False),
        ({}, False),
        ({"SITE_SERVE": "1"}, True),
    ],
)
def test_the_setting_says_whether(env: dict[str, str], served: bool, db: None, port: int) -> None:
    with Manage("runserver", f"127.0.0.1:{port}", "--noreload", **env):
        assert (where(port)["url"] is not None) is served


def test_the_setting_says_where(db: None, port: int) -> None:
    sockets = free_port()
    with Manage("runserver", f"127.0.0.1:{port}", "--noreload", SITE_DEBUG="1", SITE_SERVE=f"127.0.0.1:{sockets}"):
        assert where(port)["url"] == f"ws://127.0.0.1:{sockets}/ws"


def test_with_redis_the_server_is_one_of_its_own_unless_it_is_asked_for(redis_url: str, db: None, port: int) -> None:
    with Manage("runserver", f"127.0.0.1:{port}", "--noreload", SITE_DEBUG="1", SITE_CHAT_URL=redis_url):
        assert where(port)["url"] is None


def test_other_commands_serve_nothing() -> None:
    ours = {"RUN_MAIN": "true"}
    wanted = ["manage.py", "runserver"]
    assert serving._is_runserver(wanted, ours) and serving._is_runserver([*wanted, "--noreload"], {})
    assert not serving._is_runserver(wanted, {})
    for argv in ([], ["manage.py"], ["manage.py", "migrate"], ["manage.py", "test", "runserver"], [*wanted, "--help"]):
        assert not serving._is_runserver(argv, ours)


@pytest.mark.parametrize(
    ("argv", "address"),
    [
        ([], ("127.0.0.1", 8000)),
        (["8080"], ("127.0.0.1", 8080)),
        (["0.0.0.0:80"], ("0.0.0.0", 80)),
        (["--noreload", "[::1]:8000"], ("::1", 8000)),
        (["-6"], ("::1", 8000)),
        (["--settings", "site.settings", "9000"], ("127.0.0.1", 9000)),
        (["-v", "2", "0.0.0.0:8000"], ("0.0.0.0", 8000)),
        (["0.0.0.0:8000", "-v", "2"], ("0.0.0.0", 8000)),
        (["--verbosity=2", "--noreload", "-6", "9000"], ("::1", 9000)),
        (["0:8000"], ("0.0.0.0", 8000)),
        (["localhost:8000"], ("localhost", 8000)),
    ],
)
def test_it_listens_where_the_site_does(argv: list[str], address: tuple[str, int]) -> None:
    assert serving._address_of_site(["manage.py", "runserver", *argv]) == address


class Listening:
    """A server, as far as its address goes."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port


@pytest.fixture
def running() -> Iterator[Any]:
    def run(host: str) -> None:
        serving._servers["default"] = Listening(host, 8001)  # type: ignore[assignment]

    yield run
    serving._servers.clear()


@pytest.mark.parametrize(
    ("host", "asked_for", "url"),
    [
        ("127.0.0.1", None, "ws://127.0.0.1:8001/ws"),
        ("0.0.0.0", None, "ws://localhost:8001/ws"),
        ("::1", None, "ws://[::1]:8001/ws"),
        ("0.0.0.0", "chat.example.org:8000", "ws://chat.example.org:8001/ws"),
        ("::1", "[::1]:8000", "ws://[::1]:8001/ws"),
        ("127.0.0.1", "localhost", "ws://localhost:8001/ws"),
    ],
)
def test_a_page_finds_the_sockets_under_the_name_it_was_asked_for(
    running: Any, host: str, asked_for: str | None, url: str
) -> None:
    running(host)
    request = RequestFactory().get("/", headers={"host": asked_for}) if asked_for else None
    with override_settings(ALLOWED_HOSTS=["*"]):
        assert serving.running_url("default", request) == url
    assert serving.running_url("second") is None


def test_it_is_wanted_in_memory_with_debug() -> None:
    with override_settings(DEBUG=True):
        assert serving.is_wanted(Config("default")) and not serving.is_wanted(Config("default", url="redis://a"))
        assert serving.is_wanted(Config("default", url="redis://a", serve=True))
        assert not serving.is_wanted(Config("default", serve=False))
    assert not serving.is_wanted(Config("default")) and serving.is_wanted(Config("default", serve=":8001"))

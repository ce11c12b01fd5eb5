"""The commands, as processes: `chat_server`, `chat_rooms`, `chat_doctor`."""

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from manage_site import Manage, manage
from redis_server import RedisServer, free_port
from sockets import Refused, Socket

import chat_engine
from chat_engine.django import doctor, serving


@pytest.fixture
def kim(db: None) -> Any:
    return get_user_model().objects.create_user("kim", first_name="Kim")


@pytest.fixture
def site(kim: Any) -> Client:
    client = Client()
    client.force_login(kim)
    return client


def cookie(site: Client) -> str:
    return f"other=1; {settings.SESSION_COOKIE_NAME}={site.cookies[settings.SESSION_COOKIE_NAME].value}"


def served(server: Manage) -> str:
    return re.sub(r".* at (ws://\S+)$", r"\1", server.wait_for("Serving the chat"))


def test_a_user_of_the_site_talks_through_the_server_and_the_site_sees_it(
    site: Client, kim: Any, redis_url: str
) -> None:
    with (
        Manage("chat_server", "127.0.0.1:0", SITE_CHAT_URL=redis_url) as server,
        chat_engine.Engine(redis_url) as engine,
    ):
        url = served(server)
        with Socket(url, cookie=cookie(site), origin="https://chat.example.org:8443") as socket:
            assert socket.headers["sec-websocket-protocol"] == "chat.v1"
            hello = socket.ask("hello")["ok"]
            assert (hello["user"], hello["name"]) == (str(kim.pk), "Kim")
            socket.ask("join", room="rust", create={"title": "Rust"})
            socket.ask("say", room="rust", body="hello")
            assert engine.room("rust").live == 1
            assert [(entry.by, entry.body) for entry in engine.history("rust")] == [(str(kim.pk), "hello")]
        with Socket(url) as socket:
            assert socket.ask("hello")["ok"]["user"].startswith("u_")
        with Socket(url, cookie="sessionid=nonsense") as socket:
            assert socket.ask("hello")["ok"]["user"].startswith("u_")
        with pytest.raises(Refused) as refused:
            Socket(url, cookie=cookie(site), origin="https://evil.test")
        assert refused.value.status == 403


def test_a_log_out_on_the_site_ends_the_connection_to_the_server(site: Client, kim: Any, redis_url: str) -> None:
    with (
        Manage("chat_server", "127.0.0.1:0", SITE_CHAT_URL=redis_url) as server,
        override_settings(CHAT={"default": {"URL": redis_url}}),
        Socket(served(server), cookie=cookie(site)) as socket,
    ):
        assert socket.ask("hello")["ok"]["user"] == str(kim.pk)
        site.logout()
        while socket.receive() is not None:
            pass
        assert socket.close_code == 4403


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_sends_everybody_away_to_come_back_and_ends_well(
    by: signal.Signals, db: None, redis_url: str
) -> None:
    with Manage("chat_server", "127.0.0.1:0", SITE_CHAT_URL=redis_url) as server, Socket(served(server)) as socket:
        socket.ask("hello")
        server.process.send_signal(by)
        frame = socket.receive()
        assert frame is not None and (frame["ev"], frame["why"]) == ("bye", "drain")
        assert socket.receive() is None and socket.close_code == 4000
        assert server.process.wait(20) == 0
        assert len(server.lines) == 1, server.lines


def test_what_cannot_be_served_is_said_in_a_line(db: None, redis_url: str) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/?connect_timeout_ms=500"
    ended = manage("chat_server", SITE_CHAT_URL=nowhere)
    assert ended.returncode == 1 and "CommandError: The chat cannot be served" in ended.stderr
    assert "Traceback" not in ended.stderr
    for wrong in ("localhost", "8001x", "1:2:3"):
        ended = manage("chat_server", wrong, SITE_CHAT_URL=redis_url)
        assert ended.returncode == 1 and "such as 127.0.0.1:8001" in ended.stderr
    ended = manage("chat_server", "--alias", "defualt", SITE_CHAT_URL=redis_url)
    assert ended.returncode == 1 and "Did you mean 'default'?" in ended.stderr
    with Manage("chat_server", "127.0.0.1:0", SITE_CHAT_URL=redis_url) as server:
        address = served(server).removeprefix("ws://").split("/")[0]
        ended = manage("chat_server", address, SITE_CHAT_URL=redis_url)
        assert ended.returncode == 1 and "cannot be served" in ended.stderr and "Traceback" not in ended.stderr


def test_in_memory_it_says_that_the_site_will_not_see_it(db: None) -> None:
    with Manage("chat_server", "127.0.0.1:0") as server:
        served(server)
        assert "the site's own views will not see it" in "\n".join(server.lines)


def test_the_rooms_are_listed(db: None, redis_url: str) -> None:
    with chat_engine.Engine(redis_url) as engine, engine.connect(user="kim") as kim:
        engine.open("quiet", title="Quiet")
        engine.open("hidden", title="Hidden", kind="private")
        kim.join("rust", create={"title": "김철수의 방"})
        kim.say("rust", "hello")
        ended = manage("chat_rooms", SITE_CHAT_URL=redis_url, PYTHONIOENCODING="utf-8")
        lines = [line.split() for line in ended.stdout.splitlines()]
        assert lines[0] == ["live", "visitors", "last", "room", "title"]
        assert lines[1][:2] == ["1", "1"] and lines[1][4:] == ["rust", "김철수의", "방"]
        assert lines[2] == ["0", "0", "-", "quiet", "Quiet"]
        # Other nodes are told how many are online now and then.
        assert lines[3][:4] == ["2", "of", "2", "rooms,"] and lines[3][5] == "online"
        ended = manage("chat_rooms", "--json", "--limit", "1", SITE_CHAT_URL=redis_url, PYTHONIOENCODING="utf-8")
        [room] = [json.loads(line) for line in ended.stdout.splitlines()]
        assert (room["id"], room["live"], room["last"]["body"]) == ("rust", 1, "hello")
        assert "hidden" in manage("chat_rooms", "hidden", "nowhere", SITE_CHAT_URL=redis_url).stdout


def test_numbers_that_are_none_are_said_in_a_line(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "serve", lambda *_: pytest.fail("it would be served"))
    for arguments in (
        *(("chat_rooms", "--limit", limit) for limit in ("9" * 30, "-1")),
        *(("chat_server", "127.0.0.1:0", f"--drain={drain}") for drain in ("nan", "inf", "-1")),
    ):
        with pytest.raises(CommandError):
            call_command(*arguments)


def test_without_a_store_the_rooms_are_an_error_in_a_line(db: None) -> None:
    ended = manage("chat_rooms", SITE_CHAT_URL=f"redis://127.0.0.1:{free_port()}/?connect_timeout_ms=500")
    assert ended.returncode == 1 and ended.stderr.startswith("CommandError: ") and "Traceback" not in ended.stderr


def test_the_doctor_finds_a_store_that_is_up_and_one_that_is_down(db: None, tmp_path: Path) -> None:
    with RedisServer() as redis:
        url = redis.url("doctor")
        ended = manage("chat_doctor", "--directory", str(tmp_path), SITE_CHAT_URL=url)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert f"chat_engine {chat_engine.__version__}, Django " in ended.stdout
        for said in (f"127.0.0.1:{redis.port}", "is there", "its clock is right", "leases of 15 s are kept"):
            assert said in ended.stdout
        # Nothing is left over.
        with chat_engine.Engine(url) as engine:
            assert engine.rooms().total == 0
        redis.stop()
        ended = manage("chat_doctor", "--directory", str(tmp_path), SITE_CHAT_URL=f"{url}&connect_timeout_ms=500")
        assert ended.returncode == 1 and "BAD " in ended.stdout and "(unavailable)" in ended.stdout
        assert "1 thing is wrong" in ended.stderr and "Traceback" not in ended.stderr


def test_the_doctor_hides_passwords(db: None, tmp_path: Path) -> None:
    url = f"redis://kim:hunter2@127.0.0.1:{free_port()}/?connect_timeout_ms=500"
    ended = manage("chat_doctor", "--directory", str(tmp_path), SITE_CHAT_URL=url)
    assert "hunter2" not in ended.stdout + ended.stderr and "127.0.0.1" in ended.stdout


def test_the_doctor_finds_what_does_not_belong_into_the_requirements(db: None, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("Django==5.2\nTwisted_IOCPSupport==1.0.4\nchannels-redis>=4\n# daphne\n")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = [\n  "daphne[tls]",\n  "pywin32; sys_platform == \'win32\'",\n]\n'
    )
    ended = manage("chat_doctor", "--directory", str(tmp_path))
    found = [line for line in ended.stdout.splitlines() if ".t" in line]
    assert [line.split(" is ")[0] for line in found] == [
        "note  pyproject.toml: daphne",
        "BAD   requirements.txt: twisted-iocpsupport",
        "note  requirements.txt: channels-redis",
    ]
    assert ended.returncode == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_doctor_reads_what_windows_writes(encoding: str, tmp_path: Path) -> None:
    mark = "\ufeff" if encoding.endswith("e") else ""
    (tmp_path / "requirements.txt").write_bytes(f"{mark}pywin32==306\r\nDjango\r\n".encode(encoding))
    [finding] = doctor.leftovers(tmp_path)
    assert finding.level == "bad" and "requirements.txt: pywin32" in finding.text


def test_the_doctor_is_not_sent_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no directory"):
        call_command("chat_doctor", directory=tmp_path / "nowhere")


def test_the_doctor_says_where_nobody_serves_the_sockets() -> None:
    with override_settings(DEBUG=True, CHAT={"default": {"URL": "redis://127.0.0.1:1/"}}):
        [said] = [finding.text for finding in doctor.site() if "sockets" in finding.text]
        assert '"SERVE": True' in said and '"WS_URL"' in said
    assert not [finding for finding in doctor.site() if "sockets" in finding.text]


def test_the_doctor_says_what_is_wrong_with_the_settings(db: None, tmp_path: Path) -> None:
    ended = manage("chat_doctor", "--directory", str(tmp_path), SITE_CHAT_URL="reddis://localhost")
    assert ended.returncode == 1 and "chat.E004" in ended.stdout and "Did you mean 'redis'?" in ended.stdout

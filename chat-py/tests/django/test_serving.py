"""The Rust server in a process of Django's: whom it takes a connection for, from threads that leave nothing open."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from databases import Database
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import OperationalError
from django.test import Client, override_settings
from sockets import Refused, Socket

from chat_engine import Server
from chat_engine.django import chats, conf, serving, users
from chat_engine.django.test import isolated
from chat_engine.testing import Client as ChatClient


@pytest.fixture
def server() -> Iterator[Server]:
    with (
        override_settings(CHAT={"default": {"ORIGINS": ["https://app.example"]}}),
        isolated(clock="system"),
        serving.serve(conf.config(), "127.0.0.1", 0) as server,
    ):
        yield server


@pytest.fixture
def cookie(db: None) -> str:
    user = get_user_model().objects.create_user("kim", pk=42)
    client = Client()
    client.force_login(user)
    users.sessions.forget()
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def hello(server: Server, **more: Any) -> dict[str, Any]:
    assert server.url is not None
    with Socket(server.url, **more) as socket:
        return socket.ask("hello")


def test_a_cookie_is_its_user_and_the_thread_leaves_no_connection_open(
    cookie: str, server: Server, database: Database
) -> None:
    threads = []
    look = users.of_session

    def noted(session: Any) -> Any:
        threads.append(threading.current_thread())
        return look(session)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(users, "of_session", noted)
        for _ in range(10):
            users.sessions.forget()
            assert hello(server, cookie=cookie)["ok"]["user"] == "42"
    assert len(threads) == 10 and threading.main_thread() not in threads
    assert database.opened and len(database.opened) == len(database.closed)


def test_a_database_that_is_away_lets_nobody_in_under_another_name(
    cookie: str, server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(session: Any) -> Any:
        raise OperationalError("away")

    monkeypatch.setattr(users, "of_session", away)
    answer = hello(server, cookie=cookie)
    assert answer["err"]["code"] == "unavailable"
    assert cookie.partition("=")[2] not in caplog.text


def test_tokens_are_good_for_the_server_and_for_the_application_alike(db: None, server: Server) -> None:
    said = hello(server)["ok"]
    again = ChatClient(chats.server()).connect(token=said["token"])
    assert again["user"] == said["user"]
    with override_settings(SECRET_KEY="another one, as long as the one that was there before"):
        with isolated():
            other = ChatClient(chats.server())
            other.send_json({"id": 1, "do": "hello", "token": said["token"]})
            assert other.receive_json()["err"]["code"] == "unauthorized"


def test_the_sites_pages_and_those_of_the_setting_may_connect(db: None, server: Server) -> None:
    for origin in ("https://chat.example.org:8443", "http://localhost:3000", "https://app.example"):
        assert "ok" in hello(server, origin=origin)
    for origin in ("https://evil.test", "https://app.example:8443", "null"):
        with pytest.raises(Refused):
            hello(server, origin=origin)

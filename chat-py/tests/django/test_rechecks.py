"""Whoever came with a session is looked up once more, and disconnected if it is not theirs any longer."""

import threading
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client
from manage_site import Manage, until
from sockets import Socket

from chat_engine.django import rechecks, users
from chat_engine.django.conf import Config
from chat_engine.django.rechecks import Rechecks
from chat_engine.django.test import chat_client
from chat_engine.testing import Client as ChatClient

CONFIG = Config("default")


class Time:
    """Moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class ByHand(Rechecks):
    """Without its thread."""

    def _run(self) -> None:
        pass


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def kim(db: None) -> Any:
    return get_user_model().objects.create_user("kim")


@pytest.fixture
def cookie(kim: Any) -> str:
    client = Client()
    client.force_login(kim)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def tab(chat: Any, kim: Any) -> ChatClient:
    client = chat_client(kim)
    client.connect()
    return client


def test_a_session_that_another_process_has_ended_ends_the_connection(time: Time, cookie: str, tab: ChatClient) -> None:
    waiting = ByHand(users.look_again, time)
    sessions = users.Sessions(time, waiting)
    assert sessions.look_up(cookie, CONFIG)
    Session.objects.all().delete()
    time.now += 4
    # By what is remembered.
    assert sessions.look_up(cookie, CONFIG)
    time.now += 10.9
    assert waiting.run_due() == pytest.approx(0.1) and tab.close_code is None
    time.now += 0.1
    assert waiting.run_due() is None and tab.close_code == 4403


def test_a_session_that_is_good_still_ends_nothing(time: Time, cookie: str, tab: ChatClient) -> None:
    waiting = ByHand(users.look_again, time)
    users.Sessions(time, waiting).look_up(cookie, CONFIG)
    assert len(waiting) == 1
    time.now += 16
    assert waiting.run_due() is None and tab.close_code is None


def test_the_time_to_say_hello_is_that_of_the_options(time: Time, cookie: str) -> None:
    waiting = ByHand(users.look_again, time)
    users.Sessions(time, waiting).look_up(cookie, Config("default", options={"hello_timeout": 2}))
    assert waiting.run_due() == pytest.approx(7)


def test_nobody_is_not_looked_at_again(time: Time, db: None) -> None:
    waiting = ByHand(users.look_again, time)
    users.Sessions(time, waiting).look_up("nonsense", CONFIG)
    assert len(waiting) == 0


def test_a_look_that_fails_is_tried_again_and_names_nobody(time: Time, caplog: pytest.LogCaptureFixture) -> None:
    tried = []

    def fails(key: rechecks.Key) -> None:
        tried.append(key)
        raise OSError("kim is not there")

    waiting = ByHand(fails, time)
    waiting.add(("default", "cookie", "kim"), time.now)
    for _ in range(20):
        waiting.run_due()
        time.now += 5
    assert tried == [("default", "cookie", "kim")] * rechecks.TRIES and len(waiting) == 0
    assert "OSError" in caplog.text and "kim" not in caplog.text and "cookie" not in caplog.text


def test_no_more_wait_than_has_a_bound(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rechecks, "WAITING", 3)
    seen: list[rechecks.Key] = []
    waiting = ByHand(seen.append, time)
    for n in range(10):
        waiting.add(("default", "cookie", str(n)), time.now)
    waiting.run_due()
    assert [id for _, _, id in seen] == ["7", "8", "9"]


def test_its_thread_is_there_while_there_is_something_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rechecks, "_STEP", 0.001)
    seen: list[rechecks.Key] = []
    waiting = Rechecks(seen.append)
    for n in (1, 2):
        waiting.add(("default", "cookie", str(n)), 0.0)
        until(lambda n=n: len(seen) == n and waiting._thread is None)
    assert not [thread for thread in threading.enumerate() if thread.name == "chat-rechecks" and thread.daemon is False]


def test_who_comes_back_after_a_log_out_to_a_server_that_still_remembers_them_does_not_stay(
    kim: Any, cookie: str, redis_url: str
) -> None:
    with Manage("chat_server", "127.0.0.1:0", SITE_CHAT_URL=redis_url, SITE_HELLO="3") as server:
        url = server.wait_for("Serving the chat").split(" at ")[1]
        header = f"{settings.SESSION_COOKIE_NAME}={cookie}"
        with Socket(url, cookie=header, timeout=30) as socket:
            assert socket.ask("hello")["ok"]["user"] == str(kim.pk)
            # As another machine does it whose log-out has been told already.
            Session.objects.all().delete()
            with Socket(url, cookie=header, timeout=30) as another:
                assert another.ask("hello")["ok"]["user"] == str(kim.pk)
                while another.receive() is not None:
                    pass
                assert another.close_code == 4403
    # It has said nothing of it.
    assert not [line for line in server.lines if "looked at again" in line]

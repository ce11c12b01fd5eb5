"""`post_on_commit`: said is what the database has taken."""

from typing import Any

import pytest
from django.db import transaction
from django.test import TestCase, override_settings

import chat_engine
from chat_engine.django import post_on_commit
from chat_engine.django.test import ChatTestMixin

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def room(chat: chat_engine.Engine) -> Any:
    chat.open("rust", title="Rust")
    return lambda: [entry.body for entry in chat.history("rust")]


def test_it_is_said_when_the_transaction_is_committed_as_it_was_then(room: Any) -> None:
    body = {"text": "hello"}
    with transaction.atomic():
        post_on_commit("rust", body)
        body["text"] = "changed"
        assert room() == []
    assert room() == [{"text": "hello"}]


def test_nothing_is_said_of_what_was_rolled_back(room: Any) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        post_on_commit("rust", "hello")
        raise ZeroDivisionError
    assert room() == []


def test_without_a_transaction_it_is_said_at_once(room: Any) -> None:
    post_on_commit("rust", "hello")
    assert room() == ["hello"]


def test_what_cannot_be_said_is_refused_where_it_stands(room: Any) -> None:
    for body in ({1, 2}, float("nan"), object()):
        with pytest.raises(chat_engine.BodyError), transaction.atomic():
            post_on_commit("rust", body)


def test_what_is_too_long_is_refused_where_it_stands_by_the_limit_of_the_chat(room: Any) -> None:
    post_on_commit("rust", "é" * 8191)
    assert room() == ["é" * 8191]
    with pytest.raises(chat_engine.TooLarge), transaction.atomic():
        post_on_commit("rust", "é" * 8192)
    setting = {"default": {}, "second": {"LIMITS": {"body": 10}}}
    with override_settings(CHAT=setting), transaction.atomic():
        post_on_commit("rust", "12345678", alias="second")
        with pytest.raises(chat_engine.TooLarge):
            post_on_commit("rust", "123456789", alias="second")
        transaction.set_rollback(True)


def test_a_post_that_fails_is_logged_and_stops_nothing_else(room: Any, caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []
    with transaction.atomic():
        post_on_commit("nowhere", "hello")
        transaction.on_commit(lambda: done.append(1))
        post_on_commit("rust", "hello")
    assert done == [1] and room() == ["hello"]
    assert "post_on_commit" in caplog.text


class Committed(ChatTestMixin, TestCase):
    """In a test case, where nothing is committed."""

    def test_callbacks_can_be_run_as_django_does(self) -> None:
        self.chat.open("rust", title="Rust")
        with self.captureOnCommitCallbacks(execute=True):
            post_on_commit("rust", "hello", user="kim", name="Kim", key="k")
        last = self.chat.room("rust").last
        assert last is not None and (last.by, last.name, last.key) == ("kim", "Kim", "k")

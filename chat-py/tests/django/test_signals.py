"""Signals: what happened, told once, in order, whoever fails; and only where somebody listens."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import override_settings

import chat_engine
from chat_engine.django import chats, signals
from chat_engine.django.test import isolated

EVERY = {
    name: getattr(signals, name) for name in ("message", "joined", "left", "room_opened", "room_closed", "matched")
}


@pytest.fixture
def told() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """What is told, by all signals."""
    heard: list[tuple[str, dict[str, Any]]] = []
    receivers = {}
    for name, signal in EVERY.items():

        def receive(name: str = name, **said: Any) -> None:
            heard.append((name, said))

        receivers[name] = receive
        signal.connect(receive)
    yield heard
    for name, signal in EVERY.items():
        assert signal.disconnect(receivers[name])


def test_what_happens_is_told_in_its_order_with_the_alias(told: list[tuple[str, dict[str, Any]]]) -> None:
    with isolated() as chat:
        kim, lee = chat.connect(user="kim", name="Kim"), chat.connect(user="lee", name="Lee")
        chat.open("rust", title="Rust")
        kim.join("rust")
        lee.join("rust")
        kim.say("rust", {"text": "hello"})
        kim.rename("Kimberly")
        lee.leave("rust")
        chat.close_room("rust")
        signals.flush()
    assert [name for name, _ in told] == ["room_opened", "joined", "joined", "message", "left", "room_closed"]
    assert {said["alias"] for _, said in told} == {"default"}
    assert {said["sender"] for _, said in told} == {chat_engine.Engine}
    said = [said for name, said in told if name == "message"][0]["entry"]
    assert (said.room, said.by, said.name, said.body) == ("rust", "kim", "Kim", {"text": "hello"})
    assert told[0][1]["room"].title == "Rust" and told[-1][1]["entry"].why == "admin"


def test_a_match_says_who_they_are_and_as_whom_they_are_seen(told: list[tuple[str, dict[str, Any]]]) -> None:
    with isolated() as chat:
        kim, lee = chat.connect(user="kim"), chat.connect(user="lee")
        kim.seek()
        lee.seek()
        signals.flush()
        [said] = [said for name, said in told if name == "matched"]
        assert said["pool"] == "random" and said["room"].startswith("random~")
        assert sorted(real for real, _ in said["users"]) == ["kim", "lee"]
        # Elsewhere they go by the others.
        seen = {said["entry"].user for name, said in told if name == "joined"}
        assert seen == {alias for _, alias in said["users"]}


def test_a_receiver_that_fails_is_logged_and_is_nobody_elses_matter(
    told: list[tuple[str, dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    def fails(**said: Any) -> None:
        raise ZeroDivisionError("of the site")

    signals.message.connect(fails)
    try:
        with isolated() as chat:
            chat.open("rust", title="Rust")
            for n in range(3):
                chat.post("rust", n)
            signals.flush()
    finally:
        signals.message.disconnect(fails)
    assert [said["entry"].body for name, said in told if name == "message"] == [0, 1, 2]
    assert "of the site" in caplog.text


def test_consumers_get_batches_before_the_signals_and_one_that_fails_is_logged(
    told: list[tuple[str, dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    batches: list[tuple[str, list[Any], int]] = []

    def consume(alias: str, batch: list[Any], dropped: int) -> None:
        batches.append((alias, batch, len(told)))
        raise ZeroDivisionError("of a consumer")

    signals.add_consumer(consume)
    signals.add_consumer(consume)
    try:
        with isolated() as chat:
            chat.open("rust", title="Rust")
            chat.post("rust", "hello")
            signals.flush()
    finally:
        signals.remove_consumer(consume)
        signals.remove_consumer(consume)
    seen = [thing for _, batch, _ in batches for thing in batch]
    assert [type(thing) for thing in seen] == [chat_engine.Opened, chat_engine.Wrote]
    assert batches[0][2] == 0 and [name for name, _ in told] == ["room_opened", "message"]
    assert "of a consumer" in caplog.text


def test_receivers_may_ask_the_database_and_leave_no_connection_open(db: None) -> None:
    opened: list[Any] = []

    def count(**said: Any) -> None:
        get_user_model().objects.create_user(f"user-{said['entry'].n}")
        opened.append((threading.current_thread(), connections["default"]))

    signals.message.connect(count)
    try:
        with isolated() as chat:
            chat.open("rust", title="Rust")
            for n in range(20):
                chat.post("rust", n)
            signals.flush()
            assert get_user_model().objects.count() == 20
            assert all(thread is not threading.current_thread() for thread, _ in opened)
            # The mark of `flush` came behind them; its batch, or theirs, closes the connection when it is done.
            signals.flush()
            assert opened[0][1].connection is None
    finally:
        signals.message.disconnect(count)


def test_everything_is_told_before_an_engine_is_closed(told: list[tuple[str, dict[str, Any]]]) -> None:
    with isolated() as chat:
        chat.open("rust", title="Rust")
        for n in range(1000):
            chat.post("rust", n)
    assert [said["entry"].body for name, said in told if name == "message"] == list(range(1000))


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "_consumers", [])


@pytest.mark.usefixtures("nobody_listens")
def test_where_nobody_listens_nothing_is_observed_and_who_comes_later_is_told_so() -> None:
    assert signals.observer_of("quiet") is None
    try:
        with pytest.warns(RuntimeWarning, match="'quiet' was used before anybody listened"):
            signals.message.connect(print)
        assert signals.observer_of("quiet") is not None
        with pytest.MonkeyPatch.context():
            signals.joined.connect(print)
    finally:
        signals.message.disconnect(print)
        signals.joined.disconnect(print)
        signals._deaf.discard("quiet")


def test_chats_are_told_apart(told: list[tuple[str, dict[str, Any]]]) -> None:
    with override_settings(CHAT={"default": {}, "second": {}}), isolated(), isolated("second"):
        chats["second"].open("rust", title="Rust")
        chats["default"].open("rust", title="Rust")
        signals.flush("second")
        signals.flush()
        assert sorted(said["alias"] for _, said in told) == ["default", "second"]


def test_what_was_dropped_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    signals.tell("default", [], 7)
    assert "7 events were dropped" in caplog.text

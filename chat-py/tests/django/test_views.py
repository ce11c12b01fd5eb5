"""Chat in views: one call for a page of objects, in both kinds of views, and nothing that holds up an event loop."""

import asyncio
import threading
from typing import Any

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.test import AsyncClient, Client, override_settings

import chat_engine
from chat_engine.django import chat as default
from chat_engine.django import chats, hooks
from chat_engine.django.test import isolated


class Counting:
    """An engine that notes what is asked of it."""

    def __init__(self, engine: chat_engine.Engine) -> None:
        self._engine = engine
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._engine, name)


def test_a_page_of_50_rooms_is_one_call(chat: chat_engine.Engine) -> None:
    for n in range(0, 50, 2):
        chat.open(f"film-{n}", title=f"Film {n}")
    sessions = [chat.connect(user=f"u{n}") for n in range(4)]
    for session in sessions:
        session.join("film-2")
    counting = Counting(chat)
    with chats.swapped("default", counting):  # type: ignore[arg-type]
        page = Client().get("/films/").json()
    assert counting.asked == ["rooms"]
    assert len(page) == 50 and page["film-2"] == 4 and page["film-3"] == 0


def test_an_asynchronous_view_awaits_the_same_call(chat: chat_engine.Engine) -> None:
    chat.open("film-2", title="Alien")
    with chat.connect(user="kim") as kim:
        kim.join("film-2")
        counting = Counting(chat)
        with chats.swapped("default", counting):  # type: ignore[arg-type]
            page = asyncio.run(AsyncClient().get("/films/async/")).json()
        assert counting.asked == ["arooms"] and page["film-2"] == 1


def test_what_is_in_memory_needs_no_waiting_and_may_be_called_in_an_asynchronous_view(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # An app that keeps the history would have to be waited for.
    monkeypatch.setattr(hooks, "_older", [])
    with isolated() as chat:
        chat.open("lobby", title="Lobby")
        assert asyncio.run(AsyncClient().get("/say/lobby/wrongly/")).json()["n"] == 1


def test_what_would_hold_up_the_event_loop_raises_what_django_raises(redis_url: str) -> None:
    with override_settings(CHAT={"default": {"URL": redis_url}}):
        default.open("lobby", title="Lobby")
        assert Client().get("/say/lobby/?body=hello").json()["n"] == 1
        with pytest.raises(SynchronousOnlyOperation):
            asyncio.run(AsyncClient().get("/say/lobby/wrongly/"))
        # Nothing was done before that was seen.
        assert [entry.body for entry in default.history("lobby")] == ["hello"]


def test_views_in_many_threads_share_one_engine() -> None:
    made: list[chat_engine.Engine] = []
    with override_settings(CHAT={"default": {"LIMITS": {"title": 99}}}):
        chats.forget("default")
        start = threading.Barrier(16)

        def use() -> None:
            start.wait()
            made.append(chats["default"])

        threads = [threading.Thread(target=use) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 16 and len({id(engine) for engine in made}) == 1

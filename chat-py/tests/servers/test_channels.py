"""A site that is on Channels: the chat in its URLRouter, and the engine inside its own consumer, under one Daphne."""

from typing import Any

import pytest
from served import Client, Served
from websockets.exceptions import ConnectionClosed, InvalidStatus


def page(channels: Served, user: str | None = None, **more: Any) -> Client:
    """A page of the site: their middleware asks for an origin."""
    return channels.client(user, **{"origin": f"http://127.0.0.1:{channels.port}", **more})


def test_their_consumer_and_the_chat_are_in_one_room(channels: Served) -> None:
    with page(channels, "kim", path="/ws/chat/") as kim:
        assert kim.ask("hello")["user"] == "1"  # by what AuthMiddlewareStack has found
        kim.ask("join", room="shared", create={"title": "Shared", "policy": {"grace_ms": 0}})
        with page(channels, "lee", path="/ws/theirs/") as lee:
            assert kim.event("joined")["user"] == "2"
            lee.socket.send('{"hello": "from theirs"}')
            heard = kim.event("said")
            assert (heard["by"], heard["name"], heard["body"]) == ("2", "lee", {"theirs": {"hello": "from theirs"}})
            frames = [lee.frame(), lee.frame()]
            # Its own comes back to it as an event, before or after the answer.
            assert sorted(frame["kind"] for frame in frames) == ["said", "spoken"]
            kim.ask("say", room="shared", body="from the page")
            frame = lee.frame()
            assert (frame["kind"], frame["event"]["body"]) == ("said", "from the page")
        left = kim.event("left")
        assert (left["user"], left["why"]) == ("2", "lost")


def test_who_is_not_logged_in_is_anonymous_in_the_chat_and_refused_by_them(channels: Served) -> None:
    with page(channels, path="/ws/chat/") as somebody:
        assert somebody.ask("hello", name="Somebody")["name"] == "Somebody"
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        with page(channels, path="/ws/theirs/") as refused:
            refused.frame()


def test_their_middleware_refuses_other_sites(channels: Served) -> None:
    for path in ("/ws/chat/", "/ws/theirs/"):
        with pytest.raises(InvalidStatus) as refused:
            page(channels, "kim", path=path, origin="https://evil.example")
        assert refused.value.response.status_code == 403


def test_their_views_use_the_same_engine(channels: Served) -> None:
    with page(channels, "lee", path="/ws/theirs/") as lee:
        channels.get("/post/shared/1/")
        assert lee.frame()["event"]["body"] == [0, "x"]

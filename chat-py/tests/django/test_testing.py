"""What is given to tests of other programs: an engine with a manual clock, and a client that is the real thing."""

import asyncio
import time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import TestCase, TransactionTestCase, override_settings

import chat_engine
from chat_engine.django import chat as default
from chat_engine.django import chats
from chat_engine.django.test import ChatTestMixin, isolated
from chat_engine.testing import Client, Closed, Refused, engine


class TestClient:
    """Without a framework."""

    def test_two_talk_and_the_clock_closes_their_room(self) -> None:
        with engine() as chat:
            kim, lee = Client(chat, user="kim", name="Kim"), Client(chat, user="lee")
            assert kim.connect()["user"] == "kim"
            lee.connect()
            room = {"title": "Rust", "policy": {"idle_s": 600}}
            kim.ask("join", room="rust", create=room)
            lee.ask("join", room="rust")
            assert kim.receive_json()["user"] == "lee"
            kim.send_json({"id": 7, "do": "say", "room": "rust", "body": "hello"})
            assert {frame.get("ev") or frame["re"] for frame in (kim.receive_json(), kim.receive_json())} == {"said", 7}
            assert lee.receive_json()["body"] == "hello"
            assert lee.receive_nothing()
            chat.clock.advance(599)
            assert lee.receive_nothing()
            chat.clock.advance(2)
            assert lee.receive_json() | {"n": 0, "at": 0} == {
                "ev": "closed",
                "room": "rust",
                "n": 0,
                "at": 0,
                "why": "idle",
            }

    def test_the_same_in_coroutines(self) -> None:
        async def talk() -> None:
            async with engine() as chat:
                kim, lee = Client(chat, user="kim"), Client(chat, user="lee")
                await kim.aconnect()
                await lee.aconnect()
                await kim.aask("join", room="rust", create={"title": "Rust"})
                await lee.aask("join", room="rust")
                assert (await kim.areceive_json())["ev"] == "joined"
                await lee.asend_json({"id": 1, "do": "signal", "room": "rust", "body": "typing"})
                assert (await kim.areceive_json())["ev"] == "signal"
                assert await kim.areceive_nothing()
                await chat.clock.aadvance(60)
                assert await kim.areceive_nothing()

        asyncio.run(talk())

    def test_a_refusal_says_which_and_why(self) -> None:
        with engine() as chat, Client(chat) as client:
            client.connect()
            with pytest.raises(Refused, match="no_such_room") as refused:
                client.ask("join", room="nowhere")
            assert refused.value.code == "no_such_room"

    def test_who_has_gone_has_the_grace(self) -> None:
        with engine() as chat:
            kim = Client(chat, user="kim")
            kim.connect()
            kim.ask("join", room="rust", create={"title": "Rust"})
            kim.close()
            chat.clock.advance(4)
            assert chat.room("rust").live == 1
            chat.clock.advance(2)
            assert chat.room("rust").live == 0

    def test_a_closed_connection_gives_what_came_before_and_then_raises(self) -> None:
        with engine() as chat:
            kim = Client(chat, user="kim")
            kim.connect()
            chat.disconnect("kim")
            assert kim.receive_json()["ev"] == "bye"
            with pytest.raises(Closed) as closed:
                kim.receive_json()
            assert closed.value.code == kim.close_code == 4403

    def test_what_does_not_come_is_an_error_that_says_what_came(self) -> None:
        with engine() as chat, Client(chat) as client:
            client.connect()
            began = time.monotonic()
            with pytest.raises(TimeoutError, match="a frame did not come"):
                client.receive_json(timeout=0.1)
            assert 0.1 <= time.monotonic() - began < 2

    def test_hooks_are_asked_as_they_are_in_earnest(self) -> None:
        class Rules:
            def may_say(self, user: str, name: str, room: str, body: Any) -> object:
                return chat_engine.Deny("quiet, please")

        with engine(hooks=Rules()) as chat, Client(chat) as client:
            client.connect()
            client.ask("join", room="rust", create={"title": "Rust"})
            with pytest.raises(Refused, match="quiet, please"):
                client.ask("say", room="rust", body="hello")


class OfASite(ChatTestMixin, TestCase):
    """In a test case of Django's."""

    def setUp(self) -> None:
        self.kim = get_user_model().objects.create_user("kim", first_name="Kim")

    def test_the_chat_is_the_tests_own(self) -> None:
        assert default == self.chat == chats["default"]
        assert self.chat.clock.manual and self.chat.rooms().total == 0
        self.chat.open("left-over", title="Left over")

    def test_the_chat_is_the_next_tests_own(self) -> None:
        assert self.chat.rooms().total == 0
        self.chat.open("left-over", title="Left over")

    def test_a_user_of_the_site_talks_and_a_view_sees_it(self) -> None:
        client = self.chat_client(self.kim)
        said = client.connect()
        assert (said["user"], said["name"]) == (str(self.kim.pk), "Kim")
        client.ask("join", room="film-7", create={"title": "Alien"})
        assert self.client.get("/films/").json()["film-7"] == 1
        client.close()
        self.chat.clock.advance(600)
        assert self.client.get("/films/").json()["film-7"] == 0

    def test_whoever_is_logged_in_is_who_they_are(self) -> None:
        assert self.chat_client(session=self.client).connect()["user"].startswith("u_")
        self.client.force_login(self.kim)
        assert self.chat_client(session=self.client).connect()["user"] == str(self.kim.pk)
        self.client.logout()
        assert self.chat_client(session=self.client).connect()["user"].startswith("u_")


class OfATransaction(ChatTestMixin, TransactionTestCase):
    """And in one that commits."""

    chat_options = {"limits": {"body": 10}}

    def test_options_are_the_engines(self) -> None:
        self.chat.open("rust", title="Rust")
        with self.assertRaises(chat_engine.TooLarge):
            default.post("rust", "more than ten bytes")


_REDIS = {"default": {"URL": "redis://127.0.0.1:1/", "LIMITS": {"body": 10}}}


@override_settings(CHAT=_REDIS)
class OfASiteOnRedis(ChatTestMixin, TestCase):
    """The settings' own store is never asked."""

    seen: Any

    @classmethod
    def setUpTestData(cls) -> None:
        default.open("rust", title="Rust")
        cls.seen = cls.chat.url, cls.chat.clock.manual, [room.id for room in cls.chat.rooms()]

    def test_data_of_the_class_are_made_in_memory(self) -> None:
        assert self.seen == (self.chat.url, True, ["rust"]) and self.chat.url.startswith("memory")
        assert self.chat.rooms().total == 0

    def test_settings_of_a_test_are_those_of_an_engine_in_memory(self) -> None:
        first = self.chat
        with self.settings(CHAT={"default": {**_REDIS["default"], "LIMITS": {"body": 20}}}):
            assert default == self.chat != first and self.chat.clock.manual
            self.chat.open("rust", title="Rust")
            default.post("rust", "more than 10 bytes")
            with self.assertRaises(chat_engine.TooLarge):
                default.post("rust", "and this is more than 20")
        assert self.chat.clock.manual and self.chat.rooms().total == 0
        self.chat.open("rust", title="Rust")
        with self.assertRaises(chat_engine.TooLarge):
            default.post("rust", "more than 10 bytes")


@override_settings(CHAT={"default": {}, "second": {"URL": "redis://127.0.0.1:1/"}})
class OfAnAliasOfItsOwn(ChatTestMixin, TestCase):
    """One that only the settings of the class have."""

    chat_alias = "second"

    def test_it_is_in_memory(self) -> None:
        assert self.chat == chats["second"] and self.chat.rooms().total == 0


def test_the_fixture_is_an_engine_for_the_test(chat: chat_engine.Engine) -> None:
    assert default == chat and chat.clock.manual


def test_what_was_there_before_is_there_again() -> None:
    before = chats["default"]
    with isolated() as first:
        with isolated() as second:
            assert default == second != first
        assert default == first and second.closed
    assert default == before and first.closed and not before.closed
    chats.close_all()

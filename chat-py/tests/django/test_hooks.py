"""`HOOKS`: what a site decides, with its database, from threads that leave nothing open."""

import asyncio
import threading
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import override_settings
from manage_site import until

import chat_engine
from chat_engine import Deny, Replace
from chat_engine.django import hooks
from chat_engine.django.conf import Config
from chat_engine.django.test import chat_client, isolated
from chat_engine.testing import Refused

pytestmark = pytest.mark.usefixtures("db")

used: list[tuple[threading.Thread, Any]] = []


class Rules:
    """Of the site of the tests."""

    def may_join(self, user: str, name: str, room: str) -> Any:
        used.append((threading.current_thread(), connections["default"]))
        known = get_user_model().objects.filter(username=user).exists()
        return True if known else Deny("members only")

    def may_say(self, user: str, name: str, room: str, body: Any) -> Any:
        return Replace("***") if body == "damn" else None


class Coroutines:
    """The same, awaited."""

    async def may_join(self, user: str, name: str, room: str) -> Any:
        return await get_user_model().objects.filter(username=user).aexists()


def setting(value: Any) -> Any:
    return override_settings(CHAT={"default": {"HOOKS": value}})


@pytest.mark.parametrize("rules", [f"{__name__}.Rules", Rules, Rules()])
def test_rules_are_a_class_an_object_or_the_path_to_one(rules: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules[Rules.__module__])
    get_user_model().objects.create_user("kim")
    with setting(rules), isolated() as chat:
        chat.open("rust", title="Rust")
        kim, lee = chat.connect(user="kim"), chat.connect(user="lee")
        kim.join("rust")
        kim.say("rust", "damn")
        assert [entry.body for entry in chat.history("rust")] == ["***"]
        with pytest.raises(chat_engine.Forbidden) as refused:
            lee.join("rust")
        assert refused.value.why == "members only"


def test_rules_may_be_a_module() -> None:
    with setting("chatsite.rules"), isolated() as chat, chat.connect(user="kim") as kim:
        with pytest.raises(chat_engine.Forbidden):
            kim.open("a", title="Secret")
        assert kim.open("b", title="Open").id == "b"


def test_they_run_in_threads_of_their_own_which_leave_no_connection_open() -> None:
    used.clear()
    get_user_model().objects.create_user("kim")
    with setting(Rules), isolated() as chat:
        chat.open("rust", title="Rust")
        for _ in range(20):
            with chat.connect(user="kim") as kim:
                kim.join("rust")
        assert len(used) == 20
        assert all(thread is not threading.current_thread() for thread, _ in used)
        assert all(connection.connection is None for _, connection in used)


def test_coroutines_may_use_the_database_too() -> None:
    get_user_model().objects.create_user("kim")

    async def joined(user: str) -> bool:
        session = await chat.aconnect(user=user)
        try:
            await session.ajoin("rust")
            return True
        except chat_engine.Forbidden:
            return False

    with setting(Coroutines), isolated() as chat:
        chat.open("rust", title="Rust")
        assert asyncio.run(joined("kim")) is True
        assert asyncio.run(joined("lee")) is False


def test_a_refusal_reaches_the_client_with_its_words() -> None:
    with setting(Rules), isolated() as chat:
        chat.open("rust", title="Rust")
        client = chat_client()
        client.connect()
        with pytest.raises(Refused) as refused:
            client.ask("join", room="rust")
        assert refused.value.code == "forbidden" and "members only" in str(refused.value)


def test_rules_that_fail_refuse_unless_the_setting_says_otherwise(caplog: pytest.LogCaptureFixture) -> None:
    class Fails:
        def may_say(self, *what: Any) -> Any:
            raise ZeroDivisionError("of the site")

    for fail_open in (False, True):
        with (
            override_settings(CHAT={"default": {"HOOKS": Fails, "HOOKS_FAIL_OPEN": fail_open}}),
            isolated() as chat,
            chat.connect(user="kim") as kim,
        ):
            kim.join("rust", create={"title": "Rust"})
            if fail_open:
                assert kim.say("rust", "hello").n == 2
            else:
                with pytest.raises(chat_engine.Unavailable):
                    kim.say("rust", "hello")
    # The word comes behind the answer.
    until(lambda: "of the site" in caplog.text)


def test_what_was_said_earlier_comes_from_the_app_that_keeps_it_unless_the_site_has_its_own() -> None:
    class Own:
        def older(self, room: str, epoch: str, before: int, limit: int) -> list[Any]:
            return ["own"]

    before = list(hooks._older)
    try:
        hooks.provide_older(lambda alias, room, epoch, before, limit: [alias, room])  # type: ignore[arg-type,return-value]
        found = hooks.hooks_of(Config("second"))
        assert found.older("rust", "e", 7, 50) == ["second", "rust"]
        assert hooks.hooks_of(Config("second", hooks=Own)).older("rust", "e", 7, 50) == ["own"]
        assert hooks.hooks_of(Config("second", hooks=Rules)).older("rust", "e", 7, 50) == ["second", "rust"]
    finally:
        hooks._older[:] = before


def test_without_anything_to_ask_there_are_no_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_older", [])
    assert hooks.hooks_of(Config("default")) is None

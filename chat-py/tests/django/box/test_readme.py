"""What the README shows to sites does what it says."""

import ast
import asyncio
import re
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import AppConfig
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import override_settings

from chat_engine import Said
from chat_engine.django.test import chat_client, isolated
from chat_engine.testing import Refused

pytestmark = pytest.mark.usefixtures("db")

_README = (Path(__file__).resolve().parents[3] / "README.md").read_text()
_SNIPPETS = re.findall(r"^```python\n(.*?)^```", _README, re.MULTILINE | re.DOTALL)


def snippet(having: str, **given: Any) -> dict[str, Any]:
    """What one of them defines, as a site would have it; `given` is what it takes for granted."""
    (found,) = [text for text in _SNIPPETS if having in text]
    names = {"__name__": "of_the_readme", **given}
    exec(compile(found, "README.md", "exec"), names)
    return names


def test_all_of_it_is_python() -> None:
    assert len(_SNIPPETS) > 5
    for text in _SNIPPETS:
        compile(text, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        # The box says strings.
        *(("hello", "hello"), ("Damn it", "***")),
        *(({"text": "hello"}, {"text": "hello"}), ({"text": "\ndamn it"}, "***"), ({"a": [{"b": "bloody"}]}, "***")),
        *((7, 7), (None, None), (True, True), ([], [])),
    ],
)
def test_its_rules_take_whatever_is_said(said: Any, written: Any) -> None:
    with override_settings(CHAT={"default": {"HOOKS": snippet("class Rules")["Rules"]}}), isolated() as chat:
        client = chat_client()
        client.connect()
        client.ask("join", room="lobby", create={"title": "Lobby"})
        client.ask("say", room="lobby", body=said)
        assert [entry.body for entry in chat.history("lobby") if isinstance(entry, Said)] == [written]


def test_its_rules_let_members_in_and_neither_guests_nor_others() -> None:
    kim, lee = (get_user_model().objects.create_user(name) for name in ("kim", "lee"))
    kim.groups.add(Group.objects.create(name="members-gold"))
    with override_settings(CHAT={"default": {"HOOKS": snippet("class Rules")["Rules"]}}), isolated() as chat:
        for room in ("members-gold", "lobby"):
            chat.open(room, title=room)
        for user, enters in ((kim, True), (lee, False), (None, False)):
            client = chat_client(user)
            client.connect()
            client.ask("join", room="lobby")
            if enters:
                client.ask("join", room="members-gold")
                continue
            with pytest.raises(Refused) as refused:
                client.ask("join", room="members-gold")
            assert refused.value.code == "forbidden" and "members only" in str(refused.value)


def test_its_announcement_needs_no_room_that_is_open_already() -> None:
    announce = snippet("async def announce", suppress=suppress, HttpResponse=HttpResponse)["announce"]
    with isolated() as chat:
        for _ in range(2):
            assert asyncio.run(announce(None)).status_code == 204
        said = [entry.body for entry in chat.history("lobby")]
    assert said == [{"text": "maintenance at noon"}] * 2


def test_its_receiver_counts_what_is_said_about_films_alone() -> None:
    asked: list[Any] = []

    def found(pk: str) -> Any:
        asked.append(pk)
        return SimpleNamespace(update=dict)

    film = SimpleNamespace(objects=SimpleNamespace(filter=found))
    count = snippet("def count(", AppConfig=AppConfig, Film=film, F=lambda name: 0)["count"]
    for room in ("lobby", "film-7", "film-", "film-x", "members-7"):
        count(None, "default", SimpleNamespace(room=room))
    assert asked == ["7"]

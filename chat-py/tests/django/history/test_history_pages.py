"""Reading on where the log ends, and in views."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import override_settings

from chat_engine.django.history import apage, flush, older, page
from chat_engine.django.history.models import Message


def say(chat: Any, room: str, words: Any) -> None:
    """Says them, a second apart."""
    for word in words:
        chat.post(room, word)
        chat.clock.advance(1)


def test_who_scrolls_up_further_than_the_log_gets_it_from_the_database(site: SimpleNamespace) -> None:
    site.chat.open("a", title="A", history=10)
    say(site.chat, "a", range(100))
    flush()
    with site.chat.connect(user="1", name="Kim") as kim:
        snapshot = kim.join("a", recent=5)
        read = [entry.body for entry in snapshot.entries if entry.ev == "said"]
        before, more = snapshot.entries[0].n, True
        while more:
            found = kim.history("a", before=before, limit=7)
            read = [entry.body for entry in found if entry.ev == "said"] + read
            before, more = found[0].n, found.more
    assert read == list(range(100))


def test_a_socket_gets_it_too(site: SimpleNamespace, chat_of_visitor: Any) -> None:
    site.chat.open("a", title="A", history=10)
    say(site.chat, "a", range(40))
    flush()
    chat_of_visitor.ask("join", room="a", recent=1)
    answer = chat_of_visitor.ask("history", room="a", before=20, limit=5)
    assert [entry["body"] for entry in answer["entries"]] == [14, 15, 16, 17, 18]
    assert all(entry["ev"] == "said" and entry["room"] == "a" for entry in answer["entries"])


def test_pages_go_from_the_newest_back(site: SimpleNamespace) -> None:
    site.chat.open("a", title="A")
    say(site.chat, "a", range(25))
    flush()
    read, before, sizes = [], None, []
    while True:
        found = page("a", before=before, limit=10)
        read = [message.body for message in found] + read
        sizes.append(len(found))
        if not found.more:
            break
        before = found.before
    assert (read, sizes, found.before) == (list(range(25)), [10, 10, 5], None)
    assert page("nowhere").as_dict() == {"entries": [], "more": False, "before": None}
    exactly = page("a", limit=25)
    assert (len(exactly), exactly.more) == (25, False)


def test_a_room_that_was_opened_again_goes_on_in_its_pages(site: SimpleNamespace) -> None:
    for part in ("first", "second"):
        site.chat.open("a", title="A")
        say(site.chat, "a", [f"{part} {n}" for n in range(3)])
        site.chat.close_room("a")
        site.chat.clock.advance(120)
    flush()
    newest = page("a", limit=4)
    assert [message.body for message in newest] == ["first 2", "second 0", "second 1", "second 2"]
    assert [message.body for message in page("a", before=newest.before)] == ["first 0", "first 1"]
    # The numbers of one log are no place in the other.
    epoch = newest.messages[-1].epoch
    assert [entry["body"] for entry in older("default", "a", epoch, 100, 50)] == ["second 0", "second 1", "second 2"]


def test_many_in_one_millisecond_are_each_read_once(site: SimpleNamespace) -> None:
    site.chat.open("a", title="A")
    for n in range(30):
        site.chat.post("a", n)
    flush()
    assert Message.objects.values("at").distinct().count() == 1
    first = page("a", limit=20)
    rest = page("a", before=first.before, limit=20)
    assert [message.body for message in (*rest, *first)] == list(range(30))


def test_the_other_chats_rooms_are_other_rooms(site: SimpleNamespace) -> None:
    site.chat.open("a", title="A")
    say(site.chat, "a", ["here"])
    flush()
    assert (len(page("a")), len(page("a", alias="other"))) == (1, 0)


@pytest.mark.parametrize("before", ["", "1", "x-1", "1-x", "1-2-3", "9" * 40 + "-1", "1-1; DROP", "١-١"])
def test_a_place_that_is_none_is_said_to_be_none(stored: None, before: str) -> None:
    with pytest.raises(ValueError, match="take it from a page"):
        page("a", before=before)


def test_a_limit_has_bounds(stored: None) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        page("a", limit=0)
    assert page("a", limit=10**9).messages == ()


def test_a_coroutine_reads_the_same(site: SimpleNamespace) -> None:
    site.chat.open("a", title="A")
    say(site.chat, "a", range(5))
    flush()

    async def read() -> Any:
        try:
            return await apage("a", limit=3)
        finally:
            # As Django does when a request is over.
            await sync_to_async(connections.close_all)()

    found = asyncio.run(read())
    assert found.as_dict() == page("a", limit=3).as_dict()


def test_as_a_view_gives_it(site: SimpleNamespace) -> None:
    site.chat.open("a", title="A")
    say(site.chat, "a", ["one", {"text": "둘"}])
    flush()
    given = page("a", limit=1).as_dict()
    assert given["entries"] == [site.chat.history("a")[1].as_dict()]
    assert given["more"] is True
    assert page("a", before=given["before"]).as_dict()["entries"] == [site.chat.history("a")[0].as_dict()]


class Router:
    """Notes who is asked for."""

    asked: list[str] = []

    def db_for_read(self, model: Any, **hints: Any) -> None:
        """Where something is read."""
        Router.asked.append(f"read {model._meta.label}")

    def db_for_write(self, model: Any, **hints: Any) -> None:
        """Where something is written."""
        Router.asked.append(f"write {model._meta.label}")


def test_a_router_says_which_database(site: SimpleNamespace) -> None:
    with override_settings(DATABASE_ROUTERS=[Router()]):
        site.chat.open("a", title="A")
        say(site.chat, "a", ["one"])
        flush()
        page("a")
    assert {"read chat_engine_history.Message", "write chat_engine_history.Message"} <= set(Router.asked)

"""What was said is stored: once, behind what people do, and through whatever becomes of the database."""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import programs
import pytest
from django.db import connections
from django.test import override_settings
from manage_site import until

from chat_engine import Wrote
from chat_engine.django import signals
from chat_engine.django.history import recorder
from chat_engine.django.history.models import Message
from chat_engine.django.history.recorder import Recorder, flush, insert

SITE = Path(__file__).parent.parent / "site"


@pytest.fixture
def observed(site: SimpleNamespace) -> Iterator[list[Any]]:
    """What the engine tells its observers."""
    seen: list[Any] = []

    def look(alias: str, observations: list[Any], dropped: int) -> None:
        seen.extend(observations)

    signals.add_consumer(look)
    yield seen
    signals.remove_consumer(look)


def test_what_was_said_is_stored_as_it_was_said(site: SimpleNamespace) -> None:
    site.chat.open("film-1", title="Alien")
    with site.chat.connect(user="42", name="김") as kim:
        kim.join("film-1")
        spoken = kim.say("film-1", {"text": "안녕", "n": [1, None, True]}, key="k1")
    site.chat.post("film-1", "maintenance at noon")
    assert site.words() == [{"text": "안녕", "n": [1, None, True]}, "maintenance at noon"]
    first, second = Message.objects.order_by("n")
    assert (first.alias, first.room, first.n, first.by, first.name, first.key) == (
        "default",
        "film-1",
        spoken.n,
        "42",
        "김",
        "k1",
    )
    assert (first.epoch, first.milliseconds) == (spoken.cursor.epoch, spoken.cursor.at)
    assert (second.by, second.name, second.key) == (None, None, None)
    # As it is on the wire, whoever reads it.
    assert [first.as_dict(), second.as_dict()] == [entry.as_dict() for entry in site.chat.history("film-1")]


def test_comings_and_goings_are_not_what_was_said(site: SimpleNamespace) -> None:
    with site.chat.connect(user="1", name="Kim") as kim:
        kim.join("a", create={"title": "A"})
        kim.rename("Kimm")
        kim.leave("a")
    assert site.words() == []


def test_what_is_told_again_is_stored_once(site: SimpleNamespace, observed: list[Any]) -> None:
    site.chat.open("a", title="A")
    for n in range(20):
        site.chat.post("a", n)
    assert site.words() == list(range(20))
    for _ in range(3):
        recorder.record("default", list(observed))
    assert site.words() == list(range(20))


def test_the_same_rows_are_stored_once(stored: None, caplog: pytest.LogCaptureFixture) -> None:
    def rows() -> list[Message]:
        at = Message._meta.get_field("at").to_python("2026-01-02T03:04:05Z")
        return [Message(room="a", epoch="e", n=n, at=at, body=n) for n in range(1200)]

    insert(rows())
    insert(rows()[:700])
    assert Message.objects.count() == 1200
    assert caplog.text == ""


def test_private_rooms_are_stored_where_that_is_wanted(site: SimpleNamespace) -> None:
    site.chat.open("open", title="Open")
    site.chat.open("secret", title="Secret", kind="private")
    site.chat.post("secret", "psst")
    site.chat.post("open", "hello")
    assert site.words() == ["hello"]
    with override_settings(CHAT_HISTORY={"PRIVATE": True}):
        site.chat.post("secret", "psst again")
        assert site.words() == ["hello", "psst again"]


def test_a_room_that_another_process_opened_is_asked_for(site: SimpleNamespace) -> None:
    site.chat.open("open", title="Open")
    site.chat.open("secret", title="Secret", kind="private")
    site.words()
    recorder._recorder.kinds._public.clear()
    site.chat.post("secret", "psst")
    site.chat.post("open", "hello")
    assert site.words() == ["hello"]


def test_pairs_are_stored_under_their_aliases(site: SimpleNamespace) -> None:
    kim, lee = site.chat.connect(user="kim", name="Kim"), site.chat.connect(user="lee", name="Lee")
    for one in (kim, lee):
        one.seek("random")
    matched = next(event for event in kim.batch(5) if event.ev == "matched")
    kim.say(matched.room.id, "hello")
    assert site.words() == ["hello"]
    message = Message.objects.get()
    assert (message.by, message.room) == (matched.you, matched.room.id)
    assert "kim" not in (message.by or "").lower() and message.name != "Kim"
    with override_settings(CHAT_HISTORY={"PAIRS": False}):
        kim.say(matched.room.id, "again")
        assert site.words() == ["hello"]
    kim.close()
    lee.close()


def test_chats_that_are_not_named_are_not_stored(site: SimpleNamespace) -> None:
    with override_settings(CHAT_HISTORY={"ALIASES": []}):
        site.chat.open("a", title="A")
        site.chat.post("a", "hello")
        assert site.words() == []


def test_what_was_said_while_the_database_was_away_is_stored_when_it_is_back(
    site: SimpleNamespace, database_away: Any, caplog: pytest.LogCaptureFixture
) -> None:
    site.chat.open("a", title="A")
    with caplog.at_level(logging.WARNING, "chat_engine.django.history"), database_away():
        for n in range(10):
            site.chat.post("a", f"word {n}")

        def is_tried() -> bool:
            with pytest.raises(TimeoutError):
                flush(0.5)
            return "trying again" in caplog.text

        until(is_tried)
    assert "could not be stored (OperationalError); trying again" in caplog.text
    assert "word" not in caplog.text.replace("messages", "")
    assert site.words() == [f"word {n}" for n in range(10)]


def test_only_so_much_waits_for_the_database(
    site: SimpleNamespace, observed: list[Any], database_away: Any, caplog: pytest.LogCaptureFixture
) -> None:
    own = Recorder(most=10, first_wait=0.05)
    own.kinds = recorder._recorder.kinds
    site.chat.open("a", title="A")
    for n in range(15):
        site.chat.post("a", n)
    assert site.words() == list(range(15))
    said = [seen for seen in observed if isinstance(seen, Wrote)]
    Message.objects.all().delete()
    with database_away():
        own.record("default", said[:8])
        own.record("default", said[8:])
        assert not own.flush(0.2)
    assert own.flush(10)
    assert [message.body for message in Message.objects.order_by("n")] == list(range(10))
    assert "10 messages wait for the database" in caplog.text
    assert "5 messages were not stored" in caplog.text
    # It goes on as if nothing had been.
    own.record("default", said[10:])
    assert own.flush(10)
    assert Message.objects.count() == 15


def test_one_that_cannot_be_stored_does_not_take_the_others_along(
    stored: None, caplog: pytest.LogCaptureFixture
) -> None:
    at = Message._meta.get_field("at").to_python("2026-01-02T03:04:05Z")
    rows = [Message(room="a", epoch="e", n=n, at=at, body={"set"} if n == 2 else n) for n in range(5)]
    insert(rows)
    assert list(Message.objects.order_by("n").values_list("n", flat=True)) == [0, 1, 3, 4]
    assert "message 2 of a room could not be stored (TypeError)" in caplog.text


def test_nul_is_stored_as_what_databases_take(site: SimpleNamespace) -> None:
    site.chat.open("a", title="A")
    site.chat.post("a", {"te\x00xt": ["a\x00b"]})
    assert site.words() == [{"te\ufffdxt": ["a\ufffdb"]}]


def test_no_connection_is_left_open(site: SimpleNamespace) -> None:
    site.chat.open("a", title="A")
    site.chat.post("a", "hello")
    assert site.words() == ["hello"]
    connections.close_all()
    database = os.path.realpath(os.environ["SITE_DATABASE"])

    def left() -> list[str]:
        found = (os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd"))
        return [path for path in found if path == database]

    # The thread closes it right after it has stored.
    end = time.monotonic() + 10
    while left() and time.monotonic() < end:
        time.sleep(0.01)
    assert left() == []


PROGRAM = f"""
import os, sys
sys.path.insert(0, {str(SITE)!r})
os.environ["DJANGO_SETTINGS_MODULE"] = "chatsite.settings"
import django
django.setup()
from django.conf import settings
settings.CHAT_HISTORY = {{}}
from chat_engine.django import chat
"""


def test_a_process_that_ends_stores_first(db: None, program: programs.Runner) -> None:
    program(PROGRAM + 'chat.open("a", title="A")\nfor n in range(2000): chat.post("a", n)').well()
    assert [message.body for message in Message.objects.order_by("n")] == list(range(2000))


def test_a_process_ends_also_where_the_database_is_away(db: None, program: programs.Runner, database_away: Any) -> None:
    with database_away():
        ended = program(PROGRAM + 'chat.open("a", title="A")\nfor n in range(20): chat.post("a", n)', within=30)
    assert ended.code == 0
    assert "20 messages were not stored before the process ended" in ended.err


def test_a_fork_stores_what_is_its_own(db: None, program: programs.Runner) -> None:
    program(
        PROGRAM
        + """
import warnings
# Newer Pythons say that a fork of several threads is a risk: that is what is tried here.
warnings.simplefilter("ignore", DeprecationWarning)
chat.open("a", title="A")
for n in range(50):
    chat.post("a", "parent")
child = os.fork()
if child == 0:
    chat.open("b", title="B")
    for n in range(50):
        chat.post("b", "child")
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    ).well()
    said = list(Message.objects.values_list("room", "body"))
    assert (said.count(("a", "parent")), said.count(("b", "child")), len(said)) == (50, 50, 100)

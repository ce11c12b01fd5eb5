"""What was said, in the admin; and forgetting it."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.utils import timezone

from chat_engine.django.history.models import Message

LIST = "/admin/chat_engine_history/message/"


@pytest.fixture
def admin(db: None) -> Iterator[Client]:
    """Somebody who may do everything."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("admin", "admin@example.org", "pass"))
    yield client


def said(
    n: int, body: Any, room: str = "film-1", name: str | None = "Kim", by: str | None = "42", days: float = 0
) -> Message:
    """A message that is stored."""
    at = timezone.now() - timedelta(days=days)
    return Message.objects.create(room=room, epoch="e", n=n, at=at, by=by, name=name, body=body)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("영화", {1}),
        ("ALIEN", {2}),
        ("film-2", {3}),
        ("이서", {3}),
        ("film", set()),
        ("43", {3}),
        ("100%", {4}),
        ("0%_", set()),
        ('"quo"', set()),
    ],
)
def test_a_search_finds_words_names_rooms_and_users(admin: Client, search: str, found: set[int]) -> None:
    said(1, {"text": "좋은 영화였어요"})
    said(2, "Did you see Alien?")
    said(3, "first", room="film-2", name="이서", by="43")
    said(4, "100% sure")
    answer = admin.get(LIST, {"q": search})
    assert {message.n for message in answer.context["cl"].result_list} == found


def test_rows_can_be_read_and_deleted_but_not_changed(admin: Client) -> None:
    message = said(1, "<script>alert(1)</script>")
    answer = admin.get(LIST).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer and "<script>alert(1)" not in answer
    assert 'href="/admin/chat_engine_history/message/?room=film-1"' in answer
    assert admin.get(f"{LIST}?room=film-1").context["cl"].result_count == 1
    shown = admin.get(f"{LIST}{message.pk}/change/")
    assert shown.status_code == 200 and b"&lt;script&gt;" in shown.content
    assert admin.post(f"{LIST}{message.pk}/change/", {"name": "Lee"}).status_code == 403
    assert admin.get(f"{LIST}add/").status_code == 403
    message.refresh_from_db()
    assert message.name == "Kim"
    admin.post(LIST, {"action": "delete_selected", "_selected_action": [message.pk], "post": "yes"})
    assert not Message.objects.exists()


def test_it_is_filtered_by_chat_and_time(admin: Client) -> None:
    said(1, "old", days=40)
    said(2, "new")
    assert admin.get(LIST, {"alias": "default"}).context["cl"].result_count == 2
    since = (timezone.now() - timedelta(days=7)).isoformat()
    assert admin.get(LIST, {"at__gte": since}).context["cl"].result_count == 1


def prune(*args: Any) -> str:
    """Runs the command; gives what it says."""
    out = StringIO()
    call_command("chat_history_prune", *args, stdout=out)
    return out.getvalue()


def test_what_is_old_is_forgotten(db: None) -> None:
    for n in range(2390, 2500):
        said(n, n, days=31 if n < 2400 else 29)
    Message.objects.bulk_create(
        Message(room="film-1", epoch="f", n=n, at=timezone.now() - timedelta(days=90), body=n) for n in range(2200)
    )
    said(1, "elsewhere", room="film-2", days=60)
    assert prune("--days", "30", "--dry-run") == "2211 messages are older than 30 days.\n"
    assert prune("--days", "30", "--room", "film-2") == "1 messages older than 30 days were deleted.\n"
    assert prune("--days", "30") == "2210 messages older than 30 days were deleted.\n"
    assert sorted(Message.objects.values_list("n", flat=True)) == list(range(2400, 2500))


@pytest.mark.parametrize("days", ["-1", "nan", "1e9"])
def test_a_number_of_days_is_one(db: None, days: str) -> None:
    with pytest.raises(CommandError, match="--days"):
        prune("--days", days)


def test_the_migrations_are_those_of_the_models(db: None) -> None:
    call_command("makemigrations", "chat_engine_history", "chat_engine", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (["PRIVATE"], "CHAT_HISTORY is not a dict."),
        ({"PRIVAT": True}, "CHAT_HISTORY has an unknown key 'PRIVAT'."),
        ({"PAIRS": 1}, "CHAT_HISTORY['PAIRS'] has to be True or False, not int."),
        ({"ALIASES": "default"}, "CHAT_HISTORY['ALIASES'] has to be a list of strings."),
        ({"ALIASES": ["defualt"]}, "CHAT_HISTORY['ALIASES'] names 'defualt', which is not in CHAT."),
    ],
)
def test_a_wrong_setting_is_found(setting: Any, said: str) -> None:
    with override_settings(CHAT_HISTORY=setting):
        found = [problem for problem in checks.run_checks() if problem.id == "chat_history.E001"]
    assert [problem.msg for problem in found] == [said]
    if "PRIVAT" in said or "defualt" in said:
        assert "Did you mean" in str(found[0].hint)


def test_right_settings_have_nothing_wrong() -> None:
    for setting in ({}, {"PRIVATE": True, "PAIRS": False, "ALIASES": ["default"]}, {"ALIASES": None}):
        with override_settings(CHAT_HISTORY=setting):
            assert [problem for problem in checks.run_checks() if problem.id == "chat_history.E001"] == []

"""Who logs out, is deleted or made inactive is not connected any more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import connections, transaction
from django.test import Client, override_settings

import chat_engine
from chat_engine.django import chats, users
from chat_engine.django.test import chat_client, isolated
from chat_engine.testing import Client as ChatClient

pytestmark = pytest.mark.usefixtures("db", "chat")


@pytest.fixture
def kim() -> Any:
    return get_user_model().objects.create_user("kim")


@pytest.fixture
def other_database(tmp_path: Path) -> Iterator[str]:
    """A second one, which has nothing to do with users."""
    connections.settings["other"] = {**connections.settings["default"], "NAME": str(tmp_path / "other.sqlite3")}
    yield "other"
    connections["other"].close()
    del connections["other"], connections.settings["other"]


def connected(user: Any) -> ChatClient:
    client = chat_client(user)
    client.connect()
    return client


def ended(client: ChatClient) -> bool:
    if client.close_code is None:
        return False
    assert client.close_code == 4403 and client.receive_json() == {"ev": "bye", "why": "kicked"}
    return True


def test_a_log_out_ends_all_of_a_users_connections_and_nobody_elses(kim: Any) -> None:
    lee = connected(get_user_model().objects.create_user("lee"))
    tabs = [connected(kim), connected(kim)]
    site = Client()
    site.force_login(kim)
    assert not any(map(ended, tabs))
    site.logout()
    assert all(map(ended, tabs)) and not ended(lee)


def test_a_log_out_by_a_view_within_a_transaction_does_too(kim: Any) -> None:
    tab = connected(kim)
    site = Client()
    site.force_login(kim)
    with transaction.atomic():
        assert site.post("/logout/").status_code == 302
        assert ended(tab)
        # Somebody lets them in who does not see yet that the session is over.
        tab = connected(kim)
    assert ended(tab)


def test_the_session_is_not_believed_any_more_once_it_was_logged_out(kim: Any) -> None:
    site = Client()
    site.force_login(kim)
    cookie = site.cookies["sessionid"].value
    config = chats._made_of["default"]
    assert users.of_cookie(cookie, config) == (str(kim.pk), "kim")
    site.logout()
    assert users.sessions.remembered(cookie, config) == (True, None)
    assert users.of_cookie(cookie, config) is None


def test_a_log_out_within_a_transaction_on_whichever_database_does_too(kim: Any, other_database: str) -> None:
    site = Client()
    site.force_login(kim)
    with transaction.atomic(using=other_database):
        site.logout()
        tab = connected(kim)
    assert ended(tab)


def test_another_password_ends_what_the_old_one_has_let_in(kim: Any) -> None:
    tab = connected(kim)
    # The hash of a user who has just logged in may be made anew.
    kim.password = make_password("hunter2")
    kim.save(update_fields=["password"])
    assert kim.check_password("hunter2") and not ended(tab)
    kim.set_password("another")
    assert not ended(tab)
    kim.save()
    assert ended(tab)
    tab = connected(kim)
    kim.save()
    assert not ended(tab)


def test_a_user_is_one_under_the_name_of_another_model_too(kim: Any) -> None:
    class Guest(get_user_model()):  # type: ignore[misc]
        class Meta:
            proxy = True
            app_label = "auth"

    try:
        tab = connected(kim)
        guest = Guest.objects.get(pk=kim.pk)
        guest.is_active = False
        guest.save()
        assert ended(tab)
        Guest.objects.filter(pk=kim.pk).update(is_active=True)
        tab = connected(get_user_model().objects.get(pk=kim.pk))
        Guest.objects.get(pk=kim.pk).delete()
        assert ended(tab)
    finally:
        del apps.all_models["auth"]["guest"]
        apps.clear_cache()


def test_a_log_out_of_nobody_disconnects_nobody(kim: Any) -> None:
    tab = connected(kim)
    Client().logout()
    Client().post("/logout/")
    assert not ended(tab)


def test_who_is_deleted_or_made_inactive_is_disconnected_once_that_is_committed(kim: Any) -> None:
    tab = connected(kim)
    kim.first_name = "Kim"
    kim.save()
    assert not ended(tab)
    with transaction.atomic():
        kim.is_active = False
        kim.save()
        assert not ended(tab)
    assert ended(tab)
    kim.is_active = True
    kim.save()
    tab = connected(kim)
    with transaction.atomic():
        kim.delete()
        assert not ended(tab)
    assert ended(tab)


def test_who_is_not_deleted_after_all_stays(kim: Any) -> None:
    tab = connected(kim)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        kim.delete()
        raise ZeroDivisionError
    assert not ended(tab)


def test_every_chat_of_the_site_is_left_under_the_id_that_one_has_there(kim: Any) -> None:
    second = {"USER": lambda user: (f"user-{user.pk}", user.username)}
    with override_settings(CHAT={"default": {}, "second": second}), isolated(), isolated("second"):
        tabs = [chat_client(kim), chat_client(kim, alias="second")]
        assert [tab.connect()["user"] for tab in tabs] == [str(kim.pk), f"user-{kim.pk}"]
        site = Client()
        site.force_login(kim)
        site.logout()
        assert all(map(ended, tabs))


def test_a_store_that_is_away_does_not_stop_a_log_out(kim: Any, caplog: pytest.LogCaptureFixture) -> None:
    site = Client()
    site.force_login(kim)
    away = "redis://127.0.0.1:1/?connect_timeout_ms=200&timeout_ms=200"
    with override_settings(CHAT={"default": {"URL": away}}), isolated(url=away, clock="system"):
        site.logout()
        assert "still connected" in caplog.text
    assert "_auth_user_id" not in site.session


def test_a_log_out_reaches_other_processes(kim: Any, redis_url: str) -> None:
    with (
        override_settings(CHAT={"default": {"URL": redis_url}}),
        isolated(url=redis_url, clock="system") as ours,
        chat_engine.Engine(redis_url) as theirs,
    ):
        assert ours.node != theirs.node
        session = theirs.connect(user=str(kim.pk))
        site = Client()
        site.force_login(kim)
        site.logout()
        assert [event.why for event in session.batch(10) if isinstance(event, chat_engine.Bye)] == ["kicked"]

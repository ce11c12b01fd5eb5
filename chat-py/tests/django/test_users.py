"""Who a user of the site is in the chat, and whose a session cookie is: what Django believes, writing nothing."""

from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings

from chat_engine.django import users
from chat_engine.django.conf import Config

CONFIG = Config("default")


def user(**fields: Any) -> Any:
    return get_user_model()(**{"pk": 7, "username": "kim", **fields})


def test_a_user_is_the_primary_key_and_the_full_name_or_else_the_user_name() -> None:
    assert users.identity(user()) == ("7", "kim")
    assert users.identity(user(first_name="Kim", last_name="Lee")) == ("7", "Kim Lee")
    assert users.identity(AnonymousUser()) is None
    assert users.identity(None) is None
    assert users.identity(user(is_active=False)) is None


def test_what_follows_the_at_sign_of_an_address_is_shown_to_nobody() -> None:
    assert users.identity(user(username="kim@secret.example")) == ("7", "kim")
    assert users.identity(user(first_name="kim@secret.example")) == ("7", "kim")


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("K" * 150, "K" * 32),
        ("  Kim \t\n Lee ", "Kim Lee"),
        ("Kim\u202eeeL\x00", "KimeeL"),
        ("\u202e", "?"),
        ("@kim", "@kim"),
        ("@kim@secret.example", "@kim"),
        ("@", "@"),
        ("김철수", "김철수"),
        ("👩\u200d🚒", "👩\u200d🚒"),
    ],
)
def test_a_name_that_the_engine_would_refuse_is_made_to_fit(name: str, fits: str, engine: Any) -> None:
    found = users.identity(user(username=name))
    assert found == ("7", fits)
    with engine.connect(*found) as session:
        assert session.name == fits


def test_the_length_of_a_name_is_that_of_the_limits() -> None:
    assert users.identity(user(username="K" * 150), Config("default", limits={"name": 5})) == ("7", "KKKKK")


def test_the_site_may_say_who_somebody_is() -> None:
    assert users.identity(user(), Config("default", user=lambda user: (f"u{user.pk}", "K."))) == ("u7", "K.")
    for wrong in ("kim", ("kim",), None, 7):
        with pytest.raises(ImproperlyConfigured, match=r"\(id, name\)"):
            users.identity(user(), Config("default", user=lambda user, wrong=wrong: wrong))


# --- sessions -----------------------------------------------------------------------------------------------------


@pytest.fixture
def kim(db: None) -> Any:
    return get_user_model().objects.create_user("kim", password="hunter2")


@pytest.fixture
def cookie(kim: Any) -> str:
    client = Client()
    client.force_login(kim)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def sessions() -> users.Sessions:
    return users.Sessions()


def test_a_session_is_that_of_its_user(sessions: users.Sessions, kim: Any, cookie: str) -> None:
    assert sessions.look_up(cookie, CONFIG) == (str(kim.pk), "kim")
    assert sessions.look_up("nonsense", CONFIG) is None
    assert sessions.look_up("", CONFIG) is None
    assert sessions.look_up("x" * 100_000, CONFIG) is None


def test_nothing_is_written_whatever_the_session_is(sessions: users.Sessions, kim: Any, cookie: str) -> None:
    def rows() -> list[Any]:
        return list(Session.objects.values_list())

    before = rows()
    assert sessions.look_up(cookie, CONFIG)
    kim.set_password("another")
    kim.save()
    sessions.forget()
    assert sessions.look_up(cookie, CONFIG) is None
    # A session of the key before: Django would give it a new cookie, which cannot be brought from here.
    assert rows() == before


def test_a_changed_password_ends_a_session(sessions: users.Sessions, kim: Any, cookie: str) -> None:
    kim.set_password("another")
    kim.save()
    assert sessions.look_up(cookie, CONFIG) is None


def test_a_session_from_before_the_key_was_changed_is_good_while_that_is_a_fallback(
    sessions: users.Sessions, kim: Any, cookie: str
) -> None:
    before = settings.SECRET_KEY
    with override_settings(SECRET_KEY="another one, just as long as the one that was before it"):
        assert sessions.look_up(cookie, CONFIG) is None
    with override_settings(SECRET_KEY="another one, just as long as the one that was", SECRET_KEY_FALLBACKS=[before]):
        assert sessions.look_up(cookie, CONFIG) == (str(kim.pk), "kim")


def test_who_is_inactive_or_deleted_or_came_by_a_backend_that_is_gone_is_nobody(
    sessions: users.Sessions, kim: Any, cookie: str
) -> None:
    with override_settings(AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.AllowAllUsersModelBackend"]):
        assert sessions.look_up(cookie, CONFIG) is None
    kim.is_active = False
    kim.save()
    assert sessions.look_up(cookie, CONFIG) is None
    kim.delete()
    assert sessions.look_up(cookie, CONFIG) is None


@pytest.mark.parametrize("engine", ["signed_cookies", "cache", "file", "cached_db"])
def test_any_engine_of_sessions_will_do(engine: str, sessions: users.Sessions, kim: Any) -> None:
    with override_settings(SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}"):
        client = Client()
        client.force_login(kim)
        assert sessions.look_up(client.cookies[settings.SESSION_COOKIE_NAME].value, CONFIG) == (str(kim.pk), "kim")


class Time:
    """Moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_session_is_remembered_for_a_moment_and_no_longer(kim: Any, cookie: str) -> None:
    time = Time()
    sessions = users.Sessions(time)
    assert sessions.remembered(cookie, CONFIG) == (False, None)
    sessions.look_up(cookie, CONFIG)
    assert sessions.remembered(cookie, CONFIG) == (True, (str(kim.pk), "kim"))
    # Each chat of the site may call its users otherwise.
    assert sessions.remembered(cookie, Config("second")) == (False, None)
    time.now += users.REMEMBERED_FOR
    assert sessions.remembered(cookie, CONFIG)[0] is False


def test_who_is_nobody_is_looked_up_again(cookie: str, kim: Any) -> None:
    sessions = users.Sessions()
    sessions.look_up("nonsense", CONFIG)
    assert sessions.remembered("nonsense", CONFIG) == (False, None)


def test_a_log_out_holds_although_the_database_still_has_the_session(cookie: str) -> None:
    time = Time()
    sessions = users.Sessions(time)
    sessions.look_up(cookie, CONFIG)
    sessions.log_out(cookie)
    assert sessions.look_up(cookie, CONFIG) is None
    time.now += users.LOGGED_OUT_FOR
    assert sessions.look_up(cookie, CONFIG) is not None


def test_a_log_out_during_the_look_wins(cookie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = users.Sessions()
    look = users.of_session

    def slow(session: Any) -> Any:
        found = look(session)
        sessions.log_out(cookie)
        return found

    monkeypatch.setattr(users, "of_session", slow)
    assert sessions.look_up(cookie, CONFIG) is None
    assert sessions.look_up(cookie, CONFIG) is None


def test_no_more_is_remembered_than_has_a_bound(cookie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "REMEMBERED", 3)
    sessions = users.Sessions()
    for n in range(10):
        sessions.look_up(cookie, Config(f"chat{n}"))
        sessions.log_out(f"cookie{n}")
    assert len(sessions._known) == 3 and len(sessions._logged_out) == 3


def test_users_are_known_where_sessions_are_kept_whichever_app_does() -> None:
    assert users.has_sessions()
    apps = [app for app in settings.INSTALLED_APPS if app not in ("django.contrib.sessions", "django.contrib.admin")]
    with override_settings(INSTALLED_APPS=apps):
        assert not users.has_sessions()
        with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies"):
            assert users.has_sessions()
        with override_settings(SESSION_ENGINE="chatsite.nowhere"):
            assert not users.has_sessions()

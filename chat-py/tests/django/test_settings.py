"""`CHAT`: what is wrong with it is said before anybody uses it, with what may have been meant."""

from typing import Any

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.utils.connection import ConnectionDoesNotExist

import chat_engine
from chat_engine.django import chat, chats, conf


def found(setting: Any, deploy: bool = False) -> list[tuple[str, str]]:
    """What the system checks say of it: ids and texts."""
    with override_settings(CHAT=setting):
        messages = checks.run_checks(tags=["chat"], include_deployment_checks=deploy)
    return [(message.id or "", f"{message.msg} {message.hint or ''}") for message in messages]


@pytest.mark.parametrize(
    ("setting", "id", "said"),
    [
        ("memory://", "chat.E001", 'Write CHAT = {"default": {"URL": "memory://"}}'),
        ({"URL": "memory://"}, "chat.E001", "one level deeper"),
        ({"defualt": {}}, "chat.E001", 'CHAT has no "default". Rename'),
        ({"default": "memory://"}, "chat.E001", "CHAT['default'] is not a dict"),
        ({"default": {}, 7: {}}, "chat.E001", "an alias is a string"),
        ({"default": {"url": "memory://"}}, "chat.E002", "Did you mean 'URL'?"),
        ({"default": {"LIMTIS": {}}}, "chat.E002", "Did you mean 'LIMITS'?"),
        ({"default": {"QUUX": {}}}, "chat.E002", "There are URL, LIMITS"),
        ({"default": {"URL": 7}}, "chat.E003", "has to be a string, not int"),
        ({"default": {"ANONYMOUS": "no"}}, "chat.E003", "True or False, not str"),
        ({"default": {"ORIGINS": "https://a.example"}}, "chat.E003", "a list of strings, not str"),
        ({"default": {"ORIGINS": [7]}}, "chat.E003", "holds 7"),
        ({"default": {"POOLS": "random"}}, "chat.E003", "a list of strings, not str"),
        ({"default": {"HOOK_TIMEOUT": 0}}, "chat.E003", "more than nothing"),
        ({"default": {"URL": "localhost:6379"}}, "chat.E004", "no URL"),
        ({"default": {"URL": "reddis://localhost"}}, "chat.E004", "Did you mean 'redis'?"),
        ({"default": {"URL": "redis://localhost/zero"}}, "chat.E005", "CHAT['default']"),
        ({"default": {"LIMITS": {"bdy": 3}}}, "chat.E005", "did you mean body?"),
        ({"default": {"LIMITS": {"body": "much"}}}, "chat.E005", "body"),
        ({"default": {"POLICIES": {"publik": {}}}}, "chat.E005", "public"),
        ({"default": {"OPTIONS": {"pnig": 3}}}, "chat.E005", "ping"),
        ({"default": {"ORIGINS": ["https://a.example/path"]}}, "chat.E005", "origin"),
        ({"default": {"ORIGINS": ["https://*.example.com"]}}, "chat.E005", "write '.example.com'"),
        ({"default": {"ORIGINS": ["https://.example.com"]}}, "chat.E005", "write '.example.com'"),
        ({"default": {"ORIGINS": ["*.example.com"]}}, "chat.E005", "write '.example.com'"),
        ({"default": {"TRUSTED_PROXIES": ["everybody"]}}, "chat.E005", "everybody"),
        ({"default": {"HOOKS": "chatsite.nowhere.Rules"}}, "chat.E006", "cannot be imported"),
        ({"default": {"HOOKS": type("Rules", (), {"may_sya": print})}}, "chat.E006", "Did you mean 'may_say'?"),
        ({"default": {"HOOKS": object()}}, "chat.E006", "has none of may_open"),
        ({"default": {"HOOKS": type("Rules", (), {"may_say": True})}}, "chat.E006", "cannot be called"),
        ({"default": {"USER": "chatsite.nowhere.name"}}, "chat.E007", "cannot be imported"),
        ({"default": {"USER": 7}}, "chat.E007", "cannot be called"),
        ({"default": {"SERVE": "localhost"}}, "chat.E008", "no host:port"),
        ({"default": {"SERVE": "localhost:99999"}}, "chat.E008", "no host:port"),
        ({"default": {"WS_URL": "https://chat.example.org/ws"}}, "chat.E009", "'wss://chat.example.org/ws'"),
        ({"default": {"WS_URL": "ws"}}, "chat.E009", "no address"),
    ],
)
def test_what_is_wrong_is_said_once_with_what_was_meant(setting: Any, id: str, said: str) -> None:
    assert [(id, said in text) for id, text in found(setting)] == [(id, True)], found(setting)


def test_a_password_in_a_url_is_in_no_message() -> None:
    for url in ("reddis://kim:hunter2@localhost", "redis://kim:hunter2@localhost/zero", "kim:hunter2@localhost"):
        assert "hunter2" not in str(found({"default": {"URL": url}}, deploy=True))


@pytest.mark.parametrize(
    "setting",
    [
        {"default": {}},
        {
            "default": {
                "URL": "redis://localhost:6379/0",
                "LIMITS": {"body": 4096},
                "POLICIES": {"public": {"idle": 3600}},
                "POOLS": ["random", "music"],
                "HOOK_TIMEOUT": 1,
                "ANONYMOUS": False,
                "USER": lambda user: (user.pk, "Kim"),
                "ORIGINS": ["https://app.example", ".partner.example"],
                "TRUSTED_PROXIES": ["127.0.0.1", "10.0.0.0/8"],
                "OPTIONS": {"ping": 20, "silent": 50},
                "SERVE": "127.0.0.1:8001",
                "WS_URL": "/ws",
            },
            "second": {"URL": "memory://", "WS_URL": "//chat.example.org/ws", "SERVE": ":8002"},
        },
    ],
)
def test_what_is_right_is_not_talked_about(setting: Any) -> None:
    assert found(setting) == []


def test_without_the_setting_the_chat_is_in_memory() -> None:
    with override_settings():
        from django.conf import settings

        del settings.CHAT
        assert conf.config().url == "memory://"
        assert checks.run_checks(tags=["chat"]) == []


def test_deployed_memory_is_warned_of_and_more_so_with_many_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    [(id, text)] = found({"default": {}}, deploy=True)
    assert id == "chat.W001" and "one process alone" in text
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    assert "there are 4 workers" in found({"default": {}}, deploy=True)[0][1]
    monkeypatch.delenv("WEB_CONCURRENCY")
    for arguments in ("-w 3", "--workers=3", "--bind :8000 -w3"):
        monkeypatch.setenv("GUNICORN_CMD_ARGS", arguments)
        assert "there are 3 workers" in found({"default": {}}, deploy=True)[0][1]
    assert found({"default": {}}) == []


def test_deployed_a_store_that_does_not_answer_is_warned_of(redis_url: str) -> None:
    assert found({"default": {"URL": redis_url}}, deploy=True) == []
    [(id, text)] = found({"default": {"URL": "redis://127.0.0.1:1/?connect_timeout_ms=200"}}, deploy=True)
    assert id == "chat.W002" and "redis://127.0.0.1:1" in text


def test_deployed_any_host_is_warned_of(redis_url: str) -> None:
    with override_settings(ALLOWED_HOSTS=["*"]):
        assert [id for id, _ in found({"default": {"URL": redis_url}}, deploy=True)] == ["chat.W003"]


def test_deployed_sockets_without_tls_beside_pages_with_it_are_warned_of(redis_url: str) -> None:
    setting = {"default": {"URL": redis_url, "WS_URL": "ws://chat.example.org/ws"}}
    assert found(setting, deploy=True) == []
    with override_settings(SECURE_SSL_REDIRECT=True):
        assert [id for id, _ in found(setting, deploy=True)] == ["chat.W005"]


def test_under_runserver_it_is_said_where_nobody_serves_the_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    redis = {"URL": "redis://localhost:6379/0"}
    monkeypatch.setattr("sys.argv", ["manage.py", "runserver", "8000"])
    with override_settings(DEBUG=True):
        [(id, text)] = found({"default": redis})
        assert id == "chat.W007" and "'default'" in text and '"SERVE": True' in text and '"WS_URL"' in text
        for more in ({"SERVE": True}, {"SERVE": False}, {"WS_URL": "/ws"}, {"URL": "memory://"}):
            assert found({"default": redis | more}) == []
        monkeypatch.setattr("sys.argv", ["manage.py", "migrate"])
        assert found({"default": redis}) == []
    monkeypatch.setattr("sys.argv", ["manage.py", "runserver"])
    assert found({"default": redis}) == []


def test_all_that_can_be_set_is_explained() -> None:
    assert [key for key in conf.KEYS if f"| `{key}` |" not in (conf.__doc__ or "")] == []


def test_wrong_settings_raise_where_they_are_used() -> None:
    with override_settings(CHAT={"default": {"UR": "memory://"}}), pytest.raises(ImproperlyConfigured, match="'URL'"):
        chat.rooms()


def test_an_alias_that_is_not_there_is_named() -> None:
    with pytest.raises(ConnectionDoesNotExist, match="Did you mean 'default'"):
        chats["defalt"]


def test_chat_and_chats_are_made_when_they_are_used_and_anew_when_settings_change() -> None:
    with override_settings(CHAT={"default": {}, "second": {}}):
        assert not chats.is_made("second")
        assert chats["second"] is chats["second"] is not chats["default"]
        assert chat.url == "memory://" and chat == chats["default"]
        chat.open("film-1", title="Alien")
        before, second = chats["default"], chats["second"]
        assert chats.server().engine is before
        with override_settings(CHAT={"default": {"LIMITS": {"body": 10}}, "second": {}}):
            assert before.closed and not second.closed
            assert chats.server().engine is chats["default"] is not before
            assert chats["second"] is second
            with pytest.raises(chat_engine.TooLarge):
                chat.open("film-1", title="Alien")
                chat.post("film-1", "more than ten bytes")
        assert list(chats) == ["default", "second"]
        assert chat.rooms().total == 0
    assert list(chats) == ["default"]
    chats.close_all()

"""Pages of which origins may connect: those of ALLOWED_HOSTS, as Django looks at hosts."""

import pytest
from django.core import checks
from django.test import override_settings

from chat_engine.django import chats
from chat_engine.django.conf import Config
from chat_engine.django.connections import server_options
from chat_engine.django.origins import allowed_hosts, may_connect
from chat_engine.django.test import isolated


@pytest.mark.parametrize(
    ("hosts", "origin", "may"),
    [
        (["chat.example.org"], "https://chat.example.org", True),
        (["chat.example.org"], "http://chat.example.org:8000", True),
        (["chat.example.org"], "https://CHAT.Example.ORG", True),
        (["chat.example.org"], "https://chat.example.org.", True),
        (["chat.example.org"], None, True),
        (["chat.example.org"], "https://evil.example.org", False),
        (["chat.example.org"], "https://chat.example.org.evil.org", False),
        (["chat.example.org"], "https://chat.example.org@evil.org", False),
        (["chat.example.org"], "https://evil.org/chat.example.org", False),
        (["chat.example.org"], "https://evil.org#chat.example.org", False),
        (["chat.example.org"], "https://kim@chat.example.org", False),
        (["chat.example.org"], "file://chat.example.org", False),
        (["chat.example.org"], "null", False),
        (["chat.example.org"], "", False),
        (["chat.example.org"], "https://", False),
        (["chat.example.org"], "https://chat.example.org:x", False),
        (["chat.example.org"], "https://[::1", False),
        ([".example.org"], "https://a.b.example.org", True),
        ([".example.org"], "https://example.org", True),
        ([".example.org"], "https://badexample.org", False),
        (["[::1]"], "http://[::1]:8000", True),
        (["127.0.0.1"], "http://127.0.0.1:8000", True),
        (["*"], "https://anywhere.example", True),
        ([], "https://anywhere.example", False),
    ],
)
def test_a_host_of_the_site_is_any_of_its_ports(hosts: list[str], origin: str | None, may: bool) -> None:
    with override_settings(ALLOWED_HOSTS=hosts, DEBUG=False):
        assert may_connect(origin) is may


def test_with_debug_and_no_hosts_it_is_this_machine() -> None:
    with override_settings(ALLOWED_HOSTS=[], DEBUG=True):
        assert all(map(may_connect, ("http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000")))
        assert may_connect("http://site.localhost:8000") and not may_connect("https://chat.example.org")
        assert allowed_hosts() == [".localhost", "127.0.0.1", "[::1]"]
    with override_settings(ALLOWED_HOSTS=["chat.example.org"], DEBUG=True):
        assert not may_connect("http://localhost:8000")


def test_the_setting_adds_origins_and_hosts() -> None:
    origins = ["https://app.example", "http://tools.example:3000", ".partner.example"]
    with override_settings(ALLOWED_HOSTS=["chat.example.org"], DEBUG=False):
        assert may_connect("https://app.example", origins) and may_connect("https://app.example:443", origins)
        assert not may_connect("http://app.example", origins) and not may_connect("https://app.example:444", origins)
        assert may_connect("http://tools.example:3000", origins) and not may_connect("http://tools.example", origins)
        assert may_connect("https://a.partner.example", origins)
        assert may_connect("https://chat.example.org", origins)


@pytest.mark.parametrize("host", ["*.example.com", "10.0.0.0/8", "example.com:8000", "", ".", "a..b", "::1%lo", None])
def test_what_is_no_host_stops_nothing_and_is_warned_of(host: object) -> None:
    with override_settings(ALLOWED_HOSTS=["chat.example.org", host]):
        assert server_options(Config("default"))["origins"] == ["chat.example.org"]
        with isolated():
            assert chats.server()
        [message] = checks.run_checks(tags=["chat"])
        assert (message.id, "ALLOWED_HOSTS" in message.msg) == ("chat.W006", True)
        assert ".example.com" in message.hint


def test_what_is_a_host_here_is_one_for_the_server() -> None:
    hosts = ["*", ".example.org", "chat.example.org.", "127.0.0.1", "[::1]", "::1", "my_host", "EXAMPLE.org"]
    with override_settings(ALLOWED_HOSTS=hosts), isolated():
        assert server_options(Config("default"))["origins"] == hosts
        assert chats.server()
        assert checks.run_checks(tags=["chat"]) == []


def test_users_keep_their_names_and_hosts_are_the_settings_alone_unless_options_say_otherwise() -> None:
    assert server_options(Config("default"))["options"] == {"rename": False, "own_host": False}
    config = Config("default", options={"rename": True, "ping": 25})
    assert server_options(config)["options"] == {"rename": True, "own_host": False, "ping": 25}

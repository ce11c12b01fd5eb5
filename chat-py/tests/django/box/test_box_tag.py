"""What `{% chat_box %}` writes: where the sockets are, who the user is, and nothing that a strict policy forbids."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.http import HttpRequest
from django.template import Context, RequestContext, Template, TemplateSyntaxError
from django.test import RequestFactory, override_settings
from django.urls import set_script_prefix
from django.utils import translation

CHECKOUT = Path(__file__).resolve().parents[4]


@pytest.fixture
def prefix() -> Iterator[Any]:
    """Puts the site under a prefix."""
    yield set_script_prefix
    set_script_prefix("/")


def asked(user: Any = None, secure: bool = False, **more: Any) -> HttpRequest:
    """A request for a page."""
    request = RequestFactory().get("/", secure=secure, **more)
    request.user = user or AnonymousUser()
    return request


def written(tag: str, request: HttpRequest | None = None, **context: Any) -> str:
    """What the tag writes."""
    given = RequestContext(request, context) if request else Context(context)
    return Template("{% load chat_engine %}" + tag).render(given)


def attributes(text: str, element: str = "chat-box") -> dict[str, str]:
    """The attributes of an element."""
    opened = re.search(rf"<{element}((?:\s[^>]*)?)>", text)
    assert opened
    return {name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', opened[1])}


def chat(**settings: Any) -> Any:
    """Settings of the chat."""
    return override_settings(CHAT={"default": settings})


@pytest.mark.parametrize(
    ("given", "under", "secure", "address"),
    [
        ("/ws", "/", False, "/ws"),
        # A path is within the site, wherever that is; also where that was said already.
        ("/ws", "/shop/", False, "/shop/ws"),
        ("/shop/ws", "/shop/", False, "/shop/ws"),
        # The browser makes wss of these where the page came by https.
        ("/ws", "/", True, "/ws"),
        ("//chat.example.org/ws", "/shop/", True, "//chat.example.org/ws"),
        ("wss://chat.example.org/ws", "/shop/", False, "wss://chat.example.org/ws"),
        ("ws://chat.example.org:8001/ws", "/", False, "ws://chat.example.org:8001/ws"),
        ("ws://chat.example.org:8001/ws", "/", True, "wss://chat.example.org:8001/ws"),
    ],
)
def test_the_address_is_where_the_setting_says(prefix: Any, given: str, under: str, secure: bool, address: str) -> None:
    prefix(under)
    with chat(WS_URL=given):
        assert attributes(written('{% chat_box "a" %}', asked(secure=secure)))["data-url"] == address
        assert written("{% chat_url %}", asked(secure=secure)) == address


def test_whatever_is_in_a_title_or_an_id_is_text() -> None:
    evil = """"><script>alert('1')</script>&amp;"""
    text = written("{% chat_box room title=title %}", asked(), room=evil, title=evil)
    found = attributes(text)
    assert (found["data-room"], found["data-title"]) == (evil, evil)
    assert "<script>alert" not in text


def test_the_user_is_who_the_sockets_will_say(db: None) -> None:
    kim = get_user_model().objects.create_user("kim@example.org", "kim@example.org", "x")
    assert attributes(written('{% chat_box "a" %}', asked(kim)))["data-user"] == str(kim.pk)
    assert written("{% chat_user %}", asked(kim)) == str(kim.pk)
    assert attributes(written('{% chat_box "a" %}', asked()))["data-user"] == ""
    kim.is_active = False
    assert attributes(written('{% chat_box "a" %}', asked(kim)))["data-user"] == ""
    # Nothing of an address is in the page.
    assert "@" not in written('{% chat_box "a" %}', asked(kim))
    with chat(USER=lambda user: (f"u-{user.pk}", "Kim")):
        kim.is_active = True
        assert attributes(written('{% chat_box "a" %}', asked(kim)))["data-user"] == f"u-{kim.pk}"


def test_it_works_without_a_request() -> None:
    with chat(WS_URL="/ws"):
        assert attributes(written('{% chat_box "a" title="A" %}'))["data-url"] == "/ws"


def test_options_are_written_where_they_are_given() -> None:
    plain = attributes(written('{% chat_box "a" %}', asked()))
    assert {"data-create", "data-people", "data-theme", "data-login"} & set(plain) == {"data-create"}
    full = written('{% chat_box "a" create=False people=True theme="dark" recent=5 login="/in/?next=/" %}', asked())
    found = attributes(full)
    assert "data-create" not in found
    given = {name: found[f"data-{name}"] for name in ("people", "theme", "recent", "login")}
    assert given == {"people": "", "theme": "dark", "recent": "5", "login": "/in/?next=/"}


@pytest.mark.parametrize("tag", ['{% chat_box "a" theme="blue" %}', '{% chat_box "" %}', "{% chat_box nothing %}"])
def test_what_cannot_be_meant_is_refused(tag: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="chat_box"):
        written(tag, asked())


def test_nothing_is_inline() -> None:
    text = written('{% chat_box "a" %}', asked())
    assert re.findall(r"<script[^>]*>([^<]*)</script>", text) == [""]
    assert not re.search(r"<style|\sstyle=|\son\w+=", text)


def test_a_nonce_is_passed_on() -> None:
    request = asked()
    request.csp_nonce = "of-django-csp"  # type: ignore[attr-defined]
    assert attributes(written('{% chat_box "a" %}', request), "script")["nonce"] == "of-django-csp"
    assert (
        attributes(written('{% chat_box "a" %}', asked(), csp_nonce="of-the-page"), "script")["nonce"] == "of-the-page"
    )
    assert "nonce" not in attributes(written('{% chat_box "a" %}', asked()), "script")


def test_djangos_own_nonce_is_passed_on() -> None:
    csp = pytest.importorskip("django.middleware.csp", reason="Django 6")
    request = asked()
    seen: list[str] = []

    def page(request: HttpRequest) -> Any:
        from django.http import HttpResponse

        seen.append(attributes(written('{% chat_box "a" %}', request), "script")["nonce"])
        return HttpResponse()

    with override_settings(SECURE_CSP={"script-src": ["'self'", "<CSP_NONCE_SENTINEL>"]}):
        csp.ContentSecurityPolicyMiddleware(page)(request)
    assert seen == [str(csp.get_nonce(request))] and len(seen[0]) > 10


def test_readers_without_scripts_are_told_in_their_language() -> None:
    with translation.override("ko"):
        assert '<noscript><p lang="ko">대화하려면' in written('{% chat_box "a" %}', asked())
    with translation.override("de"):
        assert '<noscript><p lang="en">This chat needs' in written('{% chat_box "a" %}', asked())


def modules() -> dict[str, str]:
    """The addresses of the box's modules, as the page has them."""
    return dict(json.loads(attributes(written("{% chat_assets %}", asked()), "script")["data-chat-modules"]))


def test_every_file_that_is_named_is_there() -> None:
    script = attributes(written("{% chat_assets %}", asked()), "script")
    for address in (script["src"], script["data-chat-style"], *modules().values()):
        assert finders.find(address.removeprefix("/static/")), address


def test_modules_import_nothing_by_a_name_of_their_own() -> None:
    # A storage that puts hashes into names would leave such a name behind.
    for address in modules().values():
        path = finders.find(address.removeprefix("/static/"))
        assert path
        assert not re.search(r"^\s*(import\s[^(]|export\s.*\sfrom\s)", Path(path).read_text(), re.MULTILINE), address


def test_names_with_hashes_are_followed(tmp_path: Path) -> None:
    storages = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}
    with override_settings(STATIC_ROOT=str(tmp_path), DEBUG=False, STORAGES=storages):
        call_command("collectstatic", verbosity=0, interactive=False)
        script = attributes(written("{% chat_assets %}", asked()), "script")
        addresses = [script["src"], script["data-chat-style"], *modules().values()]
    for address in addresses:
        assert re.search(r"\.[0-9a-f]{12}\.(js|css)$", address), address
        assert (tmp_path / address.removeprefix("/static/")).is_file()


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("chat-client.js", "chat-ws/client/chat-client.js"),
        ("chat-box-rows.js", "examples/server/pages/rows.js"),
        ("chat-box-addresses.js", "examples/server/pages/addresses.js"),
        ("chat-box-keyed.js", "examples/server/pages/keyed.js"),
    ],
)
def test_what_is_installed_is_what_the_other_parts_use(file: str, source: str) -> None:
    path = finders.find(f"chat_engine/{file}")
    assert path
    assert Path(path).read_bytes() == (CHECKOUT / source).read_bytes()


def test_both_languages_have_the_same_texts() -> None:
    path = finders.find("chat_engine/chat-box-texts.js")
    assert path
    text = Path(path).read_text()
    ko, en = (
        set(re.findall(r"^  '([\w.]+)':", text[text.index(f"const {name} = ") :].split("\n};")[0], re.MULTILINE))
        for name in ("ko", "en")
    )
    assert ko == en and len(ko) > 40


def test_every_text_that_is_asked_for_is_there() -> None:
    path = finders.find("chat_engine/chat-box-texts.js")
    assert path
    known = set(re.findall(r"^  '([\w.]+)':", Path(path).read_text(), re.MULTILINE))
    asked_for = set()
    for name in ("view", "log", "write", "texts"):
        path = finders.find(f"chat_engine/chat-box-{name}.js")
        assert path
        asked_for |= set(re.findall(r"\bt\('([\w.]+)'", Path(path).read_text()))
    assert asked_for <= known and len(asked_for) > 25

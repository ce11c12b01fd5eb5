"""A chat on a page.

    {% load chat_engine %}
    {% chat_box "lobby" title="Lobby" %}

puts a working box for a room where it stands: what was said, who is there, who is typing, and a field to write in. It
needs no other line in the page, no inline script and no inline style, and works under a Content-Security-Policy of
`script-src 'self'; style-src 'self'` or of nonces (Django's own, django-csp's, or a `csp_nonce` in the context).
Several boxes on a page share one connection.

`{% chat_assets %}` loads the scripts on a page without a box (one into which a box comes later, or whose own scripts
use the connection), `{% chat_url %}` is the address of the sockets.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django import template
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.urls import get_script_prefix
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from ..conf import DEFAULT_ALIAS, Config, config
from ..serving import running_url
from ..users import Identity, identity

register = template.Library()

# Each by its own address: a storage that puts hashes into names does not look into the scripts that import them.
_MODULES = {
    "client": "chat_engine/chat-client.js",
    **{
        name: f"chat_engine/chat-box-{name}.js"
        for name in ("dom", "texts", "rows", "addresses", "keyed", "log", "write", "view")
    },
}
_WITHOUT_SCRIPT = {"ko": "대화하려면 자바스크립트가 필요합니다.", "en": "This chat needs JavaScript."}
_THEMES = ("light", "dark")


@register.simple_tag(takes_context=True)
def chat_box(
    context: Context,
    room: object,
    title: object = "",
    *,
    alias: str = DEFAULT_ALIAS,
    create: bool = True,
    recent: int = 50,
    people: bool = False,
    login: str = "",
    theme: str = "",
) -> SafeString:
    """A chat box for a room.

    The room is opened by whoever comes first where it is not there, and is then theirs; with `create=False` it has to
    be there: open it yourself with `chat.open(room, title=…)`. `recent`: with how much of what was said it begins, 0
    to 200. `people`: whether who is there is shown from the beginning, where there is room beside the talk. `login`:
    where people are sent who may not chat before they have logged in. `theme`: `light` or `dark`, otherwise as the
    page (`color-scheme`).
    """
    if theme and theme not in _THEMES:
        raise template.TemplateSyntaxError(f"chat_box: theme is 'light' or 'dark', not {theme!r}")
    if not str(room):
        raise template.TemplateSyntaxError("chat_box: the room's id is empty")
    request = _request(context)
    attributes = {
        "data-room": room,
        "data-title": title,
        "data-url": address(alias, request),
        "data-user": id_of_user(request, alias),
        "data-recent": recent,
        **({"data-create": ""} if create else {}),
        **({"data-people": ""} if people else {}),
        **({"data-login": login} if login else {}),
        **({"data-theme": theme} if theme else {}),
    }
    written = format_html_join("", ' {}="{}"', attributes.items())
    language = "ko" if (get_language() or "").startswith("ko") else "en"
    return format_html(
        '<chat-box{}><noscript><p lang="{}">{}</p></noscript></chat-box>{}',
        written,
        language,
        _WITHOUT_SCRIPT[language],
        chat_assets(context),
    )


@register.simple_tag(takes_context=True)
def chat_assets(context: Context) -> SafeString:
    """The box's scripts alone, for a page into which boxes come later."""
    nonce = _nonce(context)
    return format_html(
        '<script type="module" src="{}" data-chat-modules="{}" data-chat-style="{}"{}></script>',
        static("chat_engine/chat-box.js"),
        json.dumps({name: static(path) for name, path in _MODULES.items()}),
        static("chat_engine/chat-box.css"),
        format_html(' nonce="{}"', nonce) if nonce else "",
    )


@register.simple_tag(takes_context=True)
def chat_url(context: Context, alias: str = DEFAULT_ALIAS) -> str:
    """The address of the sockets, as the box uses it."""
    return address(alias, _request(context))


@register.simple_tag(takes_context=True)
def chat_user(context: Context, alias: str = DEFAULT_ALIAS) -> str:
    """The id under which the page's user chats; empty for visitors."""
    return id_of_user(_request(context), alias)


def address(alias: str, request: HttpRequest | None) -> str:
    """Where the sockets are: as `CHAT` says, else where they are served in this process.

    A path is meant within the site: where the site is under a prefix, so are the sockets. Pages that came by https
    ask for `wss`, which the browser sees to where only a path or a host is given.
    """
    prefix = get_script_prefix()
    given = config(alias).ws_url or running_url(alias, request) or "/ws"
    if given.startswith("/") and not given.startswith(("//", prefix)):
        return prefix + given[1:]
    if given.startswith("ws://") and request is not None and request.is_secure():
        # A browser would not connect to it from such a page at all.
        return f"wss{given[2:]}"
    return given


def id_of_user(request: HttpRequest | None, alias: str) -> str:
    """Who the page's user is in the chat, as the sockets will see it too; empty for visitors."""
    settings = config(alias)
    user = getattr(request, "user", None)
    try:
        who = identity(user, settings)
    except SynchronousOnlyOperation:
        # An asynchronous view, and nobody has asked for the user yet, unless by `await request.auser()`.
        who = _in_thread(getattr(request, "_acached_user", user), settings)
    return who[0] if who else ""


def _in_thread(user: Any, settings: Config) -> Identity | None:
    """Who this is, where the ORM may not be used in this thread. Waits, as the template cannot."""

    def look() -> Identity | None:
        try:
            return identity(user, settings)
        finally:
            # The thread's own.
            connections.close_all()

    with ThreadPoolExecutor(1, thread_name_prefix="chat-box") as thread:
        return thread.submit(look).result()


def _request(context: Context) -> HttpRequest | None:
    # `render(request, …)` gives its request to the context also where no context processor does.
    return context.get("request") or getattr(context, "request", None)


def _nonce(context: Context) -> str:
    """The page's nonce, if its policy has one."""
    request = _request(context)
    try:
        from django.middleware.csp import get_nonce  # Django 6
    except ImportError:
        found = None
    else:
        found = get_nonce(request) if request is not None else None
    for given in (found, context.get("csp_nonce"), getattr(request, "csp_nonce", None)):
        # Django's is made when it is first written, and false until then.
        if given is not None and str(given):
            return str(given)
    return ""

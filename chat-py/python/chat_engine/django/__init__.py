"""Chat for a Django site.

    # settings.py
    INSTALLED_APPS = [..., "chat_engine.django"]
    CHAT = {"default": {"URL": "redis://localhost:6379/0"}}     # may be left out: memory://, this process alone

    # anywhere: a view, a task, a shell
    from chat_engine.django import chat
    chat.rooms(order="live", limit=10)
    chat.rooms(ids=[film.room for film in films])               # one call for a whole page of objects
    await chat.apost("rust", {"text": "maintenance at noon"})

    # asgi.py: beside the site, under any ASGI server
    from chat_engine.django import asgi
    application = asgi(get_asgi_application(), path="/ws")

    # or in a site that is on Channels
    URLRouter([path("ws/chat/", chat_engine.django.websocket())])

    # or a server of its own, in Rust, which knows the site's sessions
    $ python manage.py chat_server 0.0.0.0:8001

`chat` is the engine of `CHAT["default"]`, `chats["alias"]` any other; they are made when they are first used, as
`cache` and `caches` are, and closed when the process ends. Under `manage.py runserver` with `memory://` the server
runs inside the site's own process, so that views and sockets share one engine.

`chat_engine.django.signals` tells what happened, the setting `HOOKS` decides what may, `post_on_commit` posts what
the database has taken, `chat_engine.django.test` is for tests. What can be in `CHAT` is in `chat_engine.django.conf`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .application import asgi, websocket
    from .commits import post_on_commit
    from .connections import chat, chats
    from .people import is_guest, user_of

__all__ = ["asgi", "chat", "chats", "is_guest", "post_on_commit", "user_of", "websocket"]

# Nothing is imported before it is asked for: this package may be imported before there are settings.
_WHERE = {
    "asgi": "application",
    "chat": "connections",
    "chats": "connections",
    "is_guest": "people",
    "post_on_commit": "commits",
    "user_of": "people",
    "websocket": "application",
}


def __getattr__(name: str) -> Any:
    try:
        module = _WHERE[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

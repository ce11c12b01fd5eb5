"""chat.v1 inside the site's own ASGI server: `asgi` around the whole application, `websocket` for Channels' URLRouter.

Both know the site's users, by `scope["user"]` where a middleware has put it there, else by the session cookie, and
let in pages of the site's hosts only (`origins`). Whoever may not connect is refused before the upgrade, with 403;
while the database is away or there are too many, with 503 or 429 where the server can say that. Nothing of a request
is logged.
"""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.http import parse_cookie

from chat_engine import ChatError

from . import conf
from .carrier import carry
from .conf import DEFAULT_ALIAS, Config
from .lookups import in_thread
from .origins import may_connect
from .users import Identity, has_sessions, identity, of_cookie, sessions

logger = logging.getLogger("chat_engine.django")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

SUBPROTOCOL = "chat.v1"

# An origin, too many connections from one address; otherwise it may be better in a moment.
_STATUS = {"forbidden": 403, "too_many": 429}


def asgi(app: Application, path: str = "/ws", alias: str = DEFAULT_ALIAS) -> Application:
    """The site with its chat: WebSockets at `path` are the chat's, everything else goes to `app`.

        application = chat_engine.django.asgi(get_asgi_application(), path="/ws")

    For several chats, put one around the other, each with a path and an alias of its own.
    """
    if not path.startswith("/"):
        raise ValueError(f"path begins with a slash: {'/' + path!r}")
    chat = websocket(alias)
    wanted = path.rstrip("/") or "/"

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "websocket":
            if _is_at(scope, wanted):
                await chat(scope, receive, send)
            elif _takes_sockets(app):
                await app(scope, receive, send)
            else:
                await _refuse(scope, receive, send, 403)
        elif kind == "http" and _is_at(scope, wanted):
            await _upgrade_required(send)
        else:
            await app(scope, receive, send)

    return application


def websocket(alias: str = DEFAULT_ALIAS) -> Application:
    """An ASGI application for WebSockets alone, wherever it is routed to.

    URLRouter([path("ws/chat/", chat_engine.django.websocket())])
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            return await _upgrade_required(send)
        if scope["type"] != "websocket":
            raise ValueError(f"chat_engine.django.websocket speaks WebSocket only, not {scope['type']}")
        await _speak(scope, receive, send, alias)

    return application


async def _speak(scope: Scope, receive: Receive, send: Send, alias: str) -> None:
    from .connections import chats

    config = conf.config(alias)
    headers = scope.get("headers") or ()
    if not may_connect(_header(headers, b"origin"), config.origins):
        return await _refuse(scope, receive, send, 403)
    try:
        who = await _who(scope, headers, config)
        client = scope.get("client")
        peer = chats.server(alias).peer(
            headers=[(bytes(name), bytes(value)) for name, value in headers],
            client=client[0] if client else None,
            user=who[0] if who else None,
            name=who[1] if who else None,
            origin_checked=True,
        )
    except ChatError as error:
        return await _refuse(scope, receive, send, _STATUS.get(error.code, 503))
    except Exception:
        # The database is away, or what `USER` names has failed. Whoever comes is not told what.
        logger.exception("chat %r: it is not known who connects", alias)
        return await _refuse(scope, receive, send, 503)
    offered = scope.get("subprotocols") or ()
    await carry(peer, receive, send, SUBPROTOCOL if SUBPROTOCOL in offered else None)


async def _who(scope: Scope, headers: Any, config: Config) -> Identity | None:
    """The user by the scope's own middleware; else by the session cookie."""
    if "user" in scope:
        # It may be lazy, and ask the database only now; and so may what `USER` names.
        return await in_thread(identity, scope["user"], config)
    cookie = _session_cookie(headers) if has_sessions() else None
    if cookie is None:
        return None
    known, who = sessions.remembered(cookie, config)
    return who if known else await in_thread(of_cookie, cookie, config)


def _session_cookie(headers: Any) -> str | None:
    """As Django finds it in a request: the last one counts."""
    cookies = "; ".join(value.decode("latin-1") for name, value in headers if name.lower() == b"cookie")
    return parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)


def _header(headers: Any, wanted: bytes) -> str | None:
    """A header as text. What is there twice is believed by nobody."""
    found = [value for name, value in headers if name.lower() == wanted]
    if not found:
        return None
    return found[0].decode("latin-1") if len(found) == 1 else ""


def _is_at(scope: Scope, wanted: str) -> bool:
    """Whether this is the chat's path.

    Servers differ in whether `path` begins with `root_path`, and proxies in whether they cut the prefix off.
    """
    path = scope.get("path") or "/"
    prefixes = {"", (scope.get("root_path") or "").rstrip("/"), (settings.FORCE_SCRIPT_NAME or "").rstrip("/")}
    return any(path.startswith(p) and (path[len(p) :].rstrip("/") or "/") == wanted for p in prefixes)


def _takes_sockets(app: Any) -> bool:
    """Django itself does not, and would fail."""
    from django.core.handlers.asgi import ASGIHandler

    return not isinstance(app, ASGIHandler)


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int) -> None:
    """Before the upgrade: 403, or another status where the server can say it."""
    await receive()
    if status == 403 or "websocket.http.response" not in (scope.get("extensions") or {}):
        return await send({"type": "websocket.close", "code": 4403 if status == 403 else 1013, "reason": ""})
    headers = [(b"content-type", b"text/plain"), (b"retry-after", b"1")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b"not now\n"})


async def _upgrade_required(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"upgrade", b"websocket"), (b"connection", b"Upgrade")]
    await send({"type": "http.response.start", "status": 426, "headers": headers})
    await send({"type": "http.response.body", "body": b"This address speaks WebSocket (chat.v1).\n"})

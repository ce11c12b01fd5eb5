"""System checks: what is wrong with the settings, before anybody notices.

| | |
|---|---|
| E001 | `CHAT` is no dict of dicts with a `default` |
| E002 | a key that does not exist |
| E003 | a value of the wrong type |
| E004 | a `URL` that is none |
| E005 | something that the engine or its server refuses: a limit, a policy, an option, an origin |
| E006 | `HOOKS` that cannot be imported, or have a hook that does not exist |
| E007 | a `USER` that cannot be imported or called |
| E008 | a `SERVE` that is no address |
| E009 | a `WS_URL` that is no address |
| W001 | `memory://` behind more than one worker, or in production at all (`--deploy`) |
| W002 | the store does not answer (`--deploy`) |
| W003 | pages of any origin may connect with the users' cookies (`--deploy`) |
| W004 | nobody can connect: there are no users, and no `ANONYMOUS` |
| W005 | pages by https, sockets without TLS (`--deploy`) |
| W006 | something in ALLOWED_HOSTS that is no host, so that no page of it may connect |
| W007 | `runserver`, and nobody who serves the sockets |
"""

import os
import re
import sys
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from chat_engine import ChatError, Engine

from . import conf
from .conf import Config

TAG = "chat"


def register_all() -> None:
    """Registers the checks; registering them again changes nothing."""
    register(check_settings, TAG)
    register(check_names, TAG)
    register(check_hosts, TAG)
    register(check_served, TAG)
    register(check_deployment, TAG, deploy=True)


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """E001 to E004, E008, E009: the form. E005: what the engine says of it."""
    found: list[CheckMessage] = [Error(p.message, hint=p.hint, id=p.id) for p in conf.problems()]
    for config in readable():
        found += _tried(config)
    return found


def check_names(**kwargs: Any) -> list[CheckMessage]:
    """E006, E007: what is imported by name. W004."""
    from .hooks import hooks_of
    from .users import has_sessions, namer

    found: list[CheckMessage] = []
    for config in readable():
        for id, load in (("chat.E006", hooks_of), ("chat.E007", namer)):
            try:
                load(config)
            except ImproperlyConfigured as error:
                found.append(Error(str(error), id=id))
            except Exception as error:
                # A module of the site's that fails while it is imported.
                found.append(Error(f"CHAT[{config.alias!r}]: {type(error).__name__}: {error}", id=id))
        if not config.anonymous and not has_sessions():
            hint = "Add django.contrib.auth and django.contrib.sessions, or allow ANONYMOUS."
            found.append(Warning(f"Nobody can connect to the chat {config.alias!r}.", hint=hint, id="chat.W004"))
    return found


def check_hosts(**kwargs: Any) -> list[CheckMessage]:
    """W006. Django itself says nothing of these: no request matches them."""
    from .origins import allowed_hosts, is_host

    found: list[CheckMessage] = []
    for host in allowed_hosts():
        if not is_host(host):
            message = f"ALLOWED_HOSTS has {host!r}, which is no host: pages of it may not connect to the chat."
            hint = 'Names have no scheme, port or mask; all names below one are ".example.com".'
            found.append(Warning(message, hint=hint, id="chat.W006"))
    return found


def check_served(argv: list[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """W007, where it is `runserver` that is checked."""
    argv = sys.argv if argv is None else argv
    if not settings.DEBUG or argv[1:2] not in (["runserver"], ["runserver_plus"]):
        return []
    return [
        Warning(f"Nobody serves the sockets of the chat {config.alias!r}.", hint=UNSERVED, id="chat.W007")
        for config in readable()
        if is_unserved(config)
    ]


UNSERVED = (
    'Set "SERVE": True to have them served by runserver, or "WS_URL" to where chat_server (or another server) does.'
)


def is_unserved(config: Config) -> bool:
    """Whether `runserver` serves no sockets, and nobody has said who does."""
    # Daphne's runserver serves the ASGI application, which may have them.
    by_asgi = apps.is_installed("daphne")
    return not config.in_memory and config.serve is None and config.ws_url is None and not by_asgi


def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    """W001 to W003, W005: what does not show before there are many users."""
    from .origins import allowed_hosts

    found: list[CheckMessage] = []
    for config in readable():
        if config.in_memory:
            found.append(_memory_in_production(config))
        elif not _tried(config):
            found += _pinged(config)
        if "*" in (*allowed_hosts(), *config.origins):
            message = f"Pages of any site may connect to the chat {config.alias!r} as the user who looks at them."
            found.append(Warning(message, hint="Name the hosts in ALLOWED_HOSTS instead of '*'.", id="chat.W003"))
        by_https = settings.SECURE_SSL_REDIRECT or settings.SESSION_COOKIE_SECURE
        if by_https and (config.ws_url or "").startswith("ws://"):
            message = f"CHAT[{config.alias!r}]['WS_URL'] is without TLS, which pages by https may not connect to."
            found.append(Warning(message, hint="Write wss://, or only the path.", id="chat.W005"))
    return found


def readable() -> list[Config]:
    """Those whose form is right."""
    found = []
    for alias in conf.aliases():
        try:
            found.append(conf.config(alias))
        except ImproperlyConfigured:
            continue
    return found


def _tried(config: Config) -> list[CheckMessage]:
    """Makes an engine and its server of the settings. Neither does anything before it is used."""
    from .connections import server_options

    where = f"CHAT[{config.alias!r}]"
    steps: list[Callable[[], Any]] = [
        lambda: Engine(config.url, **{k: v for k, v in config.engine_options().items() if v is not None}),
        lambda: Engine().server(**server_options(config)),
    ]
    for step in steps:
        try:
            step()
        except (ChatError, TypeError, ValueError, OverflowError) as error:
            return [Error(f"{where}: {error}", id="chat.E005")]
    return []


def _memory_in_production(config: Config) -> CheckMessage:
    workers = _workers(os.environ)
    if workers > 1:
        message = f"The chat {config.alias!r} is in memory, and there are {workers} workers: each has rooms of its own."
    else:
        message = f"The chat {config.alias!r} is in memory: one process alone has it, and it ends with that."
    return Warning(message, hint='Set "URL": "redis://…".', id="chat.W001")


def _workers(environ: Any) -> int:
    """How many workers the environment asks gunicorn, uvicorn or hypercorn for."""
    counts = [environ.get("WEB_CONCURRENCY", ""), environ.get("GRANIAN_WORKERS", "")]
    counts += re.findall(r"(?:^|\s)(?:-w|--workers)[=\s]*(\d+)", environ.get("GUNICORN_CMD_ARGS", ""))
    return max((int(count) for count in counts if count.isdigit()), default=1)


def _pinged(config: Config) -> list[CheckMessage]:
    """Asks the store something."""
    engine = Engine(config.url, **{k: v for k, v in config.engine_options().items() if v is not None})
    try:
        engine.online()
    except ChatError as error:
        message = f"The store of the chat {config.alias!r} ({engine.url}) does not answer: {error}"
        return [Warning(message, hint="`manage.py chat_doctor` says more.", id="chat.W002")]
    finally:
        engine.close()
    return []

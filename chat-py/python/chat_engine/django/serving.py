"""The server inside `manage.py runserver`, so that views and sockets share one engine.

It runs where the site runs: in the autoreloader's child, or in the one process with `--noreload`. The setting `SERVE`
says whether: `None`, with DEBUG and `memory://`; `True`, whatever the store; `False`; or `"host:port"`. It is started
when all apps are ready, from a thread, so that it needs no `runserver` command of its own and other apps may have
theirs.

Its port stays the same over reloads as far as it is free, so that open pages come back.
"""

import logging
import os
import sys
import threading
import zlib
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands, load_command_class

from chat_engine import Server, Upgrade

from . import conf
from .conf import DEFAULT_ALIAS, Config
from .databases import cared_for

logger = logging.getLogger("chat_engine.django")

_COMMANDS = ("runserver", "runserver_plus")
# How long a page waits for a server that is just being started.
_START = 10.0

_servers: dict[str, Server] = {}
_started = threading.Event()
_begun = False


def running_url(alias: str = DEFAULT_ALIAS, request: Any = None) -> str | None:
    """Where the server inside this process is found: `ws://host:port/ws`; None if there is none.

    With a request, under the host by which the page itself was asked for: only that gets the user's cookies.
    """
    if _begun:
        _started.wait(_START)
    server = _servers.get(alias)
    if server is None or server.port is None:
        return None
    host = server.host or "127.0.0.1"
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    if request is not None:
        named = request.get_host()
        host = named[: named.rindex("]")] + "]" if named.startswith("[") else named.partition(":")[0]
    return f"ws://{host if host.startswith('[') or ':' not in host else f'[{host}]'}:{server.port}/ws"


def serve(config: Config, host: str, port: int) -> Server:
    """The Rust server on this chat's engine, which knows the site's users by their session cookie.

    Raises where the address is taken (`OSError`), and where the store cannot be had (`ChatError`).
    """
    from .connections import chats, server_options

    return chats[config.alias].serve(host, port, auth=authenticate(config), **server_options(config))


def authenticate(config: Config) -> Any:
    """Says who a connection is, by the session cookie it came with. Called once for each, in a thread."""
    from .users import has_sessions, of_cookie

    if not has_sessions():
        return None

    @cared_for
    def who(upgrade: Upgrade) -> object:
        return of_cookie(upgrade.cookies.get(settings.SESSION_COOKIE_NAME), config)

    return who


def is_wanted(config: Config) -> bool:
    """Whether `runserver` is to serve this chat."""
    if config.serve is None:
        return bool(settings.DEBUG) and config.in_memory
    return config.serve is not False


def start_with_runserver() -> None:
    """Starts the servers where this is the process in which `runserver` serves; called when the app is ready."""
    global _begun
    if _begun or not _is_runserver(sys.argv, os.environ):
        return
    try:
        wanted = [config for alias in conf.aliases() if is_wanted(config := conf.config(alias))]
    except ImproperlyConfigured:
        # The system checks say what is wrong.
        return
    if wanted:
        _begun = True
        threading.Thread(target=_start, args=(wanted,), name="chat-serve", daemon=True).start()


def _start(wanted: list[Config]) -> None:
    try:
        # Receivers and hooks of other apps are named in their `ready`, which may come after ours.
        apps.ready_event.wait()
        for config in wanted:
            try:
                _servers[config.alias] = _listen(config)
            except Exception as error:
                logger.error("chat %r is not served: %s", config.alias, error)
    finally:
        _started.set()


def _listen(config: Config) -> Server:
    host, port = _address_of_site(sys.argv)
    if isinstance(config.serve, str):
        return serve(config, *conf.address(config.serve))
    steady = 20_000 + zlib.crc32(f"{os.getcwd()}:{port}:{config.alias}".encode()) % 10_000
    try:
        return serve(config, host, steady)
    except OSError:
        return serve(config, host, 0)


def _is_runserver(argv: list[str], environ: Any) -> bool:
    if len(argv) < 2 or argv[1] not in _COMMANDS:
        return False
    if "--help" in argv or "-h" in argv:
        return False
    return "--noreload" in argv or environ.get("RUN_MAIN") == "true" or environ.get("WERKZEUG_RUN_MAIN") == "true"


def _address_of_site(argv: list[str]) -> tuple[str, int]:
    """Where `runserver` was told to listen, as the command itself reads its arguments."""
    command = load_command_class(get_commands()[argv[1]], argv[1])
    options = vars(command.create_parser(argv[0], argv[1]).parse_args(argv[2:]))
    six = bool(options.get("use_ipv6"))
    host = str(getattr(command, "default_addr_ipv6" if six else "default_addr", "::1" if six else "127.0.0.1"))
    given = options.get("addrport")
    if not given:
        return host.strip("[]"), int(getattr(command, "default_port", 8000))
    host, port = conf.address(given, host)
    # Django takes this for all addresses, too.
    return "0.0.0.0" if host == "0" else host, port

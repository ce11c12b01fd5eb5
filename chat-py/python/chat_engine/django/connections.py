"""The engines of the site by alias: made when they are first used, one for each process, closed when it ends.

*After a fork* an engine makes itself anew in the child, with the same settings; so both processes are nodes of the
same chat, or, in memory, each of a chat of its own. *When settings change* (in tests) the engines of those that
changed are closed.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.signals import setting_changed
from django.utils.crypto import salted_hmac

from chat_engine import Engine, Server

from . import conf
from .conf import DEFAULT_ALIAS, Config
from .origins import allowed_hosts, is_host

_T = TypeVar("_T")


class Chats:
    """`chats["alias"]` is an engine; iterating gives the aliases."""

    def __init__(self) -> None:
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def _renew(self) -> None:
        self._engines: dict[str, Engine] = {}
        self._made_of: dict[str, Config] = {}
        self._servers: dict[str, Server] = {}
        self._isolated: dict[str, Mapping[str, Any]] = {}
        self._lock = threading.RLock()

    def _forked(self) -> None:
        # A lock that another thread held at that moment is never let go here, and servers belong to the parent.
        self._lock = threading.RLock()
        self._servers = {}

    def __getitem__(self, alias: str) -> Engine:
        engine = self._engines.get(alias)
        if engine is not None:
            return engine
        with self._lock:
            if alias not in self._engines:
                config = conf.config(alias)
                self._engines[alias] = make(config, **self._isolated.get(alias, {}))
                self._made_of[alias] = config
            return self._engines[alias]

    def __iter__(self) -> Iterator[str]:
        return iter(conf.aliases())

    def __contains__(self, alias: object) -> bool:
        return alias in conf.aliases()

    def all(self, initialized_only: bool = False) -> list[Engine]:
        """All engines, or those that were used already."""
        return [self[alias] for alias in self if not initialized_only or alias in self._engines]

    def is_made(self, alias: str) -> bool:
        """Whether the engine was used already in this process."""
        return alias in self._engines

    def server(self, alias: str = DEFAULT_ALIAS) -> Server:
        """The engine as it is served by the ASGI application, connection by connection."""
        server = self._servers.get(alias)
        if server is not None:
            return server
        with self._lock:
            if alias not in self._servers:
                config = self._made_of.get(alias) or conf.config(alias)
                self._servers[alias] = self[alias].server(**server_options(config))
            return self._servers[alias]

    def close_all(self) -> None:
        """Closes all engines; one that is used again is made anew."""
        for alias in tuple(self._engines):
            self.forget(alias)

    def forget(self, alias: str) -> None:
        """Closes an engine, if it was made."""
        with self._lock:
            self._servers.pop(alias, None)
            self._made_of.pop(alias, None)
            engine = self._engines.pop(alias, None)
        if engine is not None:
            engine.close()

    def forget_changed(self) -> None:
        """Closes the engines whose settings are not what they were."""
        for alias, made_of in tuple(self._made_of.items()):
            try:
                changed = conf.config(alias) != made_of
            except Exception:
                changed = True
            if changed:
                self.forget(alias)

    @contextmanager
    def swapped(self, alias: str, engine: Engine, config: Config | None = None) -> Iterator[Engine]:
        """Has another engine in the place of an alias's for a while: for tests. It is not closed here."""
        config = config or conf.config(alias)
        with self._lock:
            before = self._engines.get(alias), self._made_of.get(alias), self._servers.get(alias)
            self._put(alias, engine, config, None)
        try:
            yield engine
        finally:
            with self._lock:
                self._put(alias, *before)

    @contextmanager
    def isolated(self, alias: str, options: Mapping[str, Any]) -> Iterator[None]:
        """For a while makes an alias's engines with these options, whatever the settings become: for tests."""
        with self._lock:
            before = self._engines.get(alias), self._made_of.get(alias), self._servers.get(alias)
            options_before = self._isolated.get(alias)
            self._put(alias, None, None, None)
            self._isolated[alias] = options
        try:
            yield
        finally:
            self.forget(alias)
            with self._lock:
                _set(self._isolated, alias, options_before)
                self._put(alias, *before)
            # Settings may have changed meanwhile, for good.
            self.forget_changed()

    def _put(self, alias: str, engine: Engine | None, made_of: Config | None, server: Server | None) -> None:
        _set(self._engines, alias, engine)
        _set(self._made_of, alias, made_of)
        _set(self._servers, alias, server)


def _set(table: dict[str, _T], key: str, value: _T | None) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


def make(config: Config, **options: Any) -> Engine:
    """An engine of these settings, with some of them otherwise."""
    from .hooks import hooks_of
    from .signals import observer_of

    given = {**config.engine_options(), "observer": observer_of(config.alias)}
    if hooks := hooks_of(config):
        given |= {"hooks": hooks, "hook_timeout": config.hook_timeout, "hooks_fail_open": config.hooks_fail_open}
    given |= options
    url = given.pop("url", config.url)
    return Engine(url, **{name: value for name, value in given.items() if value is not None})


def server_options(config: Config) -> dict[str, Any]:
    """The keywords of `Engine.server` and `Engine.serve`, but for who somebody is."""
    return {
        "anonymous": config.anonymous,
        # Tokens of people without an account are good in all processes of the site, and for nothing else of it.
        "secret": salted_hmac(f"chat_engine.django:{config.alias}", "tokens", algorithm="sha256").digest(),
        "origins": [*filter(is_host, allowed_hosts()), *config.origins],
        "trusted_proxies": list(config.trusted_proxies),
        # A user goes by the name that the site knows, and pages are the site's if ALLOWED_HOSTS says so.
        "options": {"rename": False, "own_host": False, **(config.options or {})},
    }


class _Proxy:
    """Stands for the engine of an alias, whichever that is at the moment."""

    def __init__(self, among: Chats, alias: str) -> None:
        self.__dict__.update(_among=among, _alias=alias)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._among[self._alias], name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._among[self._alias], name, value)

    def __eq__(self, other: object) -> bool:
        return bool(self._among[self._alias] == other)

    def __hash__(self) -> int:
        return hash(self._among[self._alias])

    def __repr__(self) -> str:
        return f"<chat {self._alias!r}>"


chats = Chats()
if TYPE_CHECKING:
    chat: Engine
else:
    chat = _Proxy(chats, DEFAULT_ALIAS)


def _settings_changed(*, setting: str, **kwargs: object) -> None:
    if setting == "CHAT":
        chats.forget_changed()
    elif setting in ("SECRET_KEY", "ALLOWED_HOSTS", "DEBUG"):
        chats._servers.clear()


setting_changed.connect(_settings_changed, dispatch_uid="chat_engine.django.connections")

"""The setting `HOOKS`: what a site decides.

    CHAT = {"default": {"HOOKS": "site.chat.Rules"}}

    # site/chat.py
    class Rules:
        def may_join(self, user, name, room):
            member = user_of(user)              # of chat_engine.django; None for a guest
            return bool(member and member.groups.filter(name=room).exists()) or Deny("members only")

`user` is the id under which somebody chats: the primary key as text, or, for a guest, one that is no key at all.

A class (which is made once, without arguments), an object or a module, with any of `may_open`, `may_join`, `may_say`,
`may_seek`, `blocks` and `older` as `chat_engine.Hooks` describes them. Plain functions run in threads of their own,
in which the ORM may be used; coroutines may be used too. Their database connections are cared for as around a
request.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .conf import Config, did_you_mean
from .databases import cared_for

NAMES = ("may_open", "may_join", "may_say", "may_seek", "blocks", "older")

Older = Callable[[str, str, str, int, int], Iterable[Mapping[str, Any]]]
"""Takes an alias, a room, its epoch, a number and how many; gives what was said before that number, oldest first."""

_older: list[Older] = []


def provide_older(source: Older) -> None:
    """Names who knows what was said before what the log still holds, where the site's own hooks have no `older`.

    For an app that keeps the history; to be called in `AppConfig.ready`, before the first use of a chat. The last one
    named is asked.
    """
    _older[:] = [source]


def hooks_of(config: Config) -> Any:
    """What the engine of this alias asks; None where there is nothing to ask."""
    found = {name: cared_for(hook) for name, hook in _named(config).items()}
    if "older" not in found and _older:
        source, alias = _older[0], config.alias

        @cared_for
        def older(room: str, epoch: str, before: int, limit: int) -> Iterable[Mapping[str, Any]]:
            return source(alias, room, epoch, before, limit)

        found["older"] = older
    return SimpleNamespace(**found) if found else None


def _named(config: Config) -> dict[str, Callable[..., Any]]:
    """The hooks of the setting by name. `ImproperlyConfigured` where it cannot be what is meant."""
    where = f"CHAT[{config.alias!r}]['HOOKS']"
    given = config.hooks
    if given is None:
        return {}
    if isinstance(given, str):
        try:
            given = _load(given)
        except ImportError as error:
            raise ImproperlyConfigured(f"{where} cannot be imported: {error}") from error
    if inspect.isclass(given):
        try:
            given = given()
        except TypeError as error:
            raise ImproperlyConfigured(f"{where} cannot be made without arguments: {error}") from error
    for name in dir(given):
        # A hook that is never asked because of a slip lets everything through.
        if name.startswith("may_") and name not in NAMES:
            hint = did_you_mean(name, NAMES) or f"There are {', '.join(NAMES)}."
            raise ImproperlyConfigured(f"{where} has {name}, which is no hook. {hint}")
    hooks = {name: getattr(given, name) for name in NAMES if getattr(given, name, None) is not None}
    for name, hook in hooks.items():
        if not callable(hook):
            raise ImproperlyConfigured(f"{where}: {name} cannot be called.")
    if not hooks:
        raise ImproperlyConfigured(f"{where} has none of {', '.join(NAMES)}.")
    return hooks


def _load(path: str) -> Any:
    """What a dotted path leads to: something in a module, or a module."""
    try:
        return import_string(path)
    except ImportError:
        from importlib import import_module
        from importlib.util import find_spec

        try:
            is_module = find_spec(path) is not None
        except (ImportError, ValueError):
            is_module = False
        if not is_module:
            raise
        return import_module(path)

"""The setting `CHAT`: what it may hold, and what is wrong with it.

    CHAT = {"default": {"URL": "redis://localhost:6379/0", "LIMITS": {"body": 4096}}}

| key | what it is | otherwise |
|---|---|---|
| `URL` | the store: `memory://`, `redis://…`, `rediss://…`, `redis+sentinel://…`, `redis+cluster://…` | `memory://` |
| `LIMITS` | as the keyword `limits` of `chat_engine.Engine`: `{"body": 4096}` | the engine's |
| `STORE` | as the keyword `store`: `{"lease": 15}` | the engine's |
| `MATCHING` | as the keyword `matching` | the engine's |
| `POLICIES` | as the keyword `policies`: `{"public": {"idle": 3600}}` | the engine's |
| `POOLS` | as the keyword `pools`: `["random"]` | the engine's |
| `HOOKS` | who decides what may be done: an object, or the dotted path of one, of a class or a module | nobody |
| `HOOK_TIMEOUT` | seconds that a hook may take | 2.0 |
| `HOOKS_FAIL_OPEN` | whether that is allowed about which a hook was asked that failed | `False` |
| `ANONYMOUS` | whether people who are not logged in may chat | `True` |
| `USER` | a function, or its dotted path: user -> (id, name) | primary key; full name or user name |
| `ORIGINS` | whose pages may connect, beside ALLOWED_HOSTS: `https://app.example`, `app.example`, `.example` | none |
| `TRUSTED_PROXIES` | addresses or networks whose `X-Forwarded-…` is believed: `["127.0.0.1"]` | none |
| `OPTIONS` | of connections, as the keyword `options` of `Engine.serve`: `{"ping": 25}` | the server's |
| `SERVE` | the server inside `runserver`: `True`, `False`, `"host:port"`; `None`: with DEBUG and `memory://` | `None` |
| `WS_URL` | where pages find the sockets: `/ws`, `wss://chat.example.org/ws` | as `{% chat_box %}` finds out |

All of it may be left out. `problems` finds what is wrong without making anything; the system checks show it.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.connection import ConnectionDoesNotExist

DEFAULT_ALIAS = "default"

SCHEMES = (
    "memory",
    *("redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
    *("valkey", "valkeys", "valkey+sentinel", "valkeys+sentinel", "valkey+cluster", "valkeys+cluster"),
)


@dataclass(frozen=True)
class Config:
    """One alias of `CHAT`, as it was written or left out."""

    alias: str
    url: str = "memory://"
    limits: Mapping[str, int] | None = None
    store: Mapping[str, Any] | None = None
    matching: Mapping[str, Any] | None = None
    policies: Mapping[str, Mapping[str, Any]] | None = None
    pools: Iterable[str] | None = None
    hooks: Any = None
    hook_timeout: float | timedelta = 2.0
    hooks_fail_open: bool = False
    anonymous: bool = True
    user: Any = None
    origins: Iterable[str] = ()
    trusted_proxies: Iterable[str] = ()
    options: Mapping[str, Any] | None = None
    serve: bool | str | None = None
    ws_url: str | None = None

    @property
    def in_memory(self) -> bool:
        """Whether the chat is this process's alone."""
        return self.url.partition(":")[0].lower() == "memory"

    def engine_options(self) -> dict[str, Any]:
        """The keywords of `Engine` that need no import."""
        return {
            "limits": self.limits,
            "store": self.store,
            "matching": self.matching,
            "policies": self.policies,
            "pools": self.pools,
        }


@dataclass(frozen=True)
class Problem:
    """Something wrong with the setting; `id` is that of the system check."""

    id: str
    message: str
    hint: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


# What a value has to be, and how that is said.
_ANY: Any = object
_TEXT = (str,)
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "URL": (_TEXT, "a string"),
    "LIMITS": ((Mapping, type(None)), "a dict"),
    "STORE": ((Mapping, type(None)), "a dict"),
    "MATCHING": ((Mapping, type(None)), "a dict"),
    "POLICIES": ((Mapping, type(None)), "a dict"),
    "POOLS": ((list, tuple, set, frozenset, type(None)), "a list of strings"),
    "HOOKS": ((_ANY,), "a dotted path or an object"),
    "HOOK_TIMEOUT": ((int, float, timedelta), "a number of seconds"),
    "HOOKS_FAIL_OPEN": ((bool,), "True or False"),
    "ANONYMOUS": ((bool,), "True or False"),
    "USER": ((_ANY,), "a dotted path or a function"),
    "ORIGINS": ((list, tuple, set, frozenset), "a list of strings"),
    "TRUSTED_PROXIES": ((list, tuple, set, frozenset), "a list of strings"),
    "OPTIONS": ((Mapping, type(None)), "a dict"),
    "SERVE": ((bool, str, type(None)), 'None, True, False or "host:port"'),
    "WS_URL": ((str, type(None)), "a string"),
}
KEYS = tuple(_KINDS)


def raw() -> Any:
    """The setting as it is; an engine in memory where there is none."""
    return getattr(settings, "CHAT", {DEFAULT_ALIAS: {}})


def aliases() -> list[str]:
    """The aliases, in the order in which they were written."""
    value = raw()
    return [alias for alias in value if isinstance(alias, str)] if isinstance(value, Mapping) else []


def config(alias: str = DEFAULT_ALIAS) -> Config:
    """The settings of an alias; `ImproperlyConfigured` where they are wrong, as far as can be told from looking."""
    value = raw()
    for problem in _shape(value):
        raise ImproperlyConfigured(str(problem))
    if alias not in value:
        hint = did_you_mean(alias, value)
        raise ConnectionDoesNotExist(f"The chat {alias!r} is not in CHAT.{f' {hint}' if hint else ''}")
    options = value[alias]
    for problem in alias_problems(alias, options):
        raise ImproperlyConfigured(str(problem))
    return Config(alias=alias, **{key.lower(): given for key, given in options.items()})


def problems() -> list[Problem]:
    """What is wrong with the setting, as far as can be told without making anything."""
    value = raw()
    found = _shape(value)
    if not found:
        for alias, options in value.items():
            found += alias_problems(alias, options)
    return found


def _shape(value: Any) -> list[Problem]:
    if not isinstance(value, Mapping):
        return [Problem("chat.E001", "CHAT is not a dict.", 'Write CHAT = {"default": {"URL": "memory://"}}.')]
    if DEFAULT_ALIAS not in value:
        # Somebody who writes the keys right into CHAT means the default one.
        if any(str(key) in KEYS for key in value):
            hint = 'Its keys belong one level deeper: CHAT = {"default": {…}}.'
        else:
            hint = did_you_mean(DEFAULT_ALIAS, value, "Rename {}?") or 'Write CHAT = {"default": {…}}.'
        return [Problem("chat.E001", 'CHAT has no "default".', hint)]
    return []


def alias_problems(alias: Any, options: Any) -> list[Problem]:
    """What is wrong with one alias."""
    where = f"CHAT[{alias!r}]"
    if not isinstance(alias, str):
        return [Problem("chat.E001", f"{where}: an alias is a string.")]
    if not isinstance(options, Mapping):
        return [Problem("chat.E001", f"{where} is not a dict.")]
    found = []
    for key, value in options.items():
        if key not in _KINDS:
            hint = did_you_mean(str(key), KEYS) or f"There are {', '.join(KEYS)}."
            found.append(Problem("chat.E002", f"{where} has an unknown key {key!r}.", hint))
            continue
        kinds, said = _KINDS[key]
        if not isinstance(value, kinds):
            found.append(Problem("chat.E003", f"{where}[{key!r}] has to be {said}, not {type(value).__name__}."))
        elif check := _CHECKS.get(key):
            found += check(f"{where}[{key!r}]", value)
    return found


def _check_url(where: str, url: str) -> list[Problem]:
    # Nothing of the URL is shown but its scheme: it may hold a password.
    scheme, colon, _ = url.partition("://")
    if not colon:
        return [Problem("chat.E004", f"{where} is no URL.", 'Such as "memory://" or "redis://localhost:6379/0".')]
    if scheme.lower() not in SCHEMES:
        hint = did_you_mean(scheme.lower(), SCHEMES) or 'Such as "memory://" or "redis://localhost:6379/0".'
        return [Problem("chat.E004", f"{where} has an unknown scheme {scheme!r}.", hint)]
    return []


def _check_timeout(where: str, timeout: float | timedelta) -> list[Problem]:
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    if 0 < seconds < 3600:
        return []
    return [Problem("chat.E003", f"{where} has to be more than nothing, and below an hour.")]


def _check_serve(where: str, serve: bool | str | None) -> list[Problem]:
    if isinstance(serve, str):
        try:
            address(serve)
        except ValueError as error:
            return [Problem("chat.E008", f"{where}: {error}.")]
    return []


def _check_ws_url(where: str, url: str | None) -> list[Problem]:
    if url is None or re.match(r"(wss?:)?//[^/\s]", url) or re.match(r"/(?!/)\S*$", url):
        return []
    if re.match(r"https?://", url):
        return [Problem("chat.E009", f"{where} begins with http.", f"Did you mean {'ws' + url[4:]!r}?")]
    return [Problem("chat.E009", f"{where} is no address.", 'Such as "/ws" or "wss://chat.example.org/ws".')]


def _check_texts(where: str, values: Iterable[Any]) -> list[Problem]:
    wrong = [value for value in values if not isinstance(value, str)]
    return [Problem("chat.E003", f"{where} holds {wrong[0]!r}, which is no string.")] if wrong else []


def _check_origins(where: str, values: Iterable[Any]) -> list[Problem]:
    found = _check_texts(where, values)
    for value in () if found else values:
        scheme, _, host = value.rpartition("://")
        # Browsers name no such origin: it would match nothing.
        if value != "*" and ("*" in value or (scheme and host.startswith("."))):
            hint = f"For all names below it, by http and https, write {'.' + host.lstrip('*.')!r}."
            found.append(Problem("chat.E005", f"{where}: {value!r} is no origin.", hint))
    return found


_CHECKS: dict[str, Any] = {
    "URL": _check_url,
    "HOOK_TIMEOUT": _check_timeout,
    "SERVE": _check_serve,
    "WS_URL": _check_ws_url,
    "ORIGINS": _check_origins,
    "TRUSTED_PROXIES": _check_texts,
}


def address(text: str, host: str = "127.0.0.1") -> tuple[str, int]:
    """Reads `host:port`, `[::1]:port`, `:port` or `port`."""
    match = re.fullmatch(r"(?:(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]\s]*):)?(?P<port>\d{1,5})", text)
    if match is None or int(match["port"]) > 65535:
        raise ValueError(f"{text!r} is no host:port")
    return (match["host"] or host).strip("[]"), int(match["port"])


def did_you_mean(word: str, among: Iterable[Any], words: str = "Did you mean {}?") -> str | None:
    """A hint, where something like it is known."""
    names = [str(name) for name in among]
    # Letter case is the first thing that is mistaken.
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return words.format(repr(folded[near[0]])) if near else None

"""The setting `CHAT_HISTORY`: what is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from ..conf import aliases, did_you_mean

KEYS = ("PRIVATE", "PAIRS", "ALIASES")


@dataclass(frozen=True)
class Kept:
    """What is stored."""

    private: bool = False
    """Rooms that are in no list: whoever has their id may come in, so it is not spread unasked."""
    pairs: bool = True
    """Talks of two who were matched, under their aliases."""
    aliases: tuple[str, ...] | None = None
    """Which chats of `CHAT`; None is all."""


def kept() -> Kept:
    """The setting; what is wrong in it is as if it were left out, which the system check tells."""
    given = getattr(settings, "CHAT_HISTORY", {})
    if _problems(given):
        return Kept()
    named = given.get("ALIASES")
    return Kept(given.get("PRIVATE", False), given.get("PAIRS", True), None if named is None else tuple(named))


def check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """The system check `chat_history.E001`."""
    return [
        Error(said, hint, id="chat_history.E001") for said, hint in _problems(getattr(settings, "CHAT_HISTORY", {}))
    ]


def _problems(given: Any) -> list[tuple[str, str | None]]:
    if not isinstance(given, Mapping):
        return [("CHAT_HISTORY is not a dict.", 'Such as CHAT_HISTORY = {"PRIVATE": False}.')]
    found: list[tuple[str, str | None]] = []
    for key, value in given.items():
        if key not in KEYS:
            hint = did_you_mean(str(key), KEYS) or f"There are {', '.join(KEYS)}."
            found.append((f"CHAT_HISTORY has an unknown key {key!r}.", hint))
        elif key != "ALIASES" and not isinstance(value, bool):
            found.append((f"CHAT_HISTORY[{key!r}] has to be True or False, not {type(value).__name__}.", None))
        elif key == "ALIASES" and value is not None:
            if not isinstance(value, (list, tuple, set, frozenset)):
                found.append(("CHAT_HISTORY['ALIASES'] has to be a list of strings.", None))
                continue
            known = aliases()
            for alias in value:
                if alias not in known:
                    said = f"CHAT_HISTORY['ALIASES'] names {alias!r}, which is not in CHAT."
                    found.append((said, did_you_mean(str(alias), known)))
    return found

"""Hooks as a module."""

from typing import Any


def may_open(user: str, name: str, room: dict[str, Any]) -> bool:
    """Nothing is secret here."""
    return bool(room["title"] != "Secret")

"""A history that stores what the test says, in a database that other threads see."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from chat_engine import Engine
from chat_engine.django.history.models import Message
from chat_engine.django.history.recorder import flush


@pytest.fixture
def stored(db: None) -> Iterator[None]:
    """Everything is stored, as it is where nothing was set."""
    with override_settings(CHAT_HISTORY={}):
        yield


@pytest.fixture
def site(stored: None, chat: Engine) -> SimpleNamespace:
    """The chat, and what of it has been stored."""

    def words(**of: Any) -> list[Any]:
        flush()
        return [message.body for message in Message.objects.filter(**of).order_by("at", "n")]

    return SimpleNamespace(chat=chat, words=words)


@contextmanager
def without_table() -> Iterator[None]:
    """The database refuses, as one does that is away."""
    table = Message._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE away RENAME TO {table}")


@pytest.fixture
def database_away() -> Any:
    """`with database_away():` nothing can be stored."""
    return without_table


@pytest.fixture
def chat_of_visitor(chat: Engine) -> Iterator[Any]:
    """A visitor's connection."""
    from chat_engine.django.test import chat_client

    client = chat_client()
    client.connect()
    yield client
    client.close()

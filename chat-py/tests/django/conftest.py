"""Django with the site of the tests, its database, and a chat for each test."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_directory = tempfile.mkdtemp(prefix="chat-site-")
os.environ["SITE_DATABASE"] = f"{_directory}/site.sqlite3"
os.environ["DJANGO_SETTINGS_MODULE"] = "chatsite.settings"
sys.path.insert(0, str(Path(__file__).parent / "site"))

# pytest names what it imports by its directory, and takes this one for a package "django": it is to forget that.
if not hasattr(sys.modules.get("django"), "VERSION"):
    sys.modules.pop("django", None)

import django  # noqa: E402

django.setup()

from databases import Database  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test.utils import (  # noqa: E402
    setup_databases,
    setup_test_environment,
    teardown_databases,
    teardown_test_environment,
)

from chat_engine.django import users  # noqa: E402
from chat_engine.django.test import chat as chat  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def _django() -> Iterator[None]:
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    yield
    teardown_databases(databases, verbosity=0)
    teardown_test_environment()
    shutil.rmtree(_directory, ignore_errors=True)


@pytest.fixture
def db() -> Iterator[None]:
    """A database that other threads and processes see; empty again afterwards."""
    yield
    users.sessions.forget()
    call_command("flush", verbosity=0, interactive=False)
    connections.close_all()


@pytest.fixture
def database(db: None, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Which connections to it are opened and closed."""
    return Database(monkeypatch)

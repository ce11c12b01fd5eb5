"""Real ASGI servers, each with the same site in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import COMMANDS, Served, Site

SITE = Path(__file__).parent / "site"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A database with two users who are logged in."""
    database = tmp_path_factory.mktemp("site") / "db.sqlite3"
    env = {**os.environ, "SITE_DATABASE": str(database), "PYTHONPATH": str(SITE)}
    env["DJANGO_SETTINGS_MODULE"] = "served_settings"
    made = subprocess.run(
        [sys.executable, str(SITE / "make_users.py")], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert made.returncode == 0, made.stderr
    return Site(SITE, database, json.loads(made.stdout))


@pytest.fixture(scope="module", params=COMMANDS)
def served(request: pytest.FixtureRequest, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The site under one of the servers."""
    with Served(site, request.param, tmp_path_factory.mktemp(request.param)) as served:
        yield served


@pytest.fixture(scope="module")
def channels(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site that is on Channels, under Daphne."""
    with Served(site, "daphne", tmp_path_factory.mktemp("channels"), application="served_channels") as served:
        yield served

"""What the tests stand on: a real Redis, engines on each store, programs of their own."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import programs
import pytest
import redis_server

import chat_engine

_numbers = itertools.count()


@pytest.fixture(scope="session")
def redis() -> Iterator[redis_server.RedisServer]:
    """A redis-server of this run."""
    with redis_server.RedisServer() as server:
        yield server


@pytest.fixture
def redis_url(redis: redis_server.RedisServer) -> str:
    """A store in Redis that no other test has."""
    return redis.url(f"t{next(_numbers)}")


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    """Where everything is kept: the test is run with each store."""
    if request.param == "memory":
        return "memory://"
    return str(request.getfixturevalue("redis_url"))


@pytest.fixture
def engine() -> Iterator[chat_engine.Engine]:
    """An engine in memory."""
    with chat_engine.Engine() as engine:
        yield engine


@pytest.fixture
def each_engine(url: str) -> Iterator[chat_engine.Engine]:
    """An engine on each store."""
    with chat_engine.Engine(url) as engine:
        yield engine


@pytest.fixture
def program(tmp_path: Path) -> programs.Runner:
    """Runs a Python program of its own."""
    return programs.Runner(tmp_path)

"""For tests of a Django site: `chat` is an engine in memory, made for each test, whose time is moved by hand.

    class FilmTests(ChatTestMixin, TestCase):
        def test_a_film_without_visitors_is_forgotten(self):
            kim = self.chat_client(user=self.kim)
            kim.connect()
            kim.ask("join", room="film-1", create={"title": "Alien", "policy": {"empty_s": 600}})
            kim.close()
            chat.clock.advance(700)
            self.assertNotContains(self.client.get("/films/"), "1 here")

With pytest, in `conftest.py`: `from chat_engine.django.test import chat`, and tests take `chat` as an argument.

Limits, hooks, signals and the rest are as in the settings, also as `override_settings(CHAT=…)` has them: then a new,
empty engine takes the place of the one before, in memory again, whatever the `URL`. `setUpTestData` has an engine of
the class's own; what it does there is not in those of the tests.

Hooks and receivers run in threads of their own, which do not see what a `TestCase` has not committed: where they read
the database, use `TransactionTestCase`. `chat_engine.django.signals.flush()` waits until receivers have been told.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.conf import settings

from chat_engine import Engine, testing

from . import conf
from .conf import DEFAULT_ALIAS
from .connections import chats
from .users import identity, of_session

__all__ = ["ChatTestMixin", "chat_client", "isolated"]

_IN_TESTS = {"url": "memory://", "clock": "manual"}


@contextmanager
def isolated(alias: str = DEFAULT_ALIAS, **options: Any) -> Iterator[Engine]:
    """Has an empty engine in memory, with a manual clock, in the place of `chats[alias]`.

    Where settings change within, another one like it is made of them, and this one is closed.
    """
    with chats.isolated(alias, {**_IN_TESTS, **options}):
        yield chats[alias]


def chat_client(user: Any = None, *, session: Any = None, alias: str = DEFAULT_ALIAS) -> testing.Client:
    """A connection of a user of the site, of whoever is logged in in a `django.test.Client`, or of nobody."""
    config = conf.config(alias)
    if session is not None:
        user = of_session(session.session) if settings.SESSION_COOKIE_NAME in session.cookies else None
    who = identity(user, config)
    return testing.Client(chats.server(alias), user=who[0] if who else None, name=who[1] if who else None)


class _Chat:
    """The engine of a test case, whichever that is at the moment."""

    def __get__(self, instance: object, owner: type["ChatTestMixin"]) -> Engine:
        return chats[owner.chat_alias]


class ChatTestMixin:
    """For `TestCase` and its like, to be named before it."""

    chat_alias = DEFAULT_ALIAS
    chat_options: dict[str, Any] = {}
    """Options of `Engine` for these tests."""
    chat = _Chat()
    """The engine of the test; `chat_engine.django.chat` is the same."""

    @classmethod
    def setUpClass(cls) -> None:
        around = cls._isolated()
        around.__enter__()
        cls.addClassCleanup(around.__exit__, None, None, None)  # type: ignore[attr-defined]
        super().setUpClass()  # type: ignore[misc]

    def run(self, result: Any = None) -> Any:
        # Around set-up and tear-down, whatever they forget to call.
        with self._isolated():
            return super().run(result)  # type: ignore[misc]

    @classmethod
    def _isolated(cls) -> AbstractContextManager[None]:
        # The engine is made when it is used: by then the settings are those of the class and of the test.
        return chats.isolated(cls.chat_alias, {**_IN_TESTS, **cls.chat_options})

    def chat_client(self, user: Any = None, *, session: Any = None) -> testing.Client:
        """A connection of a user, of a session (`self.client`), or of nobody; closed when the test ends."""
        client = chat_client(user, session=session, alias=self.chat_alias)
        self.addCleanup(client.close)  # type: ignore[attr-defined]
        return client


def __getattr__(name: str) -> Any:
    if name != "chat":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import pytest  # only who uses the fixture needs it

    @pytest.fixture(name="chat")
    def fixture() -> Iterator[Engine]:
        with isolated() as engine:
            yield engine

    globals()["chat"] = fixture
    return fixture

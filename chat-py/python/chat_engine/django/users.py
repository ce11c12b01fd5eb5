"""Who a user of the site is in the chat, and whose a session cookie is.

`identity` says it of a user, by the setting `USER` or by itself; `of_cookie` of a session cookie, without a request:
it reads what `django.contrib.auth.get_user` reads and believes what that believes, but never writes, since there is
no response that could bring a new cookie.

Sessions are remembered for five seconds, so that somebody's tabs that all come back at once cost one look. What ends a
session ends the connections that are there, in all processes (`departures`). A log-out is known at once in its own
process; another one, such as `chat_server`, may still let somebody in by what it remembers of their session, if they
come within five seconds of its last look. Whoever was let in by a session is therefore looked up once more
(`rechecks`), fifteen seconds after the look, or `hello_timeout` and five; all connections of a user whose session is
over by then are ended. What ends a session later and sends no signal (`QuerySet.update`, SQL, a session that expires)
ends no connection: they last until the client comes back, or `chat.disconnect(id)`.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model, load_backend
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.signals import setting_changed
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from . import conf
from .conf import DEFAULT_ALIAS, Config
from .databases import cared_for
from .rechecks import Key, Rechecks

logger = logging.getLogger("chat_engine.django")

Identity = tuple[str, str]
"""An id and a name."""

REMEMBERED_FOR = 5.0
"""Seconds for which a session is remembered."""
LOGGED_OUT_FOR = 60.0
"""Seconds for which one that was logged out is known as such, whatever the database still says."""
REMEMBERED = 4096
"""How many sessions are remembered at the most."""

# As long as the engine takes them, if `LIMITS` does not say otherwise.
_NAME_LENGTH = 32
# Seconds in which a connection has to say `hello`, if `OPTIONS` do not say otherwise.
_HELLO = 10.0


def identity(user: Any, config: Config | None = None) -> Identity | None:
    """Id and name of a user; None for somebody who is not logged in."""
    if user is None or not getattr(user, "is_authenticated", False) or not getattr(user, "is_active", True):
        return None
    said = namer(config)(user)
    try:
        id, name = said
        return str(id), fitting(str(name), config)
    except (TypeError, ValueError):
        raise ImproperlyConfigured(f"USER has to answer (id, name), not {type(said).__name__}") from None


def namer(config: Config | None) -> Callable[[Any], Any]:
    """What the setting `USER` names."""
    given = config.user if config else None
    if given is None:
        return by_itself
    if isinstance(given, str):
        try:
            given = import_string(given)
        except ImportError as error:
            where = f"CHAT[{config.alias if config else DEFAULT_ALIAS!r}]['USER']"
            raise ImproperlyConfigured(f"{where} cannot be imported: {error}") from error
    if not callable(given):
        raise ImproperlyConfigured("USER cannot be called.")
    return given  # type: ignore[no-any-return]


def by_itself(user: Any) -> Identity:
    """The primary key; the full name, or else the user name. Of an e-mail address, what stands before the @."""
    full = getattr(user, "get_full_name", None)
    name = (full() if callable(full) else "") or user.get_username()
    name = str(name).strip()
    # One that begins with it is no address.
    return str(user.pk), name[:1] + name[1:].partition("@")[0]


def fitting(name: str, config: Config | None = None) -> str:
    """The name as the engine takes it: without what it refuses, and not too long."""
    length = dict(config.limits or {}).get("name", _NAME_LENGTH) if config else _NAME_LENGTH
    # Control characters and those that turn the direction of the text: whoever registered with one is let in without.
    printable = "".join(c for c in " ".join(name.split()) if c.isprintable() or c in "\u200c\u200d")
    return printable[:length].strip() or "?"


def of_session(session: Any) -> Any:
    """The user of a session, or None. Writes nothing."""
    try:
        user_id = get_user_model()._meta.pk.to_python(session[SESSION_KEY])
        path = session[BACKEND_SESSION_KEY]
    except (KeyError, ValidationError):
        return None
    if path not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = load_backend(path).get_user(user_id)
    if user is None:
        return None
    if hasattr(user, "get_session_auth_hash"):
        given = session.get(HASH_SESSION_KEY)
        fallbacks = getattr(user, "get_session_auth_fallback_hash", tuple)
        good = given and (
            constant_time_compare(given, user.get_session_auth_hash())
            or any(constant_time_compare(given, fallback) for fallback in fallbacks())
        )
        # The password was changed elsewhere.
        if not good:
            return None
    return user


class Sessions:
    """Who is behind which session cookie, remembered for a moment. For any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, rechecks: Rechecks | None = None) -> None:
        self._clock = clock
        self._rechecks = rechecks
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], tuple[float, Identity | None]] = OrderedDict()
        self._logged_out: OrderedDict[str, float] = OrderedDict()

    def remembered(self, cookie: str, config: Config) -> tuple[bool, Identity | None]:
        """Whether it is known who this is, and who."""
        now = self._clock()
        with self._lock:
            if self._logged_out.get(cookie, now) > now:
                return True, None
            until, who = self._known.get((config.alias, cookie), (now, None))
            return until > now, who

    def look_up(self, cookie: str, config: Config) -> Identity | None:
        """Who this is. Asks the database; what that raises comes out."""
        known, who = self.remembered(cookie, config)
        if known:
            return who
        who = look(cookie, config)
        now = self._clock()
        with self._lock:
            # They may have logged out since the session was read.
            if self._logged_out.get(cookie, now) > now:
                return None
            # Who is nobody is looked up again: they may be about to log in.
            if who is not None:
                _keep(self._known, (config.alias, cookie), (now + REMEMBERED_FOR, who))
        self._look_again(cookie, config, who, now + REMEMBERED_FOR)
        return who

    def _look_again(self, cookie: str, config: Config, who: Identity | None, until: float) -> None:
        """When nobody is let in by this memory any more, and whoever was has said `hello`."""
        if self._rechecks is not None and who is not None:
            timeout = dict(config.options or {}).get("hello_timeout", _HELLO)
            seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else float(timeout)
            self._rechecks.add((config.alias, cookie, who[0]), until + seconds)

    def log_out(self, cookie: str | None) -> None:
        """This session is over."""
        if cookie:
            with self._lock:
                _keep(self._logged_out, cookie, self._clock() + LOGGED_OUT_FOR)

    def forget(self, id: str | None = None) -> None:
        """Remembers nothing of a user any more, or of anybody."""
        with self._lock:
            for key in [key for key, (_, who) in self._known.items() if id is None or (who and who[0] == id)]:
                del self._known[key]
            if id is None:
                self._logged_out.clear()
        if id is None and self._rechecks is not None:
            self._rechecks.clear()


def _keep(among: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    among[key] = value
    among.move_to_end(key)
    while len(among) > REMEMBERED:
        among.popitem(last=False)


def look(cookie: str, config: Config) -> Identity | None:
    """Whose session this is, whatever is remembered."""
    store = import_module(settings.SESSION_ENGINE).SessionStore(cookie)
    return identity(of_session(store), config)


@cared_for
def look_again(key: Key) -> None:
    """Disconnects who came with a session and is not its user any more."""
    from .connections import chats

    alias, cookie, id = key
    who = look(cookie, conf.config(alias))
    if who is None or who[0] != id:
        chats[alias].disconnect(id)


sessions = Sessions(rechecks=Rechecks(look_again))


def of_cookie(cookie: str | None, config: Config) -> Identity | None:
    """Who comes with this session cookie; None for somebody who is not logged in."""
    return sessions.look_up(cookie, config) if cookie else None


def has_sessions() -> bool:
    """Whether the site knows users at all."""
    from django.apps import apps

    if not apps.is_installed("django.contrib.auth"):
        return False
    if apps.is_installed("django.contrib.sessions"):
        return True
    # Sessions may be kept elsewhere, without the app: in a cache, in the cookie, or by an engine of the site's own.
    try:
        store = import_module(settings.SESSION_ENGINE).SessionStore
        model = getattr(store, "get_model_class", None)
        return model is None or apps.get_containing_app_config(model().__module__) is not None
    except (ImportError, AttributeError, RuntimeError):
        return False


_READ_HERE = (
    *("CHAT", "SECRET_KEY", "SECRET_KEY_FALLBACKS"),
    *("SESSION_ENGINE", "AUTH_USER_MODEL", "AUTHENTICATION_BACKENDS"),
)


def _settings_changed(*, setting: str, **kwargs: object) -> None:
    if setting in _READ_HERE:
        sessions.forget()


setting_changed.connect(_settings_changed, dispatch_uid="chat_engine.django.users")

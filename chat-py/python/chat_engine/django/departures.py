"""Who logs out, is deleted, made inactive or given another password is no longer connected.

All of a user's connections end (4403: the client does not come back by itself), those of other devices too; a page
that is loaded again connects again, as whoever its session then says. A change that sends no signal
(`QuerySet.update`, SQL) disconnects nobody: call `chat.disconnect(id)`.
"""

import logging
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.db.models.signals import post_delete, post_save

from chat_engine import ChatError

from . import conf

logger = logging.getLogger("chat_engine.django")


def connect() -> None:
    """Listens to what ends a user's stay."""
    if not apps.is_installed("django.contrib.auth"):
        return
    from django.contrib.auth.signals import user_logged_out

    user_logged_out.connect(_logged_out, dispatch_uid="chat_engine.django.departures")
    # Of every model: a proxy of the user's, or a child, sends under its own name.
    post_save.connect(_saved, dispatch_uid="chat_engine.django.departures")
    post_delete.connect(_deleted, dispatch_uid="chat_engine.django.departures")


def _logged_out(*, request: Any, user: Any, **kwargs: object) -> None:
    from .users import sessions

    # The session itself ends only behind this signal: nobody comes in with it meanwhile.
    sessions.log_out(getattr(getattr(request, "session", None), "session_key", None))
    if user is not None:
        ids = _ids(user)
        _disconnect(ids)
        # Until it is committed, other processes find the session as it was. It may be in any of the databases.
        for connection in connections.all(initialized_only=True):
            if connection.in_atomic_block:
                transaction.on_commit(partial(_disconnect, ids), using=connection.alias)


def _saved(*, instance: Any, using: str, created: bool, raw: bool = False, **kwargs: object) -> None:
    if raw or not isinstance(instance, get_user_model()):
        return
    # `set_password` keeps it until the user has been saved; a hash that is only made anew at a login does not count.
    other_password = not created and getattr(instance, "_password", None) is not None
    if other_password or getattr(instance, "is_active", True) is False:
        _when_committed(using, instance)


def _deleted(*, instance: Any, using: str, **kwargs: object) -> None:
    if isinstance(instance, get_user_model()):
        _when_committed(using, instance)


def _when_committed(using: str | None, user: Any) -> None:
    """Until it is committed, whoever looks still finds the user, and lets them in; and it may be taken back."""
    ids = _ids(user)
    if transaction.get_connection(using).in_atomic_block:
        transaction.on_commit(partial(_disconnect, ids), using=using)
    else:
        _disconnect(ids)


def _ids(user: Any) -> list[tuple[str, str]]:
    """The user's id in each chat, found out while there still is a user."""
    from .users import namer

    found = []
    for alias in conf.aliases():
        try:
            found.append((alias, str(namer(conf.config(alias))(user)[0])))
        except Exception:
            logger.exception("chat %r: it is not known who is to be disconnected", alias)
    return found


def _disconnect(ids: list[tuple[str, str]]) -> None:
    """Ends the user's connections. A store that is away does not stop a log-out: that is logged."""
    from .connections import chats
    from .users import sessions

    for alias, id in ids:
        sessions.forget(id)
        # In memory, and not used yet in this process: nobody is connected.
        if conf.config(alias).in_memory and not chats.is_made(alias):
            continue
        try:
            chats[alias].disconnect(id)
        except ChatError as error:
            logger.error("chat %r: somebody who left the site is still connected: %s", alias, error)

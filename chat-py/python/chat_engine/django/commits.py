"""Saying in a room what the database has taken."""

import json
from typing import Any

from django.db import transaction

from chat_engine import BodyError, TooLarge

from . import conf
from .conf import DEFAULT_ALIAS

# Bytes, if `LIMITS` does not say otherwise.
_BODY = 16 * 1024


def post_on_commit(
    room: str,
    body: Any,
    *,
    user: str | None = None,
    name: str | None = None,
    key: str | None = None,
    alias: str = DEFAULT_ALIAS,
    using: str | None = None,
) -> None:
    """`chats[alias].post(…)` when the transaction that is going on (on the database `using`) has been committed.

    Nothing is said if it is rolled back; without a transaction it is said at once. The body is what it is at the
    moment of the call. A post that fails then, since Redis is away or the room is closed, undoes nothing and stops
    nothing else: it is logged, as Django does for robust callbacks. A body that cannot be said at all, or is too long
    (`TooLarge`), is refused at the call.

    Transactions are not for coroutines: there, call this in the function that has the transaction, within
    `sync_to_async`.
    """
    try:
        said = json.dumps(body, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        size = len(said.encode())
    except (TypeError, ValueError, RecursionError) as error:
        # Later nobody would be there to hear of it.
        raise BodyError(f"this cannot be said: {error}") from error

    limit = dict(conf.config(alias).limits or {}).get("body", _BODY)
    if size > limit:
        raise TooLarge(f"body is longer than {limit} bytes", field="body")

    def post() -> None:
        from .connections import chats

        chats[alias].post(room, json.loads(said), user=user, name=name, key=key)

    transaction.on_commit(post, using=using, robust=True)

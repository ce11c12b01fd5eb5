"""Of which rooms something is stored."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

from .conf import kept

# How many rooms are remembered; one that is forgotten is asked for again.
REMEMBERED = 10_000
# How many rooms one question may name.
ASKED = 200

Log = tuple[str, str, str]
"""An alias, a room, and its epoch."""


class Kinds:
    """Which rooms are public. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._public: OrderedDict[Log, bool] = OrderedDict()
        # False when the process ends: an engine that has been closed is not made anew for a question.
        self.may_ask = True

    def learn(self, alias: str, room: Any) -> None:
        """Takes note of a room that was opened, or looked up."""
        with self._lock:
            self._public[alias, room.id, room.epoch] = room.kind == "public"
            while len(self._public) > REMEMBERED:
                self._public.popitem(last=False)

    def wanted(self, logs: Iterable[Log]) -> set[Log]:
        """Those of which something is to be stored.

        Asks the chat for those that are not known; what it raises comes out.

        Of a room that is over and was not known before nobody can say what it was: nothing of it is stored.
        """
        setting = kept()
        chosen = [log for log in set(logs) if setting.aliases is None or log[0] in setting.aliases]
        pairs = {log for log in chosen if is_pair(log[1])}
        others = [log for log in chosen if log not in pairs]
        found = set(others) if setting.private else self._public_ones(others)
        return found | (pairs if setting.pairs else set())

    def _public_ones(self, logs: Sequence[Log]) -> set[Log]:
        with self._lock:
            unknown = [log for log in logs if log not in self._public]
        for alias in {log[0] for log in unknown} if self.may_ask else ():
            ids = sorted({log[1] for log in unknown if log[0] == alias})
            for start in range(0, len(ids), ASKED):
                self._look_up(alias, ids[start : start + ASKED])
        with self._lock:
            return {log for log in logs if self._public.get(log, False)}

    def _look_up(self, alias: str, ids: list[str]) -> None:
        from ..connections import chats

        for room in chats[alias].rooms(ids=ids):
            self.learn(alias, room)


def is_pair(room: str) -> bool:
    """Whether it is the talk of two who were matched: its id begins with its pool, and no other id has a `~`."""
    return "~" in room

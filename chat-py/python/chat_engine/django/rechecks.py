"""A second look at whoever came with a session: are they still who they were?

Another process may log somebody out while this one remembers their session, or between their connecting and their
`hello`, when there is no connection yet that could be ended. So each session that let somebody in is looked up once
more, when it is not remembered any longer and everybody who came with it has said `hello` or is gone. Who is not the
same then is disconnected.

One thread does so, one session after the other; it is there while there is something to do.
"""

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

logger = logging.getLogger("chat_engine.django")

WAITING = 16_384
"""How many sessions wait for their second look at the most; beyond, those that wait longest go without."""
TRIES = 5
"""How often a look is tried that fails, since the database or the store is away."""
_AGAIN = 5.0
_STEP = 1.0
# The thread ends when it has found nothing to do so many times.
_IDLE = 60

# The alias, the cookie, and the id of whom it let in.
Key = tuple[str, str, str]


class Rechecks:
    """Who is to be looked at again, and when. For any thread."""

    def __init__(self, look: Callable[[Key], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._look = look
        self._clock = clock
        self.after_fork()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.after_fork)

    def after_fork(self) -> None:
        """Starts anew: the parent's connections are not here."""
        self._lock = threading.Lock()
        # When, and how many times it was tried. In the order in which they came, which is nearly that of the times.
        self._waiting: OrderedDict[Key, tuple[float, int]] = OrderedDict()
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: Key, at: float) -> None:
        """Has it looked at then, or later where that was said before."""
        with self._lock:
            self._put(key, at, 0)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="chat-rechecks", daemon=True)
                self._thread.start()

    def clear(self) -> None:
        """Looks at nobody again."""
        with self._lock:
            self._waiting.clear()

    def run_due(self) -> float | None:
        """Looks at those whose time has come; answers in how many seconds the next one's comes, if there is one."""
        while True:
            with self._lock:
                if not self._waiting:
                    return None
                key, (at, tries) = next(iter(self._waiting.items()))
                left = at - self._clock()
                if left > 0:
                    return left
                del self._waiting[key]
            try:
                self._look(key)
            except Exception as error:
                # Neither the cookie nor the user is named.
                logger.warning("chat %r: a session could not be looked at again: %s", key[0], type(error).__name__)
                if tries + 1 < TRIES:
                    with self._lock:
                        self._put(key, self._clock() + _AGAIN, tries + 1)

    def _put(self, key: Key, at: float, tries: int) -> None:
        self._waiting[key] = max(at, self._waiting.get(key, (at, 0))[0]), tries
        self._waiting.move_to_end(key)
        while len(self._waiting) > WAITING:
            self._waiting.popitem(last=False)

    def _run(self) -> None:
        idle = 0
        while True:
            left = self.run_due()
            idle = idle + 1 if left is None else 0
            with self._lock:
                if idle >= _IDLE and not self._waiting:
                    self._thread = None
                    return
            time.sleep(_STEP if left is None else min(left, _STEP))

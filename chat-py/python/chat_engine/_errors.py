"""What can go wrong, each with the code under which it is known in Rust and on the wire."""

from __future__ import annotations


class ChatError(Exception):
    """Anything that the engine refuses or cannot do; `code` says what."""

    code: str = "internal"

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        retry_after: float | None = None,
        field: str | None = None,
        why: str | None = None,
        room: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.retry_after = retry_after
        """Seconds to wait before the same may work; None where waiting does not help."""
        self.field = field
        """The argument that is wrong."""
        self.why = why
        """What ended a room, or the words of the hook that refused."""
        self.room = room
        """The room in which one is matched already."""

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        known = {name: getattr(self, name) for name in ("code", "retry_after", "field", "why", "room")}
        return _again, (type(self), self.message, known)


def _again(kind: type[ChatError], message: str, known: dict[str, object]) -> ChatError:
    return kind(message, **known)  # type: ignore[arg-type]


class BadRequest(ChatError, ValueError):
    """An argument is wrong; `field` says which."""

    code = "bad_request"


class BodyError(BadRequest, TypeError):
    """A body that JSON cannot hold."""


class Unauthorized(ChatError, PermissionError):
    """Bad or missing credentials."""

    code = "unauthorized"


class Forbidden(ChatError, PermissionError):
    """Not allowed to this user; `why` has the hook's words, where it gave some."""

    code = "forbidden"


class NoSuchRoom(ChatError, LookupError):
    """There is no such room."""

    code = "no_such_room"


class RoomExists(ChatError, ValueError):
    """A room of this id is open already."""

    code = "room_exists"


class RoomFull(ChatError):
    """The room holds as many users as it may."""

    code = "room_full"


class RoomClosed(ChatError, LookupError):
    """The room has closed; `why` says what ended it."""

    code = "room_closed"


class NotMember(ChatError):
    """Not in this room."""

    code = "not_member"


class NotWaiting(ChatError):
    """Not waiting in this pool."""

    code = "not_waiting"


class AlreadyMatched(ChatError):
    """Matched already; `room` is the room of the two."""

    code = "already_matched"


class TooLarge(ChatError, ValueError):
    """A body that is larger than allowed."""

    code = "too_large"


class TooMany(ChatError):
    """A bound is met."""

    code = "too_many"


class Overloaded(ChatError):
    """More is asked than can be done now."""

    code = "overloaded"


class Unavailable(ChatError, ConnectionError):
    """The store cannot be reached, or a hook does not answer; the same may work after `retry_after`."""

    code = "unavailable"


class StoreTimeout(Unavailable, TimeoutError):
    """The store did not answer in time. Whether it did what was asked is not known."""


class Ended(Unavailable):
    """The session, the engine or the process has ended."""


class InternalError(ChatError, RuntimeError):
    """A fault of the engine or of what the store keeps."""

    code = "internal"


class Misuse(ChatError, RuntimeError):
    """Something was used in a way in which it cannot be; the message says what to do instead."""

    code = "misuse"


class SynchronousOnly(Misuse):
    """A plain operation that would have stopped a running event loop; use the one with `a` in front."""


_CLASSES: dict[str, type[ChatError]] = {
    kind.__name__: kind for kind in list(globals().values()) if isinstance(kind, type) and issubclass(kind, ChatError)
}


def make(
    kind: str,
    code: str,
    message: str,
    retry_after: float | None,
    field: str | None,
    why: str | None,
    room: str | None,
) -> ChatError:
    """An error as the engine has it."""
    return _CLASSES.get(kind, ChatError)(
        message, code=code, retry_after=retry_after, field=field, why=why, room=room
    )

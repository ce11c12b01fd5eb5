"""What was said, kept in the site's database.

    INSTALLED_APPS = [..., "chat_engine.django", "chat_engine.django.history"]     # and `manage.py migrate`

From then on everything that is said is stored, in batches and behind what people do; the admin finds it; and who
scrolls further up than the chat's own log reaches is given it from there, in the chat box as in any other client. For
views:

    from chat_engine.django.history import page

    def transcript(request, room):
        return JsonResponse(page(room, before=request.GET.get("before")).as_dict())

Who may read it is the view's to say. `manage.py chat_history_prune --days 30` forgets what is older.

    CHAT_HISTORY = {"PRIVATE": False, "PAIRS": True, "ALIASES": None}

is what holds if nothing is said: private rooms are not stored, since their ids are their keys; talks of pairs are, in
which people go by their aliases; all chats of `CHAT` are, or those that are named.

*Guarantees*: each message is stored once, by its room, epoch and number, whoever is told of it however often. *Under
pressure*: where the database is away, 50,000 messages wait for it; what is said beyond them is not stored, and that
is logged. *How it ends*: when the process ends, what waits has five seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .pages import Page, apage, older, page
    from .recorder import flush

__all__ = ["Page", "apage", "flush", "older", "page"]

# Models cannot be imported before all apps are there.
_WHERE = {"Page": "pages", "apage": "pages", "older": "pages", "page": "pages", "flush": "recorder"}


def __getattr__(name: str) -> Any:
    try:
        module = _WHERE[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(import_module(f".{module}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

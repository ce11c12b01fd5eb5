"""Whose an id is: what hooks and signals are given is the id under which somebody chats.

    def may_join(self, user, name, room):
        member = user_of(user)                  # None for a guest
        return bool(member and member.groups.filter(name=room).exists())

A guest's id is made by the chat and begins with `u_`, as no id of a user of the site may. In talks of pairs each has
an alias (`a_…`), which leads to nobody.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from .conf import DEFAULT_ALIAS, config
from .users import identity

_GUEST = "u_"
_PAIRED = "a_"


def is_guest(id: str) -> bool:
    """Whether this is the id of somebody who is not logged in."""
    return id.startswith(_GUEST)


def user_of(id: str, *, alias: str = DEFAULT_ALIAS) -> Any:
    """The user of the site who chats under this id; None for a guest, and for who is gone or may not log in.

    Asks the database. The id has to be the primary key; where `USER` gives people other ids, nobody is found, and
    the way back is the site's to know.
    """
    if id.startswith((_GUEST, _PAIRED)):
        return None
    model = get_user_model()
    try:
        user = model._default_manager.filter(pk=model._meta.pk.to_python(id)).first()
    except (ValidationError, ValueError, OverflowError):
        return None
    # Under "07" or " 7" nobody chats, though the database would find 7; nor who was made inactive.
    who = identity(user, config(alias))
    return user if who and who[0] == id else None

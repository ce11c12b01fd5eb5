"""What was said, as it is stored."""

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone as times
from django.utils.translation import gettext_lazy as _


class PlainEncoder(json.JSONEncoder):
    """JSON with letters as they are: a search finds them in databases that keep JSON as text."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "ensure_ascii": False})


class Message(models.Model):
    """Something said in a room; `epoch` is the log it stands in. A room that was opened again has another one."""

    alias = models.CharField(_("chat"), max_length=64, default="default")
    room = models.CharField(_("room"), max_length=64)
    epoch = models.CharField(_("log"), max_length=64)
    n = models.PositiveBigIntegerField(_("number"))
    at = models.DateTimeField(_("time"))
    # None for the site itself.
    by = models.CharField(_("user"), max_length=255, null=True, blank=True)
    name = models.CharField(_("name"), max_length=255, null=True, blank=True)
    body = models.JSONField(_("message"), encoder=PlainEncoder, null=True, blank=True)
    key = models.CharField(_("key"), max_length=255, null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [models.UniqueConstraint(fields=["room", "epoch", "n"], name="chat_history_once")]
        indexes = [
            models.Index(fields=["room", "alias", "at", "n"], name="chat_history_page"),
            models.Index(fields=["at"], name="chat_history_prune"),
        ]

    def __str__(self) -> str:
        return f"{self.room} {self.n}"

    @property
    def text(self) -> str:
        """What was said, as text: the body itself, its `text`, or its JSON."""
        if isinstance(self.body, str):
            return self.body
        if isinstance(self.body, dict) and isinstance(self.body.get("text"), str):
            return str(self.body["text"])
        return json.dumps(self.body, ensure_ascii=False)

    @property
    def milliseconds(self) -> int:
        """`at` since 1970, as on the wire."""
        at = self.at if times.is_aware(self.at) else times.make_aware(self.at)
        return round(at.timestamp() * 1000)

    def as_dict(self) -> dict[str, Any]:
        """The entry as it is on the wire."""
        entry: dict[str, Any] = {"ev": "said", "room": self.room, "n": self.n, "at": self.milliseconds}
        entry |= {"by": self.by, "name": self.name, "body": self.body}
        return entry | ({"key": self.key} if self.key is not None else {})


def stored_time(at: datetime) -> datetime:
    """A time, as the site keeps its times."""
    return at if settings.USE_TZ else times.make_naive(at)

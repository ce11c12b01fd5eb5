"""What was said, in the admin: to be found, read and deleted; nobody's words are changed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from .models import Message


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Search by room, name, user and words; by time and chat on the side; a room's name leads to that room alone."""

    list_display = ("at", "room_link", "name", "short_text")
    list_display_links = ("at",)
    list_filter = ("at", "alias")
    search_fields = ("=room", "name", "=by", "body")
    search_help_text = _("Words of a message, a name, or the whole id of a room or a user.")
    ordering = ("-at", "-n")
    list_per_page = 50
    # Counting all of a large table takes longer than finding fifty of it.
    show_full_result_count = False
    fields = readonly_fields = ("at", "room", "n", "name", "by", "full_text", "key", "alias", "epoch")

    @admin.display(description=_("room"), ordering="room")
    def room_link(self, message: Message) -> SafeString:
        """The room, leading to all that was said in it."""
        url = reverse(f"{self.admin_site.name}:chat_engine_history_message_changelist")
        return format_html('<a href="{}?{}">{}</a>', url, urlencode({"room": message.room}), message.room)

    @admin.display(description=_("message"))
    def short_text(self, message: Message) -> str:
        """The beginning of what was said."""
        return Truncator(message.text).chars(120)

    @admin.display(description=_("message"))
    def full_text(self, message: Message) -> str:
        """All of it."""
        return message.text

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody says anything here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody's words are changed."""
        return False

"""`manage.py chat_history_prune --days 30`: forgets what was said longer ago."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import router
from django.utils import timezone

from ...models import Message


class Command(BaseCommand):
    """Deletes a thousand at a time, so that nothing else waits for long."""

    help = "Deletes what was said in the chats longer ago than so many days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How old, and of which room or chat alone."""
        parser.add_argument("--days", type=float, required=True, help="what is older than this is deleted")
        parser.add_argument("--room", help="in this room alone")
        parser.add_argument("--alias", help="in this chat of CHAT alone")
        parser.add_argument("--database", help="in this database; otherwise where the router stores messages")
        parser.add_argument("--dry-run", action="store_true", help="only counts")

    def handle(self, *args: Any, **options: Any) -> None:
        """Deletes, and says how many."""
        days = options["days"]
        if not 0 <= days <= 36_500:
            raise CommandError("--days is a number from 0 to 36500.")
        database = options["database"] or router.db_for_write(Message)
        old = Message.objects.using(database).filter(at__lt=timezone.now() - timedelta(days=days))
        for name in ("room", "alias"):
            if options[name]:
                old = old.filter(**{name: options[name]})
        if options["dry_run"]:
            self.stdout.write(f"{old.count()} messages are older than {days:g} days.")
            return
        deleted = 0
        while some := list(old.order_by("at").values_list("pk", flat=True)[:1000]):
            deleted += Message.objects.using(database).filter(pk__in=some).delete()[0]
        self.stdout.write(f"{deleted} messages older than {days:g} days were deleted.")

"""`manage.py chat_rooms`: what is there now."""

import json
from argparse import ArgumentParser
from datetime import datetime, timezone
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat_engine import ChatError, Room

from ...conf import DEFAULT_ALIAS
from ._alias import add_alias, config_of


class Command(BaseCommand):
    help = "Lists the public rooms that are there now."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("rooms", nargs="*", metavar="ROOM", help="Rooms by id, private ones too.")
        parser.add_argument("--order", choices=("live", "visitors", "newest", "active"), default="live")
        parser.add_argument("--limit", type=int, default=50)
        parser.add_argument("--json", action="store_true", help="A line of JSON for each room.")
        add_alias(parser)

    def handle(
        self,
        *args: Any,
        rooms: list[str],
        order: Any,
        limit: int,
        json: bool,
        alias: str = DEFAULT_ALIAS,
        **options: Any,
    ) -> None:
        from ...connections import chats

        config = config_of(alias)
        try:
            page = chats[alias].rooms(ids=rooms) if rooms else chats[alias].rooms(order=order, limit=limit)
            online = chats[alias].online()
        except (ChatError, OverflowError) as error:
            raise CommandError(str(error)) from error
        if json:
            for room in page:
                self.stdout.write(_json(room))
            return
        if config.in_memory:
            warning = "This chat is in memory: what other processes have is not seen from here."
            self.stderr.write(self.style.WARNING(warning))
        widths = (6, 8, 8, 24)
        self.stdout.write(_row(("live", "visitors", "last", "room", "title"), widths))
        for room in page:
            self.stdout.write(_row((str(room.live), str(room.visitors), _age(room), room.id, _title(room)), widths))
        self.stdout.write(f"{len(page)} of {page.total} rooms, {online} online")


def _row(cells: tuple[str, ...], widths: tuple[int, ...]) -> str:
    *first, last = cells
    return "  ".join([cell.ljust(width) for cell, width in zip(first, widths, strict=True)] + [last])


def _title(room: Room) -> str:
    return room.title if room.kind == "public" else f"{room.title} ({room.kind})"


def _age(room: Room) -> str:
    """How long ago something was said."""
    if room.last is None:
        return "-"
    seconds = max(0, int((datetime.now(timezone.utc) - room.last.at).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _json(room: Room) -> str:
    return json.dumps(room.as_dict(), ensure_ascii=False)

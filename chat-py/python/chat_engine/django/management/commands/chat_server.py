"""`manage.py chat_server [addr:port]`: the chat in a server of its own, which knows the site's sessions."""

import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat_engine import ChatError

from ... import conf, serving
from ...conf import DEFAULT_ALIAS
from ._alias import add_alias, config_of

# A stop that was asked for is seen after this long at the most.
_LOOK = 0.25
_DAY = 86_400


class Command(BaseCommand):
    help = "Serves the chat by WebSocket to the users of this site, until SIGINT or SIGTERM."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", nargs="?", default="127.0.0.1:8001", help="host:port or port (127.0.0.1:8001)")
        parser.add_argument("--drain", type=float, default=10.0, help="seconds for connections to go at the end (10)")
        add_alias(parser)

    def handle(self, *args: Any, address: str, drain: float, alias: str = DEFAULT_ALIAS, **options: Any) -> None:
        config = config_of(alias)
        try:
            host, port = conf.address(address)
        except ValueError as error:
            raise CommandError(f"{error}: such as 127.0.0.1:8001, [::1]:8001 or 8001") from error
        # NaN is neither.
        if not 0 <= drain <= _DAY:
            raise CommandError(f"--drain {drain:g}: it is a number of seconds, from 0 to {_DAY}")
        if config.in_memory:
            self.stderr.write(
                self.style.WARNING(
                    "This chat is in memory, so it is this process's alone: the site's own views will not see it. "
                    "Set a redis:// URL in CHAT, or use runserver, which serves it within itself."
                )
            )
        asked: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, frame: asked.append(number))
        try:
            server = serving.serve(config, host, port)
        except (ChatError, OSError) as error:
            raise CommandError(f"The chat cannot be served: {error}") from error
        self.stdout.write(f"Serving the chat {alias!r} at {server.url}")
        self.stdout.flush()
        while not asked and not server.wait(_LOOK):
            pass
        if asked:
            # A second Ctrl-C does not wait.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            server.stop(drain)

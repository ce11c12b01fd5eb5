"""`manage.py demo [addr:port]`: migrate, seed and runserver in one."""

import os
import sys

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Everything that a fresh checkout needs before the site can be looked at."""

    help = "Makes the database, adds the films, and starts the site. Further arguments are runserver's."

    def add_arguments(self, parser):
        """Those of `runserver`."""
        parser.add_argument("rest", nargs="*", metavar="ARGUMENT", help="as for runserver: addr:port, --noreload …")

    def run_from_argv(self, argv):
        """Passes on whatever `runserver` knows, unread."""
        if {"-h", "--help"} & set(argv):
            super().run_from_argv(argv)
            return
        self.execute(rest=argv[2:], no_color=False, force_color=False, skip_checks=False)

    def handle(self, *args, rest=(), **options):
        """One after the other."""
        call_command("migrate", interactive=False, verbosity=0)
        call_command("seed")
        sys.stdout.flush()
        # A process of its own, as runserver starts itself anew when a file has changed.
        os.execv(sys.executable, [sys.executable, sys.argv[0], "runserver", *rest])

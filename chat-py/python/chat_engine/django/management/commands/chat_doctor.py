"""`manage.py chat_doctor`: what is the matter with the chat."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ... import doctor


class Command(BaseCommand):
    help = "Looks at versions, settings, the store (there? fast? its clock? leases?) and leftovers in the requirements."
    # It says itself what is wrong with the settings.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--directory", type=Path, help="where the requirements are (BASE_DIR)")

    def handle(self, *args: Any, directory: Path | None = None, **options: Any) -> None:
        if directory is not None and not directory.is_dir():
            raise CommandError(f"There is no directory {str(directory)!r}.")
        bad = 0
        for finding in doctor.examine(directory):
            bad += finding.level == "bad"
            self.stdout.write(doctor.as_text(finding, self.style))
            self.stdout.flush()
        if bad:
            raise CommandError(f"{bad} {'thing is' if bad == 1 else 'things are'} wrong.")

"""`manage.py seed`: the films that the site begins with."""

from django.core.management.base import BaseCommand

from films.models import Film
from films.seed import FILMS


class Command(BaseCommand):
    """Adds those that are not there; nothing else is touched."""

    help = "Adds the films that the site begins with."

    def handle(self, *args, **options):
        """Adds them."""
        for slug, film in FILMS.items():
            Film.objects.get_or_create(slug=slug, defaults=film)
        self.stdout.write(f"{Film.objects.count()} films.")

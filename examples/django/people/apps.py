"""The app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Sign-up and log-in."""

    name = "people"

"""The app."""

from django.apps import AppConfig


class FilmsConfig(AppConfig):
    """Films and rooms."""

    name = "films"

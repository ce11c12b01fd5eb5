"""The option `--alias`, which all commands have."""

from argparse import ArgumentParser

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.utils.connection import ConnectionDoesNotExist

from ... import conf
from ...conf import DEFAULT_ALIAS, Config


def add_alias(parser: ArgumentParser) -> None:
    """Adds it."""
    parser.add_argument("--alias", default=DEFAULT_ALIAS, help='Which chat of the setting CHAT; otherwise "default".')


def config_of(alias: str) -> Config:
    """The settings of the chat that was named; a `CommandError` where there is none."""
    try:
        return conf.config(alias)
    except (ConnectionDoesNotExist, ImproperlyConfigured) as error:
        raise CommandError(str(error)) from error

"""The app: what is connected when Django is ready."""

import atexit

from django.apps import AppConfig
from django.core import checks

from . import recorder


class HistoryConfig(AppConfig):
    """`INSTALLED_APPS = [..., "chat_engine.django.history"]`"""

    name = "chat_engine.django.history"
    label = "chat_engine_history"
    verbose_name = "Chat history"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .. import hooks, signals
        from . import conf, pages

        checks.register(conf.check)
        signals.add_consumer(recorder.record)
        hooks.provide_older(pages.older)


atexit.register(recorder.close)

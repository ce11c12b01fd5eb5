"""The app: what is connected when Django is ready."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """`INSTALLED_APPS = [..., "chat_engine.django"]`"""

    name = "chat_engine.django"
    label = "chat_engine"
    verbose_name = "Chat"

    def ready(self) -> None:
        from . import checks, departures, serving

        checks.register_all()
        departures.connect()
        serving.start_with_runserver()

"""The chat at /ws."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
http = get_asgi_application()

import chat_engine.django  # noqa: E402

application = chat_engine.django.asgi(http, path="/ws")

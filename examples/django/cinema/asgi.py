"""The site and its sockets under any ASGI server: `CHAT_WS_URL=/ws uvicorn cinema.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cinema.settings")
site = get_asgi_application()

from chat_engine.django import asgi  # noqa: E402  (it needs the settings)

application = asgi(site, path="/ws")

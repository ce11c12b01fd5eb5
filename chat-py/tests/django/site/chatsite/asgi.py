"""The site and its chat under an ASGI server."""

import os

from django.core.asgi import get_asgi_application

from chat_engine.django import asgi

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
application = asgi(get_asgi_application(), path="/ws")

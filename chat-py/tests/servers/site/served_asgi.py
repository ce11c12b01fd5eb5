"""The site with its chat at /ws."""

import os

from django.core.asgi import get_asgi_application

import chat_engine.django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "served_settings")
application = chat_engine.django.asgi(get_asgi_application(), path="/ws")

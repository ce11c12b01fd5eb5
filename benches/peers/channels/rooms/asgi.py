"""What Daphne serves: Django's pages, of which there are none, and the rooms at /ws/chat/ROOM/."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rooms.settings")
# Loads Django's settings and applications, which the consumers' module may need.
pages = get_asgi_application()

from rooms.consumers import RoomConsumer  # noqa: E402

rooms = URLRouter([path("ws/chat/<str:room>/", RoomConsumer.as_asgi())])
application = ProtocolTypeRouter({"http": pages, "websocket": rooms})

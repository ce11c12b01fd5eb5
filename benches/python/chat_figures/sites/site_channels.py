"""A room as Channels' own tutorial builds one: a group, to which each message is sent."""

import json
import os
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")


class Room(AsyncWebsocketConsumer):
    """Numbers, keeps, checks and ranks nothing."""

    async def connect(self) -> None:
        await self.channel_layer.group_add("r", self.channel_name)
        await self.accept()
        await self.send(text_data=json.dumps({"ready": True}))

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard("r", self.channel_name)

    async def receive(self, text_data: str = "", bytes_data: bytes = b"") -> None:
        await self.channel_layer.group_send("r", {"type": "said", "body": json.loads(text_data)})

    async def said(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps({"ev": "said", "room": "r", "body": event["body"]}))


application = ProtocolTypeRouter(
    {"http": get_asgi_application(), "websocket": URLRouter([path("ws", Room.as_asgi())])}
)

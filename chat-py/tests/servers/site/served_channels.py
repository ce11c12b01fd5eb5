"""A site that is on Channels: its own consumer, and the chat beside it."""

import asyncio
import os
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "served_settings")
http = get_asgi_application()

import chat_engine.django  # noqa: E402
from chat_engine.django import chat  # noqa: E402


class Theirs(AsyncJsonWebsocketConsumer):
    """Speaks a protocol of the site's own, over a session of the engine."""

    async def connect(self) -> None:
        user = self.scope["user"]
        if not user.is_authenticated:
            await self.close(4401)
            return
        self.session = await chat.aconnect(user=str(user.pk), name=user.get_username())
        await self.session.ajoin("shared", create={"title": "Shared", "grace": 0})
        await self.accept()
        self.forwarding = asyncio.create_task(self.forward())

    async def forward(self) -> None:
        async for event in self.session:
            await self.send_json({"kind": event.ev, "event": event.as_dict()})

    async def receive_json(self, content: Any, **more: Any) -> None:
        spoken = await self.session.asay("shared", {"theirs": content})
        await self.send_json({"kind": "spoken", "n": spoken.n})

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "session"):
            self.forwarding.cancel()
            await self.session.aclose()


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(
                URLRouter([path("ws/chat/", chat_engine.django.websocket()), path("ws/theirs/", Theirs.as_asgi())])
            )
        ),
    }
)

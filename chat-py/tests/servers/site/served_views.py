"""Pages that use the chat from views, in the process that serves its sockets."""

import json
import os

from django.http import HttpRequest, JsonResponse
from django.urls import path

from chat_engine.django import chat


def rooms(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"pid": os.getpid(), **chat.rooms().as_dict()})


def post(request: HttpRequest, room: str, count: int) -> JsonResponse:
    """Says the same so many times."""
    size = int(request.GET.get("size", 1))
    for n in range(count):
        last = chat.post(room, [n, "x" * size])
    return JsonResponse(json.loads(json.dumps(last.as_dict())))


async def apost(request: HttpRequest, room: str) -> JsonResponse:
    return JsonResponse((await chat.apost(room, "asynchronously")).as_dict())


urlpatterns = [path("rooms/", rooms), path("post/<room>/<int:count>/", post), path("apost/<room>/", apost)]

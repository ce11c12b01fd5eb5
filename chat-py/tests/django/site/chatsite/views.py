"""Views that use the chat as a site would."""

import os

from django.http import HttpRequest, JsonResponse

from chat_engine.django import chat
from chat_engine.django.serving import running_url

FILMS = [f"film-{n}" for n in range(50)]


def films(request: HttpRequest) -> JsonResponse:
    """A page of 50 objects, each with who is in its room."""
    rooms = {room.id: room for room in chat.rooms(ids=FILMS)}
    return JsonResponse({film: rooms[film].live if film in rooms else 0 for film in FILMS})


async def films_async(request: HttpRequest) -> JsonResponse:
    """The same, asynchronously."""
    rooms = {room.id: room for room in await chat.arooms(ids=FILMS)}
    return JsonResponse({film: rooms[film].live if film in rooms else 0 for film in FILMS})


def say(request: HttpRequest, room: str) -> JsonResponse:
    """The site itself says something."""
    return JsonResponse(chat.post(room, request.GET["body"]).as_dict())


async def say_wrongly(request: HttpRequest, room: str) -> JsonResponse:
    """Would hold up the event loop."""
    return JsonResponse(chat.post(room, "hello").as_dict())


def where(request: HttpRequest) -> JsonResponse:
    """Which process this is, and where its sockets are."""
    return JsonResponse({"pid": os.getpid(), "url": running_url(request=request), "online": chat.online()})

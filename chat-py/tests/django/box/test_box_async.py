"""`{% chat_box %}` in asynchronous views, where the ORM may not be used: the page has its user all the same."""

import asyncio
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import AsyncClient, override_settings
from django.urls import path

PAGE = '{% load chat_engine %}{% chat_box "lobby" %} [{% chat_user %}]'

pytestmark = pytest.mark.usefixtures("db")


async def page(request: HttpRequest) -> HttpResponse:
    """Never asks who the user is."""
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


async def asks(request: HttpRequest) -> HttpResponse:
    """Asks as asynchronous views do, where Django knows how (5.0)."""
    if hasattr(request, "auser"):
        await request.auser()
    return await page(request)


urlpatterns = [path("page/", page), path("asks/", asks)]


def seen(at: str, user: Any = None) -> str:
    """The page of an asynchronous view."""
    client = AsyncClient()
    if user is not None:
        client.force_login(user)
    with override_settings(ROOT_URLCONF=__name__):
        return asyncio.run(client.get(at)).content.decode()


@pytest.mark.parametrize("at", ["/page/", "/asks/"])
def test_who_is_logged_in_is_in_the_page_of_an_asynchronous_view(at: str) -> None:
    kim = get_user_model().objects.create_user("kim")
    written = seen(at, kim)
    assert f'data-user="{kim.pk}"' in written and f"[{kim.pk}]" in written
    assert 'data-user=""' in seen(at) and "[]" in seen(at)


def test_what_names_people_may_use_the_orm_there() -> None:
    def name(user: Any) -> tuple[str, str]:
        return f"n{get_user_model().objects.filter(pk=user.pk).count()}", "Kim"

    kim = get_user_model().objects.create_user("kim")
    with override_settings(CHAT={"default": {"USER": name}}):
        assert 'data-user="n1"' in seen("/asks/", kim)

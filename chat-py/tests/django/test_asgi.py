"""chat.v1 inside an ASGI server: who connects, who may not, and how a connection ends, whichever server it is."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest
from asgi_server import Connection, scope
from databases import Database
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.asgi import get_asgi_application
from django.db import OperationalError
from django.test import Client, override_settings
from django.utils.functional import SimpleLazyObject

import chat_engine
from chat_engine.django import asgi, carrier, users, websocket
from chat_engine.django.test import isolated

pytestmark = pytest.mark.usefixtures("chat")

SITE = asgi(get_asgi_application(), path="/ws")


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine. Nothing is left over when it ends."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def whole() -> None:
            before = asyncio.all_tasks()
            await test(*args, **kwargs)
            assert asyncio.all_tasks() == before

        asyncio.run(asyncio.wait_for(whole(), 30))

    return run


@pytest.fixture
def kim(db: None) -> Any:
    return get_user_model().objects.create_user("kim", first_name="Kim", last_name="Lee")


@pytest.fixture
def cookie(kim: Any) -> list[tuple[bytes, bytes]]:
    client = Client()
    client.force_login(kim)
    users.sessions.forget()
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    return [(b"cookie", f"a=b; {settings.SESSION_COOKIE_NAME}={value}; c=d".encode())]


async def hello(application: Any = SITE, **more: Any) -> dict[str, Any]:
    """What `hello` is answered with."""
    async with Connection(application, scope(**more)) as connection:
        await connection.accepted()
        return (await connection.ask(do="hello"))["ok"]  # type: ignore[no-any-return]


# --- who ----------------------------------------------------------------------------------------------------------


@in_loop
async def test_who_is_logged_in_is_that_user(kim: Any, cookie: Any) -> None:
    said = await hello(headers=cookie)
    assert (said["user"], said["name"]) == (str(kim.pk), "Kim Lee")
    assert "token" not in said


@in_loop
async def test_of_several_session_cookies_the_last_counts_as_it_does_for_the_site(kim: Any, cookie: Any) -> None:
    [(name, mine)] = cookie
    other = f"{settings.SESSION_COOKIE_NAME}=nonsense".encode()
    for headers, known in (
        ([(name, other + b"; " + mine)], True),
        ([(name, other), (name, mine)], True),
        ([(name, mine + b"; " + other)], False),
        ([(name, mine), (name, other)], False),
    ):
        assert ((await hello(headers=headers))["user"] == str(kim.pk)) is known


@in_loop
async def test_who_is_not_is_anonymous_and_comes_back_with_a_token() -> None:
    said = await hello()
    assert said["user"].startswith("u_")
    async with Connection(SITE, scope()) as connection:
        await connection.accepted()
        again = await connection.ask(do="hello", token=said["token"])
        assert again["ok"]["user"] == said["user"]


@in_loop
async def test_an_account_outweighs_the_token_of_somebody_without_one(kim: Any, cookie: Any) -> None:
    token = (await hello())["token"]
    async with Connection(SITE, scope(headers=cookie)) as connection:
        await connection.accepted()
        assert (await connection.ask(do="hello", token=token))["ok"]["user"] == str(kim.pk)


def test_where_nobody_may_be_anonymous_they_are_sent_away() -> None:
    @in_loop
    async def turned_away() -> None:
        async with Connection(SITE, scope()) as connection:
            await connection.accepted()
            assert (await connection.ask(do="hello"))["err"]["code"] == "unauthorized"
            assert await connection.closed() == 4401

    with override_settings(CHAT={"default": {"ANONYMOUS": False}}), isolated():
        turned_away()


@in_loop
async def test_the_user_of_a_middleware_is_believed_also_a_lazy_one(kim: Any, cookie: Any) -> None:
    looked = []

    def look() -> Any:
        looked.append(1)
        return get_user_model().objects.get(username="kim")

    assert (await hello(websocket(), user=SimpleLazyObject(look)))["user"] == str(kim.pk)
    assert looked == [1]
    assert (await hello(websocket(), user=kim))["user"] == str(kim.pk)
    # It has looked at the cookie already, and says that it is nobody's.
    assert (await hello(websocket(), user=AnonymousUser(), headers=cookie))["user"].startswith("u_")


@in_loop
async def test_a_session_is_looked_up_once_for_tabs_that_come_together(
    cookie: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    look = users.of_session
    monkeypatch.setattr(users, "of_session", lambda session: looks.append(1) or look(session))  # type: ignore[func-returns-value]
    first = await hello(headers=cookie)
    assert [await hello(headers=cookie) for _ in range(3)] and looks == [1]
    assert first["name"] == "Kim Lee"


@in_loop
async def test_a_database_that_is_away_is_a_503_where_the_server_can_say_it(
    cookie: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(session: Any) -> Any:
        raise OperationalError("away")

    monkeypatch.setattr(users, "of_session", away)
    async with Connection(SITE, scope(headers=cookie, extensions={"websocket.http.response": {}})) as connection:
        assert (await connection.next())["status"] == 503
        assert (await connection.next())["type"] == "websocket.http.response.body"
    async with Connection(SITE, scope(headers=cookie)) as connection:
        assert (await connection.next())["type"] == "websocket.close"
    assert "it is not known who connects" in caplog.text
    assert cookie[0][1].decode() not in caplog.text


def test_looking_users_up_leaves_no_database_connection_open(cookie: Any, database: Database) -> None:
    @in_loop
    async def many() -> None:
        async def one() -> None:
            users.sessions.forget()
            await hello(headers=cookie)

        await asyncio.gather(*(one() for _ in range(20)))

    many()
    assert database.opened and len(database.opened) == len(database.closed)


# --- which pages, which paths -------------------------------------------------------------------------------------


@in_loop
async def test_a_page_of_another_site_is_refused_before_the_upgrade() -> None:
    async with Connection(SITE, scope(headers=[(b"origin", b"https://evil.test")])) as connection:
        assert (await connection.next())["type"] == "websocket.close"
    async with Connection(SITE, scope(headers=[(b"origin", b"https://chat.example.org:8443")])) as connection:
        await connection.accepted()
    # Two of them are no origin at all.
    twice = [(b"origin", b"https://chat.example.org"), (b"origin", b"https://chat.example.org")]
    async with Connection(SITE, scope(headers=twice)) as connection:
        assert (await connection.next())["type"] == "websocket.close"


@pytest.mark.parametrize(
    "where",
    [
        {"path": "/ws"},
        {"path": "/ws/"},
        {"path": "/site/ws", "root_path": "/site"},
        {"path": "/ws", "root_path": "/site"},
        {"path": "/site/ws", "root_path": "/site/"},
    ],
)
@in_loop
async def test_the_path_is_found_behind_any_prefix(where: dict[str, str]) -> None:
    async with Connection(SITE, scope(**where)) as connection:
        await connection.accepted()


@in_loop
async def test_a_prefix_of_the_sites_own_setting_counts_too() -> None:
    with override_settings(FORCE_SCRIPT_NAME="/site"):
        async with Connection(SITE, scope("/site/ws")) as connection:
            await connection.accepted()


@pytest.mark.parametrize("path", ["/", "/wss", "/ws/more", "/other/ws"])
@in_loop
async def test_sockets_elsewhere_are_refused_where_django_would_fail(path: str) -> None:
    async with Connection(SITE, scope(path)) as connection:
        assert (await connection.next())["type"] == "websocket.close"


@in_loop
async def test_sockets_elsewhere_go_to_an_application_that_may_know_them() -> None:
    seen = []

    async def other(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["type"], scope["path"]))

    both = asgi(asgi(other, path="/second"), path="/ws")
    for path in ("/elsewhere", "/second/more"):
        await both(scope(path), None, None)
    await both({"type": "lifespan", "path": ""}, None, None)
    await both({"type": "http", "path": "/films/"}, None, None)
    assert seen == [("websocket", "/elsewhere"), ("websocket", "/second/more"), ("lifespan", ""), ("http", "/films/")]


@pytest.mark.parametrize("application", [SITE, websocket()])
@in_loop
async def test_a_plain_request_is_told_that_it_has_to_be_an_upgrade(application: Any) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application({"type": "http", "method": "GET", "path": "/ws", "headers": []}, None, send)
    assert sent[0]["status"] == 426 and (b"upgrade", b"websocket") in sent[0]["headers"]


def test_a_path_has_to_begin_with_a_slash() -> None:
    with pytest.raises(ValueError, match="'/ws'"):
        asgi(SITE, path="ws")


@in_loop
async def test_the_subprotocol_is_chosen_where_it_is_offered() -> None:
    for offered, chosen in ((["graphql", "chat.v1"], "chat.v1"), ([], None), (["graphql"], None)):
        async with Connection(SITE, scope(subprotocols=offered)) as connection:
            assert (await connection.next())["subprotocol"] == chosen


# --- carrying -----------------------------------------------------------------------------------------------------


@in_loop
async def test_two_talk_and_a_connection_is_one_task_more(chat: chat_engine.Engine) -> None:
    before = len(asyncio.all_tasks())
    async with Connection(SITE, scope()) as kim, Connection(SITE, scope()) as lee:
        for one in (await kim.accepted(), await lee.accepted()):
            await one.ask(do="hello")
            await one.ask(do="join", room="rust", create={"title": "Rust"})
        assert (await kim.json())["ev"] == "joined"
        assert len(asyncio.all_tasks()) - before == 2 * 2
        kim.say(id=2, do="say", room="rust", body={"text": "hello"})
        assert [(await lee.json())["body"] for _ in range(1)] == [{"text": "hello"}]
        assert (await chat.aroom("rust")).live == 2


@in_loop
async def test_who_is_gone_has_their_grace_and_then_has_left(chat: chat_engine.Engine) -> None:
    async with Connection(SITE, scope()) as kim:
        await kim.accepted()
        await kim.ask(do="hello")
        await kim.ask(do="join", room="rust", create={"title": "Rust"})
    assert (await chat.aroom("rust")).live == 1
    await chat.clock.aadvance(6)
    assert (await chat.aroom("rust")).live == 0


@in_loop
async def test_binary_and_garbage_are_answered_and_end_it() -> None:
    async with Connection(SITE, scope()) as connection:
        await connection.accepted()
        for message in ({"bytes": b"\x00"}, {"text": "{"}, {"text": "[]"}, {"text": None, "bytes": b""}, {"text": "7"}):
            connection.to.put_nowait({"type": "websocket.receive", **message})
        for _ in range(5):
            assert (await connection.json())["err"]["code"] == "bad_request"
        assert await connection.closed() == 4400


def test_a_client_that_does_not_read_makes_its_commands_wait_in_the_server() -> None:
    # As many as it likes.
    with override_settings(CHAT={"default": {"OPTIONS": {"rate": 0}}}), isolated():
        in_loop(_does_not_read)()


async def _does_not_read() -> None:
    async with Connection(SITE, scope()) as connection:
        await connection.accepted()
        await connection.ask(do="hello")
        await connection.ask(do="join", room="rust", create={"title": "Rust"})
        connection.read.clear()
        taken = connection.received
        for n in range(500):
            connection.say(id=n, do="history", room="rust")
        for _ in range(200):
            await asyncio.sleep(0)
        # Some are under way; the others stay where the client's TCP is held up by them.
        assert connection.received - taken < 500
        connection.read.set()
        answered = 0
        while answered < 500:
            frame = await connection.json()
            answered += "re" in frame


@in_loop
async def test_who_takes_nothing_at_all_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier, "STUCK", 0.2)
    async with Connection(SITE, scope()) as connection:
        await connection.accepted()
        connection.read.clear()
        connection.say(id=1, do="hello")
        assert connection.task is not None
        await asyncio.wait_for(asyncio.shield(connection.task), 5)


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("send after close"), ValueError("of some server")])
@in_loop
async def test_a_server_that_raises_when_the_client_has_gone_ends_it_quietly(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with Connection(SITE, scope()) as connection:
        await connection.accepted()
        connection.broken = error
        connection.say(id=1, do="hello")
        assert connection.task is not None
        await asyncio.wait_for(asyncio.shield(connection.task), 5)
    # And one that has gone before it was accepted.
    early = Connection(SITE, scope())
    early.broken = error
    async with early:
        assert early.task is not None
        await asyncio.wait_for(asyncio.shield(early.task), 5)
    assert not caplog.records


@in_loop
async def test_a_server_that_cancels_the_application_gets_its_cancellation(chat: chat_engine.Engine) -> None:
    connection = await Connection(SITE, scope()).__aenter__()
    await connection.accepted()
    await connection.ask(do="hello")
    assert chat.stats()["sessions"] == 1 and connection.task is not None
    connection.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connection.task
    assert chat.stats()["sessions"] == 0


@in_loop
async def test_a_cancellation_while_the_client_does_not_read_is_one_too() -> None:
    connection = await Connection(SITE, scope()).__aenter__()
    await connection.accepted()
    connection.read.clear()
    connection.say(id=1, do="hello")
    for _ in range(20):
        await asyncio.sleep(0)
    assert connection.task is not None
    connection.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connection.task


@in_loop
async def test_who_is_disconnected_by_the_site_is_told_why_and_closed(
    chat: chat_engine.Engine, kim: Any, cookie: Any
) -> None:
    async with Connection(SITE, scope(headers=cookie)) as connection:
        await connection.accepted()
        await connection.ask(do="hello")
        await chat.adisconnect(str(kim.pk))
        assert (await connection.json())["ev"] == "bye"
        assert await connection.closed() == 4403


@in_loop
async def test_a_client_that_goes_at_once_leaves_nothing(chat: chat_engine.Engine) -> None:
    for _ in range(50):
        async with Connection(SITE, scope()) as connection:
            connection.to.put_nowait({"type": "websocket.disconnect", "code": 1006})
    assert chat.stats()["sessions"] == 0


@in_loop
async def test_many_come_and_go_at_once(chat: chat_engine.Engine) -> None:
    async def one(n: int) -> None:
        async with Connection(SITE, scope()) as connection:
            await connection.accepted()
            await connection.ask(do="hello")
            await connection.ask(do="join", room=f"room-{n % 5}", create={"title": "Room"})
            for _ in range(5):
                await connection.ask(do="say", room=f"room-{n % 5}", body="hello")

    await asyncio.gather(*(one(n) for n in range(100)))
    rooms = await chat.arooms()
    assert sum(room.live for room in rooms) == 100
    assert all(room.last is not None and room.last.body == "hello" for room in rooms)
    assert chat.stats()["sessions"] == 0

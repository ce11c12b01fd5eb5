"""What an engine is made with: checked before anything is done, and named where it is wrong."""

from datetime import timedelta
from typing import Any

import pytest

import chat_engine
from chat_engine import BadRequest, ChatError, Engine


def told(error: BaseException) -> str:
    """All that somebody sees of it."""
    return "\n".join((str(error), str(getattr(error, "field", "")), *getattr(error, "__notes__", ())))


def test_limits_hold() -> None:
    with Engine(limits={"body": 10, "name": 5, "rooms_of_session": 1}) as engine, engine.connect("1", "Kim") as kim:
        kim.join("r", create={"title": "R"})
        kim.say("r", "12345678")
        with pytest.raises(chat_engine.TooLarge):
            kim.say("r", "123456789")
        with pytest.raises(BadRequest):
            kim.rename("123456")
        with pytest.raises(chat_engine.TooMany) as refused:
            kim.join("s", create={"title": "S"})
        assert refused.value.code == "too_many"


def test_options_of_the_store_hold() -> None:
    with Engine(store={"rooms": 1, "closed_kept": timedelta(seconds=5)}, clock="manual") as engine:
        engine.open("a", title="A")
        with pytest.raises(chat_engine.TooMany):
            engine.open("b", title="B")
        engine.close_room("a")
        with pytest.raises(chat_engine.RoomClosed):
            engine.post("a", 1)
        engine.clock.advance(6)
        with pytest.raises(chat_engine.NoSuchRoom):
            engine.post("a", 1)


def test_policies_hold_for_rooms_that_say_nothing_else() -> None:
    with Engine(policies={"public": {"capacity": 1, "idle": 30}}, clock="manual") as engine:
        room = engine.open("a", title="A")
        assert room.capacity == 1
        assert engine.open("b", title="B", capacity=5).capacity == 5
        with engine.connect("1") as kim, engine.connect("2") as lee:
            kim.join("a")
            with pytest.raises(chat_engine.RoomFull):
                lee.join("a")
            engine.clock.advance(31)
            assert [event.as_dict()["why"] for event in kim.batch(0)] == ["idle"]


def test_pools_are_those_that_are_named() -> None:
    with Engine(pools=["music"]) as engine, engine.connect("1") as kim:
        kim.seek("music")
        with pytest.raises(ChatError):
            kim.seek("random")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"url": "memroy://"}, "memory://"),
        ({"url": "http://localhost"}, "redis://"),
        ({"url": "redis://localhost:99999/0"}, ""),
        ({"url": "redis://localhost/0?prefx=a"}, "behind ?"),
        ({"url": ""}, ""),
        ({"limits": {"bdy": 1}}, "bdy"),
        ({"limits": {"body": -1}}, "body"),
        ({"limits": {"body": "many"}}, "body"),
        ({"limits": {"body": 2**80}}, "body"),
        ({"limits": 5}, "dict"),
        ({"store": {"lese": 5}}, "lese"),
        ({"store": {"lease": "long"}}, "lease"),
        ({"store": {"lease": -1}}, "lease"),
        ({"store": {"lease": float("nan")}}, "lease"),
        ({"store": {"lease": float("inf")}}, "lease"),
        ({"matching": {"speed": 1}}, "speed"),
        ({"policies": {"pubic": {}}}, "pubic"),
        ({"policies": {"public": {"capacty": 1}}}, "capacty"),
        ({"policies": {"public": {"capacity": 0}}}, "capacity"),
        ({"pools": ["No Pool"]}, ""),
        ({"pools": 3}, "pools"),
        ({"clock": "sundial"}, "clock"),
        ({"hook_timeout": -1}, "hook_timeout"),
        ({"hooks_fail_open": "yes"}, "bool"),
        ({"observer": 3}, "observer"),
    ],
    ids=repr,
)
def test_a_wrong_option_is_named(options: dict[str, Any], named: str) -> None:
    with pytest.raises((BadRequest, TypeError, ValueError, OverflowError)) as refused:
        Engine(**options)
    assert named in told(refused.value)


@pytest.mark.parametrize(
    ("create", "named"),
    [
        ({"title": "R", "capcity": 5}, "capcity"),
        ({"title": "R", "capacity": 0}, "capacity"),
        ({"title": "R", "capacity": "5"}, "capacity"),
        ({"title": "R", "idle": 0}, "idle"),
        ({"title": "R", "idle": "soon"}, "idle"),
        ({"title": "R", "kind": "pair"}, "kind"),
        ({"title": "R", "kind": "secret"}, "kind"),
        ({"title": "R", "presence": "all"}, "presence"),
        ({"title": "R", "grace": 3600}, "grace"),
        ({"title": "x" * 101}, "title"),
        ({"title": "R", "meta": "x" * 2000}, "meta"),
        ({"title": "R", "history": -1}, "history"),
    ],
    ids=repr,
)
def test_a_room_that_cannot_be_is_refused(engine: Engine, create: dict[str, Any], named: str) -> None:
    with engine.connect("1") as kim:
        for ask in (lambda: engine.open("r", **create), lambda: kim.join("r", create=create)):  # type: ignore[arg-type]
            with pytest.raises((ChatError, TypeError, ValueError, OverflowError)) as refused:
                ask()
            assert named in told(refused.value)
        assert engine.rooms().total == 0


def test_times_are_seconds_or_timedeltas(engine: Engine) -> None:
    for idle in (60, 60.0, timedelta(minutes=1)):
        engine.open(title="R", idle=idle)
    engine.open(title="R", idle=None, empty=None, max_age=None, grace=timedelta(seconds=1), history=0)


def test_a_password_is_never_shown(redis_url: str) -> None:
    engine = Engine(redis_url.replace("redis://", "redis://chat:hunter2@"))
    assert "hunter2" not in engine.url and "hunter2" not in repr(engine)
    with pytest.raises(ChatError) as refused:
        engine.rooms()
    assert "hunter2" not in str(refused.value) and "hunter2" not in repr(refused.value)
    engine.close()


def test_a_manual_clock_is_for_what_is_in_memory(redis_url: str, engine: Engine) -> None:
    with pytest.raises((BadRequest, chat_engine.Misuse)):
        Engine(redis_url, clock="manual").rooms()
    assert not engine.clock.manual
    with pytest.raises(chat_engine.Misuse):
        engine.clock.advance(1)


def test_an_engine_on_a_redis_that_is_not_there_says_so() -> None:
    engine = Engine("redis://127.0.0.1:1/0")
    with pytest.raises(chat_engine.Unavailable) as refused:
        engine.connect("1")
    assert isinstance(refused.value, ConnectionError) and refused.value.code == "unavailable"
    engine.close()

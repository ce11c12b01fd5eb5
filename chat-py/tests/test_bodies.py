"""What can be said: anything that JSON can hold, and nothing else; what cannot is refused with its place."""

import json
import math
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest
from twins import events

import chat_engine
from chat_engine import BodyError, Engine, Said, Session, Signal, TooLarge


class Colour(IntEnum):
    RED = 1


class Text(str):
    pass


@pytest.fixture
def kim(engine: Engine) -> Iterator[Session]:
    with engine.connect("1", "Kim") as session:
        session.join("r", create={"title": "R"})
        yield session


@pytest.mark.parametrize(
    "body",
    [
        *(None, True, False, 0, -1, 2**31, 2**53, 2**63, -(2**63), 2**64, 10**100),
        *(0.0, -0.5, 1e300, 5e-324, sys.float_info.max, 0.1),
        *("", "hello", "안녕하세요 🦀\u2028\x00\n\"\\/", "a" * 10_000),
        *([], {}, [[]], [None, [1, {"a": []}]], {"": {"": ""}}, {"b": 1, "a": 2}),
        {"nested": {"list": [1, 2.5, "three", None, True, {"four": 4}]}},
    ],
    ids=lambda body: repr(body)[:30],
)
def test_all_of_json_comes_back_as_it_went(engine: Engine, kim: Session, body: Any) -> None:
    kim.say("r", body)
    (told,) = events(kim, 1)
    assert isinstance(told, Said)
    assert told.body == body and type(told.body) is type(body)
    assert json.loads(told.json)["body"] == body
    assert kim.history("r")[-1].as_dict()["body"] == body
    engine.post("r", body)
    with engine.connect("2") as lee:
        lee.join("r")
        lee.signal("r", body)
    assert [e.body for e in events(kim, 3) if isinstance(e, (Said, Signal))] == [body, body]


def test_the_order_of_a_dict_is_kept(kim: Session) -> None:
    body = dict.fromkeys("zyxabc", 0)
    kim.say("r", body)
    (told,) = events(kim, 1)
    assert isinstance(told, Said) and list(told.body) == list("zyxabc")


@pytest.mark.parametrize(
    ("body", "same"),
    [
        ((1, 2), [1, 2]),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (Text("text"), "text"),
        (Colour.RED, 1),
        ({2: "a", True: "b", None: "c", 1.5: "d"}, {"2": "a", "true": "b", "null": "c", "1.5": "d"}),
    ],
    ids=repr,
)
def test_what_the_json_module_takes_is_taken_or_refused_as_a_body(kim: Session, body: Any, same: Any) -> None:
    try:
        kim.say("r", body)
    except BodyError:
        # Keys that are no strings may be refused: never said as something else.
        assert isinstance(body, dict)
        return
    (told,) = events(kim, 1)
    assert isinstance(told, Said) and told.body == same


def cycle() -> Any:
    around: list[Any] = []
    around.append(around)
    return around


def deep(levels: int) -> Any:
    body: Any = 1
    for _ in range(levels):
        body = [body]
    return body


class Strange:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@pytest.mark.parametrize(
    "make",
    [
        lambda: math.nan,
        lambda: math.inf,
        lambda: {"a": [1, -math.inf]},
        lambda: "\ud800",
        lambda: {"a\udfff": 1},
        lambda: ["ok", "\udc80 tail"],
        lambda: b"bytes",
        lambda: {1, 2},
        lambda: object(),
        lambda: Strange(),
        lambda: {"a": Strange()},
        lambda: 1j,
        lambda: Decimal("1.5"),
        lambda: datetime.now(),
        lambda: {"at": [1, 2, {"b": b""}]},
        lambda: {(1, 2): 3},
        lambda: (n for n in range(3)),
        lambda: lambda: None,
        cycle,
        lambda: deep(5_000),
        lambda: deep(100_000),
    ],
)
def test_what_json_cannot_hold_is_refused(engine: Engine, kim: Session, make: Callable[[], Any]) -> None:
    for say in (
        lambda: kim.say("r", make()),
        lambda: kim.signal("r", make()),
        lambda: engine.post("r", make()),
        lambda: engine.open(title="x", meta=make()),
    ):
        with pytest.raises((BodyError, TooLarge)) as refused:
            say()
        assert isinstance(refused.value, (ValueError, TypeError))
        assert str(refused.value)
    assert kim.batch(0) == []


def test_the_place_of_what_cannot_be_said_is_named(kim: Session) -> None:
    with pytest.raises(BodyError) as refused:
        kim.say("r", {"people": [{"name": "Kim"}, {"name": b"Lee"}]})
    assert "bytes" in str(refused.value)
    assert isinstance(refused.value, TypeError) and isinstance(refused.value, ValueError)
    assert refused.value.code == "bad_request" and refused.value.field == "body"


def test_as_deep_as_any_reader_goes_can_be_said(kim: Session) -> None:
    kim.say("r", deep(60))
    (told,) = events(kim, 1)
    assert isinstance(told, Said) and told.body == deep(60)
    assert json.loads(told.json)["body"] == deep(60)


def test_a_body_has_a_size(kim: Session) -> None:
    kim.say("r", "a" * (16 * 1024 - 2))
    for too_large in ("a" * (16 * 1024 - 1), ["é" * 10_000], "a" * 50_000_000):
        with pytest.raises(TooLarge) as refused:
            kim.say("r", too_large)
        assert refused.value.code == "too_large" and isinstance(refused.value, ValueError)
    assert len(events(kim, 1)) == 1


def test_a_number_of_very_many_digits_is_too_large_and_not_slow(kim: Session) -> None:
    with pytest.raises(ValueError):
        kim.say("r", 10**50_000)
    kim.say("r", -(10**4_000))
    (told,) = events(kim, 1)
    assert isinstance(told, Said) and told.body == -(10**4_000)


def test_what_changes_while_it_is_said_ends_nothing(kim: Session) -> None:
    class Shrinks(list[Any]):
        def __iter__(self) -> Any:
            self.clear()
            return super().__iter__()

    class Liar(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError("not today")

    for strange in (Shrinks([1, 2, 3]), Liar(a=1)):
        try:
            kim.say("r", strange)
        except (BodyError, RuntimeError):
            pass


def test_room_ids_names_and_titles_are_text(engine: Engine, kim: Session) -> None:
    for wrong in ("", "a b", "x" * 65, "ü", "a\x00b"):
        with pytest.raises(chat_engine.BadRequest) as refused:
            kim.join(wrong)
        assert refused.value.field == "room"
    for name in ("x" * 33, "\u202ename", "a\nb"):
        with pytest.raises(chat_engine.BadRequest) as refused:
            kim.rename(name)
        assert refused.value.field == "name"
    for ask in (lambda: kim.join("\ud800"), lambda: kim.rename("a\udfff"), lambda: engine.post("r", 1, key="\ud800")):
        with pytest.raises(ValueError):
            ask()
    for wrong_type in (1, None, b"r", ["r"]):
        with pytest.raises(TypeError):
            kim.join(wrong_type)  # type: ignore[arg-type]
    with pytest.raises((TypeError, ValueError, OverflowError)):
        kim.join("r", recent=-1)
    with pytest.raises((TypeError, ValueError, OverflowError)):
        kim.history("r", before=2**70)
    with pytest.raises(TypeError):
        kim.join("r", recnt=5)  # type: ignore[call-arg]

"""What is the matter with a site's chat: one thing after the other, changing nothing that anybody sees."""

import codecs
import platform
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

import django
from django.conf import settings
from django.core import checks

import chat_engine
from chat_engine import ChatError, Engine

from . import checks as checks_of_chat
from . import conf
from .checks import TAG
from .conf import Config

Level = Literal["ok", "note", "bad"]

SKEW = 2.0
"""Seconds by which the store's clock may differ from this machine's before it is worth a word."""
SLOW = 0.1
"""Seconds beyond which an operation of the store is slow."""
_LEASE = 15

# What a chat on Channels leaves behind in the requirements, and what is the matter with it.
_LEFTOVERS = {
    "twisted-iocpsupport": ("bad", "is for Windows only: installing it fails elsewhere"),
    "pywin32": ("bad", "is for Windows only: installing it fails elsewhere"),
    "aioredis": ("note", "is no longer maintained, and not needed by this chat"),
    "asgi-redis": ("note", "is no longer maintained, and not needed by this chat"),
    "channels-redis": ("note", "is not needed by this chat"),
    "channels": ("note", "is not needed by this chat; they get along"),
    "daphne": ("note", "is not needed by this chat; they get along"),
}
_FILES = ("requirements*.txt", "requirements/*.txt", "pyproject.toml", "Pipfile", "setup.cfg")


@dataclass(frozen=True)
class Finding:
    """Something that was looked at."""

    level: Level
    text: str


def examine(directory: Path | None = None) -> Iterator[Finding]:
    """Looks at everything, and tells it as it goes."""
    yield from versions()
    yield from site()
    for alias in conf.aliases():
        try:
            config = conf.config(alias)
        except Exception:
            continue  # `site` has said what is wrong
        yield from store(config)
    yield from leftovers(directory or Path(getattr(settings, "BASE_DIR", ".")))


def versions() -> Iterator[Finding]:
    """Of all that takes part here."""
    yield Finding(
        "ok",
        f"chat_engine {chat_engine.__version__}, Django {django.get_version()}, "
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
    )


def site() -> Iterator[Finding]:
    """The settings, and who its users are."""
    from .users import has_sessions

    messages = checks.run_checks(tags=[TAG])
    for message in messages:
        level: Level = "bad" if message.is_serious() else "note"
        yield Finding(level, f"{message.id}: {message.msg}{f' {message.hint}' if message.hint else ''}")
    if not messages:
        yield Finding("ok", f"settings: {', '.join(conf.aliases())}")
    for config in checks_of_chat.readable() if settings.DEBUG else ():
        if checks_of_chat.is_unserved(config):
            text = f"{config.alias}: under runserver nobody serves the sockets. {checks_of_chat.UNSERVED}"
            yield Finding("note", text)
    if has_sessions():
        sessions = settings.SESSION_ENGINE.rpartition(".")[2]
        yield Finding("ok", f"users: {settings.AUTH_USER_MODEL}, by their session ({sessions})")
    else:
        yield Finding("note", "users: django.contrib.auth is not installed, so everybody is anonymous")


def store(config: Config) -> Iterator[Finding]:
    """Whether it is there, does what it should, how fast, and what time it is there."""
    options = {name: value for name, value in config.engine_options().items() if value is not None}
    try:
        engine = Engine(config.url, **options)
    except (ChatError, TypeError, ValueError) as error:
        yield Finding("bad", f"{config.alias}: {error}")
        return
    with engine:
        where = f"{config.alias}: {engine.url}"
        try:
            began = time.perf_counter()
            online = engine.online()
            yield Finding("ok", f"{where} is there (connected in {_ms(time.perf_counter() - began)}), {online} online")
            yield from _probe(config.alias, engine)
            yield from _leases(config, engine)
        except ChatError as error:
            yield Finding("bad", f"{where}: {error} ({error.code})")
            return
    if config.in_memory:
        yield Finding("note", f"{config.alias}: in memory, so each process has a chat of its own, which ends with it")


def _probe(alias: str, engine: Engine) -> Iterator[Finding]:
    """Opens a room that nobody sees, says something in it, reads it back, and closes it."""
    before = datetime.now(timezone.utc)
    began = time.perf_counter()
    room = engine.open(title="chat_doctor", kind="private", empty=60)
    opened = time.perf_counter()
    after = datetime.now(timezone.utc)
    try:
        engine.post(room.id, "said")
        said = time.perf_counter()
        read = [entry.body for entry in engine.history(room.id) if isinstance(entry, chat_engine.Said)]
    finally:
        engine.close_room(room.id)
    slowest = max(opened - began, said - opened)
    if read != ["said"]:
        yield Finding("bad", f"{alias}: what was said could not be read back")
    level: Level = "ok" if slowest < SLOW else "note"
    yield Finding(level, f"{alias}: opening took {_ms(opened - began)}, saying {_ms(said - opened)}")
    if not engine.url.startswith("memory"):
        # Between its being asked and its answer any time is right.
        skew = max((before - room.created).total_seconds(), (room.created - after).total_seconds(), 0.0)
        if skew > SKEW:
            apart = f"its clock and this machine's are {skew:.1f} s apart"
            yield Finding("note", f"{alias}: {apart}; times in the chat are its own")
        else:
            yield Finding("ok", f"{alias}: its clock is right")


def _leases(config: Config, engine: Engine) -> Iterator[Finding]:
    """Renews this node's lease, and clears up behind nodes whose lease is over."""
    began = time.perf_counter()
    engine.sweep()
    lease = dict(config.store or {}).get("lease", _LEASE)
    seconds = lease.total_seconds() if hasattr(lease, "total_seconds") else float(lease)
    took = time.perf_counter() - began
    # A node that cannot renew its lease in time is taken for dead, with all its users.
    level: Level = "ok" if took < seconds / 10 else "bad"
    yield Finding(level, f"{config.alias}: leases of {seconds:g} s are kept; renewing and clearing up took {_ms(took)}")


def leftovers(directory: Path) -> Iterator[Finding]:
    """What is in the requirements and should not be, or need not."""
    files = sorted({file for pattern in _FILES for file in directory.glob(pattern) if file.is_file()})
    for file in files:
        for name, line in _requirements(file):
            if name in _LEFTOVERS:
                level, what = _LEFTOVERS[name]
                # With a marker, such as `; sys_platform == "win32"`, it is only for where it belongs.
                if level == "bad" and re.search(r";.*(platform|os_name)", line):
                    continue
                yield Finding(level, f"{file.relative_to(directory)}: {name} {what}")  # type: ignore[arg-type]


def _requirements(file: Path) -> Iterator[tuple[str, str]]:
    """Names that stand where requirements do, in whichever file it is; with their line."""
    for line in _text(file).splitlines():
        if match := re.match(r"""\s*["']?([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\]\s*)?(["'=<>~!;,@#]|$)""", line):
            yield re.sub(r"[-_.]+", "-", match[1]).lower(), line


def _text(file: Path) -> str:
    """The file, as the editors and shells of any system write it."""
    data = file.read_bytes()
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    encoding = next((name for mark, name in marks.items() if data.startswith(mark)), "utf-8")
    return data.decode(encoding, errors="replace")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def as_text(finding: Finding, style: Any = None) -> str:
    """A line of the report."""
    marks = {"ok": "ok  ", "note": "note", "bad": "BAD "}
    line = f"{marks[finding.level]}  {finding.text}"
    if style is not None:
        line = {"ok": lambda text: text, "note": style.WARNING, "bad": style.ERROR}[finding.level](line)
    return str(line)

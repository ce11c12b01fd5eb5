"""The example's own tests, and its pages under an ASGI server that knows nothing of static files."""

import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis_server import die_with_parent

_EXAMPLE = Path(__file__).resolve().parents[4] / "examples/django"


def _environment(var: Path, **more: str) -> dict[str, str]:
    """That of a site of its own: nothing of the tests' site."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SITE_", "DJANGO_"))}
    return {**kept, "VAR_DIR": str(var), "PYTHONDONTWRITEBYTECODE": "1", **more}


def _manage(var: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=_EXAMPLE,
        env=_environment(var),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@contextmanager
def _uvicorn(var: Path, **env: str) -> Iterator[str]:
    """The site under uvicorn; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener, open(var / "log", "w+") as log:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "cinema.asgi:application", "--fd", str(listener.fileno())],
            cwd=_EXAMPLE,
            env=_environment(var, CHAT_WS_URL="/ws", **env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[listener.fileno()],
            preexec_fn=die_with_parent,
        )
        try:
            # The socket listens already: whoever connects waits until it is served.
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            print((var / "log").read_text())


def _fetch(url: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.headers["content-type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["content-type"] or "", ""


def test_its_own_tests_pass(tmp_path: Path) -> None:
    assert re.search(r"Ran [1-9]\d* tests", _manage(tmp_path, "test"))


def test_an_asgi_server_serves_its_scripts_with_debug(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="installed beside one Django")
    _manage(tmp_path, "migrate", "--verbosity", "0")
    with _uvicorn(tmp_path) as site:
        for path in ("chat_engine/chat-box.js", "chat_engine/chat-client.js", "site/rooms.js"):
            status, kind, text = _fetch(f"{site}/static/{path}")
            assert status == 200 and "javascript" in kind and text, path
        status, kind, page = _fetch(f"{site}/log-in/")
        assert status == 200 and "/static/site/site.css" in page


def test_it_serves_none_without_debug(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="installed beside one Django")
    with _uvicorn(tmp_path, DEBUG="0", SECRET_KEY="x" * 60, ALLOWED_HOSTS="127.0.0.1") as site:
        assert _fetch(f"{site}/static/chat_engine/chat-box.js")[0] == 404


@pytest.mark.parametrize(("given", "believed"), [("", False), ("1", True)])
def test_a_proxy_is_believed_only_where_there_is_one(tmp_path: Path, given: str, believed: bool) -> None:
    secure = (
        "from django.test import RequestFactory as F; import django; django.setup();"
        "print(F().get('/', headers={'x-forwarded-proto': 'https'}).is_secure())"
    )
    env = {"DEBUG": "0", "SECRET_KEY": "x" * 60, "BEHIND_PROXY": given, "DJANGO_SETTINGS_MODULE": "cinema.settings"}
    said = subprocess.check_output(
        [sys.executable, "-c", secure], cwd=_EXAMPLE, env=_environment(tmp_path, **env), text=True, timeout=60
    )
    assert said.strip() == str(believed)

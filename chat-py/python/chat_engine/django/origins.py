"""Pages of which origins may connect.

A browser lets any page open a WebSocket to any server, and sends the user's cookies along. So the origin's host is
looked at as Django looks at the host of a request: it has to be one of ALLOWED_HOSTS, at any port; with DEBUG and
nothing there, localhost. The setting `ORIGINS` adds to these. What sends no origin is no browser, has no cookies but
its own, and is let in.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host


def allowed_hosts() -> list[str]:
    """ALLOWED_HOSTS, as it holds for requests."""
    hosts = list(settings.ALLOWED_HOSTS)
    if settings.DEBUG and not hosts:
        hosts = [".localhost", "127.0.0.1", "[::1]"]
    return hosts


def is_host(text: object) -> bool:
    """Whether it can stand for a host at all: a name, one with a dot before it, an address, or "*".

    ALLOWED_HOSTS may hold anything: Django finds no request that matches, and goes on.
    """
    if not isinstance(text, str):
        return False
    if text == "*" or re.fullmatch(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?", text):
        return True
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return "%" not in bare and bool(ipaddress.IPv6Address(bare))
    except ValueError:
        return False


def may_connect(origin: str | None, origins: Iterable[str] = ()) -> bool:
    """Whether a page of this origin may. `origins` are those of the setting: origins (`https://a.example`) or hosts."""
    hosts = [*allowed_hosts(), *(given for given in origins if "://" not in given)]
    if origin is None or "*" in hosts:
        return True
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    # A page from a file or in a sandbox says "null".
    if not host or parts.scheme.lower() not in ("http", "https") or parts.path.strip("/") or parts.username is not None:
        return False
    host = f"[{host}]" if ":" in host else host
    # Django compares without the dot that a name may end with.
    host = host.removesuffix(".")
    if validate_host(host, hosts):
        return True
    usual = {"http": 80, "https": 443}
    named = (urlsplit(given) for given in origins if "://" in given)
    mine = (parts.scheme.lower(), host.strip("[]"), port or usual[parts.scheme.lower()])
    return any(mine == (n.scheme.lower(), n.hostname, n.port or usual.get(n.scheme.lower())) for n in named)

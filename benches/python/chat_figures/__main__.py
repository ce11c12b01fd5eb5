"""`python -m chat_figures [--json] [ready] [batches] [fanout] [listener] [asgi]`, from the root of a checkout."""

import json
import platform
import sys

import chat_engine

from .figures import Figure, table
from .here import batches, fanout, ready
from .listener import listener
from .under_asgi import asgi

PARTS = {"ready": ready, "batches": batches, "fanout": fanout, "listener": listener, "asgi": asgi}


def main() -> int:
    wanted = [name for name in sys.argv[1:] if name != "--json"] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        print(f"{', '.join(sorted(unknown))}: there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    as_json = "--json" in sys.argv[1:]
    found: list[Figure] = []
    for name in wanted:
        figures = PARTS[name]()
        found += figures
        if not as_json:
            print(table(figures), flush=True)
    if as_json:
        about = {"python": platform.python_version(), "machine": platform.platform(), "engine": chat_engine.__version__}
        print(json.dumps({**about, "figures": [each.as_dict() for each in found]}, indent=1))
    return 0


sys.exit(main())

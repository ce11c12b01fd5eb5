"""A secret of this machine's own, for a site that nobody has configured yet."""

import os
from pathlib import Path
from secrets import token_urlsafe


def kept_secret(path: Path) -> str:
    """What the file holds. Made by whoever comes first, for its owner's eyes alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        made.touch(mode=0o600)
        made.write_text(token_urlsafe(48))
        try:
            # Whole or not at all: another process may be doing the same.
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text()

"""CPU that was used, from the system's own books."""

import os
from pathlib import Path


def of_tree(pid: int) -> float:
    """Of a process, all its threads and its children, in microseconds."""
    used = 0.0
    for each in _tree(pid):
        for task in Path(f"/proc/{each}/task").iterdir():
            used += int((task / "schedstat").read_text().split()[0]) / 1_000
    return used


def of_this() -> float:
    """Of this process and all its threads, in microseconds."""
    return of_tree(os.getpid())


def _tree(pid: int) -> list[int]:
    found, seen = [pid], 0
    while seen < len(found):
        children = Path(f"/proc/{found[seen]}/task/{found[seen]}/children")
        # Children may be made by any thread.
        for task in children.parent.parent.iterdir():
            found += map(int, (task / "children").read_text().split())
        seen += 1
    return found

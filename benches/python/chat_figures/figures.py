"""Figures: what was measured, what it must be, and how that is shown."""

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    unit: str
    rounds: tuple[float, ...]
    must: float | None = None
    at_least: bool = False

    @property
    def median(self) -> float:
        """Of the rounds."""
        return statistics.median(self.rounds)

    @property
    def holds(self) -> bool:
        """Whether it is what it must be."""
        if self.must is None:
            return True
        return self.median >= self.must if self.at_least else self.median <= self.must

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "median": self.median, "holds": self.holds}


def figure(
    name: str, unit: str, rounds: Iterable[float], must: float | None = None, *, at_least: bool = False
) -> Figure:
    """A figure of several rounds."""
    return Figure(name, unit, tuple(rounds), must, at_least)


def table(figures: Iterable[Figure]) -> str:
    """For people."""
    lines = []
    for each in figures:
        sign = "≥" if each.at_least else "≤"
        must = "" if each.must is None else f"{sign} {each.must:g}  {'reached' if each.holds else 'MISSED'}"
        spread = f"({min(each.rounds):.3g}–{max(each.rounds):.3g})"
        lines.append(f"{each.name:<58} {each.median:8.3g} {each.unit:<3} {spread:<16} {must}".rstrip())
    return "\n".join(lines)

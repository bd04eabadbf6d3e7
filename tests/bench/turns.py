"""Ways to do a thing take turns, so that a disturbance from outside hits all alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

TURNS = 5
LEAST_SHARE = 0.1  # of a bound that the table names beside the nearest one


def line(row: str, way: str, values: list[float], unit: str) -> str:
    return f"{row:11s} {way:58s} {statistics.median(values):10.4g} {unit:14s}"


def spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):6.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


@dataclass
class Bound:
    """What would be, in the way's unit, if only this took time or room; and the share of the way's
    time or room that it takes, 1 where it is all that there is. Of each turn."""

    name: str
    values: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        return statistics.median(self.shares)

    def line(self, unit: str) -> str:
        text = line("  bound", self.name, self.values, unit)
        return f"{text} {spread(self.shares)} of it"


class Told(NamedTuple):
    """What a way is in a turn, and its bounds, in its unit."""

    value: float
    bounds: Mapping[str, float]


@dataclass
class Measured:
    """A way's values in its turns, and as ratios to the first way's of the same turn."""

    row: str
    way: str
    unit: str
    values: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def take(self, told: Told | float) -> None:
        """Another turn, its bounds of the same names as before."""
        value, bounds = told if isinstance(told, Told) else (told, {})
        self.values.append(value)
        for name, bound in bounds.items():
            self.bound_by(name, bound)

    def bound_by(self, name: str, bound: float) -> None:
        """Of the newest turn."""
        found = [one for one in self.bounds if one.name == name]
        if not found:
            self.bounds += (found := [Bound(name)])
        more_is_better = self.unit.endswith("/s") or self.unit == "x real time"
        value = self.values[-1]
        found[0].values.append(bound)
        found[0].shares.append(value / bound if more_is_better else bound / value)

    def line(self) -> str:
        text = line(self.row, self.way, self.values, self.unit)
        if self.ratios:
            text += f" {spread(self.ratios)}"
        lines = [text, *(one.line(self.unit) for one in self.near())]
        return "\n".join(lines + [f"  note      {self.note}"] * bool(self.note))

    def near(self) -> list[Bound]:
        """The nearest bound, and the others that take more than a little of the time."""
        found = sorted(self.bounds, key=lambda one: -one.share)
        return found[:1] + [one for one in found[1:] if one.share >= LEAST_SHARE]

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"median": self.median}


def take_turns(
    row: str,
    unit: str,
    ways: Mapping[str, Callable[[], Told | float]],
    turns: int = TURNS,
    *,
    first_bounds: bool = False,
) -> list[Measured]:
    """The first way is the baseline of the others, and where it is what they would be if nothing
    else took time, a bound of theirs."""
    measured = [Measured(row, way, unit) for way in ways]
    for _ in range(turns):
        for one, way in zip(measured, ways.values(), strict=True):
            one.take(way())
        base = measured[0]
        for one in measured[1:]:
            one.ratios.append(one.values[-1] / base.values[-1])
            if first_bounds:
                one.bound_by(base.way, base.values[-1])
    return measured

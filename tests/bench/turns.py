"""Ways to do a thing take turns, so that a disturbance from outside hits all alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

TURNS = 5


@dataclass
class Measured:
    """A way's values in its turns, and as ratios to the first way's of the same turn."""

    row: str
    way: str
    unit: str
    values: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    def line(self) -> str:
        text = (
            f"{self.row:11s} {self.way:42s} {statistics.median(self.values):10.4g} {self.unit:14s}"
        )
        if self.ratios:
            low, high = min(self.ratios), max(self.ratios)
            text += f" {statistics.median(self.ratios):6.2f} ({low:.2f} to {high:.2f})"
        return text

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"median": statistics.median(self.values)}


def take_turns(
    row: str, unit: str, ways: Mapping[str, Callable[[], float]], turns: int = TURNS
) -> list[Measured]:
    """The first way is the baseline of the others."""
    measured = [Measured(row, way, unit) for way in ways]
    for _ in range(turns):
        for one, way in zip(measured, ways.values(), strict=True):
            one.values.append(way())
        for one in measured[1:]:
            one.ratios.append(one.values[-1] / measured[0].values[-1])
    return measured

"""The rate of a cell in a window, word for word: estimates of event sets, then hold and span."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

# (cell, time_ms, partition, offset, rate)
Entry = tuple[int, int, int, int, float]
Point = tuple[int, float]


def add_up(values: Iterable[float]) -> float:
    """In order from 0.0; the built-in sum() compensates its rounding in newer Pythons."""
    total = 0.0
    for value in values:
        total += value
    return total


def through_two(a: Point, b: Point, m: int) -> float:
    return a[1] + (b[1] - a[1]) * ((m - a[0]) / (b[0] - a[0]))


def through_four(points: Sequence[Point], m: int) -> float:
    total = 0.0
    for i, (ti, v) in enumerate(points):
        for j, (tj, _) in enumerate(points):
            if j != i:
                v *= (m - tj) / (ti - tj)
        total += v
    return total


def at_middle(name: str, points: Sequence[Point], m: int) -> float:
    """`points` in order of time, each time once."""
    left = [p for p in points if p[0] <= m]
    right = [p for p in points if p[0] > m]
    if not left or not right:
        return left[-1][1] if left else right[0][1]
    if name == "cubic" and len(left) >= 2 and len(right) >= 2:
        return through_four([*left[-2:], *right[:2]], m)
    return through_two(left[-1], right[0], m)


def estimate(name: str, entries: Iterable[Entry], m: int) -> float:
    """Of one cell's events in one window whose middle is m."""
    ordered = sorted(entries, key=lambda e: e[1:4])
    values = [e[4] for e in ordered]
    if name == "mean":
        return add_up(values) / len(values)
    if name == "sum":
        return add_up(values)
    if name == "last":
        return values[-1]
    latest = {e[1]: e[4] for e in ordered}
    return at_middle(name, sorted(latest.items()), m)


def estimates(name: str, entries: Iterable[Entry], m: int) -> dict[int, float]:
    of_cell: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        of_cell[entry[0]].append(entry)
    return {cell: estimate(name, own, m) for cell, own in sorted(of_cell.items())}


def rates_at(
    told: Sequence[Mapping[int, float]], k: int, span: int, hold: int, gen_scale: float
) -> dict[int, float]:
    """Rates of window k by cell, from the estimates of the windows up to it."""
    spanned: list[dict[int, float]] = []
    for window in range(max(0, k - span + 1), k + 1):
        spanned.append({})
        for earlier in told[max(0, window - hold) : window + 1]:
            spanned[-1].update(earlier)
    cells = sorted(set().union(*spanned))
    return {cell: add_up(w.get(cell, 0.0) for w in spanned) / span * gen_scale for cell in cells}


class Rates:
    """From the estimates of windows 0, 1, … to their rates, one after the other."""

    def __init__(self, span: int, hold: int, gen_scale: float) -> None:
        self.span, self.hold, self.gen_scale = span, hold, gen_scale
        self.told: list[Mapping[int, float]] = []
        self.held: list[Mapping[int, float]] = []

    def holding(self) -> dict[int, float]:
        """Every cell's newest estimate of the last window and the `hold` windows before it."""
        newest: dict[int, float] = {}
        for told in self.told[-(self.hold + 1) :]:
            newest.update(told)
        return newest

    def next(self, told: Mapping[int, float]) -> dict[int, float]:
        """Rates by cell, of the cells that the window or those before say something of."""
        self.told = [*self.told[-self.hold :], told] if self.hold else [told]
        self.held = [*self.held[-(self.span - 1) :], self.holding()] if self.span > 1 else []
        if self.span == 1:
            return {cell: rate * self.gen_scale for cell, rate in self.holding().items()}
        cells = sorted(set().union(*self.held))
        return {
            cell: add_up(w.get(cell, 0.0) for w in self.held) / self.span * self.gen_scale
            for cell in cells
        }

"""Records to closed windows for millions of good events, by another road than event_time.py.

While window k is open a partition is drained until its own clock has passed k, so the window that
is open when record i is taken is e after record i-1, whatever the others do. Everything but the
clock is then array arithmetic. Takes good events only: each decodes, is on the grid and finite,
and none is so far ahead of its partition's clock that it would be held back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .clock import clock_after_each
from .event_time import START_SAMPLE, Closed, DeadLetter, EventTime, Ledger
from .rates import Rates, estimates

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Events:
    """Good events of one partition in offset order, without repeats."""

    first: int
    end: int
    offset: Int
    time_ms: Int
    cell: Int
    rate: Float


def parse_lines(raw: bytes, ny: int, first: int = 0) -> Events:
    """Clean lines in the one form the generator writes."""
    for name in (b'{"time":', b'"gridX":', b'"gridY":', b'"gen":', b"}", b",", b"\n"):
        raw = raw.replace(name, b" ")
    numbers = np.fromstring(raw.decode("ascii"), dtype=np.float64, sep=" ").reshape(-1, 4)
    assert np.all(np.abs(numbers[:, 0]) < 2.0**53)
    time_ms, x, y = (numbers[:, i].astype(np.int64) for i in range(3))
    offset = first + np.arange(len(numbers), dtype=np.int64)
    return Events(first, first + len(numbers), offset, time_ms, x * ny + y, numbers[:, 3].copy())


def start_of_windows(partitions: Sequence[Events], rules: EventTime) -> int:
    if rules.t0_ms is not None:
        return rules.t0_ms
    times = next(p.time_ms for p in partitions if len(p.time_ms))
    sample = np.sort(times[:START_SAMPLE])
    start = int(sample[(len(sample) - 1) // 2]) - rules.disorder_ms
    return start // rules.window_ms * rules.window_ms


@dataclass(frozen=True)
class Placed:
    """Records of one partition: the window they fall in, the one open when they are taken."""

    events: Events
    window: Int
    opened: Int
    before_start: npt.NDArray[np.bool_]
    last_e: int
    horizon: int

    @property
    def on_time(self) -> npt.NDArray[np.bool_]:
        return ~self.before_start & (self.window >= self.opened)

    @property
    def late(self) -> npt.NDArray[np.bool_]:
        reached = self.window >= self.opened - self.horizon
        return ~self.before_start & (self.window < self.opened) & reached

    @property
    def heating(self) -> npt.NDArray[np.bool_]:
        return self.on_time | self.late


def place(events: Events, t0_ms: int, rules: EventTime) -> Placed:
    before = events.time_ms < t0_ms
    ordinary = ~before
    pairs = zip(events.cell[ordinary].tolist(), events.time_ms[ordinary].tolist(), strict=True)
    start = t0_ms + rules.disorder_ms
    moved = clock_after_each(pairs, start, rules.agreeing, rules.expiry)
    clock = np.concatenate(([start], np.array(moved, dtype=np.int64)))
    e = (clock - start) // rules.window_ms
    taken_before: Int = np.cumsum(ordinary) - ordinary
    window = (events.time_ms - t0_ms) // rules.window_ms
    if np.any(events.time_ms > clock[taken_before] + rules.jump):
        raise ValueError("candidates among the events: run_exact() knows them")
    return Placed(events, window, e[taken_before], before, int(e[-1]), rules.horizon)


class BulkWindows:
    """Same results as event_time.Windows, dead letters as counts only. The sets of all windows are
    completed first: a late event's own way through corrections is not followed."""

    def __init__(self, partitions: Sequence[Events], cells: int, rules: EventTime) -> None:
        if rules.dedup:
            raise ValueError("run_exact() knows duplicates")
        self.rules, self.cells = rules, cells
        self.t0_ms = start_of_windows(partitions, rules)
        self.placed = [place(p, self.t0_ms, rules) for p in partitions]
        self.count = self.closed_windows()
        self.memory = Rates(rules.span, rules.hold, rules.gen_scale)
        self.letters: list[DeadLetter] = []
        self.order_events()

    def closed_windows(self) -> int:
        ends = [p.last_e for p in self.placed]
        asked = [np.where(p.late, p.opened, p.window)[p.heating] for p in self.placed]
        newest = max((int(windows.max(initial=-1)) for windows in asked), default=-1)
        count = max(max(ends), newest + 1) if self.rules.bounded else min(ends)
        return min(count, self.rules.windows) if self.rules.windows else count

    def order_events(self) -> None:
        keep = [p.heating & (p.opened < self.count) for p in self.placed]
        chosen = list(zip(self.placed, keep, strict=True))
        window = np.concatenate([p.window[m] for p, m in chosen])
        cell = np.concatenate([p.events.cell[m] for p, m in chosen])
        time_ms = np.concatenate([p.events.time_ms[m] for p, m in chosen])
        rate = np.concatenate([p.events.rate[m] for p, m in chosen])
        # Partition and offset already rise; a stable sort keeps them as the last keys.
        order = np.lexsort((time_ms, window))
        self.cell, self.rate, self.time_ms = cell[order], rate[order], time_ms[order]
        self.bounds = np.searchsorted(window[order], np.arange(self.count + 1))
        late = [p.window[m & p.late] for p, m in chosen]
        self.late = np.bincount(np.concatenate(late), minlength=self.count)
        self.corrected = self.lowest_touched(chosen)

    def lowest_touched(self, chosen: Sequence[tuple[Placed, npt.NDArray[np.bool_]]]) -> Int:
        """By window k: the lowest one that the close of k corrects, k if none."""
        lowest = np.arange(self.count, dtype=np.int64)
        for placed, kept in chosen:
            late = kept & placed.late
            np.minimum.at(lowest, placed.opened[late], placed.window[late])
        return lowest

    def told(self, k: int) -> dict[int, float]:
        """The estimates of window k; bincount adds in order, from 0.0."""
        part = slice(self.bounds[k], self.bounds[k + 1])
        cell, rate = self.cell[part], self.rate[part]
        if self.rules.estimate not in ("mean", "sum"):
            columns = cell.tolist(), self.time_ms[part].tolist(), rate.tolist()
            entries = ((c, t, 0, i, r) for i, (c, t, r) in enumerate(zip(*columns, strict=True)))
            return estimates(self.rules.estimate, entries, self.rules.middle(self.t0_ms, k))
        counts = np.bincount(cell, minlength=self.cells)
        sums = np.bincount(cell, weights=rate, minlength=self.cells)
        cells = np.flatnonzero(counts)
        values = sums[cells] / (counts[cells] if self.rules.estimate == "mean" else 1)
        return dict(zip(cells.tolist(), values.tolist(), strict=True))

    def run(self) -> Iterator[Closed]:
        bounded = self.rules.bounded
        provisional_from = min(p.last_e for p in self.placed) if bounded else self.count
        dead = sum(
            np.bincount(p.opened[~p.heating], minlength=self.count + 1)[: self.count]
            for p in self.placed
        )
        last_written, revision = np.arange(self.count), np.zeros(self.count, dtype=np.int64)
        for k, first in enumerate(self.corrected.tolist()):
            last_written[first:k] = k
            revision[first:k] += 1
        for k in range(self.count):
            told = self.told(k)
            yield Closed(
                window=k,
                revision=int(revision[k]),
                end_ms=self.t0_ms + (k + 1) * self.rules.window_ms,
                final=bool(last_written[k] < provisional_from),
                complete=k < provisional_from,
                events=int(self.bounds[k + 1] - self.bounds[k]),
                late=int(self.late[k]),
                dead=int(np.asarray(dead)[k]),
                heard=len(told),
                rates=self.memory.next(told),
            )

    def ledger(self) -> list[Ledger]:
        return [self.partition_ledger(p) for p in self.placed]

    def partition_ledger(self, placed: Placed) -> Ledger:
        cut_early = self.count == self.rules.windows
        last_open = self.count - 1 if cut_early else self.count
        taken = placed.opened <= last_open
        offsets = placed.events.offset[taken]
        reached_end = bool(np.all(taken)) and placed.last_e <= last_open
        next_offset = int(offsets[-1]) + 1 if len(offsets) else placed.events.first
        if self.rules.bounded and reached_end:
            next_offset = placed.events.end
        fates = Counter(
            on_time=int(np.sum(placed.on_time & taken)),
            before_start=int(np.sum(placed.before_start & taken)),
            late=int(np.sum(placed.late & taken)),
            too_late=int(np.sum(~placed.heating & ~placed.before_start & taken)),
        )
        fates["skipped"] = next_offset - placed.events.first - len(offsets)
        return Ledger(placed.events.first, next_offset, +fates)

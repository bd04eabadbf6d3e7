"""What a run must yield, computed from (events, deck) by an independent serial program.

    python -m oracle.heat_oracle DECK FILE…      (from tests/; FILE i is partition i, NDJSON)

prints the digest after the last window and the ledger. Written from the contract alone: it shares
nothing with src/window and src/solve.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from .bulk import BulkWindows, Events
from .decoding import Rules
from .event_time import Closed, DeadLetter, EventTime, Ledger, Partition, Windows
from .journal import Advance, Gap
from .physics import Field, Physics, Solver, as_stored, digest, hardware_flush


@dataclass(frozen=True)
class Row:
    """One row of /series and its frame u[x, y] (None where frames were not asked for)."""

    closed: Closed
    t_min: float
    t_max: float
    t_mean: float
    heat_content: float
    missing: int
    digest: str
    change: float
    u: Field | None


@dataclass(frozen=True)
class Story:
    """The rows of a run in order of window, and the digest of every (window, revision)."""

    rows: list[Row]
    published: dict[tuple[int, int], str]


@dataclass(frozen=True)
class Result:
    """What a run leaves: the rows of its frames, each at its last revision, and the rest."""

    t0_ms: int
    rows: list[Row]
    published: dict[tuple[int, int], str]
    digest: str
    ledger: list[Ledger]
    dead_letters: list[DeadLetter]


@dataclass(frozen=True)
class Setup:
    """The part of a deck that decides the output."""

    physics: Physics
    decoding: Rules
    event_time: EventTime
    every: int = 1
    stored: str = "f32"

    def keeps(self, window: int) -> bool:
        """Whether the window has a frame."""
        return (window + 1) % self.every == 0

    @staticmethod
    def from_deck(deck: Mapping[str, Any], bounded: bool = True, folder: Path = Path()) -> Setup:
        """`folder`: of the deck, where its sensor table and schema lie."""
        grid, time = deck.get("grid", {}), deck.get("time", {})
        stream, heat = deck.get("stream", {}), deck.get("physics", {})
        physics = physics_of(grid, heat, time)
        decoding = Rules.from_stream(stream, physics.nx, physics.ny, folder)
        t0 = time.get("t0", "auto")
        jump_ms, missing = stream.get("jump_ms", "auto"), stream.get("missing", "zero")
        event_time = EventTime(
            window_ms=physics.window_ms,
            disorder_ms=int(stream.get("disorder_ms", 200)),
            t0_ms=None if t0 == "auto" else int(t0),
            agreeing=int(stream.get("jump_cells", 3)),
            expiry=int(stream.get("jump_expiry", 1000)),
            gen_scale=physics.gen_scale,
            windows=int(time.get("windows", 0)),
            bounded=bounded,
            horizon=int(stream.get("horizon_windows", 50)),
            jump_ms=None if jump_ms == "auto" else int(jump_ms),
            max_gap_windows=int(stream.get("max_gap_windows", 1_000_000)),
            estimate=stream.get("estimate", "mean"),
            span=int(stream.get("span", 1)),
            hold=0 if missing == "zero" else int(missing["hold"]),
            dedup=bool(stream.get("dedup", False)),
        )
        frames = deck.get("output", {}).get("frames", {})
        every, dtype = int(frames.get("every", 1)), frames.get("dtype", "f32")
        return Setup(physics, decoding, event_time, every, dtype)

    def until_window(self, windows: int) -> Setup:
        return replace(self, event_time=replace(self.event_time, windows=windows))


def physics_of(
    grid: Mapping[str, Any], heat: Mapping[str, Any], time: Mapping[str, Any]
) -> Physics:
    boundary = heat.get("boundary", {})
    given = {"left": boundary, "right": boundary, "bottom": boundary, "top": boundary}
    if isinstance(boundary, Mapping):
        given = {side: boundary.get(side, 0.0) for side in given}
    sides = {s: None if v == "insulated" else float(v) for s, v in given.items()}
    substeps = time.get("substeps", "auto")
    return Physics(
        nx=int(grid.get("nx", 40)),
        ny=int(grid.get("ny", 40)),
        dx=float(grid.get("dx", 0.5)),
        dy=float(grid.get("dy", 0.5)),
        conductivity=float(heat.get("conductivity", 1.0)),
        gen_scale=float(heat.get("gen_scale", 1.0)),
        initial=float(heat.get("initial", 0.0)),
        window_ms=int(time.get("window_ms", 100)),
        substeps=None if substeps == "auto" else int(substeps),
        **sides,
    )


class Fields:
    """The field after each window that a correction may still reach, and after none: -1."""

    def __init__(self, solver: Solver, reach: int) -> None:
        self.solver, self.reach = solver, reach
        self.after: dict[int, Field] = {-1: solver.u.copy()}

    def go_back_before(self, window: int) -> None:
        self.solver.padded[1:-1, 1:-1] = self.after[window - 1]

    def keep(self, window: int) -> Field:
        u = self.after[window] = self.solver.u.copy()
        self.after.pop(window - self.reach - 1, None)
        return u


def solve(windows: Iterable[Closed], setup: Setup, frames: bool) -> Story:
    """A window that comes again is stepped again from the field before it, and those after it."""
    rows: list[Row] = []
    published: dict[tuple[int, int], str] = {}
    physics = setup.physics
    with hardware_flush() as hardware:
        solver = Solver(physics, hardware)
        fields = Fields(solver, setup.event_time.horizon)
        for closed in windows:
            window = closed.window
            fields.go_back_before(window)
            cells = np.fromiter(closed.rates.keys(), dtype=np.int64)
            rates = np.fromiter(closed.rates.values(), dtype=np.float64)
            solver.step_window(cells, rates)
            change = 0.0
            if window < len(rows):
                moved = largest_change(fields.after[window], solver.u, setup.stored)
                change = max(rows.pop(window).change, moved)
            u = fields.keep(window)
            rows.insert(window, row_of(closed, u, physics, change))
            published[window, closed.revision] = rows[window].digest
            if not frames:
                rows[window] = replace(rows[window], u=None)
    return Story(rows, published)


def largest_change(old: Field, new: Field, stored: str) -> float:
    """Of a value as stored."""
    dtype = {"f32": np.float32, "f64": np.float64}[stored]
    before, after = (as_stored(u, dtype).astype(np.float64) for u in (old, new))
    return float(np.abs(after - before).max())


def row_of(closed: Closed, u: Field, physics: Physics, change: float) -> Row:
    total = float(np.sum(u))
    return Row(
        closed=closed,
        t_min=float(u.min()),
        t_max=float(u.max()),
        t_mean=total / u.size,
        heat_content=total * physics.dx * physics.dy,
        missing=u.size - closed.heard,
        digest=digest(u),
        change=change,
        u=u,
    )


def result_of(
    windows: Windows | BulkWindows, story: Story, ledger: list[Ledger], setup: Setup
) -> Result:
    """Only windows that have a frame have a row."""
    return Result(
        t0_ms=windows.t0_ms,
        rows=[row for row in story.rows if setup.keeps(row.closed.window)],
        published={w: d for w, d in story.published.items() if setup.keeps(w[0])},
        digest=story.rows[-1].digest if story.rows else "",
        ledger=ledger,
        dead_letters=windows.letters,
    )


def run_exact(
    partitions: Sequence[Partition],
    setup: Setup,
    frames: bool = True,
    shuffle: random.Random | None = None,
    advances: Sequence[Advance] = (),
    gaps: Sequence[Gap] = (),
) -> Result:
    """Any input, record by record; `shuffle` interleaves the partitions at random."""
    windows = Windows(partitions, setup.decoding, setup.event_time, shuffle, advances, gaps)
    story = solve(windows.run(), setup, frames)
    return result_of(windows, story, [r.ledger for r in windows.readers], setup)


def run_bulk(partitions: Sequence[Events], setup: Setup, frames: bool = True) -> Result:
    """Good events by the million; every window at its last revision only, dead letters only as
    counts in the ledger."""
    physics = setup.physics
    windows = BulkWindows(partitions, physics.nx * physics.ny, setup.event_time)
    story = solve(windows.run(), setup, frames)
    return result_of(windows, story, windows.ledger(), setup)


def partition_of_lines(raw: bytes) -> Partition:
    """A file as the contract reads it: LF ends a record, a last line without LF is one."""
    lines = raw.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return Partition(0, len(lines), [(i, None, line) for i, line in enumerate(lines)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("deck", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args()
    setup = Setup.from_deck(yaml.safe_load(options.deck.read_text()), folder=options.deck.parent)
    partitions = [partition_of_lines(path.read_bytes()) for path in options.files]
    result = run_exact(partitions, setup, frames=False)
    print(f"windows {len(result.rows)}  t0 {result.t0_ms}  digest {result.digest}")
    for index, ledger in enumerate(result.ledger):
        print(
            json.dumps(
                {"partition": index, "first": ledger.first, "next": ledger.next, **ledger.fates}
            )
        )


if __name__ == "__main__":
    main()

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
from .physics import Field, Physics, Solver, digest, hardware_flush


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
    u: Field | None

    @property
    def late(self) -> int:
        return 0


@dataclass(frozen=True)
class Result:
    t0_ms: int
    rows: list[Row]
    ledger: list[Ledger]
    dead_letters: list[DeadLetter]

    @property
    def digest(self) -> str:
        return self.rows[-1].digest


@dataclass(frozen=True)
class Setup:
    """The part of a deck that decides the output."""

    physics: Physics
    decoding: Rules
    event_time: EventTime

    @staticmethod
    def from_deck(deck: Mapping[str, Any], bounded: bool = True, folder: Path = Path()) -> Setup:
        """`folder`: of the deck, where its sensor table lies."""
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
        )
        return Setup(physics, decoding, event_time)

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


def solve(windows: Iterable[Closed], physics: Physics, frames: bool) -> list[Row]:
    rows = []
    with hardware_flush() as hardware:
        solver = Solver(physics, hardware)
        for closed in windows:
            cells = np.fromiter(closed.rates.keys(), dtype=np.int64)
            rates = np.fromiter(closed.rates.values(), dtype=np.float64)
            solver.step_window(cells, rates)
            rows.append(row_of(closed, solver.u, physics, frames))
    return rows


def row_of(closed: Closed, u: Field, physics: Physics, frames: bool) -> Row:
    total = float(np.sum(u))
    return Row(
        closed=closed,
        t_min=float(u.min()),
        t_max=float(u.max()),
        t_mean=total / u.size,
        heat_content=total * physics.dx * physics.dy,
        missing=u.size - closed.heard,
        digest=digest(u),
        u=u.copy() if frames else None,
    )


def run_exact(
    partitions: Sequence[Partition],
    setup: Setup,
    frames: bool = True,
    shuffle: random.Random | None = None,
) -> Result:
    """Any input, record by record; `shuffle` interleaves the partitions at random."""
    windows = Windows(partitions, setup.decoding, setup.event_time, shuffle)
    rows = solve(windows.run(), setup.physics, frames)
    return Result(windows.t0_ms, rows, [r.ledger for r in windows.readers], windows.letters)


def run_bulk(partitions: Sequence[Events], setup: Setup, frames: bool = True) -> Result:
    """Good events by the million; dead letters only as counts in the ledger."""
    physics = setup.physics
    windows = BulkWindows(partitions, physics.nx * physics.ny, setup.event_time)
    rows = solve(windows.run(), physics, frames)
    return Result(windows.t0_ms, rows, windows.ledger(), [])


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

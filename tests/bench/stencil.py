"""Time steps: a plain loop, the solver in several ways, and the whole program, in cell updates a
second.

The whole program makes its heat itself (1 % of the cells a window), keeps no frames or checkpoints,
and is timed between two lengths of a run, so that its start does not count.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from system.decks import Deck, merged, write_deck
from system.program import BINARY, MPIRUN, heatstream

from .turns import TURNS, Measured

PART = BINARY.parent / "tests/bench/part_step"
SIDES = (40, 256, 1024, 4096, 8192)
RANKS = (1, 2)
SUBSTEPS = 32
UPDATES = 3e10  # of the longer of two runs
LEAST, MOST = 12, 20000  # windows of it
DECK: Deck = {
    "run": {"id": "run"},
    "physics": {"conductivity": 1.0},
    "time": {"window_ms": 100, "substeps": SUBSTEPS, "t0": 1767225600000},
    "stream": {"source": "synthetic", "format": "binary", "disorder_ms": 0, "horizon_windows": 2},
    "solve": {"snapshot_memory": 0},
    "gen": {"seed": 7, "probability": 0.01, "zeros": False, "jitter_ms": 0},
    "output": {"frames": {"every": 1000000}},
    "checkpoint": {"every_windows": 0, "at_end": False},
    "log": {"every_s": 60},
}


def part(side: int, ranks: int) -> dict[str, float]:
    """Cell updates a second, by way."""
    out = subprocess.run(
        [*MPIRUN, "-np", str(ranks), str(PART), str(side)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True,
    ).stdout  # fmt: skip
    found = {}
    for line in out.splitlines():
        seconds, sweep, kernel, way = line.split(maxsplit=3)
        how = "" if kernel == "-" else f" ({sweep} a sweep, {kernel})"
        found[way + how] = side * side / float(seconds)
    return found


def seconds_of_run(place: Path, side: int, ranks: int, windows: int) -> float:
    changes = {
        "run": {"out": str(place)},
        "grid": {"nx": side, "ny": side},
        "gen": {"steps": windows},
    }
    deck = write_deck(place / "deck.yaml", merged(DECK, changes))
    began = time.monotonic()
    heatstream("run", deck, "--restart=none", ranks=ranks, timeout=900).expect(0)
    return time.monotonic() - began


def whole_program(place: Path, side: int, ranks: int) -> float:
    most = min(MOST, max(LEAST, int(UPDATES / (side * side * SUBSTEPS))))
    least = most // 4
    longer = seconds_of_run(place, side, ranks, most)
    shorter = seconds_of_run(place, side, ranks, least)
    return (most - least) * SUBSTEPS * side * side / (longer - shorter)


def race(place: Path, side: int, ranks: int) -> list[Measured]:
    """Ratios are to the plain loop of the same turn."""
    found: dict[str, Measured] = {}
    for _ in range(TURNS):
        ways = part(side, ranks) | {"whole program": whole_program(place, side, ranks)}
        for way, value in ways.items():
            name = f"{side}^2 on {ranks}: {way}"
            one = found.setdefault(way, Measured("stencil", name, "updates/s"))
            one.values.append(value)
            if way != "plain loop":
                one.ratios.append(value / ways["plain loop"])
    return list(found.values())


def stencil(place: Path) -> list[Measured]:
    return [one for side in SIDES for ranks in RANKS for one in race(place, side, ranks)]

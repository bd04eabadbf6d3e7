"""Time steps: a plain loop, the solver in several ways, and the whole program, in cell updates a
second.

The whole program makes its heat itself (1 % of the cells a window), keeps no frames or
checkpoints, and is timed between two lengths of a run, so that its start does not count. Its
bounds are the solver alone with as much heat, and the processors, which also make and gather the
events; those of the solver are the kernel alone, the memory and the exchange of halos (bounds.h),
each as if nothing else took time. A run that is not timed goes before the two: a virtual machine
may have to get the memory from its host first, which at 8192^2 took as long as ten windows.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from system.decks import Deck, merged, write_deck
from system.program import BINARY, MPIRUN, heatstream

from .spending import CORES, ended_s
from .turns import TURNS, Measured, Told

PART = BINARY.parent / "tests/bench/part_step"
SIDES = (40, 256, 1024, 4096, 8192)
RANKS = (1, 2)
SUBSTEPS = 32
UPDATES = 6e10  # of the longer of two runs
LEAST, MOST = 32, 20000  # windows of it
AFTER = 10  # windows that both runs leave: the state at the end of a source would be kept
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


# Of the solver, the way whose steps and heat are those of the whole program.
SAME_HEAT = f"{SUBSTEPS} steps, 1 % heated"


def bounds_of(side: int, sweep: int, rates: list[float]) -> dict[str, float]:
    """In updates a second: each cell of a pass is read and written once."""
    kernel_rate, memory_rate, exchange_s = rates
    traffic = 16 / sweep
    found = {
        "the kernel alone in L1, 7 flops an update": kernel_rate,
        f"memory, {traffic:.3g} B an update": memory_rate / traffic,
    }
    if exchange_s > 0:
        found["one MPI_Sendrecv of a halo a pass"] = side * side * sweep / exchange_s
    return found


def part(side: int, ranks: int) -> dict[str, Told]:
    """Cell updates a second, by way."""
    out = subprocess.run(
        [*MPIRUN, "-np", str(ranks), str(PART), str(side)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True,
    ).stdout  # fmt: skip
    found = {}
    for line in out.splitlines():
        seconds, sweep, kernel, *rates, way = line.split(maxsplit=6)
        rate, plain = side * side / float(seconds), kernel == "-"
        how = "" if plain else f" ({sweep} a sweep, {kernel})"
        bounds = {} if plain else bounds_of(side, int(sweep), [float(one) for one in rates])
        found[way + how] = Told(rate, bounds)
    return found


def same_heat(ways: dict[str, Told]) -> Told:
    (found,) = [told for way, told in ways.items() if way.startswith(SAME_HEAT)]
    return found


class Seconds(NamedTuple):
    wall: float
    processors: float


def seconds_of_run(place: Path, side: int, ranks: int, windows: int, steps: int) -> Seconds:
    changes = {
        "run": {"out": str(place)},
        "grid": {"nx": side, "ny": side},
        "time": {"windows": windows},
        "gen": {"steps": steps},
    }
    deck = write_deck(place / "deck.yaml", merged(DECK, changes))
    began = time.monotonic(), ended_s()
    heatstream("run", deck, "--restart=none", ranks=ranks, timeout=900).expect(0)
    return Seconds(time.monotonic() - began[0], ended_s() - began[1])


def whole_program(place: Path, side: int, ranks: int) -> Told:
    most = min(MOST, max(LEAST, int(UPDATES / (side * side * SUBSTEPS))))
    least = most // 4
    seconds_of_run(place, side, ranks, 1, most + AFTER)
    longer = seconds_of_run(place, side, ranks, most, most + AFTER)
    shorter = seconds_of_run(place, side, ranks, least, most + AFTER)
    updates = (most - least) * SUBSTEPS * side * side
    busy_s = (longer.processors - shorter.processors) / CORES
    bounds = {f"{CORES} cores busy with the run, waits that spin included": updates / busy_s}
    return Told(updates / (longer.wall - shorter.wall), bounds)


def race(place: Path, side: int, ranks: int) -> list[Measured]:
    """Ratios are to the plain loop of the same turn."""
    found: dict[str, Measured] = {}
    for _ in range(TURNS):
        ways = part(side, ranks)
        bare = same_heat(ways)
        whole = whole_program(place, side, ranks)
        bounds = {"the solver alone, as much heat": bare.value} | dict(bare.bounds)
        ways["whole program"] = Told(whole.value, bounds | dict(whole.bounds))
        for way, told in ways.items():
            name = f"{side}^2 on {ranks}: {way}"
            one = found.setdefault(way, Measured("stencil", name, "updates/s"))
            one.take(told)
            if way != "plain loop":
                one.ratios.append(told.value / ways["plain loop"].value)
    return list(found.values())


def stencil(place: Path) -> list[Measured]:
    return [one for side in SIDES for ranks in RANKS for one in race(place, side, ranks)]

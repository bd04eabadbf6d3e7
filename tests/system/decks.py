"""Run decks and event streams of the tests, small and awkward: nothing divides anything."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from oracle.event_time import Partition, Windows
from oracle.heat_oracle import Result, Setup, partition_of_lines, run_exact

Deck = dict[str, Any]
T0_MS = 1_700_000_000_000
# 23 columns on 1, 2, 3, 4, 6 ranks and 5 partitions; a tile that is no divisor either.
AWKWARD: Deck = {
    "run": {"id": "run"},
    "grid": {"nx": 23, "ny": 17, "dx": 0.5, "dy": 0.4},
    "physics": {
        "conductivity": 0.9,
        "gen_scale": 0.7,
        "initial": 0.25,
        "boundary": {"left": 0.5, "right": "insulated", "bottom": -0.25, "top": 0},
    },
    "time": {"window_ms": 100, "t0": T0_MS},
    "stream": {"source": "file", "topic": "heat", "disorder_ms": 200},
    "output": {"frames": {"dtype": "f64", "tile": 5, "per_segment": 16}},
    "checkpoint": {"every_windows": 10},
    "log": {"every_s": 1},
}


# Parts of that grid whose levels change all the time, by the readings of a few windows.
WATCHED: Deck = {
    "regions": [
        {"name": "spot", "box": [9, 3, 12, 6], "percentiles": [25, 90]},
        {"name": "edge", "box": [0, 0, 1, 17]},
        {"name": "whole"},
    ],
    "relations": [{"name": "spot-over-whole", "a": "spot", "b": "whole", "window_s": 0.3}],
    "alerts": [
        {"name": "spot", "region": "spot", "levels": [0.24, 0.26, 0.28, 0.3], "hysteresis": 0.005},
        {
            "name": "row",
            "region": "edge",
            "stat": "p90",
            "levels": [0.45, 0.5, 0.55],
            "consecutive": 2,
        },
        {"name": "rise", "alert": "row", "consecutive": 2, "within_s": 0.5, "rising": True},
        {"name": "uneven", "relation": "spot-over-whole", "levels": [0.9, 0.95, 1, 1.05, 1.1]},
    ],
}


def large(windows: int) -> Deck:
    """A deck that takes a second or two, so that there is something to interrupt."""
    return merged(
        AWKWARD,
        {
            "grid": {"nx": 211, "ny": 149},
            "time": {"windows": windows},
            "output": {"frames": {"tile": 64}},
        },
    )


def merged(deck: Mapping[str, Any], *changes: Mapping[str, Any]) -> Deck:
    result = copy.deepcopy(dict(deck))
    for change in changes:
        for key, value in change.items():
            old = result.get(key)
            if isinstance(old, dict) and isinstance(value, Mapping):
                result[key] = merged(old, value)
            else:
                result[key] = copy.deepcopy(value)
    return result


def write_deck(path: Path, deck: Mapping[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(deck), sort_keys=False))
    return path


def event(time_ms: int, x: int, y: int, gen: float) -> bytes:
    return json.dumps(
        {"time": time_ms, "gridX": x, "gridY": y, "gen": gen}, separators=(",", ":")
    ).encode()


@dataclass(frozen=True)
class Stream:
    """Values of each partition in offset order, from offset 0 without holes."""

    partitions: list[list[bytes]]

    def write(self, directory: Path, name: str = "events") -> list[str]:
        directory.mkdir(parents=True, exist_ok=True)
        paths = []
        for index, values in enumerate(self.partitions):
            path = directory / f"{name}-{index}.ndjson"
            path.write_bytes(b"".join(value + b"\n" for value in values))
            paths.append(str(path))
        return paths

    def as_read(self) -> list[Partition]:
        raw = [b"".join(value + b"\n" for value in values) for values in self.partitions]
        return [partition_of_lines(r) for r in raw]

    def published(self, deck: Deck) -> list[int]:
        """Windows in the order in which a run without end publishes them, corrected ones again. It
        then waits for the events of the one after the highest."""
        setup = Setup.from_deck(deck, bounded=False)
        windows = Windows(self.as_read(), setup.decoding, setup.event_time)
        return [closed.window for closed in windows.run()]

    def awaited(self, deck: Deck) -> int:
        return max(self.published(deck), default=-1) + 1

    def expected(self, deck: Deck, bounded: bool = True) -> Result:
        return run_exact(self.as_read(), Setup.from_deck(deck, bounded))


def sensors(
    deck: Deck,
    windows: int,
    partitions: int = 5,
    seed: int = 1,
    chance: float = 0.25,
    stragglers: float = 0.01,
) -> Stream:
    """Cells that speak by chance in each window, out of order within the bound, a few beyond."""
    rng = random.Random(seed)
    nx, ny = deck["grid"]["nx"], deck["grid"]["ny"]
    window_ms, disorder_ms = deck["time"]["window_ms"], deck["stream"]["disorder_ms"]
    timed: list[list[tuple[float, bytes]]] = [[] for _ in range(partitions)]
    for window in range(windows):
        for x in range(nx):
            for y in range(ny):
                if rng.random() > chance:
                    continue
                time_ms = T0_MS + window * window_ms + rng.randrange(window_ms)
                late = 8 * disorder_ms if rng.random() < stragglers else 0.9 * disorder_ms
                arrival = time_ms + rng.uniform(0, late)
                raw = event(time_ms, x, y, rng.choice([0.0, 4.0, rng.uniform(-1, 5)]))
                timed[x * partitions // nx].append((arrival, raw))
    return Stream([[raw for _, raw in sorted(part)] for part in timed])


def repeated(stream: Stream, rng: random.Random, share: float, furthest: int = 300) -> Stream:
    """Some records again, further back in any partition."""
    partitions = [list(values) for values in stream.partitions]
    for values in stream.partitions:
        for at, value in enumerate(values):
            if rng.random() < share:
                other = rng.choice(partitions)
                other.insert(min(at + rng.randint(1, furthest), len(other)), value)
    return Stream(partitions)


def in_order_of_time(stream: Stream) -> Stream:
    """Each partition sorted; equal times stay as they came."""
    return Stream([sorted(v, key=lambda e: json.loads(e)["time"]) for v in stream.partitions])


def chunks_in_random_order(
    stream: Stream, rng: random.Random, largest: int = 200
) -> Sequence[tuple[int, list[bytes]]]:
    """Arrival order across partitions shuffled; within one it is what it is."""
    cursors = [0] * len(stream.partitions)
    order: list[tuple[int, list[bytes]]] = []
    while left := [p for p, at in enumerate(cursors) if at < len(stream.partitions[p])]:
        p = rng.choice(left)
        size = rng.randint(1, largest)
        order.append((p, stream.partitions[p][cursors[p] : cursors[p] + size]))
        cursors[p] += size
    return order

"""How soon a run has its first frame, and what memory it takes."""

from __future__ import annotations

import re
import subprocess
import time
from functools import partial
from pathlib import Path

from system.decks import Deck, merged, write_deck
from system.program import heatstream, running

from .topic import EVERY_FRAME, PARTITIONS, RAW, Place
from .turns import Measured, take_turns

PEAK = re.compile(r"memory at most ([\d.]+) MiB(?: on rank 0, ([\d.]+) MiB on any other)?")
SNAPSHOTS = 2  # of the shortest horizon there can be
STEADY: Deck = {
    "run": {"id": "run"},
    "time": {"window_ms": 100, "t0": 1767225600000, "windows": 6, "substeps": 32},
    "physics": {"conductivity": 0.5},
    "stream": {"source": "synthetic", "disorder_ms": 100, "horizon_windows": SNAPSHOTS},
    "solve": {"snapshot_memory": 0},
    "gen": {"seed": 40, "zeros": False, "steps": 10},
    "checkpoint": {"every_windows": 2},
}
SIDES = (1024, 4096)


def raw_answer_s(place: Place, topic: str) -> float:
    """The broker's own answer: a plain consumer, from its start to its first message."""
    began = time.monotonic()
    command = [str(RAW), place.kafka.address, topic, str(PARTITIONS), "1"]
    subprocess.run(command, capture_output=True, timeout=60, check=True)
    return time.monotonic() - began


def first_frame_s(place: Place, backlog: Deck) -> float:
    deck = place.deck(backlog)
    run = place.run_of(deck)
    began = time.monotonic()
    with running(["run", deck]) as program:
        while not run.windows_committed():
            time.sleep(0.002)
        seconds = time.monotonic() - began
        program.wait(60).expect(0)
    return seconds


def start(place: Place) -> list[Measured]:
    """From the command, mpirun included, to the first frame of a topic that has it already."""
    backlog = place.backlog(20)
    topic = backlog["stream"]["topic"]
    ways = {
        "a plain consumer's first message": partial(raw_answer_s, place, topic),
        "first frame": partial(first_frame_s, place, backlog),
    }
    found = take_turns("start", "s", ways)
    raw, ours = (one.values for one in found)
    beyond = [b - a for a, b in zip(raw, ours, strict=True)]
    return [*found, Measured("start", "first frame, beyond the broker's answer", "s", beyond)]


def peak_mib(deck: Path, ranks: int) -> float:
    """Resident at most, of all ranks together."""
    told = heatstream("run", deck, "--restart=none", ranks=ranks, timeout=600).expect(0).err
    found = PEAK.search(told)
    assert found, told
    return float(found[1]) + (ranks - 1) * float(found[2] or 0)


def steady_bytes(place: Path, ranks: int) -> float:
    """What a cell more takes, the ring that corrections go back to left out."""
    peaks = []
    for side in SIDES:
        changes = {"grid": {"nx": side, "ny": side}, "run": {"out": str(place / str(side))},
                   "gen": {"probability": 200 / side**2}}  # fmt: skip
        deck = write_deck(place / f"{side}.yaml", merged(STEADY, changes))
        peaks.append(peak_mib(deck, ranks))
    cells = SIDES[1] ** 2 - SIDES[0] ** 2
    return (peaks[1] - peaks[0]) * 2**20 / cells - 8 * SNAPSHOTS


def memory(place: Place) -> list[Measured]:
    place.path.mkdir(parents=True, exist_ok=True)
    backlog = place.backlog(1000)
    found = []
    for ranks in (1, 2):
        name = f"a cell, {SIDES[1]}^2 on {ranks}, ring left out"
        found.append(Measured("memory", name, "bytes", [steady_bytes(place.path, ranks)]))
        deck = place.deck(backlog, EVERY_FRAME)
        name = f"reference case, {ranks} ranks together"
        found.append(Measured("memory", name, "MiB", [peak_mib(deck, ranks)]))
    return found

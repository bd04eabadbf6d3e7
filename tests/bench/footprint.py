"""How soon a run has its first frame, and what memory it takes."""

from __future__ import annotations

import os
import re
import subprocess
import time
from functools import partial
from pathlib import Path

from system.decks import Deck, merged, write_deck
from system.program import MPIRUN, heatstream, running

from .topic import EVERY_FRAME, PARTITIONS, RAW, SENSORS, Place
from .turns import Measured, Told, take_turns

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
FIELDS = 2 * 8  # bytes a cell: what is stepped from, and to
WINDOWS = 1000  # of the reference case


def seconds_of(*command: str) -> float:
    began = time.monotonic()
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
    return time.monotonic() - began


def raw_command(place: Place, topic: str, messages: int) -> list[str]:
    return [str(RAW), place.kafka.address, topic, str(PARTITIONS), str(messages)]


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
    raw = raw_command(place, backlog["stream"]["topic"], 1)

    def turn() -> Told:
        bounds = {
            "a plain consumer's first message, from its start": seconds_of(*raw),
            "mpirun of a program that does nothing": seconds_of(*MPIRUN, "-np", "1", "true"),
        }
        return Told(first_frame_s(place, backlog), bounds)

    (found,) = take_turns("start", "s", {"first frame": turn})
    beyond = [b - a for a, b in zip(found.bounds[0].values, found.values, strict=True)]
    return [found, Measured("start", "first frame, beyond the broker's answer", "s", beyond)]


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


def consumer_mib(command: list[str]) -> float:
    """Resident at most."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_maxrss / 1024


def memory(place: Place) -> list[Measured]:
    place.path.mkdir(parents=True, exist_ok=True)
    backlog = place.backlog(WINDOWS)
    raw = raw_command(place, backlog["stream"]["topic"], WINDOWS * SENSORS)

    def cell(ranks: int) -> Told:
        return Told(steady_bytes(place.path, ranks), {"the two fields": FIELDS})

    def reference(ranks: int) -> Told:
        deck = place.deck(backlog, EVERY_FRAME)
        bounds = {"a plain consumer of the topic": consumer_mib(raw)}
        return Told(peak_mib(deck, ranks), bounds)

    cells = {f"a cell, {SIDES[1]}^2 on {n}, ring left out": partial(cell, n) for n in (1, 2)}
    runs = {f"reference case, {n} ranks together": partial(reference, n) for n in (1, 2)}
    return take_turns("memory", "bytes", cells) + take_turns("memory", "MiB", runs)

"""What clients of the live page cost the frames of its run, and rank 0 in memory."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median, quantiles

from system.decks import Deck, write_deck
from system.program import ROOT, environment, running
from system.results import RunDirectory
from system.test_page import url_of

from .turns import Measured, take_turns

WINDOWS, WARM = 4000, 100
DECK: Deck = {
    "run": {"id": "run"},
    "grid": {"nx": 256, "ny": 256},
    "time": {"window_ms": 100, "t0": 1767225600000, "substeps": 32, "windows": WINDOWS},
    "physics": {"conductivity": 0.5},
    "stream": {"source": "synthetic", "disorder_ms": 100, "horizon_windows": 4},
    "gen": {"seed": 40, "zeros": False, "probability": 0.001, "steps": WINDOWS + 4},
    "checkpoint": {"every_windows": 0},
    "log": {"every_s": 60},
}
WAYS = {
    "nobody looks": (0, 0),
    "100 clients follow": (100, 0),
    "and 10 take a byte a second": (100, 10),
}


@dataclass
class Seen:
    """Of each way and turn."""

    slowest_ms: list[float] = field(default_factory=list)
    resident_mb: list[float] = field(default_factory=list)


def peak_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def frame_ms(run: RunDirectory) -> list[float]:
    """From one frame to the next, the first ones left out."""
    series = run.series()
    written = [
        at + late for at, late in zip(series["event_time"], series["latency_ms"], strict=True)
    ]
    return [later - one for one, later in zip(written[WARM:], written[WARM + 1 :], strict=False)]


def run_with(place: Path, seen: dict[str, Seen], way: str) -> float:
    """The median time of a frame, in ms."""
    deck = write_deck(
        place / "clients.yaml", DECK | {"run": {"id": "run", "out": str(place / "out")}}
    )
    with running(["run", deck, "--restart=none", "--listen", "127.0.0.1:0"]) as program:
        port = url_of(program).split(":")[2][:-1]
        command = [sys.executable, "-m", "system.followers", port, *map(str, WAYS[way])]
        clients = subprocess.Popen(
            command, cwd=ROOT / "tests", env=environment(""), stdout=subprocess.PIPE, text=True
        )
        (rank,) = program.ranks()
        most = 0.0
        while not program.reap(0.05):
            try:
                most = max(most, peak_mb(rank))
            except (OSError, ValueError):
                break
        program.wait(300).expect(0)
        told, _ = clients.communicate(timeout=60)
    print(f"   {way}: {told.splitlines()[-1]}", flush=True)
    times = frame_ms(RunDirectory(place / "out" / "run"))
    seen[way].slowest_ms.append(quantiles(times, n=100)[98])
    seen[way].resident_mb.append(most)
    return median(times)


def clients(place: Path) -> list[Measured]:
    seen = {way: Seen() for way in WAYS}
    ways = {way: partial(run_with, place, seen, way) for way in WAYS}
    found = take_turns("clients", "ms a frame", ways, first_bounds=True)
    first = seen["nobody looks"]
    for way, one in seen.items():
        for what, unit, values, base in (
            ("99th", "ms a frame", one.slowest_ms, first.slowest_ms),
            ("rank 0 at most", "MB", one.resident_mb, first.resident_mb),
        ):
            ratios = [v / b for v, b in zip(values, base, strict=True)] if one is not first else []
            found.append(Measured("clients", f"{what}: {way}", unit, values, ratios))
    return found

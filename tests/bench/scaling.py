"""Strong and weak scaling beside its prediction (include/run/cost.h), from constants measured
just before: of windows by themselves, and of whole runs.

Of a run it is the parts of a window as rank 0 sees them (the metrics file), beside those of
`heatstream check`. Of several turns the fastest counts, as it does for the constants.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from system.decks import Deck, merged, write_deck
from system.program import BINARY, MPIRUN, heatstream, tool

from .turns import Measured

PART = BINARY.parent / "tests/bench/part_window"
PART_S = 2  # a case
TURNS = 3
T0_MS = 1767225600000
RANKS = (1, 2, 4)
STRONG = (40, 512, 2048)
WEAK = 1024  # squares of so many cells a side, one a rank
RUN_S = 0.5  # of stepping, by the prediction
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
# The columns of `check` after that of the whole window.
COLUMNS = ("steps", "halo", "scatter", "files")
# Parts, the columns and the phases of the metrics file they are made of. Rank 0 sends a window's
# heat without waiting, and waits for those that got it later when columns are exchanged.
PARTS = {
    "steps": (("steps",), ("stencil",)),
    "links": (("halo", "scatter"), ("halo", "scatter")),
    "files": (("files",), ("io",)),
}
DECK: Deck = {
    "run": {"id": "run"},
    "physics": {"conductivity": 0.1},
    "stream": {"source": "file", "files": ["events.ndjson"], "horizon_windows": 2},
    "solve": {"snapshot_memory": 0},
    "checkpoint": {"every_windows": 0, "at_end": False},
    "log": {"every_s": 60},
}


@dataclass
class Case:
    name: str
    nx: int
    ny: int
    ranks: int
    every: int  # windows from frame to frame

    def deck(self, path: Path, windows: int) -> Path:
        """One event a window, so that each is closed by the next."""
        lines = [
            {"time": T0_MS + k * 100, "gridX": 1, "gridY": 1, "gen": 1} for k in range(windows)
        ]
        path.mkdir(parents=True, exist_ok=True)
        (path / "events.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
        own: Deck = {
            "run": {"out": str(path)},
            "grid": {"nx": self.nx, "ny": self.ny},
            "time": {"window_ms": 100, "t0": T0_MS, "windows": windows, "substeps": 16},
            "output": {"frames": {"every": self.every}},
        }
        return write_deck(path / "deck.yaml", merged(DECK, own))


def seconds(number: str, unit: str) -> float:
    return float(number) * UNITS[unit]


def predict(deck: Path, machine: Path, ranks: int) -> dict[str, float]:
    """Seconds of each part, from the line of the table."""
    text = tool("check", deck, "--machine", machine, "--ranks", str(ranks)).expect(0).out
    table = text.split("\ncost ")[1]
    line = re.search(rf"^ +{ranks} +(.*)$", table, re.M)
    assert line, table
    found = re.findall(r"([\d.e+-]+) ([mun]?s)(?= |$)", line[1])[:5]
    total, *columns = (seconds(*pair) for pair in found)
    by_name = dict(zip(COLUMNS, columns, strict=True))
    return {part: sum(map(by_name.get, names)) for part, (names, _) in PARTS.items()} | {
        "total": total
    }


def measure(deck: Path, path: Path, ranks: int, windows: int) -> dict[str, float]:
    """Seconds a window, by phase."""
    metrics = path / "run.prom"
    heatstream(
        "run", deck, "--restart=none", "--metrics-file", metrics, ranks=ranks, timeout=600
    ).expect(0)
    text = metrics.read_text()
    sums = dict(re.findall(r'step_duration_seconds_sum{phase="(\w+)"} (\S+)', text))
    found = {
        part: sum(float(sums[phase]) for phase in phases) / windows
        for part, (_, phases) in PARTS.items()
    }
    return found | {"total": sum(found.values())}


def windows_of(machine: Path, ranks: int) -> list[Measured]:
    """By part_window.c: a line for each grid."""
    out = subprocess.run(
        [*MPIRUN, "-np", str(ranks), str(PART), str(machine), str(PART_S)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True,
    ).stdout  # fmt: skip
    found = []
    for line in out.splitlines():
        grid, _, *numbers = line.split()
        value, guess, steps, links = map(float, numbers)
        print(
            f"    {grid:14s} on {ranks}: {value:10.3g} s measured {guess:10.3g} s predicted"
            f" ({steps:.3g} steps, {links:.3g} links)  {100 * (guess / value - 1):+.0f} %",
            flush=True,
        )
        found.append(
            Measured("scaling", f"window of {grid} on {ranks}", "s", [value], [guess / value])
        )
    return found


def compare(case: Case, machine: Path, path: Path) -> list[Measured]:
    guess = predict(case.deck(path, 100), machine, case.ranks)
    windows = max(8, min(5000, int(RUN_S / guess["total"])))
    windows -= windows % case.every if windows >= case.every else 0
    deck = case.deck(path, windows)
    turns = [measure(deck, path, case.ranks, windows) for _ in range(TURNS)]
    fastest = {part: min(turn[part] for turn in turns) for part in turns[0]}
    print(f"{case.name}, {case.ranks} rank{'s' * (case.ranks > 1)}:", flush=True)
    found = []
    for part, value in fastest.items():
        if value == guess[part] == 0:
            continue
        error = f"{100 * (guess[part] / value - 1):+.0f} %" if value > 0 else ""
        print(f"    {part:8s} {value:10.3g} s measured {guess[part]:10.3g} s predicted  {error}")
        way = f"{case.name} on {case.ranks}: {part}"
        ratios = [guess[part] / value] if value > 0 else []
        found.append(Measured("scaling", way, "s a window", [t[part] for t in turns], ratios))
    return found


def cases() -> list[Case]:
    strong = [Case(f"{n}^2 strong", n, n, ranks, 10) for n in STRONG for ranks in RANKS]
    return strong + [Case(f"{WEAK}^2 a rank", WEAK * r, WEAK, r, 10) for r in RANKS]


def scaling(path: Path) -> list[Measured]:
    machine = path / "machine.json"
    ranks = min(max(RANKS), os.cpu_count() or 1)
    path.mkdir(parents=True, exist_ok=True)
    command = ("check", f"--calibrate={path}", "--machine", machine)
    print(heatstream(*command, ranks=ranks, timeout=600).expect(0).out, flush=True)
    print("windows, without frames and files:", flush=True)
    found = [one for ranks in RANKS for one in windows_of(machine, ranks)]
    for i, case in enumerate(cases()):
        found += compare(case, machine, path / str(i))
    return found

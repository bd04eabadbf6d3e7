"""Coupled streams: the area of a pulsating triangle from samples of its vertices in random order.

    python -m experiments.triangle DIRECTORY      (from tests/, with HEATSTREAM and MPIRUN)

makes the events of input/triangle.yaml in DIRECTORY, runs the deck on them and prints the largest
error of the area over the windows, relative to the analytic area at the middle of each.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from system.program import ROOT, heatstream
from system.results import RunDirectory

DECK = ROOT / "input" / "triangle.yaml"
START_MS, SECONDS, STEP_MS = 1_767_225_600_000, 360, 10
SAMPLES = SECONDS * 1000 // STEP_MS + 1
RADIUS = 0.5
REST = np.array([[0, 0], [1, 0], [0.5, np.sqrt(3) / 2]])
OUTWARD = np.array([[-np.sqrt(3) / 2, -0.5], [np.sqrt(3) / 2, -0.5], [0, 1]])
ESTIMATES = ("mean", "linear", "cubic")
PANE, DRAWS = 15, 9

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    name: str
    periods_s: tuple[float, float, float]

    def excursion(self, time_s: npt.ArrayLike) -> Floats:
        """How far out the vertices are, the last axis; what their sensors send."""
        turns = np.asarray(time_s)[..., np.newaxis] / np.array(self.periods_s)
        return RADIUS * np.cos(2 * np.pi * turns)

    def area(self, time_s: npt.ArrayLike) -> Floats:
        return area(self.excursion(time_s))


MOTIONS = (Motion("slow", (90, 15, 45)), Motion("fast", (30, 5, 15)))
PHASES_MS = (0, 7)


def corners(z: Floats) -> Floats:
    return REST + z[..., np.newaxis] * OUTWARD


def area(z: Floats) -> Floats:
    """Of the triangles whose vertices are z out of place; z has the vertices as its last axis."""
    p = corners(z)
    b, c = p[..., 1, :] - p[..., 0, :], p[..., 2, :] - p[..., 0, :]
    return np.abs(b[..., 0] * c[..., 1] - c[..., 0] * b[..., 1]) / 2


def perimeter(z: Floats) -> Floats:
    p = corners(z)
    return np.linalg.norm(p - np.roll(p, 1, axis=-2), axis=-1).sum(axis=-1)


@dataclass(frozen=True)
class Sample:
    cell: int
    time_ms: int
    value: float

    @property
    def window(self) -> int:
        return self.time_ms // 1000

    def line(self) -> str:
        fields = {"time": START_MS + self.time_ms, "gridX": self.cell, "gridY": 0}
        return json.dumps(fields | {"gen": self.value}, separators=(",", ":")) + "\n"


def samples(motion: Motion, phase_ms: int, seed: int = 1, first_cell: int = 0) -> list[Sample]:
    """In order of arrival: the vertices in turn, each in a random order of its own."""
    rng = random.Random(seed)
    times_ms = np.arange(SAMPLES) * STEP_MS + phase_ms
    values = motion.excursion(times_ms / 1000)
    orders = [rng.sample(range(SAMPLES), SAMPLES) for _ in range(3)]
    return [
        Sample(first_cell + vertex, int(times_ms[i]), float(values[i, vertex]))
        for turn in zip(*orders, strict=True)
        for vertex, i in enumerate(turn)
    ]


def first_panes(arriving: Sequence[Sample]) -> Iterator[Sample]:
    """Of each vertex and window the samples that arrive first: what an early result rests on."""
    heard: dict[tuple[int, int], int] = {}
    for sample in arriving:
        key = sample.cell, sample.window
        heard[key] = heard.get(key, 0) + 1
        if heard[key] <= PANE:
            yield sample


@dataclass(frozen=True)
class Events:
    """A file of events: of one triangle, or of several side by side that differ in their order."""

    motion: Motion
    phase_ms: int
    draws: int
    path: Path

    def run(self, estimate: str, others: Mapping[str, str] | None = None) -> RunDirectory:
        """The whole program on the deck; `others`: options of the deck that are to be otherwise."""
        name = f"{self.path.stem}-{estimate}" + ("-varied" if others else "")
        changes = {
            "run.id": name,
            "grid.nx": str(3 * self.draws),
            "stream.estimate": estimate,
            "stream.files": f"[{self.path}]",
        }
        changes |= others or {}
        options = [part for key, value in changes.items() for part in ("-D", f"{key}={value}")]
        out = self.path.parent
        heatstream("run", DECK, *options, "--restart=none", "--out", out, "-q").expect(0)
        return RunDirectory(out / name)

    def errors(self, run: RunDirectory) -> list[float]:
        """The largest of each triangle."""
        z = run.temperature()[:, :, 0].reshape(SECONDS, self.draws, 3)
        truth = self.motion.area(np.arange(SECONDS) + 0.5)[:, np.newaxis]
        return sorted(np.max(np.abs(area(z) - truth) / truth, axis=0).tolist())


def complete(directory: Path, motion: Motion, phase_ms: int) -> Events:
    path = directory / f"{motion.name}-{phase_ms}ms.ndjson"
    path.write_text("".join(s.line() for s in samples(motion, phase_ms)))
    return Events(motion, phase_ms, 1, path)


def panes(directory: Path, motion: Motion, phase_ms: int, draws: int = DRAWS) -> Events:
    path = directory / f"{motion.name}-{phase_ms}ms-first-panes.ndjson"
    with path.open("w") as file:
        for draw in range(draws):
            arriving = samples(motion, phase_ms, seed=draw, first_cell=3 * draw)
            file.writelines(s.line() for s in first_panes(arriving))
    return Events(motion, phase_ms, draws, path)


def percent(error: float) -> str:
    return f"{100 * error:.3g} %"


def print_row(*columns: str) -> None:
    print("{:6} {:5} {:8} {:>11} {:>24} {:>11}".format(*columns), flush=True)


def print_errors(directory: Path, motion: Motion, phase_ms: int) -> None:
    early, late = panes(directory, motion, phase_ms), complete(directory, motion, phase_ms)
    for estimate in ESTIMATES:
        drawn = early.errors(early.run(estimate))
        (final,) = late.errors(late.run(estimate))
        extremes = f"{percent(drawn[0])} to {percent(drawn[-1])}"
        case = motion.name, f"{phase_ms} ms", estimate
        print_row(*case, percent(drawn[DRAWS // 2]), extremes, percent(final))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    print("Largest error of the triangle's area over 360 windows of 1 s with 100 samples a vertex:")
    print(
        "from all of them (complete), and from those that come first (first pane, 15 a vertex), of"
    )
    print(f"which the median of {DRAWS} random orders is given, then the lowest and the highest.")
    print_row("motion", "phase", "estimate", "first pane", "", "complete")
    for motion in MOTIONS:
        for phase_ms in PHASES_MS:
            print_errors(directory, motion, phase_ms)


if __name__ == "__main__":
    main()

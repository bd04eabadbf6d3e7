"""40 x 40 cells, 6 partitions that do not divide the columns, 5000 windows, 8 million events."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
import pytest

from oracle.bulk import Events, parse_lines
from oracle.heat_oracle import Setup, physics_of, run_bulk
from oracle.physics import Physics, Solver, hardware_flush

from .conftest import Bench, from_kafka
from .decks import T0_MS, Deck, merged
from .kafka import Kafka
from .program import tool
from .results import RunDirectory, assert_ledger

WINDOWS, SETTLED = 5000, 2500
REPLICAS = 32
# C = k tau/h^2 = 0.1875 and 0.19724 per firing, as in the original with tau = 0.04931 s, at one
# step a window of 100 ms. t0 lies half a window before the sensors' first tick: nearest 100 ms. A
# jitter of 8 ms keeps all eight million within their window.
REFERENCE: Deck = {
    "run": {"id": "run", "title": "reference case"},
    "grid": {"nx": 40, "ny": 40, "dx": float(np.sqrt(0.1 / 0.1875)),
             "dy": float(np.sqrt(0.1 / 0.1875))},
    "physics": {"gen_scale": 0.19724 / 0.4, "boundary": 0},
    "time": {"window_ms": 100, "t0": T0_MS - 50},
    "stream": {"source": "kafka"},
    "gen": {"seed": 40, "start_ms": T0_MS, "steps": WINDOWS, "partitions": 6,
            "probability": 0.01, "value": 4, "zeros": True, "jitter_ms": 8},
    "output": {"frames": {"dtype": "f64"}},
    "checkpoint": {"every_windows": 500},
}  # fmt: skip
PINNED = merged(
    REFERENCE,
    {
        "grid": {"nx": 38, "ny": 38},
        "stream": {"source": "synthetic"},
        "gen": {"zeros": False},
    },
)


def steady(physics: Physics, mean_heat: float) -> float:
    """Largest temperature where every step adds `mean_heat` to every cell, solved directly."""
    solver = Solver(physics, hardware=False)

    def laplacian(n: int, c: float) -> npt.NDArray[np.float64]:
        return c * (2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1))

    along_x = np.kron(laplacian(physics.nx, solver.cx), np.eye(physics.ny))
    along_y = np.kron(np.eye(physics.nx), laplacian(physics.ny, solver.cy))
    heat = np.full(physics.nx * physics.ny, mean_heat)
    return float(np.linalg.solve(along_x + along_y, heat).max())


def mean_maximum(frames: npt.NDArray[Any]) -> float:
    return float(frames[SETTLED:].mean(axis=0).max())


def expected_maximum(deck: Deck) -> tuple[float, float]:
    """Mean and standard deviation of mean_maximum() over independent realisations."""
    physics = physics_of(deck["grid"], deck["physics"], deck["time"])
    coefficients = Solver(physics, hardware=False)
    cx, tau = coefficients.cx, coefficients.tau
    rng = np.random.default_rng(5)
    u = np.zeros((REPLICAS, physics.nx + 2, physics.ny + 2))
    total = np.zeros((REPLICAS, physics.nx, physics.ny))
    for step in range(WINDOWS):
        inner = u[:, 1:-1, 1:-1]
        around = u[:, :-2, 1:-1] + u[:, 2:, 1:-1] + u[:, 1:-1, :-2] + u[:, 1:-1, 2:]
        new = coefficients.a * inner + cx * around
        new[rng.random(new.shape, dtype=np.float32) < 0.01] += tau * 4 * physics.gen_scale
        u[:, 1:-1, 1:-1] = new
        if step >= SETTLED:
            total += new
    maxima = (total / (WINDOWS - SETTLED)).max(axis=(1, 2))
    return float(maxima.mean()), float(maxima.std(ddof=1))


def assert_steady(deck: Deck, run: RunDirectory, analytic: float) -> None:
    mean, error = expected_maximum(deck)
    found = mean_maximum(run.temperature())
    print(
        f"mean maximum {found:.3f}; realisations {mean:.3f} +- {error:.3f}; heat spread evenly "
        f"{analytic:.3f}"
    )
    assert error < 0.1
    assert abs(mean - analytic) < error
    assert abs(found - mean) < 4 * error


def test_ghost_and_pinned_forms_have_the_known_steady_maxima() -> None:
    for deck, known in ((REFERENCE, 1.301), (PINNED, 1.177)):
        physics = physics_of(deck["grid"], deck["physics"], deck["time"])
        assert abs(steady(physics, 0.01 * 0.19724) - known) < 2e-3


def read_by_kcat(kafka: Kafka, topic: str, directory: Path, ny: int) -> list[Events]:
    events = []
    for partition in range(6):
        path = directory / f"read-{partition}"
        with path.open("wb") as out:
            subprocess.run(
                ["kcat", "-C", "-q", "-e", "-b", kafka.address, "-t", topic, "-p", str(partition),
                 "-o", "beginning", "-X", "check.crcs=true"],
                stdout=out, stdin=subprocess.DEVNULL, timeout=120, check=True,
            )  # fmt: skip
        events.append(parse_lines(path.read_bytes(), ny))
        path.unlink()
    return events


def largest_difference(run: RunDirectory, setup: Setup, events: Sequence[Events]) -> float:
    result = run_bulk(events, setup, frames=True)
    assert len(result.rows) == WINDOWS
    series = run.series()
    assert series["digest"] == [r.digest for r in result.rows]
    assert series["events"] == [1600] * WINDOWS
    assert series["missing"] == [0] * WINDOWS
    assert_ledger(run.ledger(), result.ledger)
    assert run.digest == result.digest
    largest = 0.0
    with h5py.File(run.path / "frames.h5") as file:
        for row, frame in zip(result.rows, file["temperature"], strict=True):
            assert row.u is not None
            largest = max(largest, float(np.abs(frame.T - row.u).max()))
    return largest


@pytest.mark.kafka
def test_eight_million_events_through_kafka_are_the_serial_solution(
    bench: Bench, kafka: Kafka
) -> None:
    topic = kafka.create(6)
    deck = bench.deck(REFERENCE, from_kafka(kafka, topic))
    tool("gen", deck, timeout=180).expect(0)
    run = bench.run(deck, "--until", "end", ranks=2, timeout=240)
    assert sum(counts["on_time"] for counts in run.ledger().values()) == 8_000_000
    events = read_by_kcat(kafka, topic, bench.path, 40)
    kafka.delete(topic)
    assert [len(np.unique(e.cell)) % 40 for e in events] == [0] * 6
    assert largest_difference(run, Setup.from_deck(REFERENCE), events) < 1e-12
    physics = physics_of(REFERENCE["grid"], REFERENCE["physics"], REFERENCE["time"])
    assert_steady(REFERENCE, run, steady(physics, 0.01 * 0.19724))


def test_the_pinned_form_reaches_its_own_steady_state(bench: Bench) -> None:
    run = bench.run(bench.deck(PINNED), "--until", "end", ranks=3, timeout=120)
    physics = physics_of(PINNED["grid"], PINNED["physics"], PINNED["time"])
    assert_steady(PINNED, run, steady(physics, 0.01 * 0.19724))


def test_numpy_flushes_denormals_here() -> None:
    """Else the oracle falls back to flushing by hand, which takes minutes for the case above."""
    with hardware_flush() as hardware:
        assert hardware

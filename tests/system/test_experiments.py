"""The experiments of input/: what other systems are known for, done by the whole program."""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml

from experiments.triangle import (
    ESTIMATES,
    MOTIONS,
    SAMPLES,
    SECONDS,
    Events,
    Floats,
    Motion,
    area,
    complete,
    panes,
    perimeter,
    samples,
)
from oracle.bulk import Events as BulkEvents
from oracle.bulk import parse_lines
from oracle.heat_oracle import Setup, run_bulk
from oracle.physics import Solver, hardware_flush
from oracle.rates import Entry, estimate

from .conftest import Bench
from .decks import Deck, merged
from .program import ROOT, tool
from .results import RunDirectory

# Largest error of the area as published for the original, from the first 15 samples of a window and
# from all of them, sampled on the grid.
KNOWN = {
    ("slow", "mean"): (0.086, 0.028),
    ("slow", "linear"): (0.005, 0.0),
    ("fast", "mean"): (0.35, 0.249),
    ("fast", "linear"): (0.061, 0.0),
}
SLOW, FAST = MOTIONS
motions = pytest.mark.parametrize("motion", MOTIONS, ids=lambda m: m.name)


@functools.cache
def all_samples(directory: Path, motion: Motion, phase_ms: int) -> Events:
    return complete(directory, motion, phase_ms)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("triangle")


def error_of(events: Events, name: str) -> float:
    """The median of those of the draws."""
    errors = events.errors(events.run(name))
    return errors[len(errors) // 2]


def estimates(motion: Motion, phase_ms: int, name: str) -> Floats:
    """Of every window and vertex, by the oracle."""
    entries: dict[tuple[int, int], list[Entry]] = defaultdict(list)
    for offset, s in enumerate(samples(motion, phase_ms)):
        entries[s.window, s.cell].append((s.cell, s.time_ms, 0, offset, s.value))
    z = [
        [estimate(name, entries[window, vertex], 1000 * window + 500) for vertex in range(3)]
        for window in range(SECONDS)
    ]
    return np.array(z)


def test_the_triangle_is_that_of_the_original() -> None:
    z = np.array([motion.excursion(0.5) for motion in MOTIONS])
    assert perimeter(z) == pytest.approx([5.576528, 5.410123], abs=5e-7)
    assert area(z) == pytest.approx([1.496165, 1.406506], abs=5e-7)
    over_time = SLOW.excursion(np.arange(0, SECONDS, 0.005))
    assert area(over_time).min() == pytest.approx(0.041166, abs=5e-7)
    assert area(over_time).max() == pytest.approx(1.507772, abs=5e-7)
    assert perimeter(over_time).min() == pytest.approx(1.356445, abs=5e-7)
    assert perimeter(over_time).max() == pytest.approx(5.598076, abs=5e-7)


@pytest.mark.parametrize("name", ESTIMATES)
def test_the_temperature_is_the_estimate_from_all_samples_bit_for_bit(
    directory: Path, name: str
) -> None:
    run = all_samples(directory, FAST, 7).run(name)
    assert run.temperature()[:, :, 0].tobytes() == estimates(FAST, 7, name).tobytes()
    series = run.series()
    assert (series["events"], series["late"]) == ([300] * SECONDS, [0] * SECONDS)
    counts = {name: count for name, count in run.ledger()[0].items() if count}
    assert counts == {"next": 3 * SAMPLES, "on_time": 3 * SAMPLES}


def test_corrections_make_windows_as_complete_as_waiting_does(directory: Path) -> None:
    """Windows close early, and are corrected as long as samples come. All of them have to close,
    also the one that only the last sample is in: what is late is applied at the next close."""
    late = {"stream.disorder_ms": "0", "stream.horizon_windows": "361", "time.windows": "0"}
    run = all_samples(directory, FAST, 7).run("cubic", late)
    assert run.temperature()[:SECONDS, :, 0].tobytes() == estimates(FAST, 7, "cubic").tobytes()
    series = run.series()
    assert series["events"] == [300] * SECONDS + [3]
    assert min(series["revision"][: SECONDS - 1]) > 0
    assert sum(series["late"]) > 100_000


@motions
def test_complete_windows_are_exact_where_a_sample_lies_on_the_middle(
    directory: Path, motion: Motion
) -> None:
    events = all_samples(directory, motion, 0)
    assert error_of(events, "linear") <= 1e-12
    assert error_of(events, "cubic") <= 1e-12
    assert error_of(events, "mean") <= KNOWN[motion.name, "mean"][1] + 0.0005


@motions
def test_off_the_grid_cubic_beats_linear_beats_the_mean(directory: Path, motion: Motion) -> None:
    events = all_samples(directory, motion, 7)
    mean, linear, cubic = (error_of(events, name) for name in ESTIMATES)
    assert 0 < cubic < linear / 1000 < mean / 1_000_000


@motions
def test_the_first_samples_tell_as_much_as_in_the_original(directory: Path, motion: Motion) -> None:
    """The largest of 360 windows of 15 random samples: another order moves it by a third."""
    events = panes(directory, motion, 0, draws=5)
    mean, linear, cubic = (error_of(events, name) for name in ESTIMATES)
    assert mean < 1.2 * KNOWN[motion.name, "mean"][0]
    assert linear < 1.2 * KNOWN[motion.name, "linear"][0]
    assert cubic < linear / 10


@dataclass(frozen=True)
class Hopping:
    """The first windows of the hopping deck, from files; all events lie within their window."""

    deck: Deck
    run: RunDirectory
    parts: list[BulkEvents]

    def heat(self) -> Floats:
        """[window, cell]: the mean of what each cell sent in the last 300 ms."""
        window = np.concatenate([(p.time_ms - self.deck["time"]["t0"]) // 100 for p in self.parts])
        cell = np.concatenate([p.cell for p in self.parts])
        heard = np.zeros((2 + window.max() + 1, 1600))
        np.add.at(heard, (2 + window, cell), np.concatenate([p.rate for p in self.parts]))
        return (heard[:-2] + heard[1:-1] + heard[2:]) / 3


@pytest.fixture
def hopping(bench: Bench) -> Hopping:
    changes = {"run": {"id": "run"}, "gen": {"steps": 150, "jitter_ms": 8}}
    deck = merged(yaml.safe_load((ROOT / "input/reference-hopping.yaml").read_text()), changes)
    deck["time"]["t0"] = deck["gen"]["start_ms"] - 50
    tool("gen", bench.deck(deck), "--out", bench.path / "events").expect(0)
    paths = sorted(bench.path.glob("events.*.ndjson"))
    source = {"source": "file", "files": [str(path) for path in paths]}
    run = bench.run(bench.deck(deck, {"stream": source}), ranks=3)
    return Hopping(deck, run, [parse_lines(path.read_bytes(), 40) for path in paths])


def test_the_hopping_deck_is_the_oracle_s(hopping: Hopping) -> None:
    expected = run_bulk(hopping.parts, Setup.from_deck(hopping.deck))
    assert len(expected.rows) == 150
    assert hopping.run.series()["digest"] == [row.digest for row in expected.rows]


def test_the_hopping_deck_heats_by_the_mean_of_the_last_300_ms(hopping: Hopping) -> None:
    """To rounding: the mean is taken in another order."""
    physics = Setup.from_deck(hopping.deck).physics
    with hardware_flush() as hardware:
        solver = Solver(physics, hardware)
        frames = hopping.run.temperature()
        for heat, frame in zip(hopping.heat(), frames, strict=True):
            solver.step_window(np.arange(1600), heat * physics.gen_scale)
            assert np.abs(frame - solver.u).max() < 1e-12
    assert frames.max() > 0.1

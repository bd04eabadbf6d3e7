"""Decks and streams nobody would think of, against the oracle, stopped and resumed on the way."""

from __future__ import annotations

import os
import random
import zlib
from collections.abc import Sequence
from typing import Any

import pytest

from oracle.heat_oracle import Result, Setup, run_exact
from oracle.journal import Gap

from .conftest import Bench
from .decks import AWKWARD, T0_MS, Deck, Stream, event, merged, sensors
from .garbage import everything_refused
from .program import LONG
from .results import RunDirectory, assert_equals_oracle
from .test_damage import kill_somewhere

FIRST_SEED = int(os.environ.get("HEATSTREAM_RANDOM_SEED", "1"))
SEEDS = range(FIRST_SEED, FIRST_SEED + (200 if LONG else 10))


def random_side(rng: random.Random) -> Any:
    return rng.choice([0, "insulated", rng.uniform(-3, 3), -0.0])


def random_deck(rng: random.Random) -> Deck:
    window_ms = rng.choice([1, 7, 100, 1000, 86_400_000])
    conductivity = rng.choice([0.0, 0.3, 1.0]) * 100 / max(window_ms, 100)
    sides = {side: random_side(rng) for side in ("left", "right", "bottom", "top")}
    return {
        "run": {"id": "run"},
        "grid": {"nx": rng.randint(1, 30), "ny": rng.randint(1, 30),
                 "dx": rng.uniform(0.4, 2), "dy": rng.uniform(0.4, 2)},
        "physics": {"conductivity": conductivity, "gen_scale": rng.choice([1, -0.5, 0, 3.25]),
                    "initial": rng.choice([0, -1.5, 1e-300]), "boundary": sides},
        "time": {"window_ms": window_ms, "t0": rng.choice(["auto", T0_MS, T0_MS - 5 * window_ms])},
        "stream": {"source": "file", "disorder_ms": rng.choice([0, 1, window_ms, 3 * window_ms]),
                   "jump_cells": rng.randint(2, 9), "jump_expiry": rng.choice([20, 21, 50, 1000]),
                   "horizon_windows": rng.choice([2, 3, 7, 50]), "span": rng.choice([1, 1, 2, 5]),
                   "estimate": rng.choice(["mean", "sum", "last", "linear", "cubic"]),
                   "missing": rng.choice(["zero", "zero", {"hold": 1}, {"hold": 6}]),
                   "dedup": rng.choice([True, False]), "batch": rng.choice([1, 3, 10000])},
        "output": {"frames": {"dtype": rng.choice(["f64", "f64", "f32"]),
                              "every": rng.choice([1, 1, 2, 3]), "tile": rng.choice([1, 3, 256]),
                              "per_segment": rng.choice([1, 2, 7, 1000]),
                              "flush_every": rng.choice([1, 3])}},
        "solve": {"snapshot_memory": rng.choice([0, 10_000, 2**28])},
        "checkpoint": {"every_windows": rng.choice([0, 1, 5]), "keep": rng.choice([2, 4])},
    }  # fmt: skip


def random_stream(rng: random.Random, deck: Deck) -> Stream:
    """Few or many sensors, clocks of their own, stragglers, garbage, repeats, a gap, partitions
    without anything."""
    nx, ny, window_ms = deck["grid"]["nx"], deck["grid"]["ny"], deck["time"]["window_ms"]
    horizon_ms = deck["stream"]["horizon_windows"] * window_ms
    scatter = deck["stream"]["disorder_ms"] + rng.choice([0, window_ms, 4 * window_ms])
    count = rng.choice([60, 400, 1500])
    span = rng.randint(1, 40) * window_ms
    gap = rng.choice([0, 0, 60 * window_ms])
    parts: list[list[bytes]] = []
    for _ in range(rng.randint(1, 7)):
        cells = [(rng.randrange(nx), rng.randrange(ny)) for _ in range(rng.choice([1, 3, 50]))]
        values = []
        for i in range(rng.choice([0, count, count, count // 3])):
            behind = horizon_ms if rng.random() < 0.03 else scatter
            time_ms = T0_MS + i * span // count - rng.randint(0, behind)
            time_ms += gap if 2 * i > count else 0
            gen = rng.choice([0, 4, -0.0, rng.uniform(-9, 9), 1e12, 5e-324])
            values.append(event(time_ms, *rng.choice(cells), gen))
            if rng.random() < 0.03:
                values.append(rng.choice(rng.choice([values, *filter(None, parts)])))
            if rng.random() < 0.02:
                values.append(rng.choice(everything_refused())[:3000])
        parts.append(values)
    if not any(parts):
        parts[0].append(event(T0_MS, 0, 0, 1))
    return Stream(parts)


def random_case(rng: random.Random, least: int) -> tuple[Deck, Stream, Result]:
    """One that publishes at least so many frames, corrected ones counted each time."""
    while True:
        deck = random_deck(rng)
        stream = random_stream(rng, deck)
        expected = stream.expected(deck)
        if len(expected.published) >= least:
            return deck, stream, expected


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_deck_is_the_oracle_s(bench: Bench, seed: int) -> None:
    rng = random.Random(seed)
    deck, stream, expected = random_case(rng, least=1)
    path = bench.files(deck, stream)
    columns = deck["grid"]["nx"]
    if rng.random() < 0.5:
        first = rng.randint(1, expected.rows[-1].closed.window + 1)
        bench.run(path, "-D", f"time.windows={first}", ranks=rng.randint(1, min(6, columns)))
    run = bench.run(path, ranks=rng.randint(1, min(6, columns)))
    assert_equals_oracle(run, expected)


@pytest.mark.parametrize("seed", SEEDS[: len(SEEDS) // 3])
def test_a_random_deck_killed_at_random_is_the_oracle_s(bench: Bench, seed: int) -> None:
    rng = random.Random(f"killed {seed}")
    deck, stream, expected = random_case(rng, least=30)
    path = bench.files(deck, stream, {"checkpoint": {"every_windows": rng.choice([1, 2])}})
    run, columns = bench.directory(path), deck["grid"]["nx"]
    for _ in range(3):
        kill_somewhere(run, path, rng, rng.randint(1, min(4, columns)))
    bench.run(path, ranks=rng.randint(1, min(3, columns)))
    assert_equals_oracle(run, expected)


def random_gaps(rng: random.Random, stream: Stream) -> list[Gap]:
    """Side by side or apart, from the first offset on or up to the last."""
    gaps = []
    for p, values in enumerate(stream.partitions):
        edges = sorted(rng.choices(range(len(values) + 1), k=rng.choice([0, 2, 4, 6])))
        gaps += [Gap(p, *pair) for pair in zip(edges[::2], edges[1::2], strict=True)]
    return [gap for gap in gaps if gap.start < gap.stop]


def write_gaps(run: RunDirectory, gaps: Sequence[Gap]) -> None:
    """As a run has accepted them, of which the journal is replayed."""
    run.path.mkdir(parents=True)
    with (run.path / "journal").open("wb") as journal:
        for gap in gaps:
            line = f"gap {gap.partition} {gap.start} {gap.stop}".encode()
            journal.write(line + b" #%08x\n" % zlib.crc32(line))


@pytest.mark.parametrize("seed", SEEDS[: len(SEEDS) // 3])
def test_a_random_deck_with_records_lost_is_the_oracle_s(bench: Bench, seed: int) -> None:
    rng = random.Random(f"lost {seed}")
    expected, gaps = None, list[Gap]()
    while not expected or not expected.rows or not gaps:
        deck = merged(random_deck(rng), {"time": {"t0": T0_MS}})
        stream = random_stream(rng, deck)
        gaps = random_gaps(rng, stream)
        expected = run_exact(stream.as_read(), Setup.from_deck(deck), gaps=gaps)
    path = bench.files(deck, stream)
    write_gaps(bench.directory(path), gaps)
    columns = deck["grid"]["nx"]
    first = rng.randint(1, expected.rows[-1].closed.window + 1)
    bench.run(path, "-D", f"time.windows={first}", ranks=rng.randint(1, min(4, columns)))
    run = bench.run(path, ranks=rng.randint(1, min(4, columns)))
    assert sum(ledger.fates["lost"] for ledger in expected.ledger) > 0
    assert_equals_oracle(run, expected)


QUIET: list[Deck] = [
    {"output": {"frames": {"flush_every": 7}}},
    {"output": {"frames": {"per_segment": 1}}},
    {"output": {"frames": {"tile": 1}}},
    {"output": {"frames": {"tile": 16384}}},
    {"checkpoint": {"every_windows": 1}},
    {"checkpoint": {"every_windows": 0, "every_wall_s": 0, "at_end": False}},
    {"checkpoint": {"keep": 9, "every_windows": 2}},
    {"log": {"format": "json", "level": "debug", "every_s": 0.1}},
    {"solve": {"snapshot_memory": 0}},
]


@pytest.mark.parametrize("change", QUIET, ids=str)
def test_options_of_output_checkpoints_and_log_change_no_bit(bench: Bench, change: Deck) -> None:
    deck = merged(AWKWARD, change)
    stream = sensors(deck, windows=18)
    assert_equals_oracle(bench.run(bench.files(deck, stream), ranks=3), stream.expected(deck))


@pytest.mark.parametrize("every", [2, 3, 7])
def test_one_frame_every_so_many_windows_is_a_choice_of_the_same_rows(
    bench: Bench, every: int
) -> None:
    deck = merged(AWKWARD, {"output": {"frames": {"every": every}}})
    stream = sensors(deck, windows=25)
    run = bench.run(bench.files(deck, stream), ranks=2)
    assert_equals_oracle(run, stream.expected(deck))
    digests = {row.closed.window: row.digest for row in stream.expected(AWKWARD).rows}
    assert run.series()["digest"] == [digests[w] for w in run.series()["window"]]

"""Calls that the kernel refuses once, anywhere: the run goes on or ends with the right code, and
the same command then leaves the bits of a run that met no failure."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import Bench
from .decks import AWKWARD, WATCHED, Deck, Stream, merged, sensors
from .failing import Order, errors_of, is_call, is_shared, moments, reached, trace_into
from .program import LONG
from .results import RunDirectory, assert_manifest_stands_for_rows, assert_same
from .test_errors import small_disk

RANKS, SAMPLE, TURNS = 2, 4, 10
PARTS = 16 if LONG else 1
SEED = int(os.environ.get("HEATSTREAM_SOAK_SEED", int(time.time() // 86400)))
DECK = merged(
    AWKWARD,
    WATCHED,
    {
        "stream": {"horizon_windows": 8},
        "output": {"frames": {"per_segment": 6}},
        "checkpoint": {"every_windows": 4},
    },
)


@dataclass(frozen=True)
class Case:
    deck: Deck
    stream: Stream
    whole: RunDirectory
    reached: dict[tuple[str, int], int]

    def orders(self) -> Iterator[tuple[Order, int]]:
        """Every error at the first, a middle and the last time of each call on each rank, and on
        how many ranks."""
        for (point, rank), times in sorted(self.reached.items()):
            shared = is_shared(point)
            for error in errors_of(point) if is_call(point) else ():
                for count in moments(times):
                    if shared and rank == 0:
                        yield Order(point, count, error), 1
                    if not (shared and point.endswith(".open")):
                        yield Order(point, count, error, rank, goes_on=shared), RANKS


def case_of(bench: Bench, tile: int) -> Case:
    deck = merged(DECK, {"output": {"frames": {"tile": tile}}})
    stream = sensors(deck, windows=24, seed=31, chance=0.1, stragglers=0.06)
    path, trace = bench.files(deck, stream, name="whole"), bench.path / "trace"
    bench.outcome(path, ranks=RANKS, env=trace_into(trace)).expect(0)
    return Case(deck, stream, bench.directory(path), reached(trace))


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return case_of(Bench(tmp_path_factory.mktemp("failures")), 5)


@pytest.fixture(scope="module", params=[5, 64], ids="tile-{}".format)
def any_case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Rows that are written one by one, by all ranks, and such as wait for each other."""
    return case_of(Bench(tmp_path_factory.mktemp("failures")), request.param)


def outcome_of(bench: Bench, case: Case, order: Order, deck: Path, ranks: int = RANKS) -> int:
    outcome = bench.outcome(deck, ranks=ranks, env=order.variables)
    assert outcome.code in (0, 73, 74, 76), f"{order}: {outcome.code}\n{outcome.text[-3000:]}"
    assert "heatstream: error: " in outcome.text or outcome.code == 0
    bench.outcome(deck, ranks=3).expect(0)
    assert_same(bench.directory(deck), case.whole)
    assert_manifest_stands_for_rows(bench.directory(deck))
    return outcome.code


@pytest.mark.parametrize("part", range(PARTS))
def test_a_call_that_fails_once_costs_nothing_but_a_restart(
    bench: Bench, any_case: Case, part: int
) -> None:
    case = any_case
    orders = list(case.orders())
    assert len(orders) > 400
    chosen = orders[part::PARTS] if LONG else random.Random(SEED).sample(orders, SAMPLE)
    for number, (order, ranks) in enumerate(chosen):
        limit = {"run": {"lost_after_s": 20}}
        deck = bench.files(case.deck, case.stream, limit, name=f"failing-{number}")
        print(order, ranks, "ranks:", outcome_of(bench, case, order, deck, ranks))


def test_a_rank_that_cannot_open_a_file_ends_the_run_of_all(bench: Bench, case: Case) -> None:
    """As where the run directory is not on a file system that all nodes share."""
    deck = bench.files(case.deck, case.stream)
    assert outcome_of(bench, case, Order("segment.open", 1, "EIO", rank=1), deck) == 74


@pytest.mark.parametrize("call", ["segment-new.close", "segment-new.cut"])
def test_a_file_that_hdf5_cannot_close_is_74(bench: Bench, case: Case, call: str) -> None:
    """It would crash when it is shut down."""
    deck = bench.files(case.deck, case.stream)
    order = Order(call, 1 if call.endswith("close") else case.reached[call, 0], "EIO")
    assert outcome_of(bench, case, order, deck) == 74


@pytest.mark.parametrize(
    ("point", "before", "codes"),
    [("segment.write", 10, {74}), ("segment.write", 0, {74, 76}), ("checkpoint.write", 0, {74})],
)
def test_a_disk_that_fails_at_the_last_moment_keeps_no_rank_waiting(
    bench: Bench, case: Case, point: str, before: int, codes: set[int]
) -> None:
    """When files are closed, which rank 0 alone writes to. At its very last write HDF5 leaves the
    ranks waiting for each other, until they are told that they are. How many writes there are
    depends on when rows are flushed: a run that ends without meeting the failure is followed by one
    that fails earlier."""
    for turn in range(TURNS):
        count = case.reached[point, 0] - before - 4 * (2**turn - 1)
        order = Order(point, count, "EIO", goes_on=True)
        limit = {"run": {"lost_after_s": 20}}
        deck = bench.files(case.deck, case.stream, limit, name=f"turn-{turn}")
        code = outcome_of(bench, case, order, deck)
        if code != 0:
            break
    assert code in codes


def test_a_full_disk_that_stays_full_is_74_until_there_is_room(bench: Bench, case: Case) -> None:
    deck = bench.files(case.deck, case.stream)
    order = Order("checkpoint.write", 100, "ENOSPC", goes_on=True)
    assert outcome_of(bench, case, order, deck) == 74


@pytest.mark.parametrize("action", ["kill-before", "kill-after"])
def test_a_run_killed_while_it_is_taken_back_still_reads_what_its_topic_grew(
    bench: Bench, case: Case, action: str
) -> None:
    head = Stream([values[: len(values) // 2] for values in case.stream.partitions])
    deck = bench.files(case.deck, head, name="grown")
    bench.run(deck)
    case.stream.write(bench.path, "grown0")
    order = Order("manifest_cut", 1, action)
    assert bench.outcome(deck, ranks=1, env=order.variables).code == 137
    assert_same(bench.run(deck), case.whole)


# 47 KiB a frame, 400 of them.
LARGE: Deck = {
    "run": {"id": "run"},
    "grid": {"nx": 120, "ny": 100},
    "stream": {"source": "synthetic"},
    "gen": {"steps": 400, "probability": 0.02, "zeros": False},
    "checkpoint": {"every_windows": 10000},
}


def test_a_disk_that_fills_up_keeps_room_for_the_last_checkpoint(bench: Bench) -> None:
    """No window is computed again: the checkpoint is of the last one."""
    whole = bench.run(bench.deck(LARGE, name="whole"))
    with small_disk(bench.path / "small", "12m") as disk:
        deck = bench.deck(LARGE, name="filling")
        outcome = bench.outcome(deck, "--out", disk).expect(74)
        assert "nearly full" in outcome.text
        run = RunDirectory(disk / "run")
        assert 0 < run.windows_committed() < 400
        newest = int(run.checkpoints()[-1].stem.rpartition("_")[2])
        assert newest == run.windows_committed() - 1
        subprocess.run(["mount", "-o", "remount,size=80m", str(disk)], check=True)
        bench.outcome(deck, "--out", disk, ranks=3).expect(0)
        assert_same(run, whole)

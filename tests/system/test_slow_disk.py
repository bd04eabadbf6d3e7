"""A disk that does not answer while a checkpoint is on its way to it: the run goes on without, and
whatever becomes of that checkpoint, the bits are the same."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import Bench
from .decks import Stream, large, merged, sensors
from .failing import Order
from .program import Running, running
from .results import RunDirectory, assert_manifest_stands_for_rows, assert_same

WINDOWS, EVERY = 60, 20
DECK = merged(large(WINDOWS), {"checkpoint": {"every_windows": EVERY}})
# What the thread does that has it on its hands, in that order.
POINTS = ["letters.sync", "checkpoint.sync", "checkpoint.rename", "latest.rename"]


@pytest.fixture(scope="module")
def stream() -> Stream:
    """Nothing late: rows that a checkpoint counts on are not corrected before it is there."""
    return sensors(DECK, windows=WINDOWS + 20, chance=0.002, stragglers=0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, stream: Stream) -> RunDirectory:
    bench = Bench(tmp_path_factory.mktemp("whole"))
    return bench.run(bench.files(DECK, stream), ranks=1)


def checkpoint_lines(run: RunDirectory) -> list[int]:
    lines = (run.path / "manifest").read_text().splitlines()
    return [int(line.split()[1]) for line in lines if line.startswith("checkpoint ")]


@contextmanager
def stalled(bench: Bench, deck: Path, point: str, ranks: int) -> Iterator[tuple[Running, Path]]:
    """A run that has come as far as it does without its first checkpoint: the second waits for
    it."""
    release, run = bench.path / "stalled", bench.directory(deck)
    release.touch()
    env = Order(point, 1, "stall").variables | {"FAILPOINT_STALL": str(release)}
    with running(["run", deck], ranks, env=env) as program:
        program.until(lambda: run.windows_committed() >= 2 * EVERY, "windows after the checkpoint")
        assert checkpoint_lines(run) == []
        yield program, release


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("point", POINTS)
def test_a_run_goes_on_while_its_checkpoint_waits_for_the_disk(
    bench: Bench, stream: Stream, whole: RunDirectory, point: str, ranks: int
) -> None:
    deck = bench.files(DECK, stream)
    run = bench.directory(deck)
    with stalled(bench, deck, point, ranks) as (program, release):
        release.unlink()
        program.wait().expect(0)
    assert checkpoint_lines(run)[:2] == [EVERY - 1, 2 * EVERY - 1]
    assert_same(run, whole)
    assert_manifest_stands_for_rows(run)


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("point", POINTS)
def test_a_run_killed_before_its_checkpoint_counts_begins_before_it(
    bench: Bench, stream: Stream, whole: RunDirectory, point: str, ranks: int
) -> None:
    """Frames of later windows are promised already, and come out the same."""
    deck = bench.files(DECK, stream)
    run = bench.directory(deck)
    with stalled(bench, deck, point, ranks) as (program, _):
        program.kill_all()
    promised = run.promised()
    bench.outcome(deck, ranks=2).expect(0)
    assert promised.items() <= run.promised().items()
    assert_same(run, whole)
    assert_manifest_stands_for_rows(run)


def test_a_run_that_is_stopped_waits_for_its_checkpoint(
    bench: Bench, stream: Stream, whole: RunDirectory
) -> None:
    deck = bench.files(DECK, stream)
    run = bench.directory(deck)
    with stalled(bench, deck, "checkpoint.sync", 1) as (program, release):
        (pid,) = program.ranks()
        os.kill(pid, signal.SIGUSR2)
        release.unlink()
        program.wait().expect(75)
    assert checkpoint_lines(run)[0] == EVERY - 1 and len(checkpoint_lines(run)) > 1
    assert checkpoint_lines(run)[-1] == run.windows_committed() - 1
    bench.outcome(deck, ranks=2).expect(0)
    assert_same(run, whole)

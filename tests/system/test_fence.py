"""Two runs on one run directory: one commits, the other leaves and says why; never two, never none.

Whatever they do, the directory ends with the bits of a run that was alone.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Stream, large, merged, sensors
from .failing import Order
from .kafka import Kafka
from .lives import held_at
from .program import LONG, SCRATCH, Outcome, Running, named, running
from .results import RunDirectory, assert_manifest_stands_for_rows, assert_same

WINDOWS, RANKS = 120, 2
SEED = int(os.environ.get("HEATSTREAM_FENCE_SEED", "20260101"))
ROUNDS = int(os.environ.get("HEATSTREAM_FENCES", "50" if LONG else "0"))
DECK = merged(
    large(WINDOWS),
    {
        "run": {"takeover_s": 2},
        "checkpoint": {"every_windows": 7, "keep": 3},
        "output": {"frames": {"per_segment": 40}},
    },
)
FEW = pytest.mark.parametrize("round_", range(ROUNDS or 1))
SEVERAL = pytest.mark.parametrize("round_", range(ROUNDS or 2))
HOSTS = ["", "elsewhere"] if ROUNDS else ["elsewhere"]


@dataclass(frozen=True)
class Case:
    stream: Stream
    alone: RunDirectory


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    bench = Bench(tmp_path_factory.mktemp("alone"))
    stream = sensors(DECK, windows=WINDOWS + 20, chance=0.002)
    return Case(stream, bench.run(bench.files(DECK, stream, name="alone"), ranks=RANKS))


def epochs(run: RunDirectory) -> list[int]:
    lines = (run.path / "manifest").read_text().splitlines()
    return [int(line.split()[1]) for line in lines if line.startswith("epoch ")]


def assert_one_result(run: RunDirectory, alone: RunDirectory) -> None:
    assert_same(run, alone)
    assert_manifest_stands_for_rows(run)
    assert epochs(run) == sorted(set(epochs(run))), "an epoch belongs to one run"
    assert [p.name for p in run.path.rglob("*.tmp")] == []


def assert_refused(outcome: Outcome) -> None:
    assert "another run is writing to this directory: process" in outcome.expect(73).text


def assert_replaced(outcome: Outcome) -> None:
    assert "another run has taken over" in outcome.expect(73).text


def scratch(name: str) -> dict[str, str]:
    """Where mpirun keeps its files: two that start at the same moment may trip over each other when
    they make the same directory."""
    place = SCRATCH / name
    place.mkdir()
    return {"OMPI_MCA_orte_tmpdir_base": str(place)}


@FEW
def test_of_two_runs_started_at_once_one_commits(bench: Bench, case: Case, round_: int) -> None:
    deck = bench.files(DECK, case.stream, {"run": {"takeover_s": 600}})
    with ExitStack() as stack:
        both = [
            stack.enter_context(running(["run", deck], RANKS, env=scratch(f"{round_}{name}")))
            for name in ("one", "other")
        ]
        outcomes = sorted((program.wait() for program in both), key=lambda o: o.code)
    outcomes[0].expect(0)
    if outcomes[1].code == 0:
        finished = ["finished after window" in outcome.text for outcome in outcomes]
        assert sorted(finished) == [False, True], "the later one came when all was done"
    else:
        assert_refused(outcomes[1])
    assert_one_result(bench.directory(deck), case.alone)


@pytest.mark.kafka
@pytest.mark.parametrize("host", HOSTS)
@FEW
def test_a_second_run_is_refused_while_the_first_lives(
    bench: Bench, kafka: Kafka, host: str, round_: int
) -> None:
    """The first waits: its topic has no end."""
    topic = kafka.topic_of(sensors(AWKWARD, windows=12))
    deck = bench.deck(AWKWARD, from_kafka(kafka, topic), {"stream": {"idle": "block"}})
    run = bench.directory(deck)
    with running(["run", deck], RANKS, within=named(host)) as first:
        first.until(lambda: run.frames_committed() >= 2, "frames")
        refused = bench.outcome(deck, ranks=RANKS)
        assert first.process.poll() is None
        assert_refused(refused)
        (run.path / "STOP").touch()
        first.wait().expect(75)
    together = bench.run(deck, "--until", "end")
    alone = bench.deck(AWKWARD, from_kafka(kafka, topic), {"stream": {"idle": "block"}})
    assert_one_result(together, bench.run(alone, "--until", "end"))


@dataclass
class Stalled:
    """A run that is stopped at some moment, and woken up at another."""

    rng: random.Random
    run: RunDirectory
    deck: Path

    def moments(self) -> dict[str, Callable[[], bool]]:
        newer = self.rng.randint(1, WINDOWS)
        return {
            "start": lambda: any(self.run.path.glob("epoch.*")),
            "frames": lambda: self.run.frames_committed() >= newer,
            "checkpoint": self.run.is_writing_checkpoint,
            "rewrite": self.run.is_rewriting,
        }

    def stall(self, program: Running, moment: str) -> bool:
        """False when the run was over before the moment came."""
        condition = self.moments()[moment]
        while not condition():
            if program.process.poll() is not None:
                return False
        program.pause()
        return True

    def wake_amid(self, stalled: Running, second: Running) -> None:
        """Some time after the second run has begun to commit."""
        more = self.run.frames_committed() + self.rng.randint(1, WINDOWS)
        while second.process.poll() is None and self.run.frames_committed() < more:
            pass
        stalled.resume()


@SEVERAL
def test_a_stalled_run_that_was_replaced_leaves_and_changes_nothing(
    bench: Bench, case: Case, round_: int
) -> None:
    rng = random.Random(SEED + round_)
    moment = ["rewrite", "checkpoint", "frames", "start"][round_ % 4]
    deck = bench.files(DECK, case.stream)
    stalled = Stalled(rng, bench.directory(deck), deck)
    with running(["run", deck], RANKS) as first:
        if stalled.stall(first, moment):
            with running(["run", deck], rng.choice([1, 2, 3])) as second:
                stalled.wake_amid(first, second)
                outcome = second.wait()
            assert_one_of_two(first.wait(), outcome)
        else:
            first.wait().expect(0)
    assert_one_result(bench.directory(deck), case.alone)


def test_a_run_stalled_before_others_see_its_lock_is_told_that_it_was_replaced(
    bench: Bench, case: Case
) -> None:
    deck = bench.files(DECK, case.stream)
    with held_at(Order("claim.rename", 1, "hold"), ["run", deck], RANKS) as first:
        together = bench.run(deck)
        first.resume()
        assert_replaced(first.wait())
    assert_one_result(together, case.alone)


POINTS = ["renewed.write", "unclean.rename", "renewed.open", "renewed.rename", "unclean.open"]


@pytest.mark.parametrize("point", POINTS if ROUNDS else POINTS[:1])
def test_a_run_killed_while_it_replaces_another_leaves_its_doubt_to_the_next(
    bench: Bench, case: Case, point: str
) -> None:
    """The first is alive until the third has ended, and may not be believed dead by any."""
    deck = bench.files(DECK, case.stream)
    with held_at(Order("frames_revise", 5, "hold"), ["run", deck], 1) as first:
        order = Order(point, 1, "kill-before" if point.endswith("open") else "kill-after")
        assert bench.outcome(deck, ranks=1, env=order.variables).code == 137
        bench.outcome(deck, ranks=1, env=Order("renewed.close", 1, "EIO").variables).expect(74)
        bench.outcome(deck, ranks=2).expect(0)
        first.resume()
        assert_replaced(first.wait())
    assert_one_result(bench.directory(deck), case.alone)


def assert_one_of_two(first: Outcome, second: Outcome) -> None:
    """The first may have been stopped before it had anything, or after its last commit."""
    if second.code != 0:
        assert_refused(second)
        first.expect(0)
    elif first.code != 0:
        assert "another run" in first.expect(73).text
    else:
        found = ["already finished" in outcome.text for outcome in (first, second)]
        assert sorted(found) == [False, True], "the later one came when all was done"


@pytest.mark.kafka
@FEW
def test_a_run_that_was_stalled_while_it_waited_for_events_leaves(
    bench: Bench, kafka: Kafka, round_: int
) -> None:
    """It wakes up to new events, which it must not commit."""
    stream = sensors(AWKWARD, windows=12)
    topic = kafka.topic_of(stream)
    changes = {"run": {"takeover_s": 2}, "stream": {"idle": "block"}, "log": {"every_s": 0.2}}
    deck = bench.deck(AWKWARD, from_kafka(kafka, topic), changes)
    with running(["run", deck], RANKS) as first:
        said = f"window {stream.awaited(AWKWARD)} waits for p"
        first.until(lambda: said in first.text(), said)
        first.pause()
        together = bench.run(deck, "--until", "end")
        kafka.send_stream(topic, sensors(AWKWARD, windows=12, seed=2))
        first.resume()
        assert_replaced(first.wait())
    together = bench.run(deck, "--until", "end")
    alone = bench.deck(AWKWARD, from_kafka(kafka, topic), changes)
    assert_one_result(together, bench.run(alone, "--until", "end"))


@FEW
def test_the_lock_of_a_dead_host_is_waited_for_and_then_replaced(
    bench: Bench, case: Case, round_: int
) -> None:
    deck = bench.files(DECK, case.stream)
    run = bench.directory(deck)
    amid = Order("manifest_add_frame", 20, "hold")
    with held_at(amid, ["run", deck], RANKS, within=named("elsewhere")) as first:
        first.kill_all()
    outcome = bench.outcome(deck, ranks=3).expect(0)
    assert "has shown no sign of life" in outcome.text
    assert "on elsewhere" in outcome.text
    assert_one_result(run, case.alone)

"""Stopping on request: a checkpoint, exit code 75, and the same bits after going on."""

from __future__ import annotations

import json
import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from oracle.heat_oracle import Result

from .conftest import Bench, from_kafka
from .decks import AWKWARD, T0_MS, Deck, Stream, event, large, merged, sensors
from .failing import Order
from .kafka import Kafka
from .lives import held_at, resume_with
from .program import PATIENCE, Outcome, running
from .results import assert_equals_oracle

WINDOWS = 250
DECK = merged(large(WINDOWS), {"checkpoint": {"every_windows": 0}})


@dataclass(frozen=True)
class Case:
    stream: Stream
    expected: Result


@pytest.fixture(scope="module")
def case() -> Case:
    stream = sensors(DECK, windows=WINDOWS + 20, chance=0.004)
    return Case(stream, stream.expected(DECK))


AMID = Order("manifest_add_frame", 20, "hold")


def signalled(deck: Path, number: signal.Signals, ranks: int = 2) -> Outcome:
    """Amid its windows."""
    with held_at(AMID, ["run", deck], ranks) as program:
        resume_with(program, number)
        return program.wait()


def test_usr2_writes_a_checkpoint_stops_with_75_and_goes_on_to_the_same_bits(
    bench: Bench, case: Case
) -> None:
    deck = bench.files(DECK, case.stream)
    signalled(deck, signal.SIGUSR2).expect(75)
    run = bench.directory(deck)
    assert 0 < len(run.series()["window"]) < WINDOWS
    assert run.checkpoints()
    assert_equals_oracle(bench.run(deck, ranks=3), case.expected)


def test_usr1_writes_a_checkpoint_and_goes_on(bench: Bench, case: Case) -> None:
    deck = bench.files(DECK, case.stream, {"checkpoint": {"at_end": False}})
    signalled(deck, signal.SIGUSR1).expect(0)
    run = bench.directory(deck)
    assert len(run.checkpoints()) >= 1
    assert_equals_oracle(run, case.expected)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_term_or_int_to_a_run_without_mpirun_stops_as_usr2_does_and_says_so(
    bench: Bench, case: Case, number: signal.Signals
) -> None:
    """mpirun itself would turn the exit code into 1."""
    deck = bench.files(DECK, case.stream)
    outcome = signalled(deck, number, ranks=0).expect(75)
    assert "checkpoint" in outcome.text.lower()
    assert_equals_oracle(bench.run(deck, ranks=2), case.expected)


def test_a_signal_to_one_rank_stops_all(bench: Bench, case: Case) -> None:
    deck = bench.files(DECK, case.stream)
    with held_at(AMID, ["run", deck], 3) as program:
        os.kill(program.ranks()[-1], signal.SIGUSR2)
        program.resume()
        code = program.wait().code
    assert code in (0, 75), "rank 0 may decide alone, but nothing hangs"


def test_a_rank_that_stands_still_ends_the_run_with_76_which_then_goes_on(
    bench: Bench, case: Case
) -> None:
    """The other would wait for it for ever, and mpirun sees nothing wrong."""
    lost: Deck = {"run": {"lost_after_s": 3}, "checkpoint": {"every_windows": 20}}
    deck = bench.files(DECK, case.stream, lost)
    held = Order("frames_write", 50, "hold", rank=1)
    outcome = bench.outcome(deck, ranks=2, env=held.variables).expect(76)
    assert outcome.text.count("has heard nothing from the other ranks for 3 s") == 1
    assert_equals_oracle(bench.run(deck, ranks=1), case.expected)


def test_a_stop_file_stops_and_its_removal_lets_the_run_go_on(bench: Bench, case: Case) -> None:
    deck = bench.files(DECK, case.stream)
    stop = bench.directory(deck).path / "STOP"
    with held_at(AMID, ["run", deck], 2) as program:
        stop.touch()
        program.resume()
        program.wait().expect(75)
    stop.unlink(missing_ok=True)
    assert_equals_oracle(bench.run(deck, ranks=4), case.expected)


@pytest.mark.kafka
@pytest.mark.parametrize("number", [signal.SIGUSR2, signal.SIGUSR1])
def test_a_run_that_waits_for_events_says_so_and_obeys_signals(
    bench: Bench, kafka: Kafka, number: signal.Signals
) -> None:
    """The topic has no end and nothing more will ever come."""
    stream = sensors(AWKWARD, windows=12)
    waiting: Deck = {"stream": {"idle": "block"}, "log": {"every_s": 0.2}}
    deck = bench.deck(AWKWARD, from_kafka(kafka, kafka.topic_of(stream)), waiting)
    run, window = bench.directory(deck), stream.awaited(AWKWARD)
    newest = run.path / "ckpt" / f"ckpt_{window - 1:09d}.h5"
    with running(["run", deck], 3) as program:
        said = f"window {window} waits for p"
        program.until(lambda: said in program.text(), said)
        assert newest not in run.checkpoints()
        program.signal(number)
        if number == signal.SIGUSR1:
            program.until(lambda: newest in run.checkpoints(), "a checkpoint")
            program.signal(signal.SIGUSR2)
        program.wait(20).expect(75)
    assert newest in run.checkpoints()


def test_time_limit_stops_in_time_with_a_checkpoint(bench: Bench) -> None:
    endless = {
        "time": {"windows": 0},
        "stream": {"source": "synthetic"},
        "gen": {"steps": 0, "partitions": 3, "start_ms": T0_MS},
    }
    deck = bench.deck(AWKWARD, endless)
    outcome = bench.outcome(deck, "--time-limit", "00:00:03", ranks=2, timeout=30).expect(75)
    assert "the time limit is near: writing a checkpoint, then stopping" in outcome.err
    assert outcome.seconds < 3 + 4 * PATIENCE
    run = bench.directory(deck)
    assert run.checkpoints()
    assert len(run.series()["window"]) > 0


def test_a_time_limit_has_one_checkpoint_written_early_to_know_what_it_costs(
    bench: Bench,
) -> None:
    endless = {
        "time": {"windows": 0},
        "stream": {"source": "synthetic"},
        "gen": {"steps": 0, "partitions": 3, "start_ms": T0_MS},
        "checkpoint": {"every_windows": 0, "every_wall_s": 0},
    }
    deck = bench.deck(AWKWARD, endless)
    outcome = bench.outcome(deck, "--time-limit", "0:10", ranks=2).expect(75)
    early, last = outcome.err.split("the time limit is near")
    for part in (early, last):
        assert part.count("checkpoint after window") == 1


def test_no_time_left_is_a_stop_at_once_that_is_gone_on_from(bench: Bench) -> None:
    stream = sensors(AWKWARD, windows=20)
    deck = bench.files(AWKWARD, stream)
    bench.outcome(deck, "--time-limit", "0:00", ranks=2).expect(75)
    assert bench.run(deck, ranks=3).digest == stream.expected(AWKWARD).digest


def test_until_takes_a_number_of_windows_and_a_time(bench: Bench) -> None:
    deck = bench.files(AWKWARD, sensors(AWKWARD, windows=20))
    run = bench.run(deck, "--until", "7")
    assert run.series()["window"] == list(range(7))
    # T0 is 2023-11-14T22:13:20Z; this instant lies in window 12.
    run = bench.run(deck, "--until", "2023-11-14T23:13:21.250+01:00")
    assert run.series()["window"] == list(range(13))


# One event in window 90 that belongs to window 0, and none other that comes late.
LONG_WAY = merged(
    AWKWARD,
    {
        "time": {"windows": 110},
        "stream": {"horizon_windows": 100},
        "checkpoint": {"every_windows": 50},
    },
)


def with_a_straggler() -> Stream:
    parts = sensors(LONG_WAY, windows=120, chance=0.05, stragglers=0).partitions
    at = next(i for i, raw in enumerate(parts[2]) if json.loads(raw)["time"] > T0_MS + 90 * 100)
    parts[2].insert(at, event(T0_MS + 50, 11, 3, 4.0))
    return Stream(parts)


@pytest.mark.parametrize("patience_s", [0, 86400])
def test_a_stop_amid_a_long_correction_does_not_wait_for_its_end_unless_it_may(
    bench: Bench, patience_s: int
) -> None:
    deck = merged(LONG_WAY, {"run": {"stop_s": patience_s}})
    stream = with_a_straggler()
    path = bench.files(deck, stream)
    run = bench.directory(path)
    with held_at(Order("frames_revise", 20, "hold"), ["run", path], 1) as program:
        resume_with(program, signal.SIGUSR2)
        outcome = program.wait().expect(75)
    newest = int(run.checkpoints()[-1].stem.rpartition("_")[2])
    if patience_s == 0:
        assert re.search(
            r"late events have \d+ windows .* goes on after window 49$", outcome.err, re.M
        )
        assert newest == 49 and run.is_rewriting()
    else:
        assert newest > 80 and not run.is_rewriting()
    assert_equals_oracle(bench.run(path, ranks=2), stream.expected(deck))

"""Late events through the whole program: each close rolls back, corrects and publishes again."""

from __future__ import annotations

import random
import signal
from dataclasses import dataclass

import pytest

from oracle.event_time import Windows
from oracle.heat_oracle import Result, Setup

from .conftest import Bench, from_kafka
from .decks import (
    AWKWARD,
    Deck,
    Stream,
    chunks_in_random_order,
    in_order_of_time,
    merged,
    repeated,
    sensors,
)
from .kafka import Kafka
from .program import running
from .results import (
    assert_equals_oracle,
    assert_manifest_stands_for_rows,
    assert_same,
    identical,
)

# A horizon some of the stragglers miss, and segments that have to wait for it.
DECK = merged(
    AWKWARD,
    {
        "stream": {"horizon_windows": 8},
        "output": {"frames": {"per_segment": 6}},
        "checkpoint": {"every_windows": 4},
    },
)
WINDOWS = 35


def late_stream(seed: int = 31, deck: Deck = DECK) -> Stream:
    return sensors(deck, windows=WINDOWS, seed=seed, chance=0.2, stragglers=0.06)


@dataclass(frozen=True)
class Case:
    stream: Stream
    expected: Result

    @staticmethod
    def of(stream: Stream, deck: Deck) -> Case:
        return Case(stream, stream.expected(deck))

    def count(self, fate: str) -> int:
        return sum(ledger.fates[fate] for ledger in self.expected.ledger)

    def revisions(self) -> list[int]:
        return [row.closed.revision for row in self.expected.rows]


@pytest.fixture(scope="module")
def case() -> Case:
    found = Case.of(late_stream(), DECK)
    assert found.count("late") > 50 and found.count("too_late") > 5
    assert max(found.revisions()) > 4
    return found


@pytest.mark.parametrize("ranks", [1, 2, 3, 4, 6])
def test_late_events_are_corrected_on_any_number_of_ranks(
    bench: Bench, case: Case, ranks: int
) -> None:
    run = bench.run(bench.files(DECK, case.stream), ranks=ranks)
    assert_equals_oracle(run, case.expected)


CHANGES: list[Deck] = [
    {"output": {"frames": {"every": 3}}},
    {"output": {"frames": {"per_segment": 1, "flush_every": 5}}},
    {"output": {"frames": {"dtype": "f32", "tile": 3}}},
    {"solve": {"snapshot_memory": 0}},
    {"solve": {"snapshot_memory": 10_000}},
    {"solve": {"halo_depth": 2, "steps_per_sweep": 2}},
    {"stream": {"span": 3, "missing": {"hold": 4}}},
    {"stream": {"estimate": "cubic", "batch": 1}},
    {"stream": {"estimate": "last", "horizon_windows": 2}},
    {"stream": {"estimate": "sum", "horizon_windows": 50}},
    {"checkpoint": {"every_windows": 1, "keep": 3}},
    {"time": {"t0": "auto", "windows": 23}},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_late_events_are_corrected_under_any_option(bench: Bench, change: Deck) -> None:
    deck = merged(DECK, change)
    found = Case.of(late_stream(deck=deck), deck)
    assert found.count("late") > 10 and max(found.revisions()) > 1
    assert_equals_oracle(bench.run(bench.files(deck, found.stream), ranks=3), found.expected)


@pytest.mark.parametrize("dedup", [True, False])
def test_a_record_that_comes_again_counts_once_if_that_is_wanted(bench: Bench, dedup: bool) -> None:
    deck = merged(DECK, {"stream": {"dedup": dedup, "estimate": "sum"}})
    stream = repeated(late_stream(), random.Random(7), share=0.2)
    found = Case.of(stream, deck)
    assert (found.count("duplicate") > 50) == dedup
    assert_equals_oracle(bench.run(bench.files(deck, stream), ranks=2), found.expected)


def test_duplicates_change_no_bit_of_the_frames(bench: Bench) -> None:
    """Repeats follow their original, so that it is the original that counts."""
    deck = merged(DECK, {"stream": {"dedup": True, "horizon_windows": 50}})
    stream = late_stream(deck=deck)
    rng = random.Random(8)
    doubled = Stream(
        [[v for v in part for _ in range(rng.randint(1, 3))] for part in stream.partitions]
    )
    plain, run = (bench.run(bench.files(deck, s), ranks=2) for s in (stream, doubled))
    assert_equals_oracle(run, doubled.expected(deck))
    assert run.frames_bytes() == plain.frames_bytes()
    assert run.promised() == plain.promised()


# Of /series, what tells how events came and not what they are.
OF_ARRIVAL = {
    "revision", "change", "final", "complete", "late", "dead", "row_digest", "latency_ms",
}  # fmt: skip


@pytest.mark.parametrize("every", [1, 3])
def test_frames_are_those_of_the_same_events_delivered_in_order(bench: Bench, every: int) -> None:
    frames = {"frames": {"every": every}}
    deck = merged(DECK, {"stream": {"horizon_windows": 50}, "output": frames})
    stream = late_stream(deck=deck)
    ordered = in_order_of_time(stream)
    found, wanted = Case.of(stream, deck), Case.of(ordered, deck)
    assert found.count("late") > 100 and wanted.count("late") == 0
    late, run = (bench.run(bench.files(deck, s), ranks=3) for s in (stream, ordered))
    assert_equals_oracle(late, found.expected)
    assert late.frames_bytes() == run.frames_bytes()
    assert late.digest == run.digest
    series = run.series(), late.series()
    names = series[0].keys() - OF_ARRIVAL
    assert {"heat_in", "heat_out", "events", "missing", "digest"} <= names
    assert [n for n in names if not identical(series[0][n], series[1][n])] == []


@pytest.mark.parametrize("windows", [1, 9, 17, 30])
def test_a_run_gone_on_with_amid_corrections_is_one_that_never_stopped(
    bench: Bench, case: Case, windows: int
) -> None:
    path = bench.files(DECK, case.stream)
    bench.run(path, "-D", f"time.windows={windows}", ranks=2)
    assert_equals_oracle(bench.run(path, ranks=3), case.expected)


def test_a_correction_back_to_where_a_restart_began_knows_the_heat_before(bench: Bench) -> None:
    """Rows are four windows apart: the snapshot that a checkpoint carries lies between two."""
    deck: Deck = {
        "run": {"id": "run"},
        "grid": {"nx": 5, "ny": 4, "dx": 1.0, "dy": 1.0},
        "time": {"window_ms": 100, "t0": 0},
        "stream": {"source": "file", "disorder_ms": 0, "horizon_windows": 3},
        "output": {"frames": {"every": 4, "dtype": "f64"}},
    }
    lines = [(t, t // 10 % 5, t // 50 % 4, 1.0) for t in range(0, 1500, 10)]
    lines.insert(86, (550, 2, 2, 7.0))
    template = '{"time":%d,"gridX":%d,"gridY":%d,"gen":%r}'
    stream = Stream([[(template % line).encode() for line in lines]])
    whole = bench.run(bench.files(deck, stream, name="whole"), ranks=1)
    assert whole.series()["revision"][1] == 1
    path = bench.files(deck, stream, name="stopped")
    bench.run(path, "--until", "8", ranks=2)
    assert_same(bench.run(path, ranks=1), whole)


@pytest.mark.kafka
@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_arrival_across_partitions_changes_no_revision(
    bench: Bench, kafka: Kafka, case: Case, seed: int
) -> None:
    topic = kafka.create(5)
    deck = merged(DECK, {"time": {"windows": len(case.expected.rows) - 4}})
    path = bench.deck(deck, from_kafka(kafka, topic), {"stream": {"idle": "block"}})
    producer = kafka.producer()
    with running(["run", path], ranks=3) as program:
        program.until(lambda: bench.directory(path).path.exists(), "a run directory")
        for p, values in chunks_in_random_order(case.stream, random.Random(seed)):
            kafka.send(topic, ((p, (None, v)) for v in values), producer)
        program.wait().expect(0)
    assert_equals_oracle(bench.directory(path), case.stream.expected(deck))


def head_with_late_events_due(stream: Stream, deck: Deck) -> Stream:
    """Cut where the open window waits while late events do."""
    setup = Setup.from_deck(deck, bounded=False)
    for length in range(len(stream.partitions[0]) // 2, len(stream.partitions[0])):
        head = Stream([stream.partitions[0][:length], *stream.partitions[1:]])
        windows = Windows(head.as_read(), setup.decoding, setup.event_time)
        closed = list(windows.run())
        if len(windows.sets.due) > 1 and any(c.revision for c in closed):
            return head
    raise AssertionError("late events are never due where partition 0 could be cut")


@pytest.mark.kafka
def test_a_stop_while_late_events_wait_for_the_close_loses_none(
    bench: Bench, kafka: Kafka, case: Case
) -> None:
    head = head_with_late_events_due(case.stream, DECK)
    topic = kafka.topic_of(head)
    deck = bench.deck(DECK, from_kafka(kafka, topic), {"stream": {"idle": "block"}})
    with running(["run", deck], 2) as program:
        said = f"window {head.awaited(DECK)} waits for p0, "
        program.until(lambda: said in program.text(), said)
        program.signal(signal.SIGUSR2)
        program.wait().expect(75)
    rest = case.stream.partitions[0][len(head.partitions[0]) :]
    kafka.send(topic, ((0, (None, v)) for v in rest))
    run = bench.run(deck, "--until", "end", ranks=3)
    assert_equals_oracle(run, case.expected)


@pytest.mark.kafka
@pytest.mark.parametrize("flush_every", [1, 5])
def test_a_kill_after_corrections_leaves_a_manifest_that_is_made_good(
    bench: Bench, kafka: Kafka, case: Case, flush_every: int
) -> None:
    """Rows after the checkpoint are taken back, and those corrected put back and said again."""
    head = head_with_late_events_due(case.stream, DECK)
    topic = kafka.topic_of(head)
    change: Deck = {
        "stream": {"idle": "block"},
        "checkpoint": {"every_windows": 9},
        "output": {"frames": {"flush_every": flush_every}},
    }
    deck = bench.deck(DECK, from_kafka(kafka, topic), change)
    run = bench.directory(deck)
    said = f"window {head.awaited(DECK)} waits for p0, "
    for ranks in (2, 3):
        with running(["run", deck], ranks) as program:
            program.until(lambda: said in program.text(), said)  # noqa: B023
            program.kill_all()
            program.wait()
        (run.path / "STOP").touch()
        bench.outcome(deck, ranks=1).expect(75)
        assert_manifest_stands_for_rows(run)
        (run.path / "STOP").unlink(missing_ok=True)
    rest = case.stream.partitions[0][len(head.partitions[0]) :]
    kafka.send(topic, ((0, (None, v)) for v in rest))
    bench.run(deck, "--until", "end", ranks=1)
    assert_manifest_stands_for_rows(run)
    assert_equals_oracle(run, case.expected)

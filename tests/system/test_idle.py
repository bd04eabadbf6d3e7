"""Silent partitions: windows close without them by time-outs that are journaled and replayed."""

from __future__ import annotations

import shutil
import signal

import pytest

from oracle.heat_oracle import Result, Setup, run_exact
from oracle.journal import Advance

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Deck, Stream, merged, sensors
from .kafka import Kafka
from .lives import before_window, held_at
from .program import running
from .results import RunDirectory, assert_equals_oracle, identical

WINDOWS, PARTITIONS = 40, 6
DECK = merged(AWKWARD, {"checkpoint": {"every_windows": 6}, "stream": {"idle_ms": 300}})
SILENT = 2


def stream_of(seed: int) -> Stream:
    return sensors(DECK, windows=WINDOWS, partitions=PARTITIONS, seed=seed)


def send(kafka: Kafka, topic: str, stream: Stream, but: int | None = None) -> None:
    for p, values in enumerate(stream.partitions):
        if p != but:
            kafka.send(topic, ((p, (None, v)) for v in values))


def idles(run: RunDirectory) -> list[Advance]:
    """The journal's time-outs."""
    lines = (run.path / "journal").read_text().splitlines()
    words = [line.split() for line in lines if line.startswith("idle ") and line[-10:-8] == " #"]
    return [Advance(int(w[2]), int(w[3]), int(w[4])) for w in words]


def expected_of(run: RunDirectory, stream: Stream, deck: Deck, bounded: bool = False) -> Result:
    """What the topic and the journal say, and nothing else."""
    return run_exact(stream.as_read(), Setup.from_deck(deck, bounded), advances=idles(run))


def assert_rows_equal(one: RunDirectory, other: RunDirectory) -> None:
    first, second = one.lasting_series(), other.lasting_series()
    assert [n for n in first if not identical(first[n], second[n])] == []
    assert one.frames_bytes() == other.frames_bytes()
    assert one.promised() == other.promised()


@pytest.mark.kafka
def test_a_partition_silent_from_the_first_moment_is_not_waited_for(
    bench: Bench, kafka: Kafka
) -> None:
    stream = stream_of(21)
    topic = kafka.create(PARTITIONS)
    send(kafka, topic, stream, but=SILENT)
    deck = merged(DECK, {"time": {"windows": WINDOWS}})
    run = bench.run(bench.deck(deck, from_kafka(kafka, topic)), ranks=2)
    assert {a.partition for a in idles(run)} >= {SILENT}
    assert run.series()["final"] == [1] * WINDOWS
    spoken = Stream([v if p != SILENT else [] for p, v in enumerate(stream.partitions)])
    assert_equals_oracle(run, expected_of(run, spoken, deck))


@pytest.mark.kafka
def test_heat_diffuses_at_the_pace_of_the_clock_while_all_are_silent(
    bench: Bench, kafka: Kafka
) -> None:
    stream = sensors(DECK, windows=10, partitions=PARTITIONS, seed=22)
    topic = kafka.topic_of(stream)
    deck = merged(DECK, {"time": {"windows": 30}})
    run = bench.run(bench.deck(deck, from_kafka(kafka, topic)), ranks=2)
    assert run.series()["events"][12:] == [0] * 18
    assert {a.partition for a in idles(run)} == set(range(PARTITIONS))
    assert_equals_oracle(run, expected_of(run, stream, deck))


def live_until_all_is_said(
    bench: Bench, kafka: Kafka, stream: Stream, live: Deck, topic: str
) -> RunDirectory:
    """One partition is silent for half of the windows, however long what it says takes to come;
    killed after its return, then stopped."""
    send(kafka, topic, stream, but=SILENT)
    deck = bench.deck(live, from_kafka(kafka, topic), name="live")
    run = bench.directory(deck)
    others = Stream([values for p, values in enumerate(stream.partitions) if p != SILENT])
    half = before_window(WINDOWS // 2, others, live)
    with held_at(half, ["run", deck], 2) as program:
        values = stream.partitions[SILENT]
        kafka.send(topic, ((SILENT, (None, v)) for v in values))
        program.resume()
        program.until(lambda: run.windows_committed() >= WINDOWS + 4, "windows after the return")
        program.kill_all()
        program.wait()
    more = run.windows_committed() + 4
    with running(["run", deck], 3) as program:
        program.until(lambda: run.windows_committed() >= more, "windows after the restart")
        program.signal(signal.SIGUSR2)
        program.wait().expect(75)
    return run


def replayed(bench: Bench, run: RunDirectory, kafka: Kafka, topic: str, deck: Deck) -> RunDirectory:
    """From the topic and a copy of the journal, whose last line a crash has torn."""
    path = bench.deck(deck, from_kafka(kafka, topic), {"stream": {"idle": "block"}}, name="replay")
    again = bench.directory(path)
    again.path.mkdir(parents=True)
    shutil.copy(run.path / "journal", again.path / "journal")
    with (again.path / "journal").open("a") as journal:
        journal.write("idle 99")
    return bench.run(path, ranks=1)


@pytest.mark.kafka
@pytest.mark.parametrize("horizon", [50, 6])
def test_a_return_inside_or_beyond_the_horizon_is_replayed_bit_for_bit(
    bench: Bench, kafka: Kafka, horizon: int
) -> None:
    stream = stream_of(23)
    topic = kafka.create(PARTITIONS)
    deck = merged(DECK, {"stream": {"horizon_windows": horizon}})
    run = live_until_all_is_said(bench, kafka, stream, deck, topic)
    windows = len(run.series()["window"])
    limited = merged(deck, {"time": {"windows": windows}})
    again = replayed(bench, run, kafka, topic, limited)
    assert_rows_equal(run, again)
    assert_equals_oracle(again, expected_of(run, stream, limited))

    returned = again.ledger()[SILENT]
    assert returned["late"] > 0
    in_reach = returned.get("too_late", 0) == 0
    assert in_reach == (horizon > WINDOWS)
    never_silent = [row.digest for row in stream.expected(deck).rows]
    assert (run.series()["digest"][: WINDOWS - 4] == never_silent[: WINDOWS - 4]) == in_reach


@pytest.mark.kafka
def test_a_live_run_with_time_outs_goes_on_to_the_end_of_its_topic(
    bench: Bench, kafka: Kafka
) -> None:
    stream = stream_of(25)
    topic = kafka.create(PARTITIONS)
    run = live_until_all_is_said(bench, kafka, stream, DECK, topic)
    bench.run(bench.path / "live.yaml", "--until", "end", ranks=2)
    assert_equals_oracle(run, expected_of(run, stream, DECK, bounded=True))


@pytest.mark.kafka
def test_block_waits_and_says_for_whom(bench: Bench, kafka: Kafka) -> None:
    stream = stream_of(24)
    topic = kafka.create(PARTITIONS)
    send(kafka, topic, stream, but=SILENT)
    deck = bench.deck(DECK, from_kafka(kafka, topic), {"stream": {"idle": "block"}})
    with running(["run", deck], 2) as program:
        program.until(lambda: f"waits for p{SILENT}" in program.text(), "the waiting line")
        program.signal(signal.SIGUSR2)
        program.wait().expect(75)
    assert idles(bench.directory(deck)) == []

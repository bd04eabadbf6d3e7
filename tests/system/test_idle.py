"""Silent partitions: windows close without them by time-outs that are journaled and replayed."""

from __future__ import annotations

import shutil
import signal

import pytest

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Stream, merged, sensors
from .kafka import Kafka
from .program import running
from .results import RunDirectory, identical

WINDOWS = 40
DECK = merged(AWKWARD, {"checkpoint": {"every_windows": 6}, "stream": {"idle_ms": 300}})
SILENT = 2


def send(kafka: Kafka, topic: str, stream: Stream, but: int | None = None) -> None:
    for p, values in enumerate(stream.partitions):
        if p != but:
            kafka.send(topic, ((p, (None, v)) for v in values))


def idles(run: RunDirectory) -> list[tuple[int, int, int]]:
    """(partition, before, to) of the journal's time-outs."""
    lines = (run.path / "journal").read_text().splitlines()
    words = [line.split() for line in lines if line.startswith("idle ")]
    return [(int(w[2]), int(w[3]), int(w[4])) for w in words]


def assert_rows_equal(one: RunDirectory, other: RunDirectory, rows: int) -> None:
    first, second = one.lasting_series(), other.lasting_series()
    differing = [n for n in first if not identical(first[n][:rows], second[n][:rows])]
    assert differing == []
    assert (one.temperature()[:rows] == other.temperature()[:rows]).all()


@pytest.mark.kafka
def test_a_partition_silent_from_the_first_moment_is_not_waited_for(
    bench: Bench, kafka: Kafka
) -> None:
    stream = sensors(DECK, windows=WINDOWS, seed=21)
    topic = kafka.create(5)
    send(kafka, topic, stream, but=SILENT)
    deck = bench.deck(DECK, from_kafka(kafka, topic), {"time": {"windows": WINDOWS}})
    run = bench.run(deck, ranks=2)
    assert {p for p, _, _ in idles(run)} >= {SILENT}
    assert len(run.series()["window"]) == WINDOWS
    assert run.series()["final"] == [1] * WINDOWS
    assert run.series()["complete"][0] == 0


@pytest.mark.kafka
def test_heat_diffuses_at_the_pace_of_the_clock_while_all_are_silent(
    bench: Bench, kafka: Kafka
) -> None:
    stream = sensors(DECK, windows=10, seed=22)
    topic = kafka.topic_of(stream)
    deck = bench.deck(DECK, from_kafka(kafka, topic), {"time": {"windows": 30}})
    run = bench.run(deck, ranks=2)
    series = run.series()
    assert len(series["window"]) == 30
    assert series["events"][12:] == [0] * 18
    assert {p for p, _, _ in idles(run)} == {0, 1, 2, 3, 4}


@pytest.mark.kafka
def test_a_return_and_a_restart_and_a_replay_from_the_journal_give_the_same_bits(
    bench: Bench, kafka: Kafka
) -> None:
    stream = sensors(DECK, windows=WINDOWS, seed=23)
    topic = kafka.create(5)
    send(kafka, topic, stream, but=SILENT)
    deck = bench.deck(DECK, from_kafka(kafka, topic), name="live")
    run = bench.directory(deck)
    with running(["run", deck], 2) as program:
        program.until(lambda: run.frames_committed() >= WINDOWS // 2, "half of the windows")
        values = stream.partitions[SILENT]
        kafka.send(topic, ((SILENT, (None, v)) for v in values))
        program.until(lambda: run.frames_committed() >= WINDOWS + 4, "windows after the return")
        program.kill_all()
        program.wait()
    with running(["run", deck], 3) as program:
        program.until(lambda: run.frames_committed() >= WINDOWS + 8, "windows after the restart")
        program.signal(signal.SIGUSR2)
        program.wait().expect(75)
    rows = len(run.series()["window"])
    assert sum(run.ledger()[SILENT].get(fate, 0) for fate in ("too_late", "on_time")) == len(values)

    replayed = bench.deck(
        DECK,
        from_kafka(kafka, topic),
        {"time": {"windows": rows}, "stream": {"idle": "block"}},
        name="replay",
    )
    again = bench.directory(replayed)
    again.path.mkdir(parents=True)
    shutil.copy(run.path / "journal", again.path / "journal")
    with (again.path / "journal").open("a") as journal:
        journal.write("idle 99")  # torn by a crash
    bench.run(replayed, ranks=1)
    assert_rows_equal(run, again, rows)


@pytest.mark.kafka
def test_block_waits_and_says_for_whom(bench: Bench, kafka: Kafka) -> None:
    stream = sensors(DECK, windows=WINDOWS, seed=24)
    topic = kafka.create(5)
    send(kafka, topic, stream, but=SILENT)
    deck = bench.deck(DECK, from_kafka(kafka, topic), {"stream": {"idle": "block"}})
    with running(["run", deck], 2) as program:
        program.until(lambda: f"waits for p{SILENT}" in program.text(), "the waiting line")
        program.signal(signal.SIGUSR2)
        program.wait().expect(75)
    assert idles(bench.directory(deck)) == []

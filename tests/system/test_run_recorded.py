"""A run from a recorded topic is the run of the topic, and may change places with it."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from oracle.event_log import read_event_log

from .conftest import Bench, from_kafka
from .decks import Deck, Stream, chunks_in_random_order, merged, sensors
from .garbage import everything_refused, mixed
from .holes import compacted_topic, send_in_transactions
from .kafka import Kafka
from .program import Running, running, tool
from .recordings import (
    DECK,
    assert_is_the_topic,
    count_recorded,
    from_recording,
    info,
    record,
    record_half,
    send_rest,
)
from .results import RunDirectory, assert_equals_oracle, assert_same

Half = tuple[Path, Path, str]


@pytest.fixture(scope="module")
def stream() -> Stream:
    return sensors(DECK, windows=40)


@pytest.fixture(scope="module")
def topic(kafka: Kafka, stream: Stream) -> str:
    return kafka.topic_of(stream)


@pytest.fixture
def half(bench: Bench, kafka: Kafka, stream: Stream) -> Half:
    return record_half(bench, kafka, stream)


def assert_same_live_and_recorded(
    bench: Bench, kafka: Kafka, topic: str, deck: Deck = DECK
) -> RunDirectory:
    file = bench.path / f"{topic}.hsl"
    live_deck = bench.deck(deck, from_kafka(kafka, topic), name="live")
    live = bench.run(live_deck, "--until", "end", ranks=2)
    record(live_deck, file, "--until", "end").expect(0)
    assert_is_the_topic(read_event_log(file), kafka, topic)
    recorded_deck = bench.deck(deck, from_kafka(kafka, topic), name="recorded")
    recorded = bench.run(recorded_deck, *from_recording(file), ranks=3)
    assert_same(live, recorded)
    return recorded


@pytest.mark.kafka
def test_a_recorded_topic_with_garbage_gives_the_run_of_the_topic(
    bench: Bench, kafka: Kafka
) -> None:
    stream = mixed(sensors(DECK, windows=25), random.Random(6), everything_refused())
    topic = kafka.topic_of(stream)
    run = assert_same_live_and_recorded(bench, kafka, topic)
    assert_equals_oracle(run, stream.expected(DECK))
    assert len(run.dead_letters()) > 100


@pytest.mark.kafka
def test_holes_of_transactions_are_recorded_with_the_end_behind_them(
    bench: Bench, kafka: Kafka
) -> None:
    topic = kafka.create(5)
    stream = sensors(DECK, windows=20)
    aborted = stream.partitions[0][:50]
    send_in_transactions(kafka, topic, stream, aborted, random.Random(3))
    run = assert_same_live_and_recorded(bench, kafka, topic)
    assert all(counts["skipped"] > 0 for counts in run.ledger().values())
    log = read_event_log(bench.path / f"{topic}.hsl")
    assert all(track.next > track.records[-1].offset + 1 for track in log.partitions)


@pytest.mark.kafka
def test_holes_of_compaction_are_recorded(bench: Bench, kafka: Kafka) -> None:
    """Where the start of window 0 has to be found as well."""
    topic = compacted_topic(kafka, sensors(DECK, windows=20, partitions=2))
    deck = merged(DECK, {"time": {"t0": "auto"}})
    run = assert_same_live_and_recorded(bench, kafka, topic, deck)
    assert sum(counts["skipped"] for counts in run.ledger().values()) > 50


@pytest.mark.kafka
def test_a_run_may_move_from_the_topic_to_its_recording_and_back(
    bench: Bench, kafka: Kafka, stream: Stream, half: Half
) -> None:
    deck, file, topic = half
    bench.run(deck, "-D", "time.windows=8", ranks=2)
    bench.run(deck, *from_recording(file), "-D", "time.windows=15", ranks=3)
    bench.run(deck, *from_recording(file), ranks=1)
    send_rest(kafka, topic, stream)
    bench.run(deck, "--until", "end", ranks=2)
    record(deck, file, "--until", "end").expect(0)
    run = bench.run(deck, *from_recording(file), ranks=3)
    assert_equals_oracle(run, stream.expected(DECK))


@pytest.mark.kafka
def test_a_run_from_another_recording_is_refused(
    bench: Bench, kafka: Kafka, topic: str, half: Half
) -> None:
    deck, _, name = half
    bench.run(deck, "-D", "time.windows=8", ranks=2)
    other = bench.path / "other.hsl"
    record(bench.deck(DECK, from_kafka(kafka, topic)), other, "--until", "end").expect(0)
    outcome = bench.outcome(deck, *from_recording(other), ranks=2).expect(65)
    assert name in outcome.text and topic in outcome.text


@pytest.mark.kafka
def test_a_recording_may_be_run_while_it_grows(bench: Bench, kafka: Kafka, stream: Stream) -> None:
    """Each run ends where the file ended when it began, the next goes on from there."""
    topic = kafka.create(5)
    file = bench.path / "growing.hsl"
    deck = bench.deck(DECK, from_kafka(kafka, topic))
    chunks = iter(chunks_in_random_order(stream, random.Random(8), largest=600))
    with running(["record", deck, "--out", file], ranks=0) as program:
        program.until(file.exists, "the file")
        for ranks in (1, 3, 2, 2):
            send_some(kafka, topic, chunks, program, file)
            bench.run(deck, *from_recording(file), ranks=ranks)
        kafka.send(topic, ((p, (None, v)) for p, values in chunks for v in values))
        total = sum(len(values) for values in stream.partitions)
        program.until(lambda: count_recorded(file) == total, "all records")
        run = bench.run(deck, *from_recording(file), ranks=2)
        program.process.send_signal(signal.SIGTERM)
        program.wait().expect(75)
    assert_equals_oracle(run, stream.expected(DECK))


def send_some(
    kafka: Kafka,
    topic: str,
    chunks: Iterator[tuple[int, list[bytes]]],
    program: Running,
    file: Path,
) -> None:
    before = count_recorded(file)
    some = [
        (p, (None, v)) for _, (p, values) in zip(range(4), chunks, strict=False) for v in values
    ]
    kafka.send(topic, some)
    program.until(lambda: count_recorded(file) == before + len(some), "more records")


@pytest.mark.kafka
def test_a_recording_may_begin_anywhere_and_so_may_a_run_from_it(
    bench: Bench, kafka: Kafka, topic: str
) -> None:
    live = bench.deck(DECK, from_kafka(kafka, topic), name="live")
    expected = bench.run(live, "--from", "70", "--until", "end", ranks=2)
    late, whole = bench.path / "late.hsl", bench.path / "whole.hsl"
    record(live, late, "--from", "70", "--until", "end").expect(0)
    record(live, whole, "--until", "end").expect(0)
    one = bench.deck(DECK, from_kafka(kafka, topic), name="one")
    assert_same(bench.run(one, *from_recording(late), ranks=1), expected)
    other = bench.deck(DECK, from_kafka(kafka, topic), name="other")
    assert_same(bench.run(other, *from_recording(whole), "--from", "70", ranks=3), expected)


@pytest.mark.kafka
def test_a_damaged_recording_ends_the_run_with_file_byte_and_reason(
    bench: Bench, kafka: Kafka, half: Half
) -> None:
    deck, file, _ = half
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 4
    file.write_bytes(raw)
    for outcome in (bench.outcome(deck, *from_recording(file)), tool("info", file)):
        outcome.expect(65)
        assert str(file) in outcome.text and "at byte " in outcome.text and "CRC" in outcome.text


@pytest.mark.kafka
def test_a_recording_that_became_shorter_is_not_waited_for(bench: Bench, half: Half) -> None:
    deck, file, topic = half
    bench.directory(deck).path.mkdir(parents=True)
    (bench.directory(deck).path / "STOP").touch()
    bench.outcome(deck, *from_recording(file)).expect(75)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    err = bench.outcome(deck, *from_recording(file)).expect(65).err
    assert topic in err and "the run is to end at offset" in err


@pytest.mark.kafka
def test_a_recording_cut_short_is_told_and_run_up_to_there(
    bench: Bench, kafka: Kafka, half: Half
) -> None:
    deck, file, _ = half
    file.write_bytes(file.read_bytes()[:-100])
    outcome = bench.outcome(deck, *from_recording(file)).expect(0)
    assert "torn" in outcome.err
    told = info(file)
    assert told["torn_bytes"] > 0 and told["closed"] is False


def test_the_demo_can_be_recorded_without_a_server(bench: Bench) -> None:
    embedded: Deck = {
        "time": {"t0": 1767225599950, "windows": 0},
        "stream": {"source": "kafka", "brokers": "embedded"},
        "gen": {"steps": 30, "partitions": 3},
    }
    deck, file = bench.deck(DECK, embedded), bench.path / "demo.hsl"
    live = bench.run(deck, ranks=2)
    record(deck, file, "--until", "end").expect(0)
    again = bench.deck(DECK, embedded)
    assert_same(bench.run(again, *from_recording(file), ranks=3), live)

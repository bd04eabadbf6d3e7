"""A recorded topic is the topic: record for record, however often the recording was interrupted."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from oracle.event_log import read_event_log

from .conftest import Bench, from_kafka
from .decks import Deck, Stream, chunks_in_random_order, sensors
from .kafka import Kafka, Pair
from .program import heatstream, running
from .recordings import (
    DECK,
    assert_is_the_topic,
    count_recorded,
    info,
    record,
    record_half,
    send_rest,
)

EMBEDDED: Deck = {"stream": {"source": "kafka", "brokers": "embedded"}, "gen": {"steps": 3}}

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


@pytest.mark.kafka
def test_every_kind_of_key_and_value_is_kept(bench: Bench, kafka: Kafka) -> None:
    pairs = [
        (key, value)
        for key in (None, b"", b"k", bytes(range(256)))
        for value in (None, b"", b"\n", bytes(range(256)) * 8000)
    ]
    topic = kafka.create(3)
    kafka.send(topic, ((i % 2, pair) for i, pair in enumerate(pairs)))
    file = bench.path / "pairs.hsl"
    record(bench.deck(DECK, from_kafka(kafka, topic)), file, "--until", "end").expect(0)
    log = read_event_log(file)
    assert_is_the_topic(log, kafka, topic)
    assert [len(track.records) for track in log.partitions] == [8, 8, 0]
    told = info(file)
    assert (told["topic"], told["records"], told["torn_bytes"]) == (topic, 16, 0)
    assert told["offsets"] == {str(p): {"first": 0, "next": n} for p, n in enumerate((8, 8, 0))}
    assert told["closed"] is True


@pytest.mark.kafka
def test_a_recording_killed_again_and_again_is_the_topic(
    bench: Bench, kafka: Kafka, stream: Stream
) -> None:
    """Killed while records arrive, before and after they are in the file; at times the file is cut
    as a lost machine would."""
    rng = random.Random(17)
    topic = kafka.create(5)
    deck, file = bench.deck(DECK, from_kafka(kafka, topic)), bench.path / "killed.hsl"
    left, partial = 0, 0
    for chunk in batches(stream, rng, count=10):
        before = count_recorded(file)
        with running(["record", deck, "--out", file], ranks=0) as program:
            program.until(file.exists, "the file")
            kafka.send(topic, chunk)
            if rng.random() < 0.6:
                program.until(lambda n=before: count_recorded(file) > n, "more records")
            program.process.send_signal(signal.SIGKILL)
            program.reap(10)
        left += len(chunk)
        partial += count_recorded(file) > 0
        if rng.random() < 0.5 and count_recorded(file):
            raw = file.read_bytes()
            file.write_bytes(raw[: len(raw) - rng.randrange(300)])
    assert partial > 5
    record(deck, file, "--until", "end").expect(0)
    log = read_event_log(file)
    assert sum(len(track.records) for track in log.partitions) == left
    assert_is_the_topic(log, kafka, topic)


def batches(stream: Stream, rng: random.Random, count: int) -> list[list[tuple[int, Pair]]]:
    """All of a stream in so many parts, partitions mixed."""
    records = [
        (p, (None, v)) for p, vs in chunks_in_random_order(stream, rng, largest=50) for v in vs
    ]
    return [records[i * len(records) // count : (i + 1) * len(records) // count]
            for i in range(count)]  # fmt: skip


@pytest.mark.kafka
@pytest.mark.parametrize("how", ["TERM", "INT", "USR2", "STOP"])
def test_a_recording_that_is_asked_to_stop_completes_its_file(
    bench: Bench, kafka: Kafka, stream: Stream, topic: str, how: str
) -> None:
    deck, file = bench.deck(DECK, from_kafka(kafka, topic)), bench.path / "stopped.hsl"
    total = sum(len(values) for values in stream.partitions)
    with running(["record", deck, "--out", file], ranks=0) as program:
        program.until(lambda: count_recorded(file) == total, "all records")
        program.until(lambda: "5 of 5 partitions at their end" in program.text(), "progress")
        if how == "STOP":
            (bench.path / "stopped.hsl.STOP").touch()
        else:
            program.process.send_signal(getattr(signal, f"SIG{how}"))
        outcome = program.wait().expect(75)
    assert "on the disk, then stopping" in outcome.text
    assert "goes on from here" in outcome.text
    log = read_event_log(file)
    assert log.closed
    assert_is_the_topic(log, kafka, topic)
    assert not (bench.path / "stopped.hsl.STOP").exists()
    before = file.read_bytes()
    record(deck, file, "--until", "end").expect(0)
    assert file.read_bytes() == before


@pytest.mark.kafka
def test_a_second_recorder_of_one_file_is_refused(bench: Bench, kafka: Kafka, topic: str) -> None:
    deck, file = bench.deck(DECK, from_kafka(kafka, topic)), bench.path / "one.hsl"
    with running(["record", deck, "--out", file], ranks=0) as program:
        program.until(lambda: "recording " in program.text(), "the file, locked")
        outcome = record(deck, file, "--until", "end").expect(73)
        assert str(file) in outcome.err and "another process" in outcome.err
        program.process.send_signal(signal.SIGTERM)
        program.wait().expect(75)
    record(deck, file, "--until", "end").expect(0)
    assert_is_the_topic(read_event_log(file), kafka, topic)


@pytest.mark.kafka
def test_records_that_were_deleted_before_they_were_recorded_are_named(
    kafka: Kafka, stream: Stream, half: Half
) -> None:
    deck, file, topic = half
    send_rest(kafka, topic, stream)
    next_offset = len(stream.partitions[2]) // 2
    kafka.drop_records(topic, 2, next_offset + 9)
    before = file.read_bytes()
    outcome = record(deck, file, "--until", "end").expect(66)
    assert f"offsets {next_offset} to {next_offset + 8} were deleted" in outcome.err
    assert "partition 2" in outcome.err
    assert file.read_bytes() == before


@pytest.mark.kafka
def test_another_topic_of_the_same_name_is_refused(
    kafka: Kafka, stream: Stream, half: Half
) -> None:
    deck, file, topic = half
    before = file.read_bytes()
    kafka.delete(topic)
    kafka.create(5, name=topic)
    assert topic in record(deck, file, "--until", "end").expect(65).err
    kafka.send_stream(topic, sensors(DECK, windows=40, seed=2))
    assert "written anew" in record(deck, file, "--until", "end").expect(65).err
    assert file.read_bytes() == before


@pytest.mark.kafka
def test_a_topic_that_got_a_partition_is_refused(kafka: Kafka, half: Half) -> None:
    deck, file, topic = half
    kafka.add_partitions(topic, 6)
    err = record(deck, file, "--until", "end").expect(65).err
    assert "5 partitions" in err and "6 now" in err


@pytest.mark.kafka
def test_a_file_of_another_topic_is_refused(kafka: Kafka, topic: str, half: Half) -> None:
    deck, file, name = half
    err = record(deck, file, "--until", "end", "-t", topic).expect(65).err
    assert name in err and topic in err


def test_a_broker_out_of_reach_leaves_no_file(bench: Bench) -> None:
    deck, file = bench.deck(DECK, {"stream": {"source": "kafka"}}), bench.path / "x.hsl"
    nobody = ("-b", "127.0.0.1:9", "-X", "socket.connection.setup.timeout.ms=1000")
    assert "127.0.0.1:9" in record(deck, file, *nobody).expect(69).err
    assert not file.exists()


@pytest.mark.kafka
def test_a_checkpoint_signal_ends_nothing(bench: Bench, kafka: Kafka, topic: str) -> None:
    deck, file = bench.deck(DECK, from_kafka(kafka, topic)), bench.path / "usr1.hsl"
    with running(["record", deck, "--out", file], ranks=0) as program:
        program.until(file.exists, "the file")
        program.process.send_signal(signal.SIGUSR1)
        program.until(lambda: "signal USR1" in program.text(), "the answer")
        program.until(lambda: "5 of 5 partitions at their end" in program.text(), "progress")
        program.process.send_signal(signal.SIGTERM)
        program.wait().expect(75)
    assert_is_the_topic(read_event_log(file), kafka, topic)


@pytest.mark.kafka
def test_a_time_limit_ends_a_recording_with_what_there_is(
    bench: Bench, kafka: Kafka, topic: str
) -> None:
    deck, file = bench.deck(DECK, from_kafka(kafka, topic)), bench.path / "limit.hsl"
    record(deck, file, "--time-limit", "00:03").expect(75)
    log = read_event_log(file)
    assert log.closed
    record(deck, file, "--until", "end").expect(0)
    assert_is_the_topic(read_event_log(file), kafka, topic)


def test_a_deck_without_brokers_has_nothing_to_record(bench: Bench) -> None:
    deck = bench.files(DECK, sensors(DECK, windows=3))
    outcome = record(deck, bench.path / "x.hsl").expect(64)
    assert "-b BROKERS" in outcome.err
    assert not (bench.path / "x.hsl").exists()


def test_the_file_is_named_after_the_topic(bench: Bench, tmp_path: Path) -> None:
    deck = bench.deck(DECK, EMBEDDED)
    heatstream("record", deck, "--until", "end", ranks=0, cwd=tmp_path).expect(0)
    assert read_event_log(tmp_path / "heat.hsl").topic == "heat"


def test_a_file_that_cannot_be_made_is_named(bench: Bench) -> None:
    deck, file = bench.deck(DECK, EMBEDDED), bench.path / "none" / "x.hsl"
    assert str(file) in record(deck, file, "--until", "end").expect(73).err


def test_a_file_that_is_no_event_log_is_left_alone(bench: Bench) -> None:
    deck, file = bench.deck(DECK, EMBEDDED), bench.path / "precious.txt"
    file.write_text("precious")
    assert "not an event log" in record(deck, file).expect(66).err
    assert file.read_text() == "precious"

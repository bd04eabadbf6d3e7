"""A recorded topic is the topic: the same records, and the same run from the file as live."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oracle.event_log import EventLog, Record, read_event_log

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Deck, Stream, chunks_in_random_order, merged, sensors
from .garbage import everything_refused, mixed
from .holes import compacted_topic, send_in_transactions
from .kafka import Kafka
from .program import Outcome, Running, running, tool
from .results import RunDirectory, assert_equals_oracle, assert_same

DECK = merged(AWKWARD, {"checkpoint": {"every_windows": 5}})
FROM_FILE = ("-D", "stream.source=file")


def record(deck: Path, file: Path, *arguments: str, timeout: float = 60) -> Outcome:
    return tool("record", deck, "--out", file, *arguments, timeout=timeout)


def files(file: Path) -> list[str]:
    return [*FROM_FILE, "-D", f"stream.files=[{file}]"]


def info(file: Path) -> dict[str, Any]:
    return dict(json.loads(tool("info", "--json", file).expect(0).out))


def delivered(kafka: Kafka, topic: str, partitions: int) -> list[list[Record]]:
    found: list[list[Record]] = [[] for _ in range(partitions)]
    for message in kafka.messages(topic, partitions):
        partition, offset = message.partition(), message.offset()
        assert partition is not None and offset is not None
        time_ms = message.timestamp()[1]
        found[partition].append(Record(offset, time_ms, message.key(), message.value()))
    return found


def assert_is_the_topic(log: EventLog, kafka: Kafka, topic: str) -> None:
    wanted = delivered(kafka, topic, len(log.partitions))
    ends = [p.end for p in kafka.read(topic, len(log.partitions))]
    assert log.topic == topic
    assert [track.records for track in log.partitions] == wanted
    assert [track.next for track in log.partitions] == ends


def assert_same_live_and_recorded(bench: Bench, kafka: Kafka, topic: str) -> RunDirectory:
    file = bench.path / f"{topic}.hsl"
    live_deck = bench.deck(DECK, from_kafka(kafka, topic), name="live")
    live = bench.run(live_deck, "--until", "end", ranks=2)
    record(live_deck, file, "--until", "end").expect(0)
    assert_is_the_topic(read_event_log(file), kafka, topic)
    recorded_deck = bench.deck(DECK, from_kafka(kafka, topic), name="recorded")
    recorded = bench.run(recorded_deck, *files(file), ranks=3)
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
    topic = compacted_topic(kafka, sensors(DECK, windows=20, partitions=2))
    run = assert_same_live_and_recorded(bench, kafka, topic)
    assert sum(counts["skipped"] for counts in run.ledger().values()) > 50


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


@pytest.fixture(scope="module")
def stream() -> Stream:
    return sensors(DECK, windows=40)


@pytest.fixture(scope="module")
def topic(kafka: Kafka, stream: Stream) -> str:
    return kafka.topic_of(stream)


@pytest.mark.kafka
def test_a_recording_killed_again_and_again_is_the_topic(
    bench: Bench, kafka: Kafka, topic: str
) -> None:
    deck, file = bench.deck(DECK, from_kafka(kafka, topic)), bench.path / "killed.hsl"
    rng = random.Random(17)
    # Small batches, so that there is a middle to be killed in.
    slow = ("-D", "stream.batch=1", "-X", "queued.min.messages=1", "-X", "fetch.max.bytes=1000")
    kills = 0
    for _ in range(12):
        size = file.stat().st_size if file.exists() else 0
        with running(["record", deck, "--out", file, "--until", "end", *slow], ranks=0) as program:
            while program.process.poll() is None and rng.random() < 0.98:
                program.reap(0.002)
            if program.process.poll() is None:
                program.process.send_signal(signal.SIGKILL)
                kills += 1
        if file.exists() and file.stat().st_size > max(size, 400) and rng.random() < 0.7:
            raw = file.read_bytes()
            file.write_bytes(raw[: len(raw) - rng.randrange(100)])
    assert kills > 0
    record(deck, file, "--until", "end").expect(0)
    assert_is_the_topic(read_event_log(file), kafka, topic)


@pytest.mark.kafka
@pytest.mark.parametrize("how", ["TERM", "INT", "USR2", "STOP"])
def test_a_recording_that_is_asked_to_stop_completes_its_file(
    bench: Bench, kafka: Kafka, stream: Stream, topic: str, how: str
) -> None:
    deck, file = bench.deck(DECK, from_kafka(kafka, topic)), bench.path / "stopped.hsl"
    total = sum(len(values) for values in stream.partitions)
    with running(["record", deck, "--out", file], ranks=0) as program:
        program.until(lambda: recorded_all(file, total), "all records")
        if how == "STOP":
            (bench.path / "stopped.hsl.STOP").touch()
        else:
            program.process.send_signal(getattr(signal, f"SIG{how}"))
        outcome = program.wait().expect(75)
    assert "goes on from here" in outcome.text
    log = read_event_log(file)
    assert log.closed
    assert_is_the_topic(log, kafka, topic)
    assert not (bench.path / "stopped.hsl.STOP").exists()
    before = file.read_bytes()
    record(deck, file, "--until", "end").expect(0)
    assert file.read_bytes() == before


def recorded_all(file: Path, total: int) -> bool:
    return file.exists() and int(info(file)["records"]) == total


@pytest.mark.kafka
def test_a_second_recorder_of_one_file_is_refused(bench: Bench, kafka: Kafka, topic: str) -> None:
    deck, file = bench.deck(DECK, from_kafka(kafka, topic)), bench.path / "one.hsl"
    with running(["record", deck, "--out", file], ranks=0) as program:
        program.until(file.exists, "the file")
        outcome = record(deck, file, "--until", "end").expect(73)
        assert str(file) in outcome.err and "another process" in outcome.err
        program.process.send_signal(signal.SIGTERM)
        program.wait().expect(75)
    record(deck, file, "--until", "end").expect(0)
    assert_is_the_topic(read_event_log(file), kafka, topic)


@pytest.fixture
def half(bench: Bench, kafka: Kafka, stream: Stream) -> tuple[Path, Path, str]:
    """A deck, a recording of the first half of its topic, and the topic."""
    name = kafka.create(5)
    kafka.send_stream(name, Stream([values[: len(values) // 2] for values in stream.partitions]))
    deck, file = bench.deck(DECK, from_kafka(kafka, name)), bench.path / "half.hsl"
    record(deck, file, "--until", "end").expect(0)
    return deck, file, name


Half = tuple[Path, Path, str]


def send_rest(kafka: Kafka, topic: str, stream: Stream) -> None:
    kafka.send_stream(topic, Stream([values[len(values) // 2 :] for values in stream.partitions]))


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


@pytest.mark.kafka
def test_a_run_may_move_from_the_topic_to_its_recording_and_back(
    bench: Bench, kafka: Kafka, stream: Stream, half: Half
) -> None:
    deck, file, topic = half
    bench.run(deck, "-D", "time.windows=8", ranks=2)
    bench.run(deck, *files(file), "-D", "time.windows=15", ranks=3)
    bench.run(deck, *files(file), ranks=1)
    send_rest(kafka, topic, stream)
    bench.run(deck, "--until", "end", ranks=2)
    record(deck, file, "--until", "end").expect(0)
    run = bench.run(deck, *files(file), ranks=3)
    assert_equals_oracle(run, stream.expected(DECK))


@pytest.mark.kafka
def test_a_run_from_another_recording_is_refused(
    bench: Bench, kafka: Kafka, topic: str, half: Half
) -> None:
    deck, _, name = half
    bench.run(deck, "-D", "time.windows=8", ranks=2)
    other = bench.path / "other.hsl"
    record(bench.deck(DECK, from_kafka(kafka, topic)), other, "--until", "end").expect(0)
    outcome = bench.outcome(deck, *files(other), ranks=2).expect(65)
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
            bench.run(deck, *files(file), ranks=ranks)
        kafka.send(topic, ((p, (None, v)) for p, values in chunks for v in values))
        total = sum(len(values) for values in stream.partitions)
        program.until(lambda: recorded_all(file, total), "all records")
        run = bench.run(deck, *files(file), ranks=2)
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
    before = int(info(file)["records"])
    some = [
        (p, (None, v)) for _, (p, values) in zip(range(4), chunks, strict=False) for v in values
    ]
    kafka.send(topic, some)
    program.until(lambda: recorded_all(file, before + len(some)), "more records")


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
    assert_same(bench.run(one, *files(late), ranks=1), expected)
    other = bench.deck(DECK, from_kafka(kafka, topic), name="other")
    assert_same(bench.run(other, *files(whole), "--from", "70", ranks=3), expected)


@pytest.mark.kafka
def test_a_damaged_recording_ends_the_run_with_file_byte_and_reason(
    bench: Bench, kafka: Kafka, half: Half
) -> None:
    deck, file, _ = half
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 4
    file.write_bytes(raw)
    for outcome in (bench.outcome(deck, *files(file)), tool("info", file)):
        outcome.expect(65)
        assert str(file) in outcome.text and "at byte " in outcome.text and "CRC" in outcome.text


@pytest.mark.kafka
def test_a_recording_that_became_shorter_is_not_waited_for(bench: Bench, half: Half) -> None:
    deck, file, topic = half
    bench.directory(deck).path.mkdir(parents=True)
    (bench.directory(deck).path / "STOP").touch()
    bench.outcome(deck, *files(file)).expect(75)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    err = bench.outcome(deck, *files(file)).expect(65).err
    assert topic in err and "the run is to end at offset" in err


@pytest.mark.kafka
def test_a_recording_cut_short_is_told_and_run_up_to_there(
    bench: Bench, kafka: Kafka, half: Half
) -> None:
    deck, file, _ = half
    file.write_bytes(file.read_bytes()[:-100])
    outcome = bench.outcome(deck, *files(file)).expect(0)
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
    assert_same(bench.run(again, *files(file), ranks=3), live)


def test_a_deck_without_brokers_has_nothing_to_record(bench: Bench) -> None:
    deck = bench.files(DECK, sensors(DECK, windows=3))
    outcome = record(deck, bench.path / "x.hsl").expect(64)
    assert "-b BROKERS" in outcome.err
    assert not (bench.path / "x.hsl").exists()


def test_a_file_that_is_no_event_log_is_left_alone(bench: Bench) -> None:
    embedded: Deck = {"stream": {"source": "kafka", "brokers": "embedded"}, "gen": {"steps": 3}}
    deck, file = bench.deck(DECK, embedded), bench.path / "precious.txt"
    file.write_text("precious")
    assert "not an event log" in record(deck, file).expect(66).err
    assert file.read_text() == "precious"


def test_the_file_is_named_after_the_topic(bench: Bench, tmp_path: Path) -> None:
    embedded: Deck = {"stream": {"source": "kafka", "brokers": "embedded"}, "gen": {"steps": 3}}
    deck = bench.deck(DECK, embedded)
    outcome = tool("record", deck, "--out", tmp_path / "none" / "x.hsl", "--until", "end")
    assert "none" in outcome.expect(73).err

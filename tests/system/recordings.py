"""What the tests of recorded topics share: recording one, and what is in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oracle.event_log import EventLog, Record

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Stream, merged
from .kafka import Kafka
from .program import Outcome, tool

DECK = merged(AWKWARD, {"checkpoint": {"every_windows": 5}})


def record(deck: Path, file: Path, *arguments: str, timeout: float = 60) -> Outcome:
    return tool("record", deck, "--out", file, *arguments, timeout=timeout)


def from_recording(file: Path) -> list[str]:
    return ["-D", "stream.source=file", "-D", f"stream.files=[{file}]"]


def info(file: Path) -> dict[str, Any]:
    return dict(json.loads(tool("info", "--json", file).expect(0).out))


def count_recorded(file: Path) -> int:
    return int(info(file)["records"]) if file.exists() else 0


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


def half_of_topic(kafka: Kafka, stream: Stream) -> str:
    """A topic with the first half of its records."""
    topic = kafka.create(len(stream.partitions))
    kafka.send_stream(topic, Stream([values[: len(values) // 2] for values in stream.partitions]))
    return topic


def record_half(bench: Bench, kafka: Kafka, stream: Stream) -> tuple[Path, Path, str]:
    """A deck, a recording of the first half of its topic, and the topic."""
    topic = half_of_topic(kafka, stream)
    deck, file = bench.deck(DECK, from_kafka(kafka, topic)), bench.path / "half.hsl"
    record(deck, file, "--until", "end").expect(0)
    return deck, file, topic


def send_rest(kafka: Kafka, topic: str, stream: Stream) -> None:
    kafka.send_stream(topic, Stream([values[len(values) // 2 :] for values in stream.partitions]))

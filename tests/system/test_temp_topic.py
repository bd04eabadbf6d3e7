"""Temperatures on a Kafka topic: all of them, the same from any ranks, and none lost by a kill."""

from __future__ import annotations

import json
import random
import signal
import struct
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Deck, Stream, large, merged, sensors
from .failing import Order
from .kafka import Kafka
from .lives import held_at
from .program import kill_quietly
from .results import RunDirectory

pytestmark = pytest.mark.kafka
WINDOWS, PARTITIONS = 12, 4
DECK = merged(AWKWARD, {"time": {"windows": WINDOWS}, "checkpoint": {"every_windows": 5}})
Box = tuple[int, int, int, int]
ALL: Box = (0, 0, 23, 17)


@dataclass(frozen=True)
class Cell:
    window: int
    x: int
    y: int


@dataclass(frozen=True)
class Seen:
    partition: int
    cell: Cell
    value: bytes

    @property
    def fields(self) -> dict[str, Any]:
        return dict(json.loads(self.value))


def messages(kafka: Kafka, topic: str, partitions: int = PARTITIONS) -> list[Seen]:
    """In the order of each partition; the key says the same as the value."""
    found = []
    for message in kafka.messages(topic, partitions):
        key, value, partition = message.key(), message.value(), message.partition()
        assert isinstance(key, bytes) and value is not None and partition is not None
        cell = Cell(*struct.unpack(">qii", key))
        fields = json.loads(value)
        assert list(fields)[:4] == ["time", "gridX", "gridY", "temp"]
        assert cell == Cell(fields["window"], fields["gridX"], fields["gridY"])
        found.append(Seen(partition, cell, value))
    return found


def to_topic(kafka: Kafka, topic: str, **output: Any) -> Deck:
    return {"stream": {"brokers": kafka.address}, "output": {"temp_topic": topic} | output}


def cells_of(windows: Sequence[int], box: Box) -> list[Cell]:
    x0, y0, x1, y1 = box
    return [Cell(w, x, y) for w in windows for x in range(x0, x1) for y in range(y0, y1)]


def expected(run: RunDirectory, windows: Sequence[int], box: Box) -> dict[Cell, dict[str, Any]]:
    """What the frames file has; it stores f64, so every bit of a temperature counts."""
    series, temperature = run.series(), run.temperature()
    rows = {window: row for row, window in enumerate(series["window"])}
    return {
        cell: {
            "time": series["event_time"][rows[cell.window]],
            "gridX": cell.x,
            "gridY": cell.y,
            "temp": float(temperature[rows[cell.window], cell.x, cell.y]),
            "window": cell.window,
            "revision": series["revision"][rows[cell.window]],
            "final": bool(series["final"][rows[cell.window]]),
        }
        for cell in cells_of(windows, box)
    }


def assert_newest(found: Sequence[Seen], wanted: Mapping[Cell, Mapping[str, Any]]) -> None:
    """What a compacted topic would keep."""
    newest = {seen.cell: seen.fields for seen in found}
    assert [cell for cell in newest if cell not in wanted][:3] == []
    assert [cell for cell in wanted if cell not in newest][:3] == []
    assert [cell for cell in wanted if repr(newest[cell]) != repr(dict(wanted[cell]))][:3] == []


def assert_each_once(found: Sequence[Seen]) -> None:
    assert len({seen.cell for seen in found}) == len(found)


@pytest.fixture(scope="module")
def stream() -> Stream:
    return sensors(DECK, windows=WINDOWS + 6, stragglers=0)


def test_every_cell_of_every_frame_arrives_once_and_alike_from_any_number_of_ranks(
    bench: Bench, kafka: Kafka, stream: Stream
) -> None:
    seen = []
    for ranks in (1, 2, 3):
        topic = kafka.create(PARTITIONS)
        run = bench.run(bench.files(DECK, stream, to_topic(kafka, topic)), ranks=ranks)
        found = messages(kafka, topic)
        assert_each_once(found)
        assert_newest(found, expected(run, range(WINDOWS), ALL))
        seen.append(
            sorted((s.partition, s.cell.x, s.cell.y, s.cell.window, s.value) for s in found)
        )
    assert seen[0] == seen[1] == seen[2]


def test_the_windows_of_a_cell_lie_in_one_partition_in_order(
    bench: Bench, kafka: Kafka, stream: Stream
) -> None:
    topic = kafka.create(PARTITIONS)
    bench.run(bench.files(DECK, stream, to_topic(kafka, topic)))
    of_cell: dict[tuple[int, int], list[Seen]] = defaultdict(list)
    for seen in messages(kafka, topic):
        of_cell[seen.cell.x, seen.cell.y].append(seen)
    assert len(of_cell) == 23 * 17
    for windows in of_cell.values():
        assert [seen.cell.window for seen in windows] == list(range(WINDOWS))
        assert len({seen.partition for seen in windows}) == 1
    assert len({windows[0].partition for windows in of_cell.values()}) == PARTITIONS


def test_corrections_follow_under_the_same_key_with_rising_revisions(
    bench: Bench, kafka: Kafka
) -> None:
    late = sensors(DECK, windows=WINDOWS + 6, stragglers=0.05)
    seen = []
    for ranks in (1, 3):
        topic = kafka.create(PARTITIONS)
        run = bench.run(bench.files(DECK, late, to_topic(kafka, topic)), ranks=ranks)
        found = messages(kafka, topic)
        assert_newest(found, expected(run, range(WINDOWS), ALL))
        revisions: dict[Cell, list[int]] = defaultdict(list)
        for one in found:
            revisions[one.cell].append(one.fields["revision"])
        assert max(map(len, revisions.values())) > 1
        assert all(told == list(range(len(told))) for told in revisions.values())
        seen.append(sorted((s.partition, s.value) for s in found))
    assert seen[0] == seen[1]


def test_a_region_of_some_frames_is_all_that_is_sent(
    bench: Bench, kafka: Kafka, stream: Stream
) -> None:
    box: Box = (6, 0, 19, 5)
    topic = kafka.create(1)
    output = {"temp_region": list(box), "temp_every": 2, "frames": {"every": 3}}
    run = bench.run(bench.files(DECK, stream, to_topic(kafka, topic, **output)), ranks=3)
    found = messages(kafka, topic, 1)
    assert_each_once(found)
    assert run.series()["window"] == [2, 5, 8, 11]
    assert_newest(found, expected(run, [5, 11], box))


def test_a_topic_that_is_missing_is_made(bench: Bench, kafka: Kafka, stream: Stream) -> None:
    topic = f"temp-{bench.path.name}"
    deck = bench.files(DECK, stream, to_topic(kafka, topic, temp_region=[3, 4, 5, 6]))
    run = bench.run(deck)
    with kafka.consumer() as consumer:
        partitions = len(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
    assert_newest(messages(kafka, topic, partitions), expected(run, range(WINDOWS), (3, 4, 5, 6)))


def test_a_topic_that_grew_gets_the_last_windows_again_as_final_ones(
    bench: Bench, kafka: Kafka, stream: Stream
) -> None:
    half = Stream([part[: len(part) // 2] for part in stream.partitions])
    rest = Stream([part[len(part) // 2 :] for part in stream.partitions])
    events, topic = kafka.topic_of(half), kafka.create(PARTITIONS)
    deck = bench.deck(DECK, from_kafka(kafka, events), to_topic(kafka, topic))
    first = bench.run(deck, "--until", "end")
    rows = first.series()["window"]
    before = messages(kafka, topic)
    assert_newest(before, expected(first, rows, ALL))
    assert not all(first.series()["final"])
    kafka.send_stream(events, rest)
    whole = bench.run(deck, "--until", "end", ranks=3)
    assert_newest(messages(kafka, topic), expected(whole, range(WINDOWS), ALL))
    assert all(whole.series()["final"])


# Far from all cells of this grid, and nothing leaves the producer's queue but by being waited for.
KILLED_BOX: Box = (100, 70, 120, 80)
KILLED_WINDOWS = 120
KILLED = merged(
    large(KILLED_WINDOWS),
    {
        "checkpoint": {"every_windows": 7, "keep": 3},
        "stream": {"rdkafka": {"linger.ms": "60000"}},
    },
)


def kill_after_checkpoint(deck: Path, ranks: int, more: int) -> None:
    """As soon as the manifest has so many new checkpoints."""
    with held_at(Order("checkpoint_remove_old", more, "hold"), ["run", deck], ranks) as program:
        for pid in program.ranks():
            kill_quietly(pid, signal.SIGKILL)
        program.wait(20)


def test_kills_lose_nothing_and_repeat_only_what_was_sent_before(
    bench: Bench, kafka: Kafka
) -> None:
    rng = random.Random(4)
    topic = kafka.create(PARTITIONS)
    stream = sensors(KILLED, windows=KILLED_WINDOWS + 20, chance=0.002)
    deck = bench.files(
        KILLED, stream, to_topic(kafka, topic, temp_region=list(KILLED_BOX)), name="killed"
    )
    for ranks in (1, 3, 2, 4, 2):
        kill_after_checkpoint(deck, ranks, rng.randint(1, 3))
    run = bench.run(deck, ranks=3)
    found = messages(kafka, topic)
    wanted = expected(run, range(KILLED_WINDOWS), KILLED_BOX)
    assert_newest(found, wanted)
    values: dict[tuple[Cell, int], set[bytes]] = defaultdict(set)
    for seen in found:
        values[seen.cell, seen.fields["revision"]].add(seen.value)
    assert all(len(different) == 1 for different in values.values())


def test_brokers_out_of_reach_are_told_by_the_exit_code(bench: Bench, stream: Stream) -> None:
    settings = {"socket.connection.setup.timeout.ms": "1000"}
    nowhere = {"stream": {"brokers": "127.0.0.1:9", "rdkafka": settings}}
    deck = bench.files(DECK, stream, nowhere, {"output": {"temp_topic": "temp-output"}})
    outcome = bench.outcome(deck, ranks=2).expect(69)
    assert "topic temp-output for temperatures" in outcome.text
    assert "127.0.0.1:9" in outcome.text

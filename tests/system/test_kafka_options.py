"""Where a topic is read from, options as kcat has them, and offsets that are no longer there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from oracle.event_time import Partition
from oracle.heat_oracle import Result, Setup, run_exact

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Stream, merged, sensors
from .kafka import Kafka
from .results import RunDirectory, assert_equals_oracle

pytestmark = pytest.mark.kafka
DECK = merged(AWKWARD, {"checkpoint": {"every_windows": 5}})


@pytest.fixture(scope="module")
def stream() -> Stream:
    return sensors(DECK, windows=25)


@pytest.fixture(scope="module")
def topic(kafka: Kafka, stream: Stream) -> str:
    return kafka.topic_of(stream)


def from_offset(kafka: Kafka, topic: str, first: int) -> Result:
    """`first` negative: before the end."""
    parts: list[Partition] = []
    for whole in kafka.read(topic, 5):
        at = first if first >= 0 else whole.end + first
        parts.append(replace(whole, first=at, records=[r for r in whole.records if r[0] >= at]))
    return run_exact(parts, Setup.from_deck(DECK))


@pytest.mark.parametrize(
    ("where", "first", "readers"),
    [("beginning", 0, 1), ("30", 30, 2), ("-200", -200, 1), ("s@0", 0, 1), ("s@0", 0, 2)],
)
def test_a_run_may_begin_at_any_offset(
    bench: Bench, kafka: Kafka, topic: str, where: str, first: int, readers: int
) -> None:
    deck = bench.deck(DECK, from_kafka(kafka, topic), {"ingest": {"readers": readers}})
    run = bench.run(deck, "--from", where, "--until", "end", ranks=2)
    assert_equals_oracle(run, from_offset(kafka, topic, first))


def test_the_first_offset_is_kept_over_a_restart(bench: Bench, kafka: Kafka, topic: str) -> None:
    deck = bench.deck(DECK, from_kafka(kafka, topic), {"time": {"windows": 8}})
    bench.run(deck, "--from", "30", ranks=2)
    run = bench.run(deck, "-D", "time.windows=0", "--until", "end", ranks=3)
    assert_equals_oracle(run, from_offset(kafka, topic, 30))


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_broker_and_topic_may_be_given_as_to_kcat(
    bench: Bench, kafka: Kafka, topic: str, stream: Stream
) -> None:
    deck = bench.deck(DECK, {"stream": {"source": "kafka", "brokers": "127.0.0.1:9"}})
    expected = stream.expected(DECK)
    options: list[str | Path] = ["-b", kafka.address, "-t", topic, "-X", "fetch.wait.max.ms=20"]
    assert_equals_oracle(bench.run(deck, *options, "--until", "end"), expected)
    conf = written(bench.path / "kcat.conf", f"# as kcat\nbootstrap.servers={kafka.address}\n")
    again = bench.deck(DECK, {"stream": {"source": "kafka", "brokers": "127.0.0.1:9"}})
    assert_equals_oracle(bench.run(again, "-F", conf, "-t", topic, "--until", "end"), expected)


@pytest.fixture
def stopped(bench: Bench, kafka: Kafka, stream: Stream) -> tuple[str, Path, RunDirectory]:
    """A run of eight windows on a topic of its own."""
    own = kafka.topic_of(stream)
    deck = bench.deck(DECK, from_kafka(kafka, own), {"time": {"windows": 8}})
    return own, deck, bench.run(deck, ranks=2)


Stopped = tuple[str, Path, RunDirectory]


def test_records_lost_before_the_checkpoint_are_not_missed(
    bench: Bench, kafka: Kafka, stream: Stream, stopped: Stopped
) -> None:
    topic, deck, run = stopped
    kafka.drop_records(topic, 1, run.ledger()[1]["next"] - 1)
    bench.run(deck, "-D", "time.windows=0", "--until", "end", ranks=3)
    assert_equals_oracle(run, stream.expected(DECK))


def test_records_lost_behind_the_checkpoint_are_refused_with_their_range(
    bench: Bench, kafka: Kafka, stopped: Stopped
) -> None:
    topic, deck, run = stopped
    following = run.ledger()[1]["next"]
    kafka.drop_records(topic, 1, following + 7)
    before = run.frames_bytes()
    outcome = bench.outcome(deck, "-D", "time.windows=0", "--until", "end", ranks=3)
    assert outcome.code in (65, 66), outcome.text[-2000:]
    assert str(following) in outcome.text
    assert str(following + 6) in outcome.text or str(following + 7) in outcome.text
    assert run.frames_bytes() == before


def test_a_topic_that_got_a_partition_is_refused(
    bench: Bench, kafka: Kafka, stopped: Stopped
) -> None:
    topic, deck, _ = stopped
    kafka.add_partitions(topic, 6)
    outcome = bench.outcome(deck, "-D", "time.windows=0", "--until", "end", ranks=2)
    assert outcome.code in (65, 66), outcome.text[-2000:]
    assert "6" in outcome.text and "5" in outcome.text and "partition" in outcome.text

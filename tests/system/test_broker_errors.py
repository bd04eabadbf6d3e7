"""A broker that answers with errors, late, or not at all, amid everything: the same bits."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from oracle.heat_oracle import Result

from . import mock
from .conftest import Bench, from_kafka
from .decks import AWKWARD, Stream, merged, sensors
from .mock import Mock, mock_cluster
from .results import assert_equals_oracle

PARTITIONS, BROKERS, TOPIC = 3, 3, "heat"
DECK = merged(AWKWARD, {"checkpoint": {"every_windows": 6}, "stream": {"horizon_windows": 9}})
# Many small answers, and no long rest after a bad one.
BRISK = [
    *("-X", "fetch.error.backoff.ms=5", "-X", "retry.backoff.ms=5"),
    *("-X", "reconnect.backoff.ms=5", "-X", "reconnect.backoff.max.ms=50"),
    *("-X", "fetch.wait.max.ms=5", "-X", "topic.metadata.refresh.fast.interval.ms=20"),
]
ERRORS = {
    "leaders": [mock.NOT_LEADER, mock.LEADER_NOT_AVAILABLE, mock.REPLICA_NOT_AVAILABLE],
    "timeouts": [mock.REQUEST_TIMED_OUT],
    "throttling": [mock.THROTTLED],
    "disks": [mock.STORAGE_ERROR, mock.CORRUPT_MESSAGE],
    "resets": [mock.CONNECTION_RESET],
}
ERRORS["all"] = [error for errors in ERRORS.values() for error in errors]


@pytest.fixture(scope="module")
def stream() -> Stream:
    return sensors(DECK, windows=25, partitions=PARTITIONS, stragglers=0.03)


@pytest.fixture(scope="module")
def expected(stream: Stream) -> Result:
    return stream.expected(DECK)


@pytest.fixture
def cluster(stream: Stream) -> Iterator[Mock]:
    """With a topic in batches of ten or so, of which a fetch gets one a partition."""
    with mock_cluster(BROKERS) as made:
        made.create(TOPIC, PARTITIONS)
        for p in range(PARTITIONS):
            made.lead(TOPIC, p, p % BROKERS + 1)
        producer = made.kafka.producer(batch_num_messages=10)
        records = ((p, (None, v)) for p, vs in enumerate(stream.partitions) for v in vs)
        made.kafka.send(TOPIC, records, producer)
        yield made


def spoil(cluster: Mock, errors: list[int], rng: random.Random) -> int:
    """Every third answer to a fetch or a look for offsets, and one in three of the answers that
    change nothing comes late; returns how many are prepared."""
    prepared = 0
    for broker in range(1, BROKERS + 1):
        for request, count in ((mock.FETCH, 40), (mock.LIST_OFFSETS, 2), (mock.OFFSET_COMMIT, 3)):
            answers = [
                (rng.choice(errors) if rng.random() < 0.4 else mock.OK, rng.choice([0, 0, 30]))
                for _ in range(count)
            ]
            cluster.answer(broker, request, answers)
            prepared += count
    return prepared


@pytest.mark.parametrize("kind", ERRORS)
def test_errors_of_brokers_amid_a_run_change_no_bit_and_lose_no_record(
    bench: Bench, cluster: Mock, expected: Result, kind: str
) -> None:
    prepared = spoil(cluster, ERRORS[kind], random.Random(kind))
    deck = bench.deck(DECK, from_kafka(cluster.kafka, TOPIC))
    run = bench.run(deck, "--until", "end", *BRISK, ranks=2)
    left = sum(cluster.unanswered(b, mock.FETCH) for b in range(1, BROKERS + 1))
    print(f"{prepared} answers prepared, {left} fetches not asked for")
    assert left == 0, "the errors were met amid the run"
    assert_equals_oracle(run, expected)


def test_errors_that_last_end_the_run_with_what_the_broker_says(
    bench: Bench, cluster: Mock, expected: Result
) -> None:
    """As long as brokers may be away; the same command goes on when they are well again."""
    cluster.answer_all(mock.FETCH, [mock.OK] * 30 + [mock.REQUEST_TIMED_OUT] * 50_000)
    deck = bench.deck(DECK, from_kafka(cluster.kafka, TOPIC))
    brief = ["-X", "socket.connection.setup.timeout.ms=1000"]
    outcome = bench.outcome(deck, "--until", "end", *BRISK, *brief).expect(69)
    assert "error: reading heat [" in outcome.text
    assert "Request timed out; it is asked again" in outcome.text
    cluster.forget(mock.FETCH)
    assert_equals_oracle(bench.run(deck, "--until", "end", *BRISK, ranks=3), expected)


def test_a_leader_that_moves_after_every_checkpoint_changes_no_bit(
    bench: Bench, cluster: Mock, expected: Result
) -> None:
    deck = bench.deck(DECK, from_kafka(cluster.kafka, TOPIC))
    for turn, until in enumerate(["6", "12", "18", "end"]):
        for p in range(PARTITIONS):
            cluster.lead(TOPIC, p, (p + turn) % BROKERS + 1)
        spoil(cluster, [mock.NOT_LEADER], random.Random(turn))
        run = bench.run(deck, "--until", until, *BRISK, ranks=1 + turn % 2)
    assert_equals_oracle(run, expected)

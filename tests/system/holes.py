"""Topics with offsets that are never delivered: transactions, aborted ones, compaction."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from .decks import Stream
from .kafka import Kafka
from .program import PATIENCE


def send_in_transactions(
    kafka: Kafka, topic: str, stream: Stream, aborted: Sequence[bytes], rng: random.Random
) -> int:
    """Good events in committed transactions, others in aborted ones; the number of transactions."""
    producer = kafka.producer(transactional_id=topic)
    producer.init_transactions(30)
    count = 0
    for partition, values in enumerate(stream.partitions):
        at = 0
        while at < len(values):
            size = rng.randint(1, 300)
            good = rng.random() < 0.7
            batch = values[at : at + size] if good else list(aborted)[:size]
            producer.begin_transaction()
            kafka.send(topic, ((partition, (None, v)) for v in batch), producer)
            (producer.commit_transaction if good else producer.abort_transaction)()
            at += size if good else 0
            count += 1
    return count


def compacted_topic(kafka: Kafka, stream: Stream) -> str:
    """Two partitions of which records are missing, and no more will go."""
    topic = kafka.create(
        2,
        cleanup_policy="compact",
        segment_ms="100",
        min_cleanable_dirty_ratio="0.01",
        max_compaction_lag_ms="200",
    )
    send_keyed(kafka, topic, stream)
    await_compaction(kafka, topic, sum(len(p) for p in stream.partitions))
    freeze(kafka, topic)
    return topic


def send_keyed(kafka: Kafka, topic: str, stream: Stream) -> None:
    """In six parts, each in segments of its own, keys that come again and again."""
    rng = random.Random(11)
    for part in range(6):
        for p, values in enumerate(stream.partitions):
            share = values[part * len(values) // 6 : (part + 1) * len(values) // 6]
            keyed = [(p, (str(rng.randrange(len(values) // 2)).encode(), v)) for v in share]
            kafka.send(topic, keyed)
        time.sleep(0.15)


def count(kafka: Kafka, topic: str) -> int:
    return len(kafka.messages(topic, 2))


def await_compaction(kafka: Kafka, topic: str, sent: int) -> None:
    deadline = time.monotonic() + 60 * PATIENCE
    while count(kafka, topic) > sent - 50:
        assert time.monotonic() < deadline, "the broker does not compact"
        time.sleep(0.2)


def freeze(kafka: Kafka, topic: str) -> None:
    """No more compaction: the run and the oracle must read the same."""
    kafka.configure(topic, {"cleanup.policy": "delete", "retention.ms": "-1"})
    now, before = 0, -1
    while now != before:
        before = now
        time.sleep(0.5)
        now = count(kafka, topic)

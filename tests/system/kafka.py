"""A real Apache Kafka for the tests: one broker a session, topics of their own for each test."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
)

from oracle.event_time import Partition, Record

from .decks import Stream
from .program import PATIENCE

SCRIPT = Path(__file__).resolve().parents[1] / "broker" / "broker.sh"
VERSION = os.environ.get("KAFKA", os.environ.get("HEATSTREAM_KAFKA", "3.9"))
Pair = tuple[bytes | None, bytes | None]


class NoServer(Exception):
    """Kafka could not be started here."""


def start_broker(directory: Path, *options: str) -> str:
    done = subprocess.run(
        [SCRIPT, "start", directory, "--version", VERSION, *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    if done.returncode != 0:
        raise NoServer(done.stderr[-2000:])
    return done.stdout.strip().splitlines()[-1]


def stop_broker(directory: Path) -> None:
    subprocess.run([SCRIPT, "stop", directory], timeout=60, check=True, capture_output=True)


def values_only(values: Iterable[bytes]) -> list[Pair]:
    return [(None, value) for value in values]


@dataclass(frozen=True)
class Kafka:
    address: str
    copies: int = 1

    def create(
        self,
        partitions: int,
        name: str | None = None,
        replicas: list[list[int]] | None = None,
        **config: str,
    ) -> str:
        """`replicas`: the nodes of each partition, its leader first; else any."""
        topic = name or f"heat-{uuid.uuid4().hex[:12]}"
        settings = {"retention.ms": "-1", "max.message.bytes": "4000000"} | {
            key.replace("_", "."): value for key, value in config.items()
        }
        admin = AdminClient({"bootstrap.servers": self.address})
        placing: dict[str, Any] = (
            {"replica_assignment": replicas} if replicas else {"replication_factor": self.copies}
        )
        new = NewTopic(topic, partitions, config=settings, **placing)
        (future,) = admin.create_topics([new]).values()
        future.result(timeout=30 * PATIENCE)
        deadline = time.monotonic() + 30 * PATIENCE
        while topic not in admin.list_topics(timeout=10 * PATIENCE).topics:
            assert time.monotonic() < deadline, f"{topic} does not appear"
        return topic

    def delete(self, topic: str) -> None:
        """Gone on return, so that the name can be given again."""
        admin = AdminClient({"bootstrap.servers": self.address})
        (future,) = admin.delete_topics([topic]).values()
        future.result(timeout=30 * PATIENCE)
        deadline = time.monotonic() + 30 * PATIENCE
        while topic in admin.list_topics(timeout=10 * PATIENCE).topics:
            assert time.monotonic() < deadline, f"{topic} is still there"
            time.sleep(0.05)

    def drop_records(self, topic: str, partition: int, before: int) -> None:
        """As retention would: offsets below `before` are no longer there."""
        admin = AdminClient({"bootstrap.servers": self.address})
        (future,) = admin.delete_records([TopicPartition(topic, partition, before)]).values()
        future.result(timeout=30 * PATIENCE)

    def add_partitions(self, topic: str, total: int) -> None:
        admin = AdminClient({"bootstrap.servers": self.address})
        (future,) = admin.create_partitions([NewPartitions(topic, total)]).values()
        future.result(timeout=30 * PATIENCE)

    def configure(self, topic: str, config: dict[str, str]) -> None:
        admin = AdminClient({"bootstrap.servers": self.address})
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in config.items()
        ]
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
        (future,) = admin.incremental_alter_configs([resource]).values()
        future.result(timeout=30 * PATIENCE)

    def producer(self, **properties: str | int) -> Producer:
        settings: dict[str, str | int] = {
            "bootstrap.servers": self.address,
            # One request at a time is not enough: what is sent again, as the leader of a new
            # partition was not there yet, may come after what was sent later.
            "enable.idempotence": "true",
            "message.max.bytes": 4_000_000,
            "linger.ms": 2,
        }
        return Producer(settings | {k.replace("_", "."): v for k, v in properties.items()})

    def send(
        self, topic: str, records: Iterable[tuple[int, Pair]], producer: Producer | None = None
    ) -> None:
        """In the order given; all delivered on return (or within the caller's transaction)."""
        mine = producer or self.producer()
        # What is sent before the partitions are known may be overtaken by what is sent after.
        mine.list_topics(topic, timeout=10 * PATIENCE)
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failures.append(error)

        for partition, (key, value) in records:
            while True:
                try:
                    mine.produce(topic, value, key, partition, on_delivery=delivered)
                    break
                except BufferError:
                    mine.poll(0.1)
        assert mine.flush(60 * PATIENCE) == 0
        assert not failures, failures[0]

    def send_stream(self, topic: str, stream: Stream) -> None:
        self.send(topic, ((p, (None, v)) for p, vs in enumerate(stream.partitions) for v in vs))

    def topic_of(self, stream: Stream) -> str:
        topic = self.create(len(stream.partitions))
        self.send_stream(topic, stream)
        return topic

    def read(self, topic: str, partitions: int) -> list[Partition]:
        """What the broker delivers, with the holes it has, and the ends as a consumer sees them."""
        found: list[list[Record]] = [[] for _ in range(partitions)]
        for message in self.messages(topic, partitions):
            partition, offset = message.partition(), message.offset()
            assert partition is not None and offset is not None
            found[partition].append((offset, message.key(), message.value()))
        with self.consumer() as consumer:
            bounds = [
                consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30 * PATIENCE)
                for p in range(partitions)
            ]
        return [Partition(*b, records) for b, records in zip(bounds, found, strict=True)]

    @contextmanager
    def consumer(self) -> Iterator[Consumer]:
        consumer = Consumer(
            {
                "bootstrap.servers": self.address,
                "group.id": uuid.uuid4().hex,
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.message.max.bytes": 4_000_000,
                "fetch.wait.max.ms": 5,
            }
        )
        try:
            yield consumer
        finally:
            consumer.close()

    def messages(self, topic: str, partitions: int) -> list[Message]:
        """From the first there is to the end of each partition."""
        found: list[Message] = []
        left = partitions
        with self.consumer() as consumer:
            consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(partitions)])
            while left:
                for message in consumer.consume(2_000, timeout=0.05):
                    error = message.error()
                    if error is None:
                        found.append(message)
                        continue
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    left -= 1
        return found

"""librdkafka's own broker for tests, which gives the wrong answers it is told to give."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .kafka import Kafka

FETCH, LIST_OFFSETS, METADATA, OFFSET_COMMIT, FIND_COORDINATOR = 1, 2, 3, 8, 10
# Codes of the protocol, 0: no error; below 0, of librdkafka: the connection is closed.
OK, CORRUPT_MESSAGE, UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE, NOT_LEADER = 0, 2, 3, 5, 6
REQUEST_TIMED_OUT, REPLICA_NOT_AVAILABLE, STORAGE_ERROR, THROTTLED = 7, 9, 56, 89
CONNECTION_RESET = -195
PRODUCER, PATIENCE_MS = 0, 5000


def library() -> Any:
    lib = ctypes.CDLL("librdkafka.so.1")
    for name in ("conf_new", "new", "mock_cluster_new"):
        getattr(lib, f"rd_kafka_{name}").restype = ctypes.c_void_p
    lib.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return lib


@dataclass(frozen=True)
class Mock:
    lib: Any
    cluster: ctypes.c_void_p
    brokers: int

    @property
    def kafka(self) -> Kafka:
        return Kafka(self.lib.rd_kafka_mock_cluster_bootstraps(self.cluster).decode())

    def create(self, topic: str, partitions: int) -> None:
        made = self.lib.rd_kafka_mock_topic_create(
            self.cluster, topic.encode(), partitions, self.brokers
        )
        assert made == 0, made

    def lead(self, topic: str, partition: int, broker: int) -> None:
        moved = self.lib.rd_kafka_mock_partition_set_leader(
            self.cluster, topic.encode(), partition, broker
        )
        assert moved == 0, moved

    def answer(self, broker: int, request: int, answers: Sequence[tuple[int, int]]) -> None:
        """The next requests of that kind get these errors, each after so many ms."""
        plain = [ctypes.c_int(number) for answer in answers for number in answer]
        pushed = self.lib.rd_kafka_mock_broker_push_request_error_rtts(
            self.cluster, broker, request, ctypes.c_size_t(len(answers)), *plain
        )
        assert pushed == 0, pushed

    def answer_all(self, request: int, errors: Sequence[int]) -> None:
        """By whatever broker is asked next."""
        array = (ctypes.c_int * len(errors))(*errors)
        self.lib.rd_kafka_mock_push_request_errors_array(
            self.cluster, ctypes.c_int16(request), ctypes.c_size_t(len(errors)), array
        )

    def forget(self, request: int) -> None:
        """What answer_all() has left."""
        self.lib.rd_kafka_mock_clear_request_errors(self.cluster, ctypes.c_int16(request))

    def unanswered(self, broker: int, request: int) -> int:
        """How many of them nobody has asked for yet."""
        count = ctypes.c_size_t()
        asked = self.lib.rd_kafka_mock_broker_error_stack_cnt(
            self.cluster, broker, ctypes.c_int16(request), ctypes.byref(count)
        )
        assert asked == 0, asked
        return count.value


@contextmanager
def mock_cluster(brokers: int) -> Iterator[Mock]:
    lib = library()
    why = ctypes.create_string_buffer(256)
    conf = ctypes.c_void_p(lib.rd_kafka_conf_new())
    handle = ctypes.c_void_p(lib.rd_kafka_new(PRODUCER, conf, why, len(why)))
    assert handle.value, why.value
    cluster = ctypes.c_void_p(lib.rd_kafka_mock_cluster_new(handle, brokers))
    assert cluster.value
    try:
        yield Mock(lib, cluster, brokers)
    finally:
        lib.rd_kafka_mock_cluster_destroy(cluster)
        lib.rd_kafka_destroy(handle)

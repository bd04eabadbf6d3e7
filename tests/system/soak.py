"""Runs that are killed at named points and at random moments until they finish all the same.

`python -m system.soak KILLS SEED BROKER` kills so often and prints which point was met how often;
test_soak.py does a part of it. A life is one run directory from nothing to the end of its input,
over all its kills; what it leaves is compared, bit for bit, with a run that was never killed.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import garbage
from .conftest import Bench, from_kafka
from .decks import AWKWARD, Deck, Stream, chunks_in_random_order, merged, sensors
from .failing import Order, all_points, is_call, reached, trace_into
from .kafka import Kafka, Pair, start_broker, stop_broker
from .program import Outcome, Running, kill_quietly, running
from .results import RunDirectory, assert_manifest_stands_for_rows, assert_same

WINDOWS, PARTITIONS, RANKS = 60, 5, (1, 2, 3, 4)
DECK = merged(
    AWKWARD,
    {
        "time": {"windows": WINDOWS},
        "stream": {"horizon_windows": 8, "idle": "block", "early_ms": 1},
        "output": {
            "frames": {"per_segment": 7},
            "temp_region": [9, 3, 12, 6],
        },
        "checkpoint": {"every_windows": 4, "keep": 3},
        "log": {"every_s": 60},
    },
)
# Killed by SIGKILL: the rank that is at the point, all processes at once, or mpirun, whose ranks
# go on until they notice.
VICTIMS = ("rank", "rank", "job", "mpirun")


@dataclass(frozen=True)
class Target:
    point: str
    victim: str
    action: str


def targets_of(points: Sequence[str], rng: random.Random) -> list[Target]:
    found = []
    for point in points:
        victim = rng.choice(VICTIMS)
        halves = ["kill-half"] if point.endswith(".write") else []
        action = rng.choice(["kill-before", "kill-after", *halves])
        found.append(Target(point, victim, action if victim == "rank" else "hold"))
    return found


@dataclass
class Feeder:
    """Sends a part of the stream at a time, live: while the program reads."""

    kafka: Kafka
    topic: str
    chunks: list[tuple[int, list[bytes]]]
    pause_s: float = 0.002
    thread: threading.Thread | None = None

    def release(self, count: int) -> None:
        self.finish()
        part, self.chunks = self.chunks[:count], self.chunks[count:]
        self.thread = threading.Thread(target=self.send, args=(part,))
        self.thread.start()

    def send(self, part: Sequence[tuple[int, list[bytes]]]) -> None:
        producer = self.kafka.producer()
        for partition, values in part:
            records: Iterator[tuple[int, Pair]] = ((partition, (None, v)) for v in values)
            self.kafka.send(self.topic, records, producer)
            time.sleep(self.pause_s)

    def sending(self) -> bool:
        return self.thread is not None and self.thread.is_alive()

    def finish(self) -> None:
        if self.thread:
            self.thread.join()

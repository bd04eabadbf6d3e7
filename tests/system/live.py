"""A live run on a broker that a test may hurt, and what it must come to all the same."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .brokers import Brokers
from .conftest import Bench, from_kafka
from .decks import AWKWARD, Stream, merged
from .kafka import Kafka
from .program import PATIENCE, Running, running
from .results import RunDirectory, assert_equals_oracle

PARTITIONS = 3
DECK = merged(
    AWKWARD,
    {
        "checkpoint": {"every_windows": 6},
        "stream": {"horizon_windows": 9, "idle": "block"},
        "log": {"every_s": 0.2},
    },
)


@dataclass
class Live:
    """A run without end on a topic that has half of its events."""

    kafka: Kafka
    topic: str
    stream: Stream
    deck: Path
    run: RunDirectory
    program: Running
    record: Callable[[str, object], None]

    def send(self, rest: bool) -> None:
        for p, values in enumerate(self.stream.partitions):
            half = len(values) // 2
            part = values[half:] if rest else values[:half]
            self.kafka.send(self.topic, ((p, (None, v)) for v in part))

    def until_windows(self, count: int) -> None:
        self.program.until(
            lambda: self.run.windows_committed() >= count, f"{count} windows", timeout=90
        )

    def goes_on(self) -> None:
        """The rest of the events, and how long it took from now to a window made of them."""
        before, began = self.run.windows_committed(), time.monotonic()
        self.send(rest=True)
        self.until_windows(before + 1)
        seconds = round(time.monotonic() - began, 2)
        self.record("seconds_until_it_goes_on", seconds)
        print(f"goes on after {seconds} s")
        self.until_windows(20)

    def stop(self) -> None:
        self.program.signal(signal.SIGUSR2)
        self.program.wait(60).expect(75)


Start = Callable[..., AbstractContextManager[Live]]


def starter(bench: Bench, stream: Stream, record_property: Callable[[str, object], None]) -> Start:
    @contextmanager
    def start(made: Brokers, *options: str) -> Iterator[Live]:
        topic = made.kafka.create(PARTITIONS)
        deck = bench.deck(DECK, from_kafka(Kafka(made.address), topic))
        run = bench.directory(deck)
        # A broker may take its time to start beside other work.
        patient = ["-X", f"socket.connection.setup.timeout.ms={int(30_000 * PATIENCE)}"]
        with running(["run", deck, *patient, *options], 2) as program:
            started = Live(made.kafka, topic, stream, deck, run, program, record_property)
            started.send(rest=False)
            started.until_windows(5)
            yield started

    return start


def assert_undisturbed(bench: Bench, live: Live) -> None:
    """To the end of the topic: the bits of a run that nothing happened to."""
    run = bench.run(live.deck, "--until", "end", ranks=3, timeout=120)
    assert_equals_oracle(run, live.stream.expected(DECK))

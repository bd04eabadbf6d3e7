"""Messages a second against the load: partitions, cells, events a window.

Each case reads a backlog of some 2 million messages of JSON, without a frame; beside it the share
of the time that its main thread was not waiting for events, which is why it is slower where it is.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import TopicPartition

from system.program import heatstream, tool

from .topic import NO_FRAMES, RAW, Place
from .turns import Measured

MESSAGES, TURNS = 2_000_000, 3
SUM = re.compile(r'step_duration_seconds_sum\{phase="(\w+)"\} (\S+)')


@dataclass
class Case:
    name: str
    partitions: int
    side: int
    events: int  # a window, about
    rates: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)  # to raw librdkafka in the same turn
    busy: list[float] = field(default_factory=list)

    def changes(self) -> dict[str, Any]:
        cells = self.side * self.side
        everyone = self.events >= cells
        windows = max(3, MESSAGES // self.events)
        return {
            "grid": {"nx": self.side, "ny": self.side},
            "time": {"windows": windows, "substeps": 1},
            "physics": {"conductivity": 0.1},
            "gen": {"steps": windows + 3, "partitions": self.partitions, "zeros": everyone,
                    "probability": 0.01 if everyone else self.events / cells},
        }  # fmt: skip


CASES = [
    *(Case(f"{n} partitions", n, 40, 1600) for n in (1, 6, 24)),
    *(Case(f"{n}^2 cells", 6, n, 1600) for n in (40, 256, 1024)),
    *(Case(f"{n} events a window", 6, 256, n) for n in (100, 1000, 10_000)),
    *(Case(f"{n} events a window, 1024^2 cells", 6, 1024, n) for n in (100_000, 1_048_576)),
]


def fill(place: Place, case: Case) -> tuple[str, int]:
    """A topic with the case's events, and how many these are."""
    topic = place.kafka.create(case.partitions)
    deck = place.deck(case.changes(), {"stream": {"topic": topic}})
    tool("gen", deck, timeout=600).expect(0)
    with place.kafka.consumer() as consumer:
        parts = [TopicPartition(topic, p) for p in range(case.partitions)]
        ends = [consumer.get_watermark_offsets(part, timeout=30)[1] for part in parts]
    return topic, sum(ends)


def raw_rate(place: Place, case: Case, topic: str, messages: int) -> float:
    """Of whole batches: it waits long for the rest of one."""
    messages -= messages % 1000
    command = [RAW, place.kafka.address, topic, case.partitions, messages]
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=600, check=True
    )
    return messages / float(done.stdout)


def take_turn(place: Place, case: Case, topic: str, messages: int) -> None:
    """The messages of the few last steps are not all read: the last window ends the run."""
    raw = raw_rate(place, case, topic, messages)
    metrics = place.path / "load.prom"
    deck = place.deck(case.changes(), {"stream": {"topic": topic}}, NO_FRAMES)
    heatstream("run", deck, "--metrics-file", metrics, timeout=600).expect(0)
    text = metrics.read_text()
    spent = {phase: float(value) for phase, value in SUM.findall(text)}
    seen = sum(float(n) for n in re.findall(r"kafka_messages_total\{[^}]*\} (\S+)", text))
    case.rates.append(seen / sum(spent.values()))
    case.ratios.append(case.rates[-1] / raw)
    case.busy.append(100 * (1 - spent["ingest"] / sum(spent.values())))


def load(place: Place) -> list[Measured]:
    found = []
    for case in CASES:
        topic, messages = fill(place, case)
        for _ in range(TURNS):
            take_turn(place, case, topic, messages)
        found.append(Measured("load", case.name, "messages/s", case.rates, case.ratios))
        found.append(Measured("load", "    its main thread is busy", "% of the time", case.busy))
        print("\n".join(one.line() for one in found[-2:]), flush=True)
    return found

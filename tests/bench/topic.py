"""From a topic of a real Kafka: to closed windows, to frames, and how late the frames are."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from system.decks import Deck, merged, write_deck
from system.kafka import Kafka
from system.program import BINARY, heatstream, running, tool
from system.results import RunDirectory

from .turns import Measured, take_turns

RAW = BINARY.parent / "tests/bench/raw_consume"
PARTITIONS, SENSORS = 6, 1600
T0_MS = 1767225600000
# 40 x 40 sensors that each speak every 100 ms: 16,000 messages a second.
DECK: Deck = {
    "run": {"id": "run"},
    "grid": {"nx": 40, "ny": 40},
    "time": {"window_ms": 100, "t0": T0_MS - 50},
    "stream": {"source": "kafka", "disorder_ms": 100},
    "gen": {"seed": 40, "start_ms": T0_MS, "partitions": PARTITIONS, "probability": 0.01,
            "value": 4, "zeros": True, "jitter_ms": 8},
    "log": {"every_s": 60},
}  # fmt: skip
NO_FRAMES: Deck = {"output": {"frames": {"every": 1_000_000}}, "checkpoint": {"every_windows": 0}}
EVERY_FRAME: Deck = {"checkpoint": {"every_windows": 10}}


@dataclass
class Place:
    """Where decks and runs of a row go; each run has a directory of its own."""

    path: Path
    kafka: Kafka
    count: int = 0

    def deck(self, *changes: dict[str, Any]) -> Path:
        self.count += 1
        name = f"deck{self.count}"
        source = {"stream": {"brokers": self.kafka.address}, "run": {"out": str(self.path / name)}}
        return write_deck(self.path / f"{name}.yaml", merged(DECK, source, *changes))

    def run_of(self, deck: Path) -> RunDirectory:
        return RunDirectory(self.path / deck.stem / "run")

    def backlog(self, windows: int) -> dict[str, Any]:
        """A topic with the events of so many windows, and what a deck needs to read them all."""
        topic = self.kafka.create(PARTITIONS)
        bounds = {"stream": {"topic": topic}, "gen": {"steps": windows}}
        tool("gen", self.deck(bounds), timeout=600).expect(0)
        return merged(bounds, {"time": {"windows": windows}})


def seconds_of_raw(kafka: Kafka, topic: str, messages: int) -> float:
    command = [str(RAW), kafka.address, topic, str(PARTITIONS), str(messages)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    return float(done.stdout)


def seconds_of_run(place: Place, *changes: dict[str, Any], ranks: int = 1) -> float:
    """Of the whole program, start and end included."""
    deck = place.deck(*changes)
    return heatstream("run", deck, ranks=ranks, timeout=600).expect(0).seconds


def ingest(place: Place) -> list[Measured]:
    """Messages a second, without a frame: what remains is taking, decoding and closing windows."""
    windows = 2500
    messages = windows * SENSORS
    backlog = place.backlog(windows)
    topic = backlog["stream"]["topic"]
    ways = {
        "raw librdkafka, batches thrown away": lambda: (
            messages / seconds_of_raw(place.kafka, topic, messages)
        ),
        "run, 1 rank, start included": lambda: messages / seconds_of_run(place, backlog, NO_FRAMES),
    }
    return take_turns("ingest", "messages/s", ways)


def reference(place: Place) -> list[Measured]:
    """8 million events, 5000 windows of 100 ms, from a backlog."""
    windows = 5000
    backlog = place.backlog(windows)
    real_s = windows * 0.1
    ways = {
        "no frame, no checkpoint": lambda: real_s / seconds_of_run(place, backlog, NO_FRAMES),
        "every frame, checkpoint every 10 windows": lambda: (
            real_s / seconds_of_run(place, backlog, EVERY_FRAME)
        ),
        "the same on 2 ranks": lambda: (
            real_s / seconds_of_run(place, backlog, EVERY_FRAME, ranks=2)
        ),
    }
    return take_turns("reference", "x real time", ways)


def live_delays(place: Place, windows: int) -> list[float]:
    """Of each frame: milliseconds from the end of its window plus the bound of disorder to its
    commit, at 16,000 messages a second, with a checkpoint every second."""
    start_ms = (int(time.time()) + 4) * 1000
    topic = place.kafka.create(PARTITIONS)
    deck = place.deck(
        {
            "stream": {"topic": topic},
            "time": {"t0": start_ms - 50, "windows": windows},
            "gen": {"start_ms": start_ms, "steps": windows + 5},
        },
        EVERY_FRAME,
    )
    with running(["run", deck], 1) as program:
        tool("gen", deck, "--pace", "1", timeout=600).expect(0)
        program.wait(60).expect(0)
    delays = place.run_of(deck).series()["latency_ms"]
    return [delay - DECK["stream"]["disorder_ms"] for delay in delays[10:]]


def latency(place: Place) -> list[Measured]:
    found = [quantiles(live_delays(place, 200), n=100) for _ in range(3)]
    return [
        Measured(
            "latency", f"p{percent} beyond end + disorder", "ms", [q[percent - 1] for q in found]
        )
        for percent in (50, 99)
    ]

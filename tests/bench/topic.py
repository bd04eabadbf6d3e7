"""From a topic of a real Kafka: to closed windows, and to frames."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from system.decks import Deck, merged, write_deck
from system.kafka import Kafka
from system.program import BINARY, tool
from system.results import RunDirectory

from .spending import Spent, spend
from .turns import Measured, Told, take_turns

RAW = BINARY.parent / "tests/bench/raw_consume"
PARTITIONS, SENSORS, WINDOWS = 6, 1600, 5000
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
    broker: int  # its process
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


# Of librdkafka: as it comes, and so that it fetches far ahead, whichever is faster.
SETTINGS: tuple[dict[str, int], ...] = (
    {},
    {"queued.min.messages": 1_000_000, "fetch.message.max.bytes": 1 << 22},
)


def seconds_of_raw(kafka: Kafka, topic: str, messages: int, partitions: int = PARTITIONS) -> float:
    """A plain consumer's from its first message to its last."""
    found = []
    for properties in SETTINGS:
        named = [word for pair in properties.items() for word in pair]
        command = [RAW, kafka.address, topic, partitions, messages, *named]
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, timeout=600, check=True
        )
        found.append(float(done.stdout))
    return min(found)


def spent(place: Place, *changes: dict[str, Any], ranks: int = 1) -> Spent:
    return spend(place.deck(*changes), place.broker, ranks)


def ingest(place: Place) -> list[Measured]:
    """Messages a second, without a frame: what remains is taking, decoding and closing windows.
    Without the start it is the difference of a run of all windows and one of a fifth of them."""
    messages, fifth = WINDOWS * SENSORS, WINDOWS // 5
    backlog = place.backlog(WINDOWS)
    topic = backlog["stream"]["topic"]

    def without_start() -> Told:
        most = spent(place, backlog, NO_FRAMES)
        least = spent(place, backlog, NO_FRAMES, {"time": {"windows": fifth}})
        return most.without(least).told((WINDOWS - fifth) * SENSORS)

    ways = {
        "raw librdkafka, batches thrown away": lambda: (
            messages / seconds_of_raw(place.kafka, topic, messages)
        ),
        "run, 1 rank, start included": lambda: spent(place, backlog, NO_FRAMES).told(messages),
        "run, 1 rank": without_start,
    }
    return take_turns("ingest", "messages/s", ways, first_bounds=True)


def readers(place: Place) -> list[Measured]:
    """The same topic, read by 1 to 4 of 4 ranks. With fewer cores than threads the first figure
    says little; the second, of processor time, says what rank 0 takes with a core for each."""
    messages = WINDOWS // 2 * SENSORS
    backlog = place.backlog(WINDOWS // 2)
    bounds: dict[int, list[float]] = {}

    def run(count: int) -> Told:
        found = spent(place, backlog, NO_FRAMES, {"ingest": {"readers": count}}, ranks=4)
        bounds.setdefault(count, []).append(messages / found.thread)
        return found.told(messages)

    ways = {f"{n} of 4 ranks read, start included": partial(run, n) for n in (1, 2, 3, 4)}
    found = take_turns("readers", "messages/s", ways)
    for count, values in bounds.items():
        ratios = [v / one for v, one in zip(values, bounds[1], strict=True)]
        name = f"{count} readers, by rank 0's busiest thread"
        found.append(Measured("readers", name, "messages/s", values, ratios))
    return found


def reference(place: Place) -> list[Measured]:
    """8 million events, 5000 windows of 100 ms, from a backlog."""
    backlog = place.backlog(WINDOWS)
    real_s = WINDOWS * 0.1
    ways = {
        "no frame, no checkpoint": lambda: spent(place, backlog, NO_FRAMES).told(real_s),
        "every frame, checkpoint every 10 windows": lambda: spent(place, backlog, EVERY_FRAME).told(
            real_s
        ),
        "the same on 2 ranks": lambda: spent(place, backlog, EVERY_FRAME, ranks=2).told(real_s),
    }
    return take_turns("reference", "x real time", ways)

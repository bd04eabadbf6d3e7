"""From a topic of a real Kafka: to closed windows, and to frames."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
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
    """Of the whole program, start and end included. At the end of the topic nothing is waited for:
    a live run would give the last window two seconds (`stream.idle_ms`) for more."""
    deck = place.deck(*changes)
    return heatstream("run", deck, "--until", "end", ranks=ranks, timeout=600).expect(0).seconds


def rate_without_start(place: Place, backlog: Deck, windows: int) -> float:
    """Between a run of all windows and one of a fifth of them."""
    fifth = windows // 5
    most = seconds_of_run(place, backlog, NO_FRAMES)
    least = seconds_of_run(place, backlog, NO_FRAMES, {"time": {"windows": fifth}})
    return (windows - fifth) * SENSORS / (most - least)


def ingest(place: Place) -> list[Measured]:
    """Messages a second, without a frame: what remains is taking, decoding and closing windows."""
    windows = 5000
    messages = windows * SENSORS
    backlog = place.backlog(windows)
    topic = backlog["stream"]["topic"]
    ways = {
        "raw librdkafka, batches thrown away": lambda: (
            messages / seconds_of_raw(place.kafka, topic, messages)
        ),
        "run, 1 rank, start included": lambda: messages / seconds_of_run(place, backlog, NO_FRAMES),
        "run, 1 rank": lambda: rate_without_start(place, backlog, windows),
    }
    return take_turns("ingest", "messages/s", ways)


def thread_seconds(pid: int) -> list[float]:
    """Processor time of each thread but the main one."""
    found = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            fields = (task / "stat").read_text().rpartition(")")[2].split()
            if task.name != str(pid):
                found.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    return found


def is_rank_0(pid: int) -> bool:
    return b"OMPI_COMM_WORLD_RANK=0" in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")


def busiest_of_rank_0(deck: Path, ranks: int) -> tuple[float, float]:
    """Seconds of a run, and processor seconds of the busiest thread that rank 0 has beside its main
    one: what bounds the run where every thread has a core."""
    with running(["run", deck, "--until", "end"], ranks) as program:
        program.until(lambda: len(program.ranks()) == ranks, "ranks")
        (root,) = [pid for pid in program.ranks() if is_rank_0(pid)]
        most = 0.0
        while not program.reap(0.02):
            most = max([most, *thread_seconds(root)])
        return program.wait().expect(0).seconds, most


def readers(place: Place) -> list[Measured]:
    """The same topic, read by 1 to 4 of 4 ranks. With fewer cores than threads the first figure
    says little; the second, of processor time, says what rank 0 takes with a core for each."""
    windows = 2500
    messages = windows * SENSORS
    backlog = place.backlog(windows)
    bounds: dict[int, list[float]] = {}

    def run(count: int) -> float:
        deck = place.deck(backlog, NO_FRAMES, {"ingest": {"readers": count}})
        seconds, busiest_s = busiest_of_rank_0(deck, ranks=4)
        bounds.setdefault(count, []).append(messages / busiest_s)
        return messages / seconds

    ways = {f"{n} of 4 ranks read, start included": partial(run, n) for n in (1, 2, 3, 4)}
    found = take_turns("readers", "messages/s", ways)
    for count, values in bounds.items():
        ratios = [v / one for v, one in zip(values, bounds[1], strict=True)]
        name = f"{count} readers, by rank 0's busiest thread"
        found.append(Measured("readers", name, "messages/s", values, ratios))
    return found


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

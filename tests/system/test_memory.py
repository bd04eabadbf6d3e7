"""What a run takes of memory has a bound, however fast events come and however slow the disk is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import Bench, from_kafka
from .decks import T0_MS, Deck
from .failing import Order
from .kafka import Kafka
from .program import PATIENCE, Running, running, tool

PARTITIONS, STEPS = 3, 500
MESSAGES = STEPS * 30 * 50
# Ten times as many records as the queues of its consumer are to hold.
DECK: Deck = {
    "run": {"id": "run"},
    "grid": {"nx": 30, "ny": 50},
    "time": {"window_ms": 100, "t0": T0_MS - 50},
    "stream": {"source": "kafka", "disorder_ms": 200},
    "gen": {"start_ms": T0_MS, "steps": STEPS, "partitions": PARTITIONS, "jitter_ms": 5},
    "checkpoint": {"every_windows": 20},
}
QUEUE_MB = 16.8
# Batches on their way to the windows, those of a few windows, buffers that malloc keeps.
BESIDE_MB = 30.0


@dataclass(frozen=True)
class Flood:
    kafka: Kafka
    topic: str


@pytest.fixture(scope="module")
def flood(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flood]:
    topic = kafka.create(PARTITIONS)
    deck = Bench(tmp_path_factory.mktemp("flood")).deck(DECK, from_kafka(kafka, topic))
    tool("gen", deck, timeout=120).expect(0)
    yield Flood(kafka, topic)
    kafka.delete(topic)


def megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def await_rest(program: Running, pid: int) -> None:
    """It has taken no more for a while: whatever it waits for, it has taken all it takes."""
    deadline, quiet, most = time.monotonic() + 60 * PATIENCE, 0, 0.0
    while quiet < 60:
        assert program.process.poll() is None and time.monotonic() < deadline, program.text()
        now = megabytes(pid)
        quiet = 0 if now > most else quiet + 1
        most = max(most, now)
        time.sleep(0.02)


@pytest.mark.kafka
@pytest.mark.parametrize("point", ["segment.write", "checkpoint.write", "letters.sync"])
def test_a_flood_that_meets_a_disk_that_does_not_answer_waits_in_the_topic(
    bench: Bench, flood: Flood, point: str
) -> None:
    stalled = bench.path / "stalled"
    stalled.touch()
    order = Order(point, 1 if point == "letters.sync" else 30, "stall")
    env = order.variables | {"FAILPOINT_STALL": str(stalled)}
    deck = bench.deck(DECK, from_kafka(flood.kafka, flood.topic))
    run = bench.directory(deck)
    with running(["run", deck, "--until", "end"], 1, env=env) as program:
        program.until(lambda: run.windows_committed() > 0, "a window")
        (pid,) = program.ranks()
        before = megabytes(pid)
        await_rest(program, pid)
        taken = megabytes(pid) - before
        print(f"{point}: {before:.0f} MB, {taken:.0f} MB more while the disk stalls")
        assert run.windows_committed() < STEPS
        assert taken < PARTITIONS * QUEUE_MB + BESIDE_MB
        stalled.unlink()
        program.wait(120).expect(0)
    assert sum(p["next"] for p in run.ledger().values()) == MESSAGES

"""A hundred sensors, one event in twenty late, four clocks wrong: only those are refused."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from .conftest import Bench, from_kafka
from .decks import T0_MS, Deck, Stream, event, in_order_of_time, merged
from .kafka import Kafka
from .program import LONG
from .results import assert_equals_oracle

SIDE, PARTITIONS, PAUSE_MS = 10, 6, 250
SECONDS = 60 if LONG else 12
LENGTH_MS = SECONDS * 1000
DISORDER_MS, WINDOW_MS = 200, 100
# All in partition 0, with thirteen honest ones.
YEAR_AHEAD, AHEAD, FAST, IN_1970 = 0, 6, 12, 18
CLOCKS: Mapping[int, Callable[[int], int]] = {
    YEAR_AHEAD: lambda ms: T0_MS + ms + 365 * 86_400_000,
    AHEAD: lambda ms: T0_MS + ms + 1900,
    FAST: lambda ms: T0_MS + ms * 3 // 2,
    IN_1970: lambda ms: ms,
}
# Two sensors or fewer are believed, so the two that are believed at all come after the others.
JOINING_MS = {AHEAD: 2 * PAUSE_MS, FAST: 2 * PAUSE_MS}
# The fast clock is ahead by half the length at the end, which must be believed at once in delivery
# by time as well; a late event must be in reach, so no delay comes near the horizon.
HORIZON = LENGTH_MS // 2 // WINDOW_MS + 10
SHORTEST_DELAY_MS, LONGEST_DELAY_MS = 1000, 5000
# Of honest events, so that one in twenty of all is delayed: none is beyond the end of the stream.
DELAYED = 0.05 / (1 - (SHORTEST_DELAY_MS + LONGEST_DELAY_MS) / 2 / LENGTH_MS)
DECK: Deck = {
    "run": {"id": "run"},
    "grid": {"nx": SIDE, "ny": SIDE},
    "physics": {"initial": 0.25, "boundary": {"left": 1, "top": "insulated"}},
    "time": {"window_ms": WINDOW_MS, "t0": T0_MS},
    "stream": {"disorder_ms": DISORDER_MS, "horizon_windows": HORIZON, "jump_expiry": 300},
    "output": {"frames": {"dtype": "f64", "per_segment": 50}},
}


@dataclass(frozen=True)
class Sent:
    """`delayed`: far beyond the bound on disorder, by something else than the sensor's clock."""

    arrival: float
    sensor: int
    value: bytes
    delayed: bool


def sent_by(sensor: int, rng: random.Random) -> list[Sent]:
    clock = CLOCKS.get(sensor, lambda ms: T0_MS + ms)
    found = []
    for ms in range(rng.randrange(PAUSE_MS), LENGTH_MS, PAUSE_MS):
        if ms < JOINING_MS.get(sensor, 0):
            continue
        value = event(clock(ms), sensor % SIDE, sensor // SIDE, rng.uniform(0.5, 5))
        delay = rng.uniform(SHORTEST_DELAY_MS, LONGEST_DELAY_MS)
        delayed = sensor not in CLOCKS and ms + delay < LENGTH_MS and rng.random() < DELAYED
        arrival = ms + (delay if delayed else rng.uniform(0, 0.9 * DISORDER_MS))
        first_of_all = sensor == YEAR_AHEAD and not found
        found.append(Sent(-math.inf if first_of_all else arrival, sensor, value, delayed))
    return found


@dataclass(frozen=True)
class Story:
    """All that was sent, in order of arrival, by partition."""

    partitions: list[list[Sent]]

    @staticmethod
    def of(seed: int) -> Story:
        rng = random.Random(seed)
        partitions: list[list[Sent]] = [[] for _ in range(PARTITIONS)]
        for sensor in range(SIDE * SIDE):
            partitions[sensor % PARTITIONS] += sent_by(sensor, rng)
        return Story([sorted(part, key=lambda sent: sent.arrival) for part in partitions])

    def stream(self, but: frozenset[int] = frozenset()) -> Stream:
        return Stream([[s.value for s in part if s.sensor not in but] for part in self.partitions])

    def count(self, sensor: int) -> int:
        return sum(s.sensor == sensor for part in self.partitions for s in part)


@pytest.fixture(scope="module")
def story() -> Story:
    found = Story.of(seed=5)
    assert found.partitions[0][0].sensor == YEAR_AHEAD
    everything = [sent for part in found.partitions for sent in part]
    assert 0.04 < sum(sent.delayed for sent in everything) / len(everything) < 0.06
    return found


@pytest.mark.kafka
def test_wrong_clocks_and_late_events_end_in_the_frames_of_delivery_by_time(
    bench: Bench, kafka: Kafka, story: Story
) -> None:
    arrived, by_time = story.stream(), in_order_of_time(story.stream())
    runs = []
    for ranks, stream in ((3, arrived), (2, by_time)):
        deck = bench.deck(DECK, from_kafka(kafka, kafka.topic_of(stream)))
        runs.append(bench.run(deck, "--until", "end", ranks=ranks))
        assert_equals_oracle(runs[-1], stream.expected(DECK))
    assert runs[0].frames_bytes() == runs[1].frames_bytes()
    assert runs[0].digest == runs[1].digest
    assert max(runs[0].series()["revision"]) > 5
    assert max(runs[1].series()["revision"]) == 0


@pytest.mark.kafka
def test_only_delayed_events_are_late_and_only_wrong_clocks_are_refused(
    bench: Bench, kafka: Kafka, story: Story
) -> None:
    deck = bench.deck(DECK, from_kafka(kafka, kafka.topic_of(story.stream())))
    run = bench.run(deck, "--until", "end", ranks=2)
    ledger = run.ledger()
    for p, part in enumerate(story.partitions):
        assert ledger[p].get("late", 0) == sum(sent.delayed for sent in part)
    refused: Counter[tuple[str, int]] = Counter()
    for letter in run.dead_letters():
        sent = story.partitions[letter["partition"]][letter["offset"]]
        refused[letter["reason"], sent.sensor] += 1
    waiting = ledger[0]["candidate"]
    assert refused == {
        ("before_start", IN_1970): story.count(IN_1970),
        ("future", YEAR_AHEAD): story.count(YEAR_AHEAD) - waiting,
    }
    assert refused["future", YEAR_AHEAD] > waiting > 0
    assert [p for p, counts in ledger.items() if counts.get("candidate", 0)] == [0]


@pytest.mark.kafka
def test_wrong_clocks_touch_no_other_cell_and_no_frame_time(
    bench: Bench, kafka: Kafka, story: Story
) -> None:
    """Without conductivity a cell is its own sensor's alone."""
    deck = merged(DECK, {"physics": {"conductivity": 0}})
    runs = []
    for but in (frozenset[int](), frozenset(CLOCKS)):
        stream = story.stream(but)
        path = bench.deck(deck, from_kafka(kafka, kafka.topic_of(stream)))
        runs.append(bench.run(path, "--until", "end", ranks=2))
        assert_equals_oracle(runs[-1], stream.expected(deck))
    others, honest = (run.temperature() for run in runs)
    assert len(honest) >= LENGTH_MS // WINDOW_MS
    others = others[: len(honest)]
    for sensor in CLOCKS:
        cell = (slice(None), sensor % SIDE, sensor // SIDE)
        assert len(set(honest[cell])) == 1
        others[cell] = honest[cell]
    assert others.tobytes() == honest.tobytes()
    times = [run.series()["event_time"][: len(honest)] for run in runs]
    assert times[0] == times[1]

"""Messages a second against the load: partitions, cells, events a window.

Each case reads a backlog of some 2 million messages of JSON, without a frame; the cases of an axis
take turns, and ratios are to its first one. Where one is not as fast as the others of its axis, a
note tells of what a message takes more time there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

from confluent_kafka import TopicPartition

from system.program import tool

from .spending import MAIN_THREAD, Spent, spend
from .topic import NO_FRAMES, Place, seconds_of_raw
from .turns import Measured, Told, take_turns

MESSAGES = 2_000_000
FLAT = 0.8  # of the fastest of its axis
RAW_NAME = "raw librdkafka, batches thrown away"
SEEN = re.compile(r"kafka_messages_total\{[^}]*\} (\S+)")


@dataclass(frozen=True)
class Case:
    name: str
    partitions: int
    side: int
    events: int  # a window, about

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


AXES = (
    [Case(f"{n} partition{'s' * (n > 1)}", n, 40, 1600) for n in (1, 6, 24)],
    [Case(f"{n}^2 cells", 6, n, 1600) for n in (40, 256, 1024)],
    [Case(f"{n} events a window, 256^2 cells", 6, 256, n) for n in (100, 1000, 10_000)]
    + [Case(f"{n} events a window, 1024^2 cells", 6, 1024, n) for n in (100_000, 1_048_576)],
)


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
    return messages / seconds_of_raw(place.kafka, topic, messages, case.partitions)


def without_start(spent: Spent) -> Spent:
    """What its main thread was at work for, and of the processors as large a part."""
    wall = sum(spent.phases.values())
    part = wall / spent.wall
    return replace(
        spent,
        wall=wall,
        own=part * spent.own,
        broker=part * spent.broker,
        machine=part * spent.machine,
    )


def rate(place: Place, case: Case, topic: str, messages: int) -> Told:
    """Without the start. The messages of the few last steps are not all read: the last window ends
    the run."""
    raw = raw_rate(place, case, topic, messages)
    deck = place.deck(case.changes(), {"stream": {"topic": topic}}, NO_FRAMES)
    spent = spend(deck, place.broker)
    seen = sum(float(n) for n in SEEN.findall(deck.with_suffix(".prom").read_text()))
    told = without_start(spent).told(seen)
    return Told(told.value, {RAW_NAME: raw} | dict(told.bounds))


def ns_a_message(case: Measured) -> dict[str, float]:
    return {one.name: 1e9 / median(one.values) for one in case.bounds}


def explain(axis: list[Measured]) -> None:
    """Notes on the cases that are slower than the fastest by more than a little."""
    best = max(axis, key=lambda one: one.median)
    before = ns_a_message(best)
    for case in axis:
        if case.median >= FLAT * best.median:
            continue
        more = {name: ns - before.get(name, 0) for name, ns in ns_a_message(case).items()}
        why = max((n for n in more if n.startswith(MAIN_THREAD)), key=lambda name: more[name])
        case.note = (
            f"{1e9 / case.median - 1e9 / best.median:.0f} ns a message more than with {best.way}:"
            f" {why}, {more[why]:+.0f} ns; {RAW_NAME}, {more[RAW_NAME]:+.0f} ns"
        )


def measure(place: Place, axis: list[Case]) -> list[Measured]:
    ways = {case.name: partial(rate, place, case, *fill(place, case)) for case in axis}
    found = take_turns("load", "messages/s", ways)
    explain(found)
    return found


def load(place: Place) -> list[Measured]:
    return [one for axis in AXES for one in measure(place, axis)]

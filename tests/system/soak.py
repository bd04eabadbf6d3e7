"""Runs that are killed at named points and at random moments until they finish all the same.

`python -m system.soak N SEED` (make soak-kill) kills N times and prints what was met; test_soak.py
does a part of it. A life is one run directory from nothing to the end of its topic, over all its
kills and on ever other numbers of ranks; what it leaves is compared, bit for bit, with what a run
leaves that was never killed.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from . import garbage
from .conftest import Bench, from_kafka
from .decks import AWKWARD, WATCHED, Deck, Stream, chunks_in_random_order, merged, sensors
from .failing import Target, points_alone, random_moment, target_at
from .judged import assert_alerts_are_those_of_the_frames
from .kafka import Kafka, start_broker, stop_broker
from .lives import Feeder, Life
from .results import (
    RunDirectory,
    assert_equals_oracle,
    assert_manifest_stands_for_rows,
    assert_same,
)
from .test_idle import expected_of

WINDOWS, PARTITIONS = 60, 5
DECK = merged(
    AWKWARD,
    WATCHED,
    {
        "time": {"windows": WINDOWS},
        "stream": {
            "horizon_windows": 8,
            "idle": "block",
            "early_ms": 1,
            "dead_letter_file_bytes": 16384,
        },
        "output": {"frames": {"per_segment": 7}, "temp_region": [9, 3, 12, 6]},
        "checkpoint": {"every_windows": 4, "keep": 3},
        "log": {"every_s": 0.2, "file_bytes": 4096, "files": 3},
    },
)
# To the end of a topic, whenever that is, from a start that its events tell.
BOUNDED = merged(DECK, {"time": {"windows": 0, "t0": "auto"}})
SILENT = merged(
    AWKWARD,
    {
        "time": {"windows": 40},
        "stream": {"horizon_windows": 8, "idle_ms": 100},
        "checkpoint": {"every_windows": 4},
    },
)
# Rows of several tiles are written one by one, by all ranks; of one tile they wait for each other.
TILES = (5, 64)
TARGETS_OF_A_LIFE = 12


def stream_of(seed: int) -> Stream:
    """With late events, events that are too late, and every kind of garbage."""
    refused = [raw for raw in garbage.everything_refused() if len(raw) < garbage.MEGABYTE]
    good = sensors(DECK, WINDOWS + 8, PARTITIONS, seed, chance=0.08, stragglers=0.06)
    return garbage.mixed(good, random.Random(seed), refused)


@dataclass
class Campaign:
    """Lives, one after the other, until every target was met or has had its tries."""

    bench: Bench
    kafka: Kafka
    seed: int
    lives: list[Life] = field(default_factory=list)
    references: dict[str, RunDirectory] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.stream = stream_of(self.seed)
        self.messages: set[tuple[bytes | None, bytes | None]] = set()

    def head(self) -> Stream:
        return Stream([values[: len(values) * 3 // 5] for values in self.stream.partitions])

    def rest(self) -> list[tuple[int, bytes]]:
        head = self.head().partitions
        whole = self.stream.partitions
        return [(p, v) for p in range(PARTITIONS) for v in whole[p][len(head[p]) :]]

    def chunks(self) -> list[tuple[int, list[bytes]]]:
        return list(chunks_in_random_order(self.stream, self.rng, largest=20))

    def deck(self, kind: Deck, topic: str, name: str) -> tuple[Path, str]:
        heat = self.kafka.create(1)
        return self.bench.deck(
            kind, from_kafka(self.kafka, topic), {"output": {"temp_topic": heat}}, name=name
        ), heat

    def said(self, topic: str) -> set[tuple[bytes | None, bytes | None]]:
        return {(m.key(), m.value()) for m in self.kafka.messages(topic, 1)}

    def reference(self, kind: str) -> RunDirectory:
        """Never killed, of the whole topic."""
        if kind not in self.references:
            topic = self.kafka.topic_of(self.stream)
            whole = {"fed": DECK, "bounded": BOUNDED}[kind]
            deck, heat = self.deck(whole, topic, f"whole-{kind}")
            arguments = ("--until", "end") if kind == "bounded" else ()
            self.references[kind] = self.bench.run(deck, *arguments, ranks=2)
            if kind == "fed":
                self.messages = self.said(heat)
        return self.references[kind]

    def fed(self, targets: Sequence[Target]) -> Life:
        whole = self.reference("fed")
        topic = self.kafka.create(PARTITIONS)
        tile = TILES[len(self.lives) % len(TILES)]
        tiled = merged(DECK, {"output": {"frames": {"tile": tile}}})
        deck, heat = self.deck(tiled, topic, self.name())
        life = self.begin(deck)
        with telling(life, self.seed):
            life.live_fed(Feeder(self.kafka, topic, self.chunks()), targets)
            self.compare(life, whole)
            assert self.said(heat) == self.messages
        return life

    def bounded(self, targets: Sequence[Target]) -> Life:
        """The topic is read to its end, watched for more, and read to its end when it has grown."""
        whole = self.reference("bounded")
        topic = self.kafka.topic_of(self.head())
        deck, _ = self.deck(BOUNDED, topic, self.name())
        life = self.begin(deck)
        with telling(life, self.seed):
            life.live_bounded([t for t in targets if t.stage == "begin"])
            for target in (t for t in targets if t.stage == "unbounded"):
                life.start(target, None)
            self.kafka.send(topic, ((p, (None, v)) for p, v in self.rest()))
            life.keeps_promises = False  # those of provisional rows are taken back
            life.live_bounded([t for t in targets if t.stage == "grown"])
            self.compare(life, whole)
        return life

    def silent(self, targets: Sequence[Target]) -> Life:
        """A partition that says nothing: what its time-outs decide is in the journal, no two runs
        need agree on it, and the oracle takes it from there."""
        spoken = Stream([v if p else [] for p, v in enumerate(self.stream.partitions)])
        topic = self.kafka.topic_of(spoken)
        life = self.begin(self.bench.deck(SILENT, from_kafka(self.kafka, topic), name=self.name()))
        with telling(life, self.seed):
            for target in targets:
                while not life.met[target] and life.tries[target] < 3:
                    if life.start(target, None):
                        break
            while not life.start(None, None):
                pass
            assert_equals_oracle(life.run, expected_of(life.run, spoken, SILENT))
        return life

    def name(self) -> str:
        return f"life-{len(self.lives)}"

    def kill(self, targets: Sequence[Target]) -> None:
        """Every target, in as many lives as it takes; equal ones as often as they are asked for."""
        wanted = Counter(targets)
        for _ in range(4):
            if left := wanted - self.met():
                self.kill_once(list(left.elements()))
        assert not wanted - self.met(), f"never met: {wanted - self.met()}"

    def kill_once(self, targets: Sequence[Target]) -> None:
        fed = [t for stage in ("first", "amid", "end") for t in targets if t.stage == stage]
        order = points_alone().index
        bounded = [t for t in targets if t.stage in ("begin", "unbounded", "grown")]
        bounded.sort(key=lambda target: order(target.point))
        silent = [t for t in targets if t.stage == "silent"]
        for at in range(0, len(fed), TARGETS_OF_A_LIFE):
            self.fed(fed[at : at + TARGETS_OF_A_LIFE])
        if bounded:
            self.bounded(bounded)
        if silent:
            self.silent(silent)

    def met(self) -> Counter[Target]:
        return sum((life.met for life in self.lives), Counter())

    def table(self) -> str:
        """Point, kills by victim; that all ended in the same bits is what got us here."""
        kills: dict[str, Counter[str]] = {}
        for target, count in self.met().items():
            kills.setdefault(target.point, Counter())[target.how] += count
        lines = [f"{'point':28}{'kills':>6}  outcome     how"]
        for point, ways in sorted(kills.items()):
            said = ", ".join(f"{way} {count}" for way, count in sorted(ways.items()))
            lines.append(f"{point:28}{ways.total():6}  same bits   {said}")
        return "\n".join(lines)

    def begin(self, deck: Path) -> Life:
        self.lives.append(Life(self.bench, deck, self.rng))
        return self.lives[-1]

    def compare(self, life: Life, whole: RunDirectory) -> None:
        assert_same(life.run, whole)
        assert_manifest_stands_for_rows(life.run)
        assert_alerts_are_those_of_the_frames(life.run)
        assert life.run.promised() == whole.promised()


def some_targets(points: Sequence[str], kills: int, seed: int) -> list[Target]:
    """At least so many: at every point, then at random moments and some points again."""
    rng = random.Random(seed)
    found = [target_at(point, rng) for point in points]
    while len(found) < kills:
        again = rng.random() < 0.5
        found.append(target_at(rng.choice(points), rng) if again else random_moment(rng))
    rng.shuffle(found)
    return found


@contextmanager
def telling(life: Life, seed: int) -> Iterator[None]:
    """What was done, before what was found."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"seed {seed}\n" + "\n".join(life.log)) from error


def main(kills: int, seed: int) -> None:
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        directory = Path(name)
        address = start_broker(directory / "broker")
        try:
            campaign = Campaign(Bench(directory), Kafka(address), seed)
            campaign.kill(some_targets(points_alone(), kills, seed))
        finally:
            stop_broker(directory / "broker")
    print(campaign.table())
    print(f"seed {seed}: {campaign.met().total()} kills, the bits of runs that were never killed")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

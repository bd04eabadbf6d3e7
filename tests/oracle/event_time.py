"""Records to closed windows, word for word: one record at a time, any interleaving of partitions.

Steps 1, 2, 3, 5 and 6 of the contract; a late record is the dead letter `too_late`, and no record
is held back as a candidate.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .clock import LiteralClock
from .decoding import Decoded, Rules, decode

START_SAMPLE = 101
Record = tuple[int, bytes | None, bytes | None]


@dataclass(frozen=True)
class EventTime:
    window_ms: int = 100
    disorder_ms: int = 200
    t0_ms: int | None = None
    agreeing: int = 3
    expiry: int = 1000
    gen_scale: float = 1.0
    windows: int = 0
    bounded: bool = True


@dataclass(frozen=True)
class Partition:
    """Records in offset order with holes where the broker delivers nothing; `end`: captured end."""

    first: int
    end: int
    records: Sequence[Record]


@dataclass(frozen=True)
class DeadLetter:
    partition: int
    offset: int
    reason: str
    time_ms: int | None
    key: bytes | None
    value: bytes | None


@dataclass
class Ledger:
    first: int
    next: int
    fates: Counter[str] = field(default_factory=Counter)
    redelivered: int = 0

    def adds_up(self) -> bool:
        return self.first + sum(self.fates.values()) == self.next


@dataclass(frozen=True)
class Closed:
    """A closed window; `rates` by cell x * ny + y, scaled, for every cell with an event."""

    window: int
    end_ms: int
    final: bool
    complete: bool
    events: int
    dead: int
    rates: dict[int, float]


def start_of_windows(
    partitions: Sequence[Partition], decoded: Sequence[Sequence[Decoded]], rules: EventTime
) -> int:
    if rules.t0_ms is not None:
        return rules.t0_ms
    for verdicts in decoded:
        good = [d.event.time_ms for d in verdicts if d.verdict is None and d.event is not None]
        if good:
            sample = sorted(good[:START_SAMPLE])
            start = sample[(len(sample) - 1) // 2] - rules.disorder_ms
            return start // rules.window_ms * rules.window_ms
    raise ValueError(f"no good record in {len(partitions)} partitions: no t0")


class Reader:
    """What is known of one partition while it is drained."""

    def __init__(
        self,
        index: int,
        source: Partition,
        decoded: Sequence[Decoded],
        rules: EventTime,
        t0_ms: int,
    ) -> None:
        self.index, self.source, self.decoded = index, source, decoded
        self.rules, self.t0_ms = rules, t0_ms
        self.at = 0
        self.finished = False
        self.ledger = Ledger(source.first, source.first)
        self.clock = LiteralClock(t0_ms + rules.disorder_ms, rules.agreeing, rules.expiry)

    def passed(self) -> int:
        """e[p]: windows below it are behind this partition's clock."""
        return (self.clock.mx - self.t0_ms - self.rules.disorder_ms) // self.rules.window_ms

    def wants(self, k: int) -> bool:
        more = self.at < len(self.source.records) or self.rules.bounded
        return not self.finished and self.passed() <= k and more

    def settle(self, offset: int, fate: str) -> None:
        self.skip_to(offset)
        self.ledger.fates[fate] += 1
        self.ledger.next = offset + 1

    def skip_to(self, offset: int) -> None:
        if offset > self.ledger.next:
            self.ledger.fates["skipped"] += offset - self.ledger.next
            self.ledger.next = offset


@dataclass
class Open:
    """The windows that are open, k the lowest of them."""

    k: int = 0
    events: dict[int, list[tuple[int, int, int, int, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    letters: list[DeadLetter] = field(default_factory=list)


class Windows:
    def __init__(
        self,
        partitions: Sequence[Partition],
        decoding: Rules,
        rules: EventTime,
        shuffle: random.Random | None = None,
    ) -> None:
        decoded = [
            [decode(key, value, decoding) for _, key, value in p.records] for p in partitions
        ]
        self.rules, self.shuffle, self.ny = rules, shuffle, decoding.ny
        self.t0_ms = start_of_windows(partitions, decoded, rules)
        self.readers = [
            Reader(i, p, d, rules, self.t0_ms)
            for i, (p, d) in enumerate(zip(partitions, decoded, strict=True))
        ]
        self.open = Open()
        self.letters: list[DeadLetter] = []
        self.was_provisional = False

    def take(self, reader: Reader) -> None:
        if reader.at == len(reader.source.records):
            self.finish(reader)
            return
        offset, key, value = reader.source.records[reader.at]
        if reader.rules.bounded and offset >= reader.source.end:
            self.finish(reader)
            return
        decoded = reader.decoded[reader.at]
        reader.at += 1
        if offset < reader.ledger.next:
            reader.ledger.redelivered += 1
            return
        fate = decoded.verdict or self.place(reader, offset, decoded)
        reader.settle(offset, fate)
        if fate != "on_time":
            time_ms = decoded.event.time_ms if decoded.event else None
            letter = DeadLetter(reader.index, offset, fate, time_ms, key, value)
            self.open.letters.append(letter)

    def finish(self, reader: Reader) -> None:
        reader.skip_to(reader.source.end)
        reader.finished = True

    def place(self, reader: Reader, offset: int, decoded: Decoded) -> str:
        event = decoded.event
        assert event is not None
        if event.time_ms < self.t0_ms:
            return "before_start"
        cell = event.x * self.ny + event.y
        window = (event.time_ms - self.t0_ms) // self.rules.window_ms
        reader.clock.take(cell, event.time_ms)
        if window < self.open.k:
            return "too_late"
        entry = (cell, event.time_ms, reader.index, offset, event.rate)
        self.open.events[window].append(entry)
        return "on_time"

    def drain(self) -> None:
        while waiting := [r for r in self.readers if r.wants(self.open.k)]:
            if self.shuffle is None:
                while waiting[0].wants(self.open.k):
                    self.take(waiting[0])
            else:
                self.take(self.shuffle.choice(waiting))

    def can_close(self) -> bool:
        unfinished = [r for r in self.readers if not r.finished]
        if unfinished:
            return all(r.passed() > self.open.k for r in unfinished)
        return any(w >= self.open.k for w in self.open.events)

    def close(self) -> Closed:
        k = self.open.k
        behind = any(r.passed() <= k for r in self.readers)
        self.was_provisional = self.was_provisional or behind
        self.letters += sorted(self.open.letters, key=lambda d: (d.partition, d.offset))
        events = self.open.events.pop(k, [])
        closed = Closed(
            window=k,
            end_ms=self.t0_ms + (k + 1) * self.rules.window_ms,
            final=not self.was_provisional,
            complete=not behind,
            events=len(events),
            dead=len(self.open.letters),
            rates=mean_rates(events, self.rules.gen_scale),
        )
        self.open.letters = []
        self.open.k += 1
        return closed

    def run(self) -> Iterator[Closed]:
        while self.rules.windows == 0 or self.open.k < self.rules.windows:
            self.drain()
            if not self.can_close():
                break
            yield self.close()
        self.letters += sorted(self.open.letters, key=lambda d: (d.partition, d.offset))
        self.open.letters = []


def mean_rates(
    events: Sequence[tuple[int, int, int, int, float]], gen_scale: float
) -> dict[int, float]:
    sums: dict[int, float] = {}
    counts: Counter[int] = Counter()
    for cell, _, _, _, rate in sorted(events, key=lambda e: e[:4]):
        sums[cell] = sums.get(cell, 0.0) + rate
        counts[cell] += 1
    return {cell: total / counts[cell] * gen_scale for cell, total in sums.items()}

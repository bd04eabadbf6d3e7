"""Records to closed windows, word for word: one record at a time, any interleaving of partitions.

Steps 1 to 6 of the contract, time-outs of silent partitions, and what a close publishes.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .candidates import Candidates
from .clock import LiteralClock
from .decoding import Decoded, Event, Rules, decode
from .journal import Advance, Gap
from .past import EventSets, Member
from .rates import estimates, rates_at

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
    horizon: int = 50
    jump_ms: int | None = None
    max_gap_windows: int | None = 1_000_000
    estimate: str = "mean"
    span: int = 1
    hold: int = 0
    dedup: bool = False

    @property
    def jump(self) -> int:
        return (self.horizon - 1) * self.window_ms if self.jump_ms is None else self.jump_ms

    def middle(self, t0_ms: int, k: int) -> int:
        return t0_ms + k * self.window_ms + self.window_ms // 2


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
    """A window as one close publishes it, new or corrected; `rates` by cell x * ny + y, scaled, of
    all cells that may have another than 0; `heard` cells have an event of their own."""

    window: int
    revision: int
    end_ms: int
    final: bool
    complete: bool
    events: int
    late: int
    dead: int
    heard: int
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


class GapTooLong(Exception):
    """Sensors agree on a jump over more than max_gap_windows."""


@dataclass(frozen=True)
class Held:
    """What a candidate needs to be placed or refused later."""

    offset: int
    event: Event
    key: bytes | None
    value: bytes | None


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
        self.advances: list[Advance] = []
        self.gaps: list[Gap] = []
        self.at = 0
        self.finished = False
        self.ledger = Ledger(source.first, source.first)
        self.clock = LiteralClock(t0_ms + rules.disorder_ms, rules.agreeing, rules.expiry)
        self.candidates = Candidates[Held](rules.jump, rules.agreeing, rules.expiry)

    def passed(self) -> int:
        """e[p]: windows below it are behind this partition's clock."""
        return self.windows_before(self.clock.mx)

    def heard(self) -> int:
        """The same without time-outs."""
        return self.windows_before(self.clock.heard)

    def windows_before(self, clock_ms: int) -> int:
        return (clock_ms - self.t0_ms - self.rules.disorder_ms) // self.rules.window_ms

    def time_out(self) -> None:
        """The advances whose records below `before` have all been taken."""
        records = self.source.records
        following = records[self.at][0] if self.at < len(records) else None
        while self.advances and (following is None or self.advances[0].before <= following):
            self.clock.mx = max(self.clock.mx, self.advances.pop(0).to_ms)

    def pass_gap(self) -> bool:
        """True when what comes next is a gap, or lies in one or behind it: it is settled now."""
        self.gaps = [gap for gap in self.gaps if gap.stop > self.ledger.next]
        records = self.source.records
        following = records[self.at][0] if self.at < len(records) else self.source.end
        if not self.gaps or self.gaps[0].start > max(following, self.ledger.next):
            return False
        gap = self.gaps.pop(0)
        self.skip_to(gap.start)
        self.ledger.fates["lost"] += gap.stop - self.ledger.next
        self.ledger.next = gap.stop
        while self.at < len(records) and records[self.at][0] < gap.stop:
            self.at += 1
        return True

    def wants(self, k: int) -> bool:
        more = self.at < len(self.source.records) or self.rules.bounded
        return not self.finished and self.passed() <= k and more

    def jump_to(self, time_ms: int) -> None:
        limit = self.rules.max_gap_windows
        if limit is not None and time_ms - self.clock.mx > limit * self.rules.window_ms:
            raise GapTooLong(f"partition {self.index}: {self.clock.mx} to {time_ms}")
        self.clock.move(time_ms)

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
    """The lowest window that is open, and what was refused meanwhile."""

    k: int = 0
    letters: list[DeadLetter] = field(default_factory=list)


@dataclass
class Past:
    """What a close found and no correction changes, and how often it was corrected."""

    complete: bool
    dead: int
    revision: int = 0


class Windows:
    def __init__(
        self,
        partitions: Sequence[Partition],
        decoding: Rules,
        rules: EventTime,
        shuffle: random.Random | None = None,
        advances: Sequence[Advance] = (),
        gaps: Sequence[Gap] = (),
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
        for advance in advances:
            self.readers[advance.partition].advances.append(advance)
        for gap in sorted(gaps, key=lambda g: g.start):
            self.readers[gap.partition].gaps.append(gap)
        for reader in self.readers:
            reader.time_out()
        self.open = Open()
        self.sets = EventSets(rules.dedup)
        self.past: list[Past] = []
        self.told: list[dict[int, float]] = []
        self.letters: list[DeadLetter] = []
        self.was_provisional = False

    def take(self, reader: Reader) -> None:
        self.take_next(reader)
        reader.time_out()

    def take_next(self, reader: Reader) -> None:
        if reader.pass_gap():
            return
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
        event = decoded.event
        if decoded.verdict is not None or event is None:
            fate = decoded.verdict or ""
        elif event.time_ms < self.t0_ms:
            fate = "before_start"
        else:
            reader.settle(offset, "candidate")
            self.believe(reader, Held(offset, event, key, value))
            return
        reader.settle(offset, fate)
        time_ms = event.time_ms if event else None
        self.open.letters.append(DeadLetter(reader.index, offset, fate, time_ms, key, value))

    def believe(self, reader: Reader, new: Held) -> None:
        """Step 4, and 5 and 6 for all that is believed now."""
        time_ms = new.event.time_ms
        if time_ms > reader.clock.mx + reader.candidates.jump_ms:
            quorum = reader.clock.quorum()
            group = reader.candidates.hold(time_ms, self.sensor_of(new), new, quorum)
            if group:
                reader.jump_to(min(c.time_ms for c in group))
            for came in group:
                self.place(reader, came.item)
        elif self.place(reader, new) != "too_late":
            reader.candidates.remember(None)
        for came in reader.candidates.expire():
            self.decide(reader, came.item, "future")

    def decide(self, reader: Reader, held: Held, fate: str) -> None:
        """Every record that reaches step 4 is counted as a candidate until its fate is known."""
        reader.ledger.fates["candidate"] -= 1
        reader.ledger.fates[fate] += 1
        if fate not in ("on_time", "late"):
            time_ms = held.event.time_ms
            letter = DeadLetter(reader.index, held.offset, fate, time_ms, held.key, held.value)
            self.open.letters.append(letter)

    def finish(self, reader: Reader) -> None:
        reader.skip_to(reader.source.end)
        reader.finished = True

    def cell_of(self, held: Held) -> int:
        return held.event.x * self.ny + held.event.y

    def sensor_of(self, held: Held) -> int:
        """Whose clock it is: the row of a sensor table, or the cell."""
        sensor = held.event.sensor
        return self.cell_of(held) if sensor is None else sensor

    def place(self, reader: Reader, held: Held) -> str:
        """Steps 5 and 6."""
        event, cell = held.event, self.cell_of(held)
        window = (event.time_ms - self.t0_ms) // self.rules.window_ms
        sensor = self.sensor_of(held)
        fate = "on_time" if window >= self.open.k else "late"
        if window < self.open.k - self.rules.horizon:
            fate = "too_late"
        else:
            at = (reader.index, held.offset)
            late = fate == "late"
            self.sets.add(Member(window, cell, event.time_ms, *at, event.rate, sensor, late))
        self.decide(reader, held, fate)
        reader.candidates.ordinary()
        reader.clock.take(sensor, event.time_ms)
        return fate

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
        return self.sets.ask_for(self.open.k)

    def close(self) -> list[Closed]:
        """What is published: the windows that late events change, then window k."""
        k = self.open.k
        self.was_provisional = self.was_provisional or any(r.passed() <= k for r in self.readers)
        complete = all(r.heard() > k for r in self.readers)
        self.past.append(Past(complete, dead=len(self.open.letters)))
        self.told.append({})
        self.write_letters()
        touched, duplicates = self.sets.settle(k)
        for member in duplicates:
            fates = self.readers[member.partition].ledger.fates
            fates["late" if member.late else "on_time"] -= 1
            fates["duplicate"] += 1
        first = min(touched, default=k)
        for window in range(first, k):
            self.past[window].revision += 1
        for window in {*touched, k}:
            entries = [member.entry for member in self.sets.of[window]]
            middle = self.rules.middle(self.t0_ms, window)
            self.told[window] = estimates(self.rules.estimate, entries, middle)
        self.open.k += 1
        return [self.published(window) for window in range(first, k + 1)]

    def published(self, window: int) -> Closed:
        past, members, rules = self.past[window], self.sets.of[window], self.rules
        return Closed(
            window=window,
            revision=past.revision,
            end_ms=self.t0_ms + (window + 1) * rules.window_ms,
            final=not self.was_provisional,
            complete=past.complete,
            events=len(members),
            late=sum(member.late for member in members),
            dead=past.dead,
            heard=len(self.told[window]),
            rates=rates_at(self.told, window, rules.span, rules.hold, rules.gen_scale),
        )

    def write_letters(self) -> None:
        self.letters += sorted(self.open.letters, key=lambda d: (d.partition, d.offset))
        self.open.letters = []

    def run(self) -> Iterator[Closed]:
        """A window again, with the next revision, at each close that corrects it."""
        while self.rules.windows == 0 or self.open.k < self.rules.windows:
            self.drain()
            if not self.can_close():
                break
            yield from self.close()
        self.write_letters()

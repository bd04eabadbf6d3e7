"""The sets of events of all windows: late ones join them at a close, duplicates leave them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from .rates import Entry


@dataclass(frozen=True)
class Member:
    """An event that was not refused; `late`: its window had closed when it came."""

    window: int
    cell: int
    time_ms: int
    partition: int
    offset: int
    rate: float
    sensor: int
    late: bool

    @property
    def entry(self) -> Entry:
        return self.cell, self.time_ms, self.partition, self.offset, self.rate


def without_duplicates(members: Iterable[Member]) -> tuple[list[Member], list[Member]]:
    """The members that count, and those that say what one of a lower (p, o) says."""
    counting: dict[tuple[int, int], Member] = {}
    duplicates = []
    for member in sorted(members, key=lambda m: (m.partition, m.offset)):
        if counting.setdefault((member.time_ms, member.sensor), member) is not member:
            duplicates.append(member)
    return list(counting.values()), duplicates


@dataclass
class EventSets:
    """`of` windows; `due`: late events that wait for the next close."""

    dedup: bool
    of: dict[int, list[Member]] = field(default_factory=lambda: defaultdict(list))
    due: list[Member] = field(default_factory=list)

    def add(self, member: Member) -> None:
        (self.due if member.late else self.of[member.window]).append(member)

    def ask_for(self, k: int) -> bool:
        """Whether the end of all partitions leaves a reason to close window k."""
        return bool(self.due) or any(members and w >= k for w, members in self.of.items())

    def settle(self, k: int) -> tuple[set[int], list[Member]]:
        """At the close of k: the earlier windows whose late events count, and the duplicates."""
        late, self.due = self.due, []
        for member in late:
            self.of[member.window].append(member)
        duplicates: list[Member] = []
        if self.dedup:
            for window in {k} | {member.window for member in late}:
                self.of[window], dropped = without_duplicates(self.of[window])
                duplicates += dropped
        dropped_ones = set(duplicates)
        return {member.window for member in late if member not in dropped_ones}, duplicates

"""Step 4 of the contract for one partition: records too far ahead of the clock are held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

ROW = 20
Item = TypeVar("Item")


@dataclass(eq=False)
class Came(Generic[Item]):
    """A record that reached step 4; too_late ones are not kept."""

    time_ms: int
    sensor: int
    item: Item
    held: bool
    ordinary_since: int = 0


def sensors_of(group: Sequence[Came[Item]]) -> int:
    return len({c.sensor for c in group})


class Candidates(Generic[Item]):
    def __init__(self, jump_ms: int, agreeing: int, expiry: int) -> None:
        self.jump_ms, self.agreeing, self.expiry = jump_ms, agreeing, expiry
        self.held: list[Came[Item]] = []
        self.recent: list[Came[Item] | None] = []

    def remember(self, came: Came[Item] | None) -> None:
        self.recent = [*self.recent[1 - max(ROW, self.expiry) :], came]

    def hold(self, time_ms: int, sensor: int, item: Item, quorum: int) -> list[Came[Item]]:
        """The members of S in offset order if the record confirms one, else nothing."""
        came = Came(time_ms, sensor, item, held=True)
        self.held.append(came)
        self.remember(came)
        group = (
            self.cluster(time_ms, min(self.agreeing, max(2, quorum)))
            or self.row(ROW, quorum)
            or self.row(self.expiry, 0)
        )
        for member in group:
            member.held = False
        self.held = [c for c in self.held if c.held]
        return group

    def cluster(self, t: int, needed: int) -> list[Came[Item]]:
        starts = sorted(c.time_ms for c in self.held if t - self.jump_ms <= c.time_ms <= t)
        for start in starts:
            group = [c for c in self.held if start <= c.time_ms <= start + self.jump_ms]
            if sensors_of(group) >= needed:
                return group
        return []

    def row(self, length: int, quorum: int) -> list[Came[Item]]:
        last = [c for c in self.recent[-length:] if c is not None and c.held]
        steps = [abs(b.time_ms - a.time_ms) for a, b in zip(last, last[1:], strict=False)]
        near = all(step <= self.jump_ms for step in steps)
        return last if len(last) == length and near and sensors_of(last) >= quorum else []

    def ordinary(self) -> None:
        """A record reached step 5."""
        for came in self.held:
            came.ordinary_since += 1

    def expire(self) -> list[Came[Item]]:
        gone = []
        while self.held and (
            self.held[0].ordinary_since >= self.expiry or len(self.held) > self.expiry
        ):
            self.held[0].held = False
            gone.append(self.held.pop(0))
        return gone

"""The clock of one partition (step 6 of the contract), twice: literally and fast."""

from __future__ import annotations

from collections.abc import Iterable


class LiteralClock:
    """Word for word: a table of all remembered sensors, sorted anew for every record. `heard`:
    where it would be had no time-out ever moved it."""

    def __init__(self, start_ms: int, agreeing: int, expiry: int) -> None:
        self.mx = self.heard = start_ms
        self.agreeing, self.expiry = agreeing, expiry
        self.newest: dict[int, int] = {}
        self.spoke: set[int] = set()
        self.in_block = 0

    def quorum(self) -> int:
        return min(self.agreeing, (len(self.newest) + 1) // 2)

    def move(self, time_ms: int) -> None:
        """By what records say."""
        self.mx = max(self.mx, time_ms)
        self.heard = max(self.heard, time_ms)

    def take(self, sensor: int, time_ms: int) -> None:
        self.newest[sensor] = max(time_ms, self.newest.get(sensor, time_ms))
        self.spoke.add(sensor)
        self.move(sorted(self.newest.values(), reverse=True)[self.quorum() - 1])
        self.in_block += 1
        if self.in_block == self.expiry:
            self.newest = {s: t for s, t in self.newest.items() if s in self.spoke}
            self.spoke, self.in_block = set(), 0


def clock_after_each(
    records: Iterable[tuple[int, int]], start_ms: int, agreeing: int, expiry: int
) -> list[int]:
    """mx after each (sensor, time). Only sensors ahead of mx can move it: `ahead` holds them."""
    mx = start_ms
    last_block: dict[int, int] = {}
    ahead: dict[int, int] = {}
    block, left, q = 0, expiry, 0
    after: list[int] = []
    for sensor, time_ms in records:
        if sensor not in last_block:
            last_block[sensor] = block
            q = min(agreeing, (len(last_block) + 1) // 2)
        last_block[sensor] = block
        if time_ms > mx and time_ms > ahead.get(sensor, mx):
            ahead[sensor] = time_ms
        if len(ahead) >= q:
            mx = sorted(ahead.values())[-q]
            ahead = {s: t for s, t in ahead.items() if t > mx}
        after.append(mx)
        left -= 1
        if left == 0:
            last_block = {s: b for s, b in last_block.items() if b == block}
            ahead = {s: t for s, t in ahead.items() if s in last_block}
            q = min(agreeing, (len(last_block) + 1) // 2)
            block, left = block + 1, expiry
    return after

"""What a journal tells a run beside its input."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Advance:
    """A time-out of the journal: the clock is at least `to_ms` once all below `before` is taken."""

    partition: int
    before: int
    to_ms: int


@dataclass(frozen=True)
class Gap:
    """Offsets start <= o < stop that the journal says are gone, whatever is there."""

    partition: int
    start: int
    stop: int

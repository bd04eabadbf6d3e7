"""Late events in the oracle: what a close corrects, publishes again and drops."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from oracle.decoding import Rules
from oracle.event_time import Closed, EventTime, Partition, Windows
from oracle.heat_oracle import Result, Setup, partition_of_lines, run_exact
from oracle.journal import Advance
from oracle.physics import Physics

from .test_event_time import NX, NY, lines

H = 4
RULES = EventTime(window_ms=100, disorder_ms=0, t0_ms=0, horizon=H)
# (time, sensor, rate); the cell of sensor s is (s // NY, s % NY).
Event = tuple[int, int, float]


def partition(events: Sequence[Event]) -> Partition:
    return partition_of_lines(lines([(t, s // NY, s % NY, g) for t, s, g in events]))


def steady(first: int, end: int, sensor: int = 0) -> list[Event]:
    """One event of one sensor in the middle of each window: the last one stays open."""
    return [(100 * w + 50, sensor, 1.0 + w) for w in range(first, end)]


def read(
    *parts: Sequence[Event], rules: EventTime = RULES, advances: Sequence[Advance] = ()
) -> tuple[Windows, list[Closed]]:
    windows = Windows(
        [partition(p) for p in parts], Rules("json", NX, NY), rules, advances=advances
    )
    closed = list(windows.run())
    assert all(reader.ledger.adds_up() for reader in windows.readers)
    return windows, closed


def revisions(closed: Sequence[Closed]) -> list[tuple[int, int]]:
    return [(c.window, c.revision) for c in closed]


def fates(windows: Windows, partition: int = 0) -> Counter[str]:
    return +windows.readers[partition].ledger.fates


def at_last(closed: Sequence[Closed]) -> list[Closed]:
    """Each window as it was published last, in order."""
    return [c for _, c in sorted({c.window: c for c in closed}.items())]


def test_a_late_event_is_applied_when_the_open_window_closes() -> None:
    windows, closed = read([*steady(0, 5), (120, 1, 9.0), *steady(5, 6)])
    new = [(w, 0) for w in range(6)]
    assert revisions(closed) == [*new[:4], (1, 1), (2, 1), (3, 1), *new[4:]]
    assert fates(windows) == Counter(on_time=6, late=1)
    assert windows.letters == []


def test_a_corrected_window_counts_the_late_event_and_heats_its_cell() -> None:
    _, closed = read([*steady(0, 5), (120, 1, 9.0), (150, 0, 4.0), *steady(5, 6)])
    counts = [(c.events, c.late, c.heard) for c in at_last(closed)]
    assert counts[:3] == [(1, 0, 1), (3, 2, 2), (1, 0, 1)]
    assert at_last(closed)[1].rates == {0: 3.0, 1: 9.0}


@pytest.mark.parametrize(("time_ms", "fate"), [(100, "late"), (99, "too_late")])
def test_a_late_event_reaches_as_far_back_as_the_horizon(time_ms: int, fate: str) -> None:
    windows, closed = read([*steady(0, H + 2), (time_ms, 1, 9.0)])
    assert fates(windows) == Counter({"on_time": H + 2, fate: 1})
    assert [d.reason for d in windows.letters] == (["too_late"] if fate == "too_late" else [])
    assert max(c.revision for c in closed) == (fate == "late")


def test_all_late_events_of_one_close_are_one_correction() -> None:
    late = [(310, 1, 9.0), (120, 1, 9.0), (220, 2, 9.0)]
    _, closed = read([*steady(0, 5), *late, *steady(5, 6)])
    assert [c.revision for c in at_last(closed)] == [0, 1, 1, 1, 0, 0]
    assert [c.late for c in at_last(closed)] == [0, 1, 1, 1, 0, 0]


def test_each_close_with_late_events_raises_the_revisions_once() -> None:
    early, later = (120, 1, 9.0), (210, 1, 9.0)
    _, closed = read([*steady(0, 5), early, *steady(5, 6), later, *steady(6, 7)])
    assert [c.revision for c in at_last(closed)] == [0, 1, 2, 2, 1, 0, 0]


def test_a_correction_reaches_what_was_held_and_averaged() -> None:
    rules = replace(RULES, span=2, hold=1)
    _, closed = read([*steady(0, 5), (120, 1, 8.0), *steady(5, 6)], rules=rules)
    assert [c.rates.get(1, 0.0) for c in at_last(closed)] == [0.0, 4.0, 8.0, 4.0, 0.0, 0.0]


def test_dead_letters_and_completeness_of_a_corrected_window_stay_those_of_its_close() -> None:
    _, closed = read([*steady(0, 5), (-1, 0, 1.0), (320, 1, 9.0), *steady(5, 6)])
    assert [c.dead for c in at_last(closed)] == [0, 0, 0, 0, 1, 0]
    assert [c.complete for c in at_last(closed)] == [True] * 5 + [False]


def test_a_late_event_due_at_a_provisional_close_makes_the_corrected_rows_provisional() -> None:
    _, closed = read([*steady(0, 5), (220, 1, 9.0)])
    assert [c.final for c in at_last(closed)] == [True, True, False, False, False]
    assert [c.revision for c in at_last(closed)] == [0, 0, 1, 1, 0]


# Duplicates: equal times of one sensor.
DEDUP = replace(RULES, dedup=True)


def test_the_lowest_partition_and_offset_counts() -> None:
    one, two = [(50, 0, 1.0), (50, 0, 2.0), (50, 1, 3.0)], [(50, 0, 4.0), (51, 0, 5.0)]
    windows, (closed,) = read(one, two, rules=DEDUP)
    assert (closed.events, closed.rates) == (3, {0: 3.0, 1: 3.0})
    assert fates(windows, 0) == Counter(on_time=2, duplicate=1)
    assert fates(windows, 1) == Counter(on_time=1, duplicate=1)
    _, (closed,) = read(one, two)
    assert closed.events == 5


def test_a_late_duplicate_touches_nothing() -> None:
    windows, closed = read([*steady(0, 5), (150, 0, 9.0), *steady(5, 6)], rules=DEDUP)
    assert revisions(closed) == [(w, 0) for w in range(6)]
    assert fates(windows) == Counter(on_time=6, duplicate=1)


def test_a_late_event_of_a_lower_partition_makes_the_earlier_one_a_duplicate() -> None:
    one = [*steady(0, 1), *steady(2, 5), (150, 0, 9.0), *steady(5, 6)]
    windows, closed = read(one, steady(0, 6), rules=DEDUP)
    corrected = at_last(closed)[1]
    assert (corrected.events, corrected.late, corrected.revision) == (1, 1, 1)
    assert corrected.rates == {0: 9.0}
    # Partition 1 says what partition 0 says, but for window 1, where it was first.
    assert fates(windows, 0) == Counter(on_time=5, late=1)
    assert fates(windows, 1) == Counter(duplicate=6)


def test_of_two_late_events_that_say_the_same_one_counts() -> None:
    windows, closed = read([*steady(0, 5), (120, 1, 9.0), (120, 1, 9.0)], rules=DEDUP)
    assert fates(windows) == Counter(on_time=5, late=1, duplicate=1)
    assert (at_last(closed)[1].events, at_last(closed)[1].late) == (2, 1)


# Time-outs.


def test_a_time_out_moves_the_clock_when_all_before_it_is_taken() -> None:
    loud, silent = steady(0, 5), steady(0, 2, sensor=1)
    unbounded = replace(RULES, bounded=False)
    _, closed = read(loud, silent, rules=unbounded)
    assert [c.window for c in closed] == [0]
    _, closed = read(loud, silent, rules=unbounded, advances=[Advance(1, 2, 300)])
    assert [c.window for c in closed] == [0, 1, 2]
    assert [c.events for c in closed] == [2, 2, 1]
    assert [(c.final, c.complete) for c in closed] == [(True, True), (True, False), (True, False)]


def test_what_comes_back_after_a_time_out_is_late() -> None:
    loud, back = steady(0, 6), [*steady(0, 2, sensor=1), *steady(2, 6, sensor=1)]
    windows, closed = read(loud, back, advances=[Advance(1, 2, 500)])
    assert fates(windows, 1) == Counter(on_time=3, late=3)
    assert [c.revision for c in at_last(closed)] == [0, 0, 1, 1, 1, 0]


def test_a_late_event_is_due_at_a_close_without_events_of_its_own() -> None:
    windows, closed = read([*steady(0, 2), (320, 1, 9.0)], advances=[Advance(0, 2, 600)])
    assert fates(windows) == Counter(on_time=2, late=1)
    assert [c.window for c in at_last(closed)] == list(range(7))
    assert [c.revision for c in at_last(closed)] == [0, 0, 0, 1, 1, 1, 0]
    assert [c.final for c in at_last(closed)] == [True] * 3 + [False] * 4


# Random streams through the whole oracle.
def setup(**event_time: object) -> Setup:
    plain = EventTime(window_ms=100, disorder_ms=150, t0_ms=0)
    rules = replace(plain, **event_time)  # type: ignore[arg-type]
    return Setup(Physics(nx=NX, ny=NY), Rules("json", NX, NY), rules, stored="f64")


def disordered(rng: random.Random, windows: int, repeats: float) -> list[Event]:
    """Events of seven sensors, most in order, some far behind."""
    arriving = []
    for _ in range(windows * 9):
        time_ms = rng.randrange(windows * 100)
        delay = rng.choice([0, 0, 0, 0, 40, 140, 900])
        event = (time_ms, rng.randrange(7), rng.uniform(-3, 3))
        arriving += [(time_ms + delay, event)]
        if rng.random() < repeats:
            arriving += [(time_ms + rng.choice([0, 700]), event)]
    return [event for _, event in sorted(arriving)]


def frames_of(result: Result) -> object:
    return [
        (r.closed.window, r.digest, r.closed.events, r.missing, r.t_min, r.t_max)
        for r in result.rows
    ]


@pytest.mark.parametrize("estimate", ["mean", "sum", "last", "linear", "cubic"])
@pytest.mark.parametrize("dedup", [False, True])
def test_late_events_end_in_the_frames_of_sorted_delivery(estimate: str, dedup: bool) -> None:
    for seed in range(6):
        rng = random.Random(seed)
        rules = setup(estimate=estimate, dedup=dedup, span=rng.choice([1, 3]), hold=seed)
        parts = [disordered(rng, 20, 0.1) for _ in range(3)]
        late = run_exact([partition(p) for p in parts], rules)
        by_time = [sorted(p, key=lambda event: event[0]) for p in parts]
        ordered = run_exact([partition(p) for p in by_time], rules)
        allowed = {"on_time", "late", "duplicate"}
        assert all(set(+a.fates) <= allowed for r in (late, ordered) for a in r.ledger)
        assert sum(ledger.fates["late"] for ledger in late.ledger) > 20
        assert sum(ledger.fates["late"] for ledger in ordered.ledger) == 0
        assert frames_of(late) == frames_of(ordered)
        assert max(r.closed.revision for r in late.rows) > 2


@pytest.mark.parametrize("seed", range(8))
def test_the_interleaving_of_partitions_changes_no_publication(seed: int) -> None:
    rng = random.Random(seed)
    parts = [partition(disordered(rng, 15 + 4 * p, 0.2)) for p in range(4)]
    rules = setup(horizon=6, dedup=bool(seed % 2), jump_ms=10_000)
    one, other = (run_exact(parts, rules, shuffle=s) for s in (None, random.Random(seed)))
    assert one.published == other.published
    assert [a.fates for a in one.ledger] == [a.fates for a in other.ledger]
    assert sum(ledger.fates["too_late"] for ledger in one.ledger) > 0


def test_the_change_of_a_frame_is_the_largest_of_its_corrections() -> None:
    quiet = [*steady(0, 5), *steady(5, 6)]
    heat = [*steady(0, 5), (120, 1, 9.0), *steady(5, 6)]
    rules = setup(disorder_ms=0, horizon=H)
    without, corrected = (run_exact([partition(e)], rules) for e in (quiet, heat))
    for row, plain in zip(corrected.rows, without.rows, strict=True):
        assert row.u is not None and plain.u is not None
        moved = float(abs(row.u - plain.u).max())
        assert row.change == (moved if 1 <= row.closed.window < 4 else 0.0)
    undone = [*heat[:6], *steady(5, 6), (120, 1, -27.0), *steady(6, 7)]
    largest = run_exact([partition(undone)], rules).rows[1].change
    assert largest > corrected.rows[1].change > 0

"""Step 4 of the contract in the oracle: what is held back, confirmed, expired."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from oracle.decoding import Rules
from oracle.event_time import EventTime, GapTooLong, Partition, Windows
from oracle.heat_oracle import partition_of_lines

from .test_event_time import NX, NY, lines

J = 1000
RULES = EventTime(window_ms=100, disorder_ms=0, t0_ms=0, horizon=11, expiry=20)


def read(events: list[tuple[int, int]], rules: EventTime = RULES) -> Windows:
    """Events (time, sensor) of one partition, closed to the end."""
    raw = lines([(t, s // NY, s % NY, 1.0) for t, s in events])
    windows = Windows([partition_of_lines(raw)], Rules("json", NX, NY), rules)
    for _ in windows.run():
        pass
    assert windows.readers[0].ledger.adds_up()
    return windows


def fates(events: list[tuple[int, int]], rules: EventTime = RULES) -> Counter[str]:
    return +read(events, rules).readers[0].ledger.fates


def steady(n: int, start: int = 0, sensors: int = 3) -> list[tuple[int, int]]:
    return [(start + i, i % sensors) for i in range(n)]


def test_auto_jump_is_one_window_less_than_the_horizon() -> None:
    assert RULES.jump == J
    assert fates([(J, 0)]) == Counter(on_time=1)
    assert fates([(J + 1, 0)]) == Counter(candidate=1)


def test_one_sensor_far_ahead_moves_nothing() -> None:
    events = steady(10) + [(10**9, 0), (10**9 + 1, 0)] + steady(10, 10)
    assert fates(events) == Counter(on_time=20, candidate=2)


def test_enough_sensors_confirm_a_jump() -> None:
    events = steady(9) + [(5000, 0), (5400, 1), (6001, 2)]
    assert fates(events) == Counter(on_time=11, candidate=1)
    assert read(events).readers[0].clock.mx == 5000


def test_three_sensors_need_two_five_need_three() -> None:
    assert fates(steady(9, sensors=3) + [(5000, 0), (5001, 1)])["candidate"] == 0
    five = steady(15, sensors=5) + [(5000, 0), (5001, 1)]
    assert fates(five)["candidate"] == 2
    assert fates([*five, (5002, 2)])["candidate"] == 0


def test_the_first_cluster_in_rising_time_is_confirmed() -> None:
    events = steady(9) + [(7900, 0), (6000, 0), (7000, 1)]
    windows = read(events)
    assert windows.readers[0].ledger.fates["candidate"] == 1
    assert windows.readers[0].clock.mx == 6000


def test_a_row_of_twenty_from_one_sensor_is_believed_where_one_is_enough() -> None:
    alone = [(2000 + 100 * i, 0) for i in range(19)]
    assert fates(alone) == Counter(candidate=19)
    assert fates([*alone, (3900, 0)]) == Counter(on_time=20)
    broken = alone[:10] + [(500, 0)] + alone[10:] + [(3900, 0)]
    assert fates(broken)["candidate"] == 20


def test_a_candidate_expires_after_so_many_ordinary_records() -> None:
    events = steady(5) + [(10**6, 0)] + steady(19, 5)
    assert fates(events) == Counter(on_time=24, candidate=1)
    windows = read([*events, (24, 0)])
    assert +windows.readers[0].ledger.fates == Counter(on_time=25, future=1)
    assert [(d.offset, d.reason) for d in windows.letters] == [(5, "future")]


def test_the_oldest_goes_when_more_than_so_many_are_held() -> None:
    events = steady(5) + [(10**6 + 10**4 * i, 0) for i in range(21)]
    assert fates(events) == Counter(on_time=5, candidate=20, future=1)


def test_a_gap_beyond_the_limit_stops_unless_accepted() -> None:
    events = steady(9) + [(100_000, 0), (100_001, 1)]
    limited = EventTime(window_ms=100, disorder_ms=0, t0_ms=0, horizon=11, max_gap_windows=999)
    with pytest.raises(GapTooLong):
        fates(events, limited)
    accepted = EventTime(window_ms=100, disorder_ms=0, t0_ms=0, horizon=11, max_gap_windows=None)
    assert fates(events, accepted) == Counter(on_time=11)


@pytest.mark.parametrize("seed", range(12))
def test_interleaving_does_not_matter_with_wild_clocks(seed: int) -> None:
    rng = random.Random(seed)
    parts: list[Partition] = []
    for p in range(3):
        events, now = [], 0
        for _ in range(200):
            now += rng.randint(0, 40) + (rng.randint(0, 5 * J) if rng.random() < 0.02 else 0)
            wild = rng.choice([0, 0, 0, 0, 3 * J, -2 * J]) if rng.random() < 0.3 else 0
            events.append((now + wild, p, rng.randrange(NY), rng.uniform(-1, 1)))
        parts.append(partition_of_lines(lines(events)))
    rules = EventTime(
        window_ms=100,
        disorder_ms=50,
        t0_ms=0,
        horizon=11,
        expiry=25,
        estimate="cubic",
        span=2,
        hold=3,
    )
    runs = []
    for shuffle in (None, random.Random(seed + 1), random.Random(seed + 2)):
        windows = Windows(parts, Rules("json", NX, NY), rules, shuffle)
        closed = list(windows.run())
        ledgers = [+r.ledger.fates for r in windows.readers]
        runs.append((closed, ledgers, windows.letters))
    assert runs[0] == runs[1] == runs[2]
    assert sum(ledger["future"] for ledger in runs[0][1]) > 0

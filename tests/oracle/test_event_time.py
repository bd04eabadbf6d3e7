"""The oracle's two roads through event time against each other and against cases by hand."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from oracle.bulk import Events, parse_lines
from oracle.clock import LiteralClock, clock_after_each
from oracle.decoding import Rules
from oracle.event_time import EventTime, Partition, Windows
from oracle.heat_oracle import Result, Setup, partition_of_lines, run_bulk, run_exact
from oracle.journal import Gap
from oracle.physics import Physics

NX, NY = 12, 5


def lines(events: list[tuple[int, int, int, float]]) -> bytes:
    return b"".join(
        f'{{"time":{t},"gridX":{x},"gridY":{y},"gen":{g!r}}}\n'.encode() for t, x, y, g in events
    )


def random_partition(rng: random.Random, columns: list[int], steps: int) -> bytes:
    events = []
    for step in range(steps):
        for x in columns:
            for y in range(NY):
                jitter = rng.gauss(0, 90) if rng.random() < 0.9 else rng.uniform(-900, 300)
                if rng.random() < 0.8:
                    events.append((int(100 * step + jitter), x, y, rng.uniform(-3, 3)))
    return lines(events)


def setup(**event_time: int | str | None) -> Setup:
    given: Any = event_time
    rules = EventTime(window_ms=100, disorder_ms=150, expiry=40, **given)
    return Setup(Physics(nx=NX, ny=NY), Rules("json", NX, NY), rules)


def essence(result: Result) -> object:
    rows = [
        (
            r.closed.window,
            r.closed.revision,
            r.closed.final,
            r.closed.complete,
            r.closed.events,
            r.closed.late,
            r.closed.dead,
            r.missing,
            r.digest,
        )
        for r in result.rows
    ]
    return result.t0_ms, rows, [(a.first, a.next, +a.fates) for a in result.ledger]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("windows", [0, 7])
def test_bulk_and_exact_roads_agree(seed: int, windows: int) -> None:
    rng = random.Random(seed)
    steps = [rng.randint(5, 30) for _ in range(3)]
    raw = [random_partition(rng, list(range(p, NX, 3)), n) for p, n in enumerate(steps)]
    t0_ms = rng.choice([None, 0, 300])
    rules = setup(t0_ms=t0_ms, windows=windows, horizon=3, jump_ms=5000)
    exact = run_exact([partition_of_lines(r) for r in raw], rules)
    bulk = run_bulk([parse_lines(r, NY) for r in raw], rules)
    assert essence(exact) == essence(bulk)
    assert all(ledger.adds_up() for ledger in exact.ledger)
    for fate in ("late", "too_late"):
        assert sum(ledger.fates[fate] for ledger in exact.ledger) > 0


@pytest.mark.parametrize("estimate", ["sum", "last", "linear", "cubic"])
@pytest.mark.parametrize(("span", "hold"), [(1, 0), (3, 2)])
def test_bulk_and_exact_roads_agree_on_every_estimate(estimate: str, span: int, hold: int) -> None:
    rng = random.Random(span)
    raw = [random_partition(rng, list(range(p, NX, 3)), 20) for p in range(3)]
    rules = setup(t0_ms=0, estimate=estimate, span=span, hold=hold)
    exact = run_exact([partition_of_lines(r) for r in raw], rules)
    assert essence(exact) == essence(run_bulk([parse_lines(r, NY) for r in raw], rules))
    plain = run_exact([partition_of_lines(r) for r in raw], setup(t0_ms=0))
    assert plain.digest != exact.digest
    assert [r.missing for r in plain.rows] == [r.missing for r in exact.rows]


def test_a_deck_says_how_rates_are_made_and_what_is_believed() -> None:
    stream = {"estimate": "last", "span": 4, "missing": {"hold": 6}, "horizon_windows": 9}
    event_time = Setup.from_deck({"stream": stream, "time": {"window_ms": 50}}).event_time
    assert (event_time.estimate, event_time.span, event_time.hold) == ("last", 4, 6)
    assert (event_time.jump, event_time.dedup) == (400, False)
    assert Setup.from_deck({"stream": {"dedup": True}}).event_time.dedup
    assert Setup.from_deck({"stream": {"jump_ms": 70}}).event_time.jump == 70


@pytest.mark.parametrize("seed", range(8))
def test_result_does_not_depend_on_the_interleaving(seed: int) -> None:
    rng = random.Random(seed)
    raw = [random_partition(rng, list(range(p, NX, 4)), 20 + 7 * p) for p in range(4)]
    parts = [partition_of_lines(r) for r in raw]
    canonical = run_exact(parts, setup())
    shuffled = run_exact(parts, setup(), shuffle=random.Random(seed + 1000))
    assert essence(canonical) == essence(shuffled)
    assert canonical.dead_letters == shuffled.dead_letters


@pytest.mark.parametrize("seed", range(30))
def test_fast_clock_is_the_literal_clock(seed: int) -> None:
    rng = random.Random(seed)
    sensors, agreeing, expiry = rng.randint(1, 40), rng.randint(2, 6), rng.randint(20, 60)
    stream = [(rng.randrange(sensors), i * 10 + int(rng.gauss(0, 300))) for i in range(1500)]
    if seed % 2:
        stream = [(s, t + (10**9 if s == 0 else 0)) for s, t in stream]
    clock = LiteralClock(0, agreeing, expiry)
    literal = []
    for sensor, time_ms in stream:
        clock.take(sensor, time_ms)
        literal.append(clock.mx)
    assert clock_after_each(stream, 0, agreeing, expiry) == literal


def test_one_wrong_clock_among_three_moves_nothing() -> None:
    clock = LiteralClock(0, 3, 1000)
    for t in range(10):
        for sensor in range(3):
            clock.take(sensor, t)
    clock.take(0, 10**12)
    assert clock.mx == 9


def one_partition(events: list[tuple[int, int, int, float]], rules: EventTime) -> Windows:
    return Windows([partition_of_lines(lines(events))], Rules("json", NX, NY), rules)


def test_auto_t0_is_the_lower_median_less_the_bound_on_a_window_edge() -> None:
    rules = EventTime(window_ms=100, disorder_ms=150)
    assert one_partition([(1010, 0, 0, 1.0), (1290, 1, 0, 1.0)], rules).t0_ms == 800
    assert one_partition([(-10, 0, 0, 1.0)], rules).t0_ms == -200


def test_equal_times_add_up_in_order_of_partition_and_offset() -> None:
    values = [1e11, 1e-7, -1e11]
    rules = EventTime(window_ms=100, disorder_ms=0, t0_ms=0)
    (closed,) = one_partition([(5, 0, 0, v) for v in values], rules).run()
    assert closed.rates == {0: ((1e11 + 1e-7) + -1e11) / 3}


def test_holes_are_skipped_and_repeats_are_not_counted() -> None:
    def record(offset: int, t: int) -> tuple[int, None, bytes]:
        return offset, None, lines([(t, 0, 0, 1.0)]).strip()

    part = Partition(5, 20, [record(7, 1), record(7, 1), record(9, 2), record(25, 3)])
    windows = Windows([part], Rules("json", NX, NY), EventTime(t0_ms=0))
    assert len(list(windows.run())) == 1
    ledger = windows.readers[0].ledger
    assert ledger.fates == Counter(on_time=2, skipped=13)
    assert (ledger.next, ledger.redelivered) == (20, 1)
    assert ledger.adds_up()


def test_offsets_of_a_gap_are_lost_whatever_is_there_and_skipped_only_outside_of_it() -> None:
    def record(offset: int, t: int) -> tuple[int, None, bytes]:
        return offset, None, lines([(t, 0, 0, 1.0)]).strip()

    part = Partition(5, 20, [record(7, 1), record(9, 2), record(11, 3), record(15, 4)])
    gaps = [Gap(0, 17, 19), Gap(0, 9, 12), Gap(0, 8, 10)]
    windows = Windows([part], Rules("json", NX, NY), EventTime(t0_ms=0), gaps=gaps)
    (closed,) = windows.run()
    ledger = windows.readers[0].ledger
    assert ledger.fates == Counter(on_time=2, lost=4 + 2, skipped=2 + 3 + 1 + 1)
    assert ledger.next == 20 and ledger.adds_up() and closed.events == 2


def test_finished_partition_makes_all_later_rows_provisional() -> None:
    short = [(t, 0, y, 1.0) for t in range(0, 500, 10) for y in range(5)]
    long = [(t, 1, y, 1.0) for t in range(0, 2000, 10) for y in range(5)]
    parts = [partition_of_lines(lines(short)), partition_of_lines(lines(long))]
    rules = EventTime(window_ms=100, disorder_ms=100, t0_ms=0)
    rows = list(Windows(parts, Rules("json", NX, NY), rules).run())
    assert [r.final for r in rows] == [True] * 3 + [False] * 17
    assert len(rows) == 20


def test_a_window_without_events_between_others_is_closed_and_none_after_the_last() -> None:
    rules = EventTime(window_ms=100, disorder_ms=0, t0_ms=0)
    rows = list(one_partition([(10, 0, 0, 1.0), (910, 1, 0, 1.0)], rules).run())
    assert [r.events for r in rows] == [1] + [0] * 8 + [1]


def test_offsets_in_bulk_may_start_anywhere() -> None:
    events = parse_lines(lines([(10, 0, 0, 1.0), (910, 1, 0, 1.0)]), NY, first=40)
    assert isinstance(events, Events)
    result = run_bulk([replace(events, end=50)], setup(t0_ms=0))
    assert (result.ledger[0].first, result.ledger[0].next) == (40, 50)
    assert result.ledger[0].fates["skipped"] == 8

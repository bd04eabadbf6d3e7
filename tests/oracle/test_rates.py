"""The oracle's estimators, hold and span against cases by hand and against numpy."""

from __future__ import annotations

import random

import numpy as np
import pytest

from oracle.rates import Entry, Rates, estimate, estimates


def at(*points: tuple[int, float], cell: int = 3) -> list[Entry]:
    return [(cell, t, 0, offset, v) for offset, (t, v) in enumerate(points)]


@pytest.mark.parametrize(
    ("name", "points", "expected"),
    [
        ("mean", [(9, -1e16), (1, 1e16), (2, 1.0)], 0.0),
        ("sum", [(9, 3.0), (2, 1.5), (1, -0.5)], 4.0),
        ("last", [(80, 4.0), (80, 5.0), (10, 7.0)], 5.0),
        ("linear", [(90, 100.0), (40, 2.0), (80, 10.0), (0, -50.0)], 4.0),
        ("linear", [(50, 3.0), (40, 2.0), (60, 4.5)], 3.0),
        ("linear", [(51, 8.0), (60, 2.0)], 8.0),
        ("linear", [(40, 1.0), (40, 2.0), (60, 8.0), (60, 5.0)], 3.5),
        ("cubic", [(40, 2.0), (10, 9.0), (45, 3.5)], 3.5),
        ("cubic", [(90, 2.0), (60, 9.0), (95, 3.5)], 9.0),
        ("cubic", [(10, 1.0), (40, 2.0), (60, 4.0)], 3.0),
        ("cubic", [(20, 1.0), (50, 3.0), (60, 2.0), (70, -7.0)], 3.0),
    ],
)
def test_estimates_by_hand(name: str, points: list[tuple[int, float]], expected: float) -> None:
    assert estimate(name, at(*points), 50) == expected


@pytest.mark.parametrize("seed", range(10))
def test_cubic_is_the_polynomial_through_the_four_nearest(seed: int) -> None:
    rng = random.Random(seed)
    times = sorted(rng.sample(range(50), 2)) + sorted(rng.sample(range(51, 100), 2))
    far = [(-400, 1e6), (700, -1e6)]
    points = [(t, rng.uniform(-5, 5)) for t in times]
    shuffled = [*points, *far]
    rng.shuffle(shuffled)
    fit = np.polyfit([t - 50 for t in times], [v for _, v in points], 3)
    # A fit of four points is ill-conditioned to about 1e5 ulps; the answer is of order 1.
    assert estimate("cubic", at(*shuffled), 50) == pytest.approx(fit[3], rel=1e-8, abs=1e-8)


def test_cells_are_estimated_apart() -> None:
    entries = at((1, 2.0), (3, 4.0)) + at((2, 8.0), cell=1)
    assert estimates("mean", entries, 50) == {1: 8.0, 3: 3.0}


def test_the_newest_estimate_is_held_zero_or_not_for_n_windows() -> None:
    rates = Rates(span=1, hold=2, gen_scale=2.0)
    told = [{0: 5.0, 1: 1.0}, {1: 0.0}, {}, {}, {}]
    got = [{c: r for c, r in rates.next(t).items() if r} for t in told]
    assert got == [{0: 10.0, 1: 2.0}, {0: 10.0}, {0: 10.0}, {}, {}]


def test_a_span_averages_held_rates_and_counts_what_was_before_as_zero() -> None:
    rates = Rates(span=3, hold=1, gen_scale=1.0)
    got = [rates.next(told).get(7, 0.0) for told in [{7: 6.0}, {}, {}, {}, {}]]
    assert got == [2.0, 4.0, 4.0, 2.0, 0.0]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_kept_is_enough(seed: int) -> None:
    rng = random.Random(seed)
    span, hold = rng.randint(1, 5), rng.randint(0, 5)
    told = [
        {c: rng.choice([0.0, 1.0, 2.5]) for c in range(4) if rng.random() < 0.3} for _ in range(30)
    ]
    rates = Rates(span, hold, 0.7)
    for k, now in enumerate(told):
        got = rates.next(now)
        for cell in range(4):
            total = 0.0
            for w in range(k - span + 1, k + 1):
                heard = [v for v in range(w, max(w - hold, 0) - 1, -1) if cell in told[v]]
                total += told[heard[0]][cell] if heard else 0.0
            assert got.get(cell, 0.0) == total / span * 0.7

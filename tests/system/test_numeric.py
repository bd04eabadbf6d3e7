"""A field that leaves the doubles is told in the window where it does; none of it is published."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from oracle.heat_oracle import physics_of
from oracle.physics import Solver

from .conftest import Bench
from .decks import AWKWARD, T0_MS, Deck, Stream, event, merged

WINDOWS = 40
# Every cell gains 5e306 a window, and no heat leaves.
RISING: Deck = merged(
    AWKWARD,
    {
        "physics": {"gen_scale": 1e300, "initial": 0, "boundary": "insulated"},
        "checkpoint": {"every_windows": 5},
    },
)
RISE, ONE = 5e7, 1e-300  # rates of 5e307 and of 1; that of 1e12 is beyond double


def all_cells(deck: Deck, gen: float, windows: int) -> list[bytes]:
    nx, ny = deck["grid"]["nx"], deck["grid"]["ny"]
    return [
        event(T0_MS + 100 * window + 50, x, y, gen)
        for window in range(windows)
        for x in range(nx)
        for y in range(ny)
    ]


def first_infinite(deck: Deck) -> tuple[int, int, int]:
    """Window and cell, by numpy."""
    solver = Solver(physics_of(deck["grid"], deck["physics"], deck["time"]), hardware=False)
    cells = np.arange(deck["grid"]["nx"] * deck["grid"]["ny"])
    with np.errstate(over="ignore", invalid="ignore"):
        for window in range(WINDOWS):
            solver.step_window(cells, np.full(len(cells), RISE * deck["physics"]["gen_scale"]))
            bad = np.argwhere(~np.isfinite(solver.u))
            if len(bad):
                return window, int(bad[0][0]), int(bad[0][1])
    raise AssertionError("the field stays finite")


def refused(bench: Bench, deck: Path, ranks: int) -> str:
    text = bench.outcome(deck, ranks=ranks).expect(71).text
    (reason,) = set(re.findall(r"the field is not finite after .*", text))
    return str(reason)


@pytest.mark.parametrize("every", [1, 7])
def test_the_window_and_the_cell_are_the_first_for_any_ranks_and_any_frames(
    bench: Bench, every: int
) -> None:
    window, x, y = first_infinite(RISING)
    last = window // 5 * 5 - 1
    assert last < window - 1
    assert (window + 1) % 7 != 0  # not found by chance, as a row of every seventh window
    stream = Stream([all_cells(RISING, RISE, WINDOWS)])
    for ranks in (1, 3):
        changes: Deck = {"output": {"frames": {"every": every}}}
        deck = bench.files(RISING, stream, changes, name=f"every{every}on{ranks}")
        reason = refused(bench, deck, ranks)
        assert reason.startswith(
            f"the field is not finite after window {window}: inf at cell x = {x}, y = {y}; "
            f"the checkpoint after window {last} is from before"
        )
        run = bench.directory(deck)
        assert run.checkpoints()[-1].name == f"ckpt_{last:09d}.h5"
        assert np.isfinite(run.temperature()).all()
        assert refused(bench, deck, 4 - ranks) == reason
        assert max(run.series()["window"]) < window


def test_a_late_event_beyond_double_is_told_in_its_own_window(bench: Bench) -> None:
    values = all_cells(RISING, ONE, 12)
    late = event(T0_MS + 350, 4, 5, 1e12)
    stream = Stream([[*values, late, *all_cells(RISING, ONE, WINDOWS)[len(values) :]]])
    deck = bench.files(RISING, stream, {"output": {"frames": {"every": 7}}})
    reason = refused(bench, deck, 2)
    steps = physics_of(RISING["grid"], RISING["physics"], RISING["time"]).steps()
    left = 4 - (steps - 1)  # it has spread by then
    assert reason.startswith(
        f"the field is not finite after window 3: inf at cell x = {left}, y = 5"
    )
    assert np.isfinite(bench.directory(deck).temperature()).all()
    assert refused(bench, deck, 1) == reason


def test_large_numbers_that_stay_finite_are_no_error(bench: Bench) -> None:
    window, _, _ = first_infinite(RISING)
    stream = Stream([all_cells(RISING, RISE, window)])
    deck = bench.files(RISING, stream, name="finite")
    run = bench.run(deck, "--until", "end", ranks=2)
    assert run.digest == stream.expected(RISING).digest

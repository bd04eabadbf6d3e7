"""The stream stops for a while of event time and goes on: the windows in between are stepped."""

from __future__ import annotations

import functools

import pytest

from .conftest import Bench
from .decks import AWKWARD, T0_MS, Deck, Stream, event, merged
from .results import RunDirectory, assert_equals_oracle

SPOKEN, GAP = 20, 500
HELD: Deck = {"stream": {"missing": {"hold": 30}, "span": 5}}


@functools.cache
def around_a_gap() -> Stream:
    """Three partitions whose sensors are silent together; far more than jump_ms passes."""
    parts: list[list[bytes]] = [[], [], []]
    for window in [*range(SPOKEN), *range(SPOKEN + GAP, SPOKEN + GAP + SPOKEN)]:
        for sensor in range(24):
            time_ms = T0_MS + 100 * window + 4 * sensor
            raw = event(time_ms, sensor % 23, sensor * 5 % 17, 0.25 * sensor - window % 3)
            parts[sensor % 3].append(raw)
    return Stream(parts)


def crossed(bench: Bench, deck: Deck, *arguments: str, ranks: int = 2) -> RunDirectory:
    return bench.run(bench.files(deck, around_a_gap()), *arguments, ranks=ranks)


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("change", [{}, HELD], ids=["zero", "held"])
def test_every_window_of_a_gap_is_stepped(bench: Bench, change: Deck, ranks: int) -> None:
    deck = merged(AWKWARD, {"checkpoint": {"every_windows": 0}}, change)
    run = crossed(bench, deck, ranks=ranks)
    series = run.series()
    assert series["window"] == list(range(2 * SPOKEN + GAP))
    assert series["events"][SPOKEN : SPOKEN + GAP] == [0] * GAP
    assert_equals_oracle(run, around_a_gap().expected(deck))


@pytest.mark.parametrize("every", [7, 100])
def test_a_checkpoint_in_a_gap_is_one_of_its_window(bench: Bench, every: int) -> None:
    deck = merged(AWKWARD, {"checkpoint": {"every_windows": every, "keep": 9}})
    path = bench.files(deck, around_a_gap())
    windows = SPOKEN + GAP - 1
    run = bench.run(path, "-D", f"time.windows={windows}", ranks=2)
    taken = [int(file.stem.removeprefix("ckpt_")) for file in run.checkpoints()]
    assert taken == [*range(every - 1, windows - 1, every), windows - 1][-9:]
    assert_equals_oracle(bench.run(path, ranks=3), around_a_gap().expected(deck))


def test_one_frame_in_many_windows_of_a_gap(bench: Bench) -> None:
    deck = merged(AWKWARD, {"output": {"frames": {"every": 60}}})
    run = crossed(bench, deck)
    assert run.series()["window"] == list(range(59, 2 * SPOKEN + GAP, 60))
    assert_equals_oracle(run, around_a_gap().expected(deck))

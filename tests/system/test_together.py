"""Windows between which nothing is looked at are stepped together: no bit tells."""

from __future__ import annotations

import random

import pytest

from oracle.heat_oracle import Result

from .conftest import Bench
from .decks import AWKWARD, Deck, Stream, merged, sensors
from .program import running
from .results import assert_equals_oracle

WINDOWS = 160
# One step a window, and snapshots for corrections that leave five windows between them.
DECK = merged(
    AWKWARD,
    {
        "physics": {"conductivity": 0.4},
        "time": {"windows": WINDOWS, "substeps": 1},
        "stream": {"horizon_windows": 40},
        "checkpoint": {"every_windows": 33},
    },
)


def every(windows: int) -> Deck:
    return merged(DECK, {"output": {"frames": {"every": windows}}})


@pytest.fixture(scope="module")
def stream() -> Stream:
    return sensors(DECK, windows=WINDOWS + 20, chance=0.02, stragglers=0.005)


def expected(stream: Stream, deck: Deck) -> Result:
    result = stream.expected(deck)
    assert sum(ledger.fates["late"] for ledger in result.ledger) > 10
    return result


@pytest.mark.parametrize(("windows", "ranks"), [(1, 2), (7, 1), (7, 3), (3, 4), (80, 2)])
def test_frames_that_lie_apart_have_the_bits_of_every_step(
    bench: Bench, stream: Stream, windows: int, ranks: int
) -> None:
    deck = every(windows)
    assert_equals_oracle(
        bench.run(bench.files(deck, stream), ranks=ranks), expected(stream, deck)
    )


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_run_without_frames_has_the_digest_of_one_with_all(
    bench: Bench, stream: Stream, ranks: int
) -> None:
    known = expected(stream, every(1))
    run = bench.run(bench.files(every(1000), stream), ranks=ranks)
    assert run.digest == known.digest


@pytest.mark.parametrize("seed", [1, 2])
def test_a_kill_between_frames_that_lie_apart_changes_no_bit(
    bench: Bench, stream: Stream, seed: int
) -> None:
    deck, rng = every(7), random.Random(seed)
    path = bench.files(deck, stream)
    run = bench.directory(path)
    frames = rng.randrange(1, WINDOWS // 7 - 2)
    with running(["run", path], 2) as program:
        program.until(lambda: run.frames_committed() >= frames, f"{frames} frames")
        program.kill_one(rng)
        program.wait()
    assert_equals_oracle(bench.run(path, ranks=3), expected(stream, deck))

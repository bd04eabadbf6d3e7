"""Windows between which nothing is looked at are stepped together: no bit tells."""

from __future__ import annotations

import pytest

from .conftest import Bench
from .decks import AWKWARD, Deck, Stream, merged, sensors
from .failing import Order
from .lives import held_at
from .results import RunDirectory, assert_equals_oracle, assert_same

WINDOWS = 100
# One step a window, and snapshots for corrections that leave five windows between them. So small a
# grid is stepped one step a pass on one rank unless the deck says otherwise.
DECK = merged(
    AWKWARD,
    {
        "physics": {"conductivity": 0.4},
        "time": {"windows": WINDOWS, "substeps": 1},
        "stream": {"horizon_windows": 40},
        "checkpoint": {"every_windows": 33},
        "solve": {"steps_per_sweep": 16},
    },
)


def every(windows: int) -> Deck:
    return merged(DECK, {"output": {"frames": {"every": windows}}})


@pytest.fixture(scope="module")
def stream() -> Stream:
    return sensors(DECK, windows=WINDOWS + 20, chance=0.05, stragglers=0.02)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, stream: Stream) -> RunDirectory:
    """Frames seven windows apart by one window, one step and one exchange at a time."""
    bench = Bench(tmp_path_factory.mktemp("plain"))
    deck = merged(every(7), {"solve": {"steps_per_sweep": 1, "halo_depth": 1}})
    run = bench.run(bench.files(deck, stream))
    expected = stream.expected(deck)
    assert sum(ledger.fates["late"] for ledger in expected.ledger) > 10
    assert_equals_oracle(run, expected)
    return run


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_frames_that_lie_apart_have_the_bits_of_single_steps(
    bench: Bench, stream: Stream, plain: RunDirectory, ranks: int
) -> None:
    assert_same(bench.run(bench.files(every(7), stream), ranks=ranks), plain)


@pytest.mark.parametrize(("windows", "ranks"), [(1, 1), (1000, 1), (1000, 4)])
def test_the_digest_does_not_depend_on_how_far_frames_lie_apart(
    bench: Bench, stream: Stream, plain: RunDirectory, windows: int, ranks: int
) -> None:
    run = bench.run(bench.files(every(windows), stream), ranks=ranks)
    assert (run.digest, run.ledger()) == (plain.digest, plain.ledger())


@pytest.mark.parametrize("frames", [4, 11])
def test_a_kill_between_frames_that_lie_apart_changes_no_bit(
    bench: Bench, stream: Stream, plain: RunDirectory, frames: int
) -> None:
    path = bench.files(every(7), stream)
    with held_at(Order("manifest_add_frame", frames, "hold"), ["run", path], 2) as program:
        program.kill_all()
    assert_same(bench.run(path, ranks=3), plain)

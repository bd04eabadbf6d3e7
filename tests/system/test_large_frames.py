"""Frames of several tiles, which a thread writes where there are more processors than ranks."""

from __future__ import annotations

import pytest

from .conftest import Bench
from .decks import Deck
from .failing import Order
from .program import tool
from .results import RunDirectory, assert_same

SIDE, WINDOWS = 512, 60
# Four tiles a frame; all events are there at once, so that frames wait for those after them.
DECK: Deck = {
    "run": {"id": "run"},
    "grid": {"nx": SIDE, "ny": SIDE},
    "physics": {"conductivity": 1.0},
    "time": {"windows": WINDOWS, "window_ms": 100, "substeps": 4, "t0": 1767225600000},
    "stream": {
        "source": "synthetic", "format": "binary", "disorder_ms": 0, "horizon_windows": 4,
    },
    "gen": {"seed": 7, "probability": 0.001, "zeros": False, "jitter_ms": 0, "steps": WINDOWS + 10},
    "output": {"frames": {"every": 1, "per_segment": 25}},
    "checkpoint": {"every_windows": 20},
}  # fmt: skip
CODES = {"kill-half": 137, "ENOSPC": 74, "short": 0}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    bench = Bench(tmp_path_factory.mktemp("whole"))
    return bench.run(bench.deck(DECK), ranks=2)


@pytest.mark.parametrize("action", CODES)
@pytest.mark.parametrize("count", [3, 150])
def test_a_write_that_ends_the_run_or_takes_less_costs_nothing_but_a_restart(
    bench: Bench, whole: RunDirectory, count: int, action: str
) -> None:
    """Those of a thread wherever a rank may use two processors."""
    deck = bench.deck(DECK)
    order = Order("segment.write", count, action)
    bench.outcome(deck, ranks=1, env=order.variables).expect(CODES[action])
    tool("verify", bench.directory(deck).path).expect(0)
    assert_same(bench.run(deck, ranks=1), whole)

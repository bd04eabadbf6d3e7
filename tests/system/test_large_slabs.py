"""A slab so large that its snapshots are not copied but left behind by the solver: no bit tells."""

from __future__ import annotations

from .conftest import Bench
from .decks import Deck
from .failing import Order
from .lives import held_at
from .results import assert_same

SIDE = 1536  # 18 MiB: on one rank they are left behind, on two they are copied
# Most events come late, so that nearly every close goes back to a snapshot.
DECK: Deck = {
    "run": {"id": "run"},
    "grid": {"nx": SIDE, "ny": SIDE},
    "physics": {"conductivity": 1.0},
    "time": {"windows": 40, "window_ms": 100, "substeps": 4, "t0": 1767225600000},
    "stream": {
        "source": "synthetic", "format": "binary", "disorder_ms": 0, "horizon_windows": 8,
    },
    "gen": {"seed": 7, "probability": 0.001, "zeros": False, "delay_ms": 400, "steps": 50},
    "output": {"frames": {"every": 7}},
    "checkpoint": {"every_windows": 10},
}  # fmt: skip


def test_snapshots_left_behind_have_the_bits_of_copies_through_corrections_and_a_kill(
    bench: Bench,
) -> None:
    copied = bench.run(bench.deck(DECK, name="copied"), ranks=2)
    assert sum(counts["late"] for counts in copied.ledger().values()) > 10000
    deck = bench.deck(DECK, name="left")
    with held_at(Order("manifest_add_frame", 4, "hold"), ["run", deck], 1) as program:
        program.kill_all()
    assert_same(bench.run(deck, ranks=1), copied)

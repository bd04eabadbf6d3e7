"""How long the page of a large run is at a picture, beside plainly reading what it is made of."""

from __future__ import annotations

import os
import random
import time
from functools import partial
from pathlib import Path

from system.decks import Deck, write_deck
from system.program import heatstream, running
from system.test_page import get, url_of

from .turns import Measured, take_turns

SIDE, CHUNK = 8192, 1 << 20
DECK: Deck = {
    "grid": {"nx": SIDE, "ny": SIDE},
    "time": {"window_ms": 100, "t0": 1767225600000, "substeps": 1, "windows": 1},
    "physics": {"conductivity": 0.5},
    "stream": {"source": "synthetic", "disorder_ms": 100, "horizon_windows": 2},
    "gen": {"seed": 40, "zeros": False, "probability": 1e-5, "steps": 6},
    "checkpoint": {"every_windows": 0, "at_end": False},
    "log": {"every_s": 60},
}


def seconds_of_read(segment: Path) -> float:
    room = bytearray(CHUNK)
    began = time.monotonic()
    with segment.open("rb", buffering=0) as file:
        for _ in range(SIDE * SIDE * 4 // CHUNK):
            os.readv(file.fileno(), [room])
    return time.monotonic() - began


def seconds_of_picture(url: str, rng: random.Random, side: int) -> float:
    """Of a part that nobody has asked for yet."""
    x0, y0 = (rng.randrange(SIDE - side + 1) for _ in range(2))
    began = time.monotonic()
    get(f"{url}api/picture?x0={x0}&y0={y0}&x1={x0 + side}&y1={y0 + side}")
    return time.monotonic() - began


def pictures(place: Path) -> list[Measured]:
    deck = write_deck(place / "big.yaml", DECK | {"run": {"id": "run", "out": str(place)}})
    heatstream("run", deck, timeout=300).expect(0)
    rng = random.Random(40)
    with running(["replay", place / "run", "--listen", "127.0.0.1:0"], ranks=0) as program:
        url = url_of(program, "frames of run")
        sides = {"all but a line": SIDE - 1, "1/4": SIDE // 2, "1/64": SIDE // 8}
        ways = {"the frame read, thrown away": lambda: seconds_of_read(segment_of(place))}
        for name, side in sides.items():
            ways[f"picture of {name}"] = partial(seconds_of_picture, url, rng, side)
        ways["picture that another client had"] = partial(seconds_of_picture, url, rng, SIDE)
        ways["picture that another client had"]()
        return take_turns("pictures", f"s, {SIDE}^2", ways, first_bounds=True)


def segment_of(place: Path) -> Path:
    (segment,) = (place / "run" / "frames").glob("seg_*.h5")
    return segment

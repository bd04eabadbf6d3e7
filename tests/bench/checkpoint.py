"""What a checkpoint costs the frames of its run, and how soon a restart goes on.

A run stands still until the file is written and verified, and where the one before is not on the
disk yet, for that, too; here they are so far apart that it is.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from statistics import median

from system.decks import Deck, merged, write_deck
from system.program import heatstream, running
from system.results import RunDirectory

from .turns import Measured, take_turns

DECK: Deck = {
    "run": {"id": "run"},
    "time": {"window_ms": 100, "t0": 1767225600000},
    "stream": {"source": "synthetic", "disorder_ms": 100, "horizon_windows": 4},
    "gen": {"seed": 40, "zeros": False},
}
TOLD = re.compile(r"checkpoint after window \d+, .*the run stood still for (\d+\.\d+) s\)$", re.M)
EVERY = {40: 50, 4096: 6}  # windows from one checkpoint to the next, by the grid's side
CHECKPOINTS, RESTART_AT, CHUNK = 6, 8, 1 << 20


def deck_of(place: Path, side: int, name: str) -> tuple[Path, RunDirectory]:
    changes = {
        "grid": {"nx": side, "ny": side},
        "run": {"out": str(place / name)},
        "gen": {"steps": CHECKPOINTS * EVERY[side] + 4, "probability": min(1, 200 / side**2)},
        "checkpoint": {"every_windows": EVERY[side]},
    }
    deck = write_deck(place / f"{name}.yaml", merged(DECK, changes))
    return deck, RunDirectory(place / name / "run")


def seconds_of_checkpoint(place: Path, side: int) -> float:
    """How long the run stands still for one of its checkpoints."""
    deck, _ = deck_of(place, side, f"kept-{side}")
    arguments = ["run", deck, "--restart=none", "--until", str(CHECKPOINTS * EVERY[side] + 1)]
    told = TOLD.findall(heatstream(*arguments, timeout=900).expect(0).err)
    return median(float(seconds) for seconds in told)


def seconds_of_plain_write(place: Path, size: int) -> float:
    """So many bytes by pwrite(2), then fsync(2)."""
    path, chunk = place / "plain", os.urandom(CHUNK)
    began = time.monotonic()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for at in range(0, size, CHUNK):
        os.pwrite(fd, chunk[: size - at], at)
    os.fsync(fd)
    os.close(fd)
    seconds = time.monotonic() - began
    path.unlink()
    return seconds


def seconds_to_new_frame(place: Path, side: int, windows: int) -> float:
    """From the command to the first frame beyond those of `windows` windows."""
    deck, run = deck_of(place, side, f"again-{side}")
    if windows:
        heatstream("run", deck, "--restart=none", "--until", str(windows), timeout=900).expect(0)
    before = run.windows_committed() if windows else 0
    began = time.monotonic()
    restart = "auto" if windows else "none"
    with running(["run", deck, f"--restart={restart}", "--until", str(windows + 1)]) as program:
        program.until(lambda: run.windows_committed() == before + 1, "a new frame", timeout=300)
        seconds = time.monotonic() - began
        program.wait(300).expect(0)
    return seconds


def checkpoint(place: Path) -> list[Measured]:
    measured: list[Measured] = []
    for side in (40, 4096):
        seconds_of_checkpoint(place, side)
        _, run = deck_of(place, side, f"kept-{side}")
        size = run.checkpoints()[-1].stat().st_size
        stands = {
            f"{side}^2: pwrite and fsync of {size:.2e} bytes": lambda size=size: (
                seconds_of_plain_write(place, size)
            ),
            f"{side}^2: the run stands still": lambda side=side: seconds_of_checkpoint(place, side),
        }
        begins = {
            f"{side}^2: start to first frame": lambda side=side: seconds_to_new_frame(
                place, side, 0
            ),
            f"{side}^2: restart to first new frame": lambda side=side: seconds_to_new_frame(
                place, side, RESTART_AT
            ),
        }
        measured += take_turns("checkpoint", "s", stands, first_bounds=True)
        measured += take_turns("checkpoint", "s", begins)
    return measured

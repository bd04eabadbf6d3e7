"""Frames of a run, beside pwrite(2) of the same bytes by the same ranks.

Frames are written one after the other, and as a run does: measured and digested first, with 16
steps of the solver after each, whose time alone is taken off.
Bounds of a frame are that pwrite and the time its ranks are in the kernel. How often they ask for
it, waiting for each other left out, is counted by strace where there is one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from system.program import BINARY, MPIRUN, environment

from .turns import TURNS, Measured, Told

PART = BINARY.parent / "tests/bench/part_frames"
FRAMES = {40: 1000, 1024: 64, 4096: 6}  # by the grid's side
MORE = 5  # times as many, to count the calls of
RANKS = (1, 2)
WAYS = ("pwrite", "frames_write", "frames_write and frames_flush")
WAITING = "sched_yield,poll,ppoll,epoll_wait,futex,clock_nanosleep"
TOTAL = re.compile(r"^ *100\.00 +\S+ +\S+ +(\d+).* total$", re.MULTILINE)


def part(command: list[str], *arguments: int, ranks: int) -> str:
    done = subprocess.run(
        [*MPIRUN, "-np", str(ranks), *command, str(PART), *map(str, arguments)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True,
        env=environment("bench"),
    )  # fmt: skip
    return done.stdout


def race(side: int, ranks: int) -> list[Measured]:
    """Ratios are to the pwrite of the same turn."""
    found: dict[str, Measured] = {}
    for _ in range(TURNS):
        told = part([], side, FRAMES[side], ranks=ranks).splitlines()
        lines = (line.split(maxsplit=2) for line in told)
        turn = {way: (1e3 * float(s), 1e3 * float(kernel_s)) for s, kernel_s, way in lines}
        plain_ms, _ = turn["pwrite"]
        for way, (ms, kernel_ms) in turn.items():
            name = f"{side}^2 on {ranks}: {way}"
            one = found.setdefault(way, Measured("frames", name, "ms a frame"))
            one.take(Told(ms, {"in the kernel, to wait by sched_yield included": kernel_ms}))
            if way != "pwrite":
                one.ratios.append(ms / plain_ms)
            if "frames_write" in way:
                one.bound_by("pwrite of the same bytes by the same ranks", plain_ms)
    return list(found.values())


def calls_of(place: Path, side: int, ranks: int, way: int, frames: int) -> int:
    """System calls of all ranks."""
    script = 'exec strace -f -c -e "trace=!$0" -o "$1.$OMPI_COMM_WORLD_RANK" "${@:2}"'
    part(["bash", "-c", script, WAITING, str(place / "calls")], side, frames, way, ranks=ranks)
    texts = [(place / f"calls.{rank}").read_text() for rank in range(ranks)]
    return sum(int(TOTAL.findall(text)[0]) for text in texts)


def calls(place: Path, side: int, ranks: int) -> list[Measured]:
    """What more frames ask for."""
    found = []
    for way, name in enumerate(WAYS):
        few, many = FRAMES[side], MORE * FRAMES[side]
        more = calls_of(place, side, ranks, way, many) - calls_of(place, side, ranks, way, few)
        measured = Measured("frames", f"{side}^2 on {ranks}: {name}", "calls a frame")
        measured.values.append(more / (many - few))
        found.append(measured)
    return found


def frames(place: Path) -> list[Measured]:
    grids = [(side, ranks) for side in FRAMES for ranks in RANKS]
    found = [one for grid in grids for one in race(*grid)]
    if shutil.which("strace"):
        return found + [one for grid in grids for one in calls(place, *grid)]
    print("frames: THERE IS NO strace HERE: system calls of a frame are not counted", flush=True)
    return found

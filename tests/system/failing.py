"""Failure points: which there are, which of them a run reaches, and orders to act at one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from .program import FAILURE, tool

ERRORS = ("ENOSPC", "EIO", "EDQUOT")


@cache
def all_points() -> tuple[str, ...]:
    """Steps of the program, and system calls on its files, FILE.CALL."""
    return tuple(tool("--version", env={FAILURE: "list"}).expect(0).out.split())


# Met only by a run that replaces one which may be alive: see test_fence.py.
RIVALS = ("renewed.", "unclean.")


def points_alone() -> list[str]:
    """Those that a run meets which has its directory to itself."""
    return [point for point in all_points() if not point.startswith(RIVALS)]


def is_call(point: str) -> bool:
    return "." in point


def errors_of(point: str) -> tuple[str, ...]:
    """What the kernel may answer: a file system without room refuses only what wants some."""
    call = point.partition(".")[2]
    if call in ("write", "sync", "close", "open", "cut", "make", "rename"):
        return (*ERRORS, "short") if call == "write" else ERRORS
    return ("EIO",)


@dataclass(frozen=True)
class Order:
    """Of `rank`, when it reaches the point for the count-th time; from then on if it goes on."""

    point: str
    count: int
    action: str
    rank: int = 0
    goes_on: bool = False

    def __str__(self) -> str:
        plus = "+" if self.goes_on else ""
        return f"{self.point}:{self.count}{plus}:{self.action}@{self.rank}"

    @property
    def variables(self) -> dict[str, str]:
        return {FAILURE: str(self)}


def trace_into(path: Path) -> dict[str, str]:
    return {FAILURE: f"trace:{path}"}


def reached(path: Path) -> dict[tuple[str, int], int]:
    """How often each rank of a traced run reached each point."""
    times: dict[tuple[str, int], int] = {}
    for line in path.read_text().splitlines():
        rank, point, count = line.split()
        times[point, int(rank)] = times.get((point, int(rank)), 0) + int(count)
    return times


def is_shared(point: str) -> bool:
    """Of files that several ranks have open. Of a single failure there HDF5 and Open MPI may let
    only some ranks know, and the others wait; the program has them all know of one that lasts."""
    return point.startswith(("segment.", "checkpoint."))


def moments(times: int) -> Iterator[int]:
    """The first, the last, and one between."""
    yield from sorted({1, (times + 1) // 2, times})


# Where a point is met, for those that are not met in the middle of a run that is fed.
STAGES = {
    "journal_write_first": "first",
    "journal.open": "first",
    "journal.write": "first",
    "journal.sync": "first",
    "journal.cut": "first",
    "manifest_add_finished": "end",
    "frames_close": "end",
    "master.sync": "end",
    "journal_write_t0": "begin",
    "journal_write_ends": "begin",
    "journal_write_open": "unbounded",
    "manifest_cut": "grown",
    "manifest-new.open": "grown",
    "manifest-new.write": "grown",
    "manifest-new.sync": "grown",
    "manifest-new.close": "grown",
    "manifest-new.rename": "grown",
    "journal_write_idles": "silent",
}
# Where it has to be killed before, so that the next start finds what it has to mend.
TORN = {
    "journal.cut": ("journal.write", "kill-half"),
    "manifest.cut": ("manifest.write", "kill-half"),
    "segment-old.rename": ("segment-shown.rename", "kill-after"),
}
# Points that every rank reaches, whatever the deck; segment.write only where rows have many tiles.
COLLECTIVE = (
    "scatter_heat", "halo_exchange", "snapshots_restore", "frames_", "checkpoint_read",
    "segment.open", "segment.write", "segment.sync",
)  # fmt: skip
ONCE = (
    "journal", "claim.", "epoch.", "config.", "manifest.open", "manifest.cut", "manifest_cut",
    "manifest-new", "letters.open", "letters-shown", "log-", "alerts.open", "alerts.cut",
    "segment-old.rename",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """Where and how a run is to be killed. By SIGKILL: the rank that is at the point, or all its
    processes, or mpirun, whose ranks go on until they notice."""

    point: str
    victim: str
    action: str = "hold"
    stage: str = "amid"

    @property
    def is_named(self) -> bool:
        return not self.point.startswith("(")

    @property
    def how(self) -> str:
        return self.action if self.victim == "rank" else self.victim

    @property
    def damages(self) -> bool:
        """The newest checkpoint first, so that the one before is gone on from."""
        return self.point == "manifest_add_back"

    @property
    def before(self) -> Target | None:
        point, action = TORN.get(self.point, ("", ""))
        return Target(point, "rank", action) if point else None

    @property
    def least_ranks(self) -> int:
        return 2 if self.point == "halo_exchange" else 1

    def order(self, rng: Random, ranks: int, careful: bool) -> Order:
        often = not (careful or self.stage == "end" or self.point.startswith(ONCE))
        count = rng.choice((1, 2, 3, 5)) if often else 1
        everywhere = self.point.startswith(COLLECTIVE) and not careful
        return Order(self.point, count, self.action, rng.randrange(ranks) if everywhere else 0)


VICTIMS = ("rank", "rank", "job", "mpirun")


def target_at(point: str, rng: Random) -> Target:
    victim = rng.choice(VICTIMS)
    halves = ["kill-half"] if point.endswith(".write") else []
    action = rng.choice(["kill-before", "kill-after", *halves]) if victim == "rank" else "hold"
    return Target(point, victim, action, STAGES.get(point, "amid"))


def random_moment(rng: Random) -> Target:
    return Target("(random moment)", rng.choice(("one", "job", "mpirun")))

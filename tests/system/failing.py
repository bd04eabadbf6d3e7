"""Failure points: which there are, which of them a run reaches, and orders to act at one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .program import FAILURE, tool

ERRORS = ("ENOSPC", "EIO", "EDQUOT")


@cache
def all_points() -> tuple[str, ...]:
    """Steps of the program, and system calls on its files, FILE.CALL."""
    return tuple(tool("--version", env={FAILURE: "list"}).expect(0).out.split())


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
    """Of `rank`, when it reaches the point for the count-th time."""

    point: str
    count: int
    action: str
    rank: int = 0

    def __str__(self) -> str:
        return f"{self.point}:{self.count}:{self.action}@{self.rank}"

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


def moments(times: int) -> Iterator[int]:
    """The first, the last, and one between."""
    yield from sorted({1, (times + 1) // 2, times})

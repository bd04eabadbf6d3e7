"""What a run will cost, told before: measured constants, predictions from them, memory of ranks."""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from .conftest import Bench
from .decks import T0_MS, Deck
from .program import LONG, heatstream, tool

# 2 cores a node, half a nanosecond a cell: numbers for predictions, of no machine.
MACHINE: dict[str, Any] = {
    "heatstream_schema": "machine/1",
    "host": "of-no-machine",
    "date": "2026-01-01T00:00:00Z",
    "program": "heatstream",
    "cores": 2,
    "ranks": 2,
    "step": [
        {"cells": n, "single_s": n * 5e-10, "pass_s": n * 2e-10}
        | {"alone_single_s": n * 4e-10, "alone_pass_s": n * 2e-10}
        for n in (100, 10_000_000)
    ],
    "shared": {"latency_s": 1e-6, "bytes_per_s": 5e9, "message_s": 2e-7},
    "network": None,
    "window_s": 1e-6,
    "frame": {"fixed_s": 1e-3, "bytes_per_s": 1e9},
    "checkpoint": {"fixed_s": 1e-2, "bytes_per_s": 5e8},
    "fsync_s": 1e-3,
    "base_bytes": 20_000_000,
}
LINKS = {"latency_s", "bytes_per_s", "message_s"}


def deck_of(nx: int, ny: int) -> Deck:
    return {
        "run": {"id": "run"},
        "grid": {"nx": nx, "ny": ny},
        "time": {"window_ms": 100, "t0": T0_MS, "windows": 3, "substeps": 8},
        "stream": {"source": "file", "files": ["events.ndjson"], "horizon_windows": 2},
        "output": {"frames": {"every": 1000}},
        "checkpoint": {"every_windows": 0},
    }


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    path = tmp_path / "machine.json"
    path.write_text(json.dumps(MACHINE))
    return path


def rows(text: str) -> dict[int, str]:
    """Of the table of costs: ranks, and the window's time as written."""
    table = text.split("cost ")[1]
    return {int(n): f"{t} {u}" for n, t, u in re.findall(r"^ +(\d+) +([\d.]+) (\w+)", table, re.M)}


def check(deck: Path, *options: str | Path) -> str:
    return tool("check", deck, *options).expect(0).out


def test_a_network_is_predicted_for_up_to_ten_thousand_ranks(bench: Bench, machine: Path) -> None:
    deck = bench.deck(deck_of(100_000, 100_000))
    text = check(deck, "--machine", machine, "--network", "1.5,12")
    assert set(rows(text)) == {1, 2, 10, 100, 1000, 10_000}
    assert re.search(r"past \d{3,} ranks more do not help", text)
    assert "as stated" in text


def test_without_a_network_only_this_machine_is_spoken_of(bench: Bench, machine: Path) -> None:
    text = check(bench.deck(deck_of(1000, 1000)), "--machine", machine)
    assert set(rows(text)) == {1, 2}
    assert "--network" in text
    assert "fewer ranks" not in text


def test_a_small_grid_is_told_to_take_fewer_ranks(bench: Bench, machine: Path) -> None:
    text = check(bench.deck(deck_of(40, 40)), "--machine", machine, "--ranks", "2")
    assert "fewer ranks are faster" in text
    assert "past 1 rank more do not help" in text


def test_constants_of_one_rank_say_nothing_of_two(bench: Bench, machine: Path) -> None:
    machine.write_text(json.dumps(MACHINE | {"ranks": 1, "shared": None}))
    text = check(bench.deck(deck_of(400, 400)), "--machine", machine, "--ranks", "2")
    assert set(rows(text)) == {1}
    assert "nothing is known" in text


def test_a_file_that_is_no_machine_is_refused_and_none_is_no_failure(
    bench: Bench, machine: Path, tmp_path: Path
) -> None:
    deck = bench.deck(deck_of(40, 40))
    machine.write_text("{}")
    outcome = tool("check", deck, "--machine", machine).expect(65)
    assert str(machine) in outcome.err
    tool("check", deck, "--machine", tmp_path / "none").expect(66)
    cache = tmp_path / "bad/heatstream"
    cache.mkdir(parents=True)
    (cache / f"{socket.gethostname()}.json").write_text("{}")
    bad = {"XDG_CACHE_HOME": str(tmp_path / "bad")}
    assert "not known: " in tool("check", deck, env=bad).expect(0).out
    nowhere = {"XDG_CACHE_HOME": str(tmp_path / "empty")}
    assert "--calibrate" in tool("check", deck, env=nowhere).expect(0).out


@pytest.mark.parametrize("text", ["", "1", "1,", ",1", "1,2,3", "0,1", "-1,5", "nan,1", "1,x"])
def test_a_network_that_is_none_is_a_usage_error(bench: Bench, text: str) -> None:
    outcome = tool("check", bench.deck(deck_of(40, 40)), "--network", text).expect(64)
    assert "--network" in outcome.err


def test_a_machine_is_measured_and_its_constants_can_be(bench: Bench, tmp_path: Path) -> None:
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    ranks = min(2, os.cpu_count() or 1)
    command = ("check", f"--calibrate={tmp_path}")
    out = heatstream(*command, ranks=ranks, timeout=120, env=cache).expect(0).out
    (kept,) = (tmp_path / "cache/heatstream").iterdir()
    assert str(kept) in out
    found = json.loads(kept.read_text())
    assert set(found) == set(MACHINE)
    assert found["ranks"] == ranks
    assert ranks == 1 or set(found["shared"]) == LINKS
    assert found["network"] is None
    assert not list(tmp_path.glob(".heatstream*")), "what was measured with is still there"
    assert set(rows(tool("check", bench.deck(deck_of(500, 500)), env=cache).expect(0).out)) >= {1}


def test_more_ranks_than_cores_measure_nothing() -> None:
    ranks = (os.cpu_count() or 1) + 1
    assert "cores" in heatstream("check", "--calibrate", ranks=ranks).expect(64).err


def peak_mib(text: str) -> tuple[float, float]:
    """Of rank 0, and of any other; both the same on one rank."""
    found = re.search(
        r"memory at most ([\d.]+) MiB(?: on rank 0, ([\d.]+) MiB on any other)?", text
    )
    assert found, text[-2000:]
    return float(found[1]), float(found[2] or found[1])


def test_memory_of_a_rank_does_not_grow_with_the_ranks_or_the_grid(bench: Bench) -> None:
    """Slabs of one size; a field of all of them would be 8 MiB a rank more. What MPI and HDF5 keep
    for each other rank is in the bound."""
    nx, ny, bound_mib = 1024, 1024, 12
    lines = [
        json.dumps({"time": T0_MS + k * 40, "gridX": k, "gridY": k % ny, "gen": 3.0})
        for k in range(20)
    ]
    (bench.path / "events.ndjson").write_text("\n".join(lines) + "\n")
    changes = {"output": {"frames": {"every": 1}}, "checkpoint": {"every_windows": 2}}
    peaks = {}
    for ranks in (1, 2, 4, 8) if LONG else (1, 4):
        deck = bench.deck(deck_of(nx * ranks, ny), changes, name=f"ranks{ranks}")
        peaks[ranks] = peak_mib(bench.outcome(deck, ranks=ranks).expect(0).text)
    for ranks, (root, other) in peaks.items():
        assert max(root, other) < peaks[1][0] + bound_mib, f"{ranks} ranks: {peaks}"

"""`compare`: equal bits or not, by how much and from where on, against numpy."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest

from .conftest import Bench
from .decks import AWKWARD, WATCHED, Deck, merged, sensors
from .program import Outcome, tool
from .results import RunDirectory

DECK: Deck = merged(AWKWARD, {"output": {"frames": {"per_segment": 7}}})
WINDOWS = 20


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("compare"))


def run_of(bench: Bench, *changes: Deck, seed: int = 1, ranks: int = 2) -> RunDirectory:
    deck = merged(DECK, *changes)
    return bench.run(bench.files(deck, sensors(deck, WINDOWS, seed=seed)), ranks=ranks)


@pytest.fixture(scope="module")
def run(bench: Bench) -> RunDirectory:
    return run_of(bench)


@pytest.fixture(scope="module")
def other(bench: Bench) -> RunDirectory:
    return run_of(bench, seed=2)


@pytest.fixture
def changed(run: RunDirectory, tmp_path: Path) -> RunDirectory:
    shutil.copytree(run.path, tmp_path / "run")
    return RunDirectory(tmp_path / "run")


def compare(one: Path, two: Path) -> Outcome:
    return tool("compare", one, two)


def norms(text: str) -> dict[int, tuple[float, float, int]]:
    """max, L2 and differing cells by window, as printed."""
    line = re.compile(r"^ *(\d+) +(\S+) +(\S+) +(\d+)  ", re.MULTILINE)
    return {int(w): (float(m), float(r), int(n)) for w, m, r, n in line.findall(text)}


def test_runs_on_any_number_of_ranks_have_equal_bits(bench: Bench, run: RunDirectory) -> None:
    outcome = compare(run.path, run_of(bench, ranks=3).path).expect(0)
    assert f"{WINDOWS} frames have equal bits" in outcome.out


def test_norms_are_numpy_s(run: RunDirectory, other: RunDirectory) -> None:
    outcome = compare(run.path, other.path).expect(65)
    printed = norms(outcome.out)
    one, two = run.temperature(), other.temperature()
    assert len(printed) == WINDOWS
    for window, (largest, l2, cells) in printed.items():
        difference = one[window] - two[window]
        assert cells == np.count_nonzero(difference)
        # Printed to five digits.
        assert largest == pytest.approx(np.abs(difference).max(), rel=1e-4)
        assert l2 == pytest.approx(np.sqrt(np.mean(difference**2)), rel=1e-4)
    (overall,) = re.findall(r"max (\S+) in window (\d+), L2 (\S+)", outcome.out)
    assert int(overall[1]) == np.abs(one - two).max(axis=(1, 2)).argmax()
    assert float(overall[2]) == pytest.approx(np.sqrt(np.mean((one - two) ** 2)), rel=1e-4)


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.0])
def test_one_cell_is_found_with_its_place_and_both_values(
    run: RunDirectory, changed: RunDirectory, value: float
) -> None:
    with h5py.File(changed.path / "frames" / "seg_000001.h5", "r+") as file:
        was = file["temperature"][3, 11, 19]
        file["temperature"][3, 11, 19] = value
    outcome = compare(run.path, changed.path).expect(65)
    assert list(norms(outcome.out)) == [10]
    assert norms(outcome.out)[10][2] == 1
    assert f"x 19, y 11: {was:.17g}, {value:.17g}" in outcome.out.replace("-nan", "nan")


def test_signed_zeros_are_different_bits(
    run: RunDirectory, changed: RunDirectory, tmp_path: Path
) -> None:
    shutil.copytree(changed.path, tmp_path / "again")
    for path, zero in ((changed.path, 0.0), (tmp_path / "again", -0.0)):
        with h5py.File(path / "frames" / "seg_000000.h5", "r+") as file:
            file["temperature"][0, 0, 0] = zero
    outcome = compare(changed.path, tmp_path / "again").expect(65)
    assert norms(outcome.out) == {0: (0.0, 0.0, 1)}


def test_f32_and_f64_of_one_solution_are_equal(bench: Bench, run: RunDirectory) -> None:
    f32 = run_of(bench, {"output": {"frames": {"dtype": "f32"}}})
    for pair in ((run.path, f32.path), (f32.path, run.path)):
        outcome = compare(*pair).expect(0)
        assert "f64 is compared as f32" in outcome.out


def test_solutions_that_only_f64_can_tell_apart_are_different(
    bench: Bench, changed: RunDirectory
) -> None:
    """As stored they are equal, but not the digest of the solution."""
    with h5py.File(changed.path / "frames" / "seg_000002.h5", "r+") as file:
        file["series/digest"][1] = b"0" * 32
    f32 = run_of(bench, {"output": {"frames": {"dtype": "f32"}}})
    outcome = compare(changed.path, f32.path).expect(65)
    assert norms(outcome.out) == {15: (0.0, 0.0, 0)}


def test_another_grid_spacing_or_cadence_is_said(bench: Bench, run: RunDirectory) -> None:
    wide = run_of(bench, {"grid": {"nx": 24}})
    assert "different grids" in compare(run.path, wide.path).expect(65).text
    fine = run_of(bench, {"grid": {"dx": 0.25}})
    assert "different grids" in compare(run.path, fine.path).expect(65).text
    rare = run_of(bench, {"output": {"frames": {"every": 3}}})
    outcome = compare(run.path, rare.path).expect(65)
    assert norms(outcome.out) == {}
    assert f"{WINDOWS - WINDOWS // 3} windows are in A only, first window 0" in outcome.out
    later = run_of(bench, {"time": {"t0": DECK["time"]["t0"] - 100}})
    assert "end at different times" in compare(run.path, later.path).expect(65).out


def test_the_largest_difference_is_told_with_its_cell(
    run: RunDirectory, changed: RunDirectory
) -> None:
    with h5py.File(changed.path / "frames" / "seg_000001.h5", "r+") as file:
        file["temperature"][3, 11, 19] += 1
        file["temperature"][4, 2, 7] -= 8
        file["temperature"][4, 12, 9] += 3
    outcome = compare(run.path, changed.path).expect(65)
    assert "(max at x 7, y 2)" in outcome.out
    assert "max 8 in window 11" in outcome.out
    assert "2 of 20 frames differ, from window 10 on" in outcome.text


def test_windows_that_only_overlap_are_compared_where_they_do(
    bench: Bench, run: RunDirectory, tmp_path: Path
) -> None:
    """Other segments and another type: the same bits in the windows that both have."""
    other = run_of(bench, {"output": {"frames": {"dtype": "f32", "per_segment": 4}}})
    tool("pack", other.path, tmp_path / "other.h5").expect(0)
    part = run.path / "frames" / "seg_000001.h5"
    for whole in (other.path, tmp_path / "other.h5"):
        outcome = compare(part, whole).expect(65)
        assert "7 frames have equal bits" in outcome.out
        assert f"{WINDOWS - 7} windows are in B only, first window 0" in outcome.out
        assert "do not have the same windows" in outcome.text


def watched_of(bench: Bench, *changes: Deck, seed: int = 1) -> RunDirectory:
    return run_of(bench, WATCHED, *changes, seed=seed)


def test_regions_that_differ_are_told_by_name_when_asked(bench: Bench) -> None:
    one, other = watched_of(bench), watched_of(bench, seed=2)
    assert "/regions" not in compare(one.path, other.path).expect(65).text
    told = tool("compare", "--regions", one.path, other.path).expect(65).out
    with h5py.File(one.path / "frames.h5") as a, h5py.File(other.path / "frames.h5") as b:
        for item, name in enumerate(x.decode() for x in a["regions/name"][()]):
            mine, theirs = (f["regions/stats/mean"][:, item] for f in (a, b))
            differing = np.flatnonzero(mine != theirs)
            first = differing[0]
            assert (
                f"/regions/stats/mean of '{name}' differs in {len(differing)} windows, first in "
                f"window {first}: {mine[first]:.17g}, {theirs[first]:.17g}; "
                f"max {np.abs(mine - theirs).max():.5g}\n"
            ) in told


def test_regions_are_found_in_any_order_and_those_of_one_side_are_told(bench: Bench) -> None:
    one = watched_of(bench)
    spot, edge, whole = WATCHED["regions"]
    turned = watched_of(bench, {"regions": [whole, edge, spot]})
    tool("compare", "--regions", one.path, turned.path).expect(0)
    more = watched_of(
        bench, {"regions": [*WATCHED["regions"], {"name": "new", "box": [1, 1, 2, 2]}]}
    )
    outcome = tool("compare", "--regions", one.path, more.path).expect(65)
    assert "/regions/stats/mean of 'new' is in B only" in outcome.out
    assert "differs" not in outcome.out
    plain = run_of(bench)
    outcome = tool("compare", "--regions", one.path, plain.path).expect(65)
    assert "/alerts/level of 'row' is in A only" in outcome.out


def test_one_level_of_one_alert_is_found_with_its_window(bench: Bench, tmp_path: Path) -> None:
    one = watched_of(bench)
    shutil.copytree(one.path, tmp_path / "run")
    with h5py.File(tmp_path / "run" / "frames" / "seg_000001.h5", "r+") as file:
        was = int(file["alerts/level"][2, 1])
        file["alerts/level"][2, 1] = was + 1
    outcome = tool("compare", "--regions", one.path, tmp_path / "run").expect(65)
    assert (
        f"/alerts/level of 'row' differs in 1 windows, first in window 9: {was}, {was + 1}; max 1"
    ) in outcome.out


def test_a_lost_segment_is_named_and_not_taken_for_zeros(
    run: RunDirectory, changed: RunDirectory
) -> None:
    (changed.path / "frames" / "seg_000001.h5").unlink()
    outcome = tool("compare", run.path, changed.path)
    assert outcome.code == 66
    assert "seg_000001.h5 is missing" in outcome.text


def test_frames_files_can_be_compared_as_well(run: RunDirectory, other: RunDirectory) -> None:
    compare(run.path / "frames.h5", run.path).expect(0)
    segment = Path("frames") / "seg_000000.h5"
    compare(run.path / segment, run.path / segment).expect(0)
    compare(run.path / segment, other.path / segment).expect(65)


def test_what_holds_no_frames_is_66(run: RunDirectory, tmp_path: Path) -> None:
    compare(run.path, tmp_path).expect(66)
    compare(tmp_path / "absent", run.path).expect(66)
    tool("compare", run.path).expect(64)

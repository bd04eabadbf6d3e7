"""`verify --repair`: what is made anew is what was there, and a run goes on from it to the same."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest

from oracle.heat_oracle import Result

from .conftest import Bench
from .decks import AWKWARD, T0_MS, merged
from .program import LONG, running
from .results import (
    RunDirectory,
    assert_dead_letters,
    assert_frames,
    assert_ledger,
    assert_series,
)
from .test_late import DECK, WINDOWS, late_stream
from .test_verify import Verdict, flip, verify

HALF = 18


@dataclass
class Stage:
    """A run to window HALF, with rows corrected before and after its checkpoints."""

    bench: Bench
    deck: Path
    run: RunDirectory
    expected: Result

    def go_on(self) -> None:
        self.bench.run(self.deck, "-D", f"time.windows={WINDOWS}", ranks=3)
        expected, run = self.expected, self.run
        assert_series(run.series(), expected)
        assert_frames(run.temperature(), run.series(), expected)
        assert_ledger(run.ledger(), expected.ledger)
        assert_dead_letters(run.dead_letters(), expected.dead_letters)
        assert run.digest == expected.digest
        assert run.held() == {r.closed.window: r.closed.revision for r in expected.rows}
        # Lines of revisions that were overwritten may be lost, but none is another.
        assert run.promised().items() <= expected.published.items()
        assert verify(run).code == 0


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    bench = Bench(tmp_path_factory.mktemp("repair"))
    deck = merged(DECK, {"time": {"windows": WINDOWS}})
    stream = late_stream()
    path = bench.files(deck, stream, name="half")
    run = bench.run(path, "-D", f"time.windows={HALF}", ranks=2)
    return Stage(bench, path, run, stream.expected(deck))


@pytest.fixture
def stage(half: Stage, tmp_path: Path) -> Stage:
    """The same once more, to be damaged."""
    bench = Bench(tmp_path)
    shutil.copytree(half.run.path, tmp_path / "half" / "run")
    text = half.deck.read_text().replace(str(half.bench.path / "half\n"), f"{tmp_path}/half\n")
    deck = tmp_path / "half.yaml"
    deck.write_text(text)
    return Stage(bench, deck, RunDirectory(tmp_path / "half" / "run"), half.expected)


def files(run: RunDirectory, *but: str) -> dict[str, bytes]:
    """Without what says whose the directory is."""
    found = {str(p.relative_to(run.path)): p for p in run.path.rglob("*") if p.is_file()}
    return {
        name: path.read_bytes()
        for name, path in sorted(found.items())
        if name not in (*but, "lock") and not name.startswith("epoch.")
    }


def repair(run: RunDirectory) -> Verdict:
    verdict = verify(run, "--repair")
    assert verdict.code == 0, verdict.text
    return verdict


def test_what_is_whole_stays_as_it_is(stage: Stage) -> None:
    before = files(stage.run)
    verdict = repair(stage.run)
    assert "repair:" not in verdict.text
    assert files(stage.run) == before


def a_flip(path: Path, rng: random.Random) -> None:
    flip(path, rng.randrange(path.stat().st_size), 1 << rng.randrange(8))


def a_lost_line(path: Path, rng: random.Random) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    at = rng.randrange(len(lines))
    path.write_bytes(b"".join([*lines[:at], b"x\n", *lines[at + 1 :]]))


def a_cut(path: Path, rng: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])


def a_hole(path: Path, rng: random.Random) -> None:
    raw = path.read_bytes()
    start, end = sorted(rng.sample(range(len(raw)), 2))
    path.write_bytes(raw[:start] + b"\0" * (end - start) + raw[end:])


def gone(path: Path, rng: random.Random) -> None:
    path.unlink()


@pytest.mark.parametrize("damage", [a_flip, a_lost_line, a_cut, a_hole, gone])
@pytest.mark.parametrize("seed", range(20 if LONG else 1))
def test_a_run_goes_on_from_a_repaired_manifest_to_the_same_bits(
    stage: Stage, damage: Callable[[Path, random.Random], None], seed: int
) -> None:
    damage(stage.run.path / "manifest", random.Random(f"{damage.__name__} {seed}"))
    before = files(stage.run, "manifest")
    repair(stage.run)
    assert files(stage.run, "manifest", "manifest.damaged") == before
    stage.go_on()


def test_rows_get_the_words_that_were_lost(stage: Stage) -> None:
    path = stage.run.path / "manifest"
    held = stage.run.held()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]))
    verdict = repair(stage.run)
    assert "lines of rows that prove themselves" in verdict.text
    assert "2 lines of checkpoints that prove themselves" in verdict.text
    assert stage.run.held() == held
    assert (stage.run.path / "manifest.damaged").read_bytes() == b"".join(lines[:5])


def test_a_torn_row_behind_a_lost_announcement_is_restored_by_the_run(stage: Stage) -> None:
    """The newest row does not prove itself, and the line that would have said so is damaged."""
    last = HALF - 1
    with h5py.File(max((stage.run.path / "frames").glob("seg_*.h5")), "r+") as file:
        file["temperature"][int(np.flatnonzero(file["series/window"][()] == last)[0]), 3] += 1
    flip(stage.run.path / "manifest", 8)
    verdict = repair(stage.run)
    assert f"window {last}, does not prove itself" in verdict.text
    assert "left out: 1 rows that are announced as being rewritten" in verdict.text
    stage.go_on()


def test_a_damaged_row_alone_is_no_reason_to_change_the_manifest(stage: Stage) -> None:
    with h5py.File(stage.run.path / "frames" / "seg_000000.h5", "r+") as file:
        file["temperature"][2, 3, 3] += 1
    before = files(stage.run)
    verdict = verify(stage.run, "--repair")
    assert verdict.code == 65 and "row 2 of frames/seg_000000.h5" in verdict.text
    assert files(stage.run) == before


def contents(path: Path) -> dict[str, object]:
    """All values and attributes but the one that tells when the file was made."""
    found: dict[str, object] = {}

    def visit(name: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset) and name != "series/latency_ms":
            found[name] = item[()].tobytes()
        for key, value in item.attrs.items():
            if not key.endswith("_LIST"):
                found[f"{name}@{key}"] = np.asarray(value).tobytes()

    with h5py.File(path) as file:
        file.visititems(visit)
        found |= {f"@{k}": str(v) for k, v in file.attrs.items() if k != "history"}
    return found


@pytest.mark.parametrize("how", ["lost", "cut", "other"])
def test_the_master_is_made_anew_as_it_was(stage: Stage, how: str) -> None:
    master = stage.run.path / "frames.h5"
    before = contents(master)
    raw = master.read_bytes()
    if how == "lost":
        master.unlink()
    elif how == "cut":
        master.write_bytes(raw[: len(raw) // 2])
    else:
        old, new = (b"frames/seg_00000%d.h5\0" % i for i in (1, 2))
        master.write_bytes(raw.replace(old, new, 3))
    untouched = files(stage.run, "frames.h5")
    assert "frames.h5: made anew" in repair(stage.run).text
    assert contents(master) == before
    assert files(stage.run, "frames.h5") == untouched


def test_nothing_is_repaired_while_a_run_holds_the_directory(bench: Bench) -> None:
    endless = {
        "time": {"windows": 0},
        "stream": {"source": "synthetic"},
        "gen": {"steps": 0, "partitions": 3, "start_ms": T0_MS},
    }
    deck = bench.deck(AWKWARD, endless)
    run = bench.directory(deck)
    with running(["run", deck], 2) as program:
        program.until(lambda: run.windows_committed() > 3, "windows")
        verdict = verify(run, "--repair")
        assert verdict.code == 73 and "another run" in verdict.text
        before = run.windows_committed()
        program.until(lambda: run.windows_committed() > before, "a window after that")
        program.signal(signal.SIGUSR2)
        program.wait().expect(75)
    assert verify(run).code == 0


def test_an_empty_directory_is_not_made_a_run(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    assert verify(run, "--repair").code == 66
    assert list(tmp_path.iterdir()) == []


def findings(verdict: Verdict) -> list[str]:
    """Without the progress that a slow disk brings out."""
    return [line for line in verdict.text.splitlines() if "verifying: row" not in line]


def test_a_segment_of_another_run_is_not_believed(stage: Stage) -> None:
    """Whole by itself, and of the same shape."""
    heat = ["-D", f"time.windows={HALF}", "-D", "physics.gen_scale=0.3"]
    out = stage.bench.path / "other"
    stage.bench.outcome(stage.deck, *heat, "--out", out).expect(0)
    segment = "frames/seg_000000.h5"
    shutil.copy(out / "run" / segment, stage.run.path / segment)
    manifest = (stage.run.path / "manifest").read_bytes()
    found = verify(stage.run)
    assert found.code == 65
    assert verify(stage.run, "--repair").code == 65
    assert (stage.run.path / "manifest").read_bytes() == manifest
    assert findings(verify(stage.run)) == findings(found)


def test_no_checkpoint_is_left_of_what_a_run_went_back_from(stage: Stage) -> None:
    """Else a repair might take it for one of the run."""
    older, newer = stage.run.checkpoints()[-2:]
    again = [f"--restart={older.name}", "-D", f"time.windows={HALF + 1}"]
    stage.bench.run(stage.deck, *again, "-D", "checkpoint.at_end=false")
    assert older.exists() and not newer.exists()
    before = files(stage.run)
    repair(stage.run)
    assert files(stage.run) == before
    stage.go_on()

"""`verify`: whatever is not as it was written is found and named, whatever is, is not."""

from __future__ import annotations

import json
import random
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest

from .conftest import Bench
from .decks import AWKWARD, Deck, large, merged, sensors
from .failing import Order
from .lives import held_at
from .program import BINARY, LONG, tool
from .results import RunDirectory
from .test_garbage import everything_refused
from .test_late import late_stream

# Small, so that a good part of its bytes can be tried; f32, where the digest proves nothing.
DECK: Deck = merged(
    AWKWARD,
    {
        "grid": {"nx": 7, "ny": 5},
        "output": {"frames": {"dtype": "f32", "tile": 3, "per_segment": 4}},
        "checkpoint": {"every_windows": 3},
        "stream": {"horizon_windows": 5},
        "regions": [
            {"name": "corner", "box": [0, 0, 2, 2], "percentiles": [50]},
            {"name": "middle", "box": [2, 1, 5, 4]},
        ],
        "relations": [
            {"name": "corner-over-middle", "a": "corner", "b": "middle", "window_s": 0.3}
        ],
        "alerts": [
            {"name": "warm-corner", "region": "corner", "levels": [0.2, 0.3, 0.4]},
            {"name": "warm-middle", "region": "middle", "stat": "max", "levels": [0.3, 0.5]},
        ],
    },
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """Corrected rows, dead letters, three segments of which the last is cut to its rows."""
    bench = Bench(tmp_path_factory.mktemp("verify"))
    stream = late_stream(deck=merged(DECK, {"time": {"windows": 0}}))
    stream.partitions[0][5:5] = everything_refused()
    deck = bench.files(DECK, stream, {"time": {"windows": 11}})
    return bench.run(deck, ranks=2)


@pytest.fixture
def run(finished: RunDirectory, tmp_path: Path) -> RunDirectory:
    shutil.copytree(finished.path, tmp_path / "run")
    return RunDirectory(tmp_path / "run")


@dataclass(frozen=True)
class Verdict:
    code: int
    text: str


def verify(run: RunDirectory, *arguments: str) -> Verdict:
    """Ended by a signal or after a minute is a failure of its own."""
    done = subprocess.run(
        [BINARY, "verify", *arguments, run.path],
        capture_output=True, text=True, errors="replace", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode >= 0, done.stderr
    return Verdict(done.returncode, done.stdout + done.stderr)


def flip(path: Path, at: int, mask: int = 1) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ mask]))


def sealed(text: str) -> bytes:
    return f"{text} #{zlib.crc32(text.encode()):08x}\n".encode()


def test_a_run_as_it_was_written_is_proven(run: RunDirectory) -> None:
    before = {p: p.read_bytes() for p in sorted(run.path.rglob("*")) if p.is_file()}
    verdict = verify(run)
    assert verdict.code == 0, verdict.text
    assert "11 rows in 3 segments, up to window 10, and 2 checkpoints" in verdict.text
    assert any(run.series()["revision"])
    assert {p: p.read_bytes() for p in sorted(run.path.rglob("*")) if p.is_file()} == before


def test_what_is_no_run_directory_is_66(tmp_path: Path) -> None:
    tool("verify", tmp_path).expect(66)
    tool("verify", tmp_path / "absent").expect(66)


def places_of_rows(segment: Path) -> Iterator[tuple[str, int, int, int]]:
    """(dataset, first byte, bytes, row in the segment) of all that is said of written rows."""
    with h5py.File(segment) as file:
        windows = file["series/window"][()]
        rows = np.flatnonzero(windows >= 0)
        for name in ["time", *(f"series/{n}" for n in file["series"] if n != "latency_ms")]:
            (chunk,) = [
                file[name].id.get_chunk_info(i) for i in range(file[name].id.get_num_chunks())
            ]
            size = file[name].dtype.itemsize
            yield from ((name, chunk.byte_offset + int(r) * size, size, int(r)) for r in rows)
        cells = file["temperature"]
        _, ny, nx = cells.shape
        _, ty, tx = cells.chunks
        for i in range(cells.id.get_num_chunks()):
            info = cells.id.get_chunk_info(i)
            row, y0, x0 = info.chunk_offset
            for j in range(min(ty, ny - y0)):
                at = info.byte_offset + j * tx * cells.dtype.itemsize
                width = min(tx, nx - x0) * cells.dtype.itemsize
                if row in rows:
                    yield "temperature", at, width, row


def test_every_flip_in_cells_or_series_is_found_with_its_row(run: RunDirectory) -> None:
    rng = random.Random(5)
    for segment in sorted((run.path / "frames").glob("seg_*.h5")):
        places = list(places_of_rows(segment))
        tried = places if LONG else rng.sample(places, 20)
        for name, start, size, row in tried:
            at, mask = start + rng.randrange(size), 1 << rng.randrange(8)
            flip(segment, at, mask)
            verdict = verify(run)
            flip(segment, at, mask)
            assert verdict.code == 65, (name, row, at)
            assert f"row {row} of frames/{segment.name}" in verdict.text, (name, verdict.text)
    assert verify(run).code == 0


GROUPS = {"regions": "region", "relations": "relation", "alerts": "alert"}


def datasets(group: h5py.Group) -> list[str]:
    """Names of all datasets in it, whatever folder they are in."""
    names: list[str] = []
    group.visititems(lambda n, item: names.extend([n] * isinstance(item, h5py.Dataset)))
    return names


def values_of(run: RunDirectory) -> list[bytes]:
    """Cells, series and regions of the segments, by another reader of the format."""
    values: list[bytes] = []
    for segment in sorted((run.path / "frames").glob("seg_*.h5")):
        with h5py.File(segment) as file:
            names = ["temperature", *(f"series/{name}" for name in sorted(file["series"]))]
            values += [file[n][()].tobytes() for n in names if n != "series/latency_ms"]
            for group in GROUPS:
                values += [file[group][n][()].tobytes() for n in datasets(file[group])]
    return values


def test_a_flip_anywhere_in_a_segment_never_crashes_nor_passes_for_other_values(
    run: RunDirectory,
) -> None:
    rng = random.Random(6)
    original = values_of(run)
    segment = run.path / "frames" / "seg_000001.h5"
    size = segment.stat().st_size
    for at in range(size) if LONG else rng.sample(range(size), 60):
        mask = 1 << rng.randrange(8)
        flip(segment, at, mask)
        verdict = verify(run)
        assert verdict.code in (0, 65), (at, mask, verdict.text)
        if verdict.code == 0:
            assert values_of(run) == original, (at, mask)
        flip(segment, at, mask)
    assert verify(run).code == 0


def test_a_segment_cut_anywhere_or_lost_is_named(run: RunDirectory) -> None:
    rng = random.Random(7)
    segment = run.path / "frames" / "seg_000001.h5"
    raw = segment.read_bytes()
    for length in [0, 1, 511, *rng.sample(range(len(raw) - 2000), 8)]:
        segment.write_bytes(raw[:length])
        verdict = verify(run)
        assert verdict.code == 65 and segment.name in verdict.text, (length, verdict.text)
    segment.unlink()
    verdict = verify(run)
    assert verdict.code == 65 and f"{segment.name} is missing" in verdict.text


def test_segments_that_changed_places_are_found(run: RunDirectory) -> None:
    one, other = (run.path / "frames" / f"seg_00000{i}.h5" for i in (0, 1))
    raw = one.read_bytes(), other.read_bytes()
    one.write_bytes(raw[1])
    other.write_bytes(raw[0])
    verdict = verify(run)
    assert verdict.code == 65
    assert "it holds window 4" in verdict.text and "it holds window 0" in verdict.text


def test_rows_of_another_revision_than_the_manifest_s_are_found(
    run: RunDirectory, finished: RunDirectory
) -> None:
    """As after a loss of power: the row is whole, but not the one that was committed last."""
    series = run.series()
    row = next(i for i, revision in enumerate(series["revision"]) if revision > 0)
    window, revision = series["window"][row], series["revision"][row]
    with (run.path / "manifest").open("ab") as file:
        line = f"frame {window} {revision + 1} {row} {'0' * 32} {'1' * 32} 1 0"
        file.write(sealed(line))
    verdict = verify(run)
    assert verdict.code == 65
    assert f"window {window}, revision {revision + 1}" in verdict.text
    assert f"it holds window {window} revision {revision}" in verdict.text


def test_rows_announced_as_being_rewritten_are_left_out_aloud(run: RunDirectory) -> None:
    lines = (run.path / "manifest").read_bytes().splitlines(keepends=True)
    unfinished = [line for line in lines if not line.startswith((b"finished", b"summary"))]
    (run.path / "manifest").write_bytes(b"".join([*unfinished, sealed("rewrite 5 7")]))
    with h5py.File(run.path / "frames" / "seg_000001.h5", "r+") as file:
        file["temperature"][2] = 0
    verdict = verify(run)
    assert verdict.code == 0, verdict.text
    assert "left out: 3 rows that are announced as being rewritten" in verdict.text


def test_a_row_without_a_word_of_the_manifest_is_left_out_aloud(run: RunDirectory) -> None:
    lines = (run.path / "manifest").read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith((b"finished", b"summary", b"frame 10 "))]
    kept = [line for line in kept if not line.startswith(b"checkpoint 10")]
    (run.path / "manifest").write_bytes(b"".join(kept))
    verdict = verify(run)
    assert verdict.code == 0, verdict.text
    assert "left out: 1 rows that are not committed yet" in verdict.text


@pytest.mark.parametrize("name", ["manifest", "journal"])
def test_every_flip_in_a_record_of_facts_is_found(run: RunDirectory, name: str) -> None:
    rng = random.Random(8)
    path = run.path / name
    raw = path.read_bytes()
    last = raw.rfind(b"\n", 0, -1)
    for at in range(last) if LONG else rng.sample(range(last), 20):
        flip(path, at, 1 << rng.randrange(8))
        verdict = verify(run)
        path.write_bytes(raw)
        assert verdict.code == 65 and f"{name}:" in verdict.text, (at, verdict.text)


def test_a_damaged_checkpoint_is_named(run: RunDirectory) -> None:
    rng = random.Random(9)
    checkpoint = run.checkpoints()[-1]
    size = checkpoint.stat().st_size
    for at in rng.sample(range(size), 8):
        flip(checkpoint, at)
        verdict = verify(run)
        flip(checkpoint, at)
        assert verdict.code == 65 and checkpoint.name in verdict.text, at
    checkpoint.unlink()
    verdict = verify(run)
    assert verdict.code == 65 and f"{checkpoint.name} is missing" in verdict.text


def test_a_checkpoint_in_the_place_of_another_is_found(run: RunDirectory) -> None:
    older, newest = run.checkpoints()[-2:]
    newest.write_bytes(older.read_bytes())
    verdict = verify(run)
    assert verdict.code == 65 and "not the one that the manifest names" in verdict.text


def test_a_master_that_maps_rows_elsewhere_or_is_lost_is_found(run: RunDirectory) -> None:
    master = run.path / "frames.h5"
    raw = master.read_bytes()
    assert raw.count(b"frames/seg_000001.h5\0") > 10
    master.write_bytes(raw.replace(b"frames/seg_000001.h5\0", b"frames/seg_000002.h5\0", 1))
    verdict = verify(run)
    assert verdict.code == 65 and "frames.h5" in verdict.text, verdict.text
    master.write_bytes(raw[: len(raw) // 2])
    assert verify(run).code == 65
    master.unlink()
    verdict = verify(run)
    assert verdict.code == 65 and "frames.h5 is missing" in verdict.text


def test_a_master_that_lags_is_a_difference_in_a_finished_run_only(bench: Bench) -> None:
    """After a kill the lines of the manifest may be ahead of the last flush."""
    deck = bench.files(DECK, sensors(DECK, windows=14))
    run = bench.run(deck, "-D", "time.windows=5")
    master, manifest = run.path / "frames.h5", run.path / "manifest"
    before = master.read_bytes()
    bench.run(deck, "-D", "time.windows=8")
    master.write_bytes(before)
    verdict = verify(run)
    assert verdict.code == 65 and "shows 5 rows, the manifest has 8" in verdict.text
    lines = manifest.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith((b"finished", b"summary"))]
    manifest.write_bytes(b"".join(kept))
    verdict = verify(run)
    assert verdict.code == 0 and "does not show the newest 3 rows yet" in verdict.text
    assert "made anew over 8 rows" in verify(run, "--repair").text


def test_a_dead_letter_lost_doubled_or_changed_is_found(run: RunDirectory) -> None:
    path = run.path / "dead_letters.ndjson"
    lines = path.read_bytes().splitlines(keepends=True)
    assert len({json.loads(line)["reason"] for line in lines}) > 3
    changed = lines[3].replace(b"undecodable", b"out_of_range")
    assert changed != lines[3]
    for damaged in (lines[1:], [*lines, lines[-1]], [*lines[:3], changed, *lines[4:]], []):
        path.write_bytes(b"".join(damaged))
        verdict = verify(run)
        assert verdict.code == 65 and "dead letter" in verdict.text


def test_offsets_of_the_frames_that_contradict_the_ledger_are_found(run: RunDirectory) -> None:
    with h5py.File(run.path / "frames" / "seg_000002.h5", "r+") as file:
        offsets = file["kafka/next_offset"]
        offsets[1] = offsets[1] + 1000
    verdict = verify(run)
    assert verdict.code == 65 and "partition 1" in verdict.text


def verified(run: RunDirectory) -> str:
    verdict = verify(run)
    assert verdict.code == 0, verdict.text
    return verdict.text


def test_a_run_is_verified_while_it_writes_and_corrects(bench: Bench) -> None:
    deck = merged(large(60), {"stream": {"horizon_windows": 8}, "checkpoint": {"every_windows": 4}})
    stream = sensors(deck, windows=60, chance=0.02, stragglers=0.05)
    path = bench.files(deck, stream, {"time": {"windows": 0}})
    run = bench.directory(path)
    with held_at(Order("manifest_add_frame", 9, "hold"), ["run", path], 2) as program:
        assert "a run is writing" in verified(run)
        program.resume()
        while program.process.poll() is None:
            verified(run)
        program.wait().expect(0)
    assert verify(run).code == 0
    assert sum(run.series()["revision"]) > 20


def test_a_hostile_segment_is_no_reason_to_crash_or_to_take_all_memory(run: RunDirectory) -> None:
    """Sizes in the metadata that no disk could hold."""
    segment = run.path / "frames" / "seg_000001.h5"
    raw = segment.read_bytes()
    rows = struct.pack("<Q", 4)
    at, tried = raw.find(rows), []
    while at >= 0:
        tried.append(at)
        at = raw.find(rows, at + 8)
    assert len(tried) > 20
    values = (1 << 62, (1 << 63) + 7, 1 << 40, 0)
    for at in tried if LONG else tried[::4]:
        for value in values if LONG else random.Random(at).sample(values, 2):
            segment.write_bytes(raw[:at] + struct.pack("<Q", value) + raw[at + 8 :])
            assert verify(run).code in (0, 65), (at, value)

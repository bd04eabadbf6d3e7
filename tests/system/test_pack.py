"""`pack`: one file that holds what the run directory holds, and proves it."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import warnings
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest
import xarray

from heatstream_analysis import open_run

from .conftest import Bench
from .decks import AWKWARD, WATCHED, Deck, large, merged, sensors
from .failing import Order
from .lives import held_at
from .program import BINARY, LONG, Outcome, tool
from .results import RunDirectory
from .test_garbage import everything_refused
from .test_late import late_stream
from .test_verify import flip

DECK: Deck = merged(
    AWKWARD,
    WATCHED,
    {
        "output": {"frames": {"dtype": "f32", "tile": 5, "per_segment": 4}},
        "stream": {"horizon_windows": 5},
    },
)


def stream_of(deck: Deck) -> Any:
    stream = late_stream(deck=merged(deck, {"time": {"windows": 0}}))
    stream.partitions[0][5:5] = everything_refused()
    return stream


def run_in(directory: Path) -> RunDirectory:
    """Three segments, corrected rows, dead letters, alerts."""
    bench = Bench(directory)
    return bench.run(bench.files(DECK, stream_of(DECK), {"time": {"windows": 11}}), ranks=2)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return run_in(tmp_path_factory.mktemp("pack"))


def pack(run: Path, file: Path) -> Outcome:
    return tool("pack", run, file)


@pytest.fixture(scope="module")
def packed(run: RunDirectory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("packed") / "run.h5"
    assert "11 frames" in pack(run.path, file).expect(0).out
    return file


@pytest.fixture
def copy(packed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(packed, tmp_path / "copy.h5"))


def call(*arguments: str | Path) -> Outcome:
    """Ended by a signal or after a minute is a failure of its own."""
    done = subprocess.run(
        [BINARY, *arguments], capture_output=True, text=True, errors="replace", timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode >= 0, done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr, 0.0)


def contents(path: Path) -> dict[str, tuple[Any, ...]]:
    """Type, shape and bytes of every dataset, and its attributes."""
    found: dict[str, tuple[Any, ...]] = {}

    def keep(name: str, item: Any) -> None:
        scales = {"DIMENSION_LIST", "REFERENCE_LIST"}
        told = {k: np.asarray(v).tobytes() for k, v in item.attrs.items() if k not in scales}
        if isinstance(item, h5py.Dataset):
            found[name] = (item.dtype, item.shape, np.asarray(item[()]).tobytes(), told)
        else:
            found[name] = (told,)

    with h5py.File(path) as file:
        file.visititems(keep)
    return found


def test_it_holds_every_dataset_and_attribute_bit_for_bit(run: RunDirectory, packed: Path) -> None:
    """Provenance included: who packs is not who computed."""
    one, other = contents(run.path / "frames.h5"), contents(packed)
    assert {n: v for n, v in other.items() if n.split("/")[0] != "run"} == one
    with h5py.File(packed) as file:
        assert file["temperature"].chunks == (1, 5, 5)
        for name in ("temperature", "series/digest", "regions/stats/mean"):
            data = file[name]
            assert (data.shuffle, data.compression, data.fletcher32) == (True, "gzip", True), name


def test_it_holds_the_files_of_the_run_byte_by_byte(run: RunDirectory, packed: Path) -> None:
    with h5py.File(packed) as file:
        held = {name: data[()].tobytes() for name, data in file["run"].items()}
    assert held == {
        name: (run.path / name).read_bytes()
        for name in ("alerts.ndjson", "config.yaml", "dead_letters.ndjson", "journal", "manifest")
    }
    assert len(held["alerts.ndjson"]) > 0 and len(held["dead_letters.ndjson"]) > 0


def test_info_verify_and_compare_take_it_for_the_run(run: RunDirectory, packed: Path) -> None:
    told = json.loads(tool("info", "--json", packed).expect(0).out)
    lost = {"checkpoints"}
    assert told.pop("kind") == "packed run"
    of_run = {k: v for k, v in run.info().items() if k not in lost}
    of_file = {k: v for k, v in told.items() if k not in lost | {"missing_rows", "nx", "ny"}}
    assert of_file == {k: v for k, v in of_run.items() if k in of_file}
    assert {"ledger", "digest", "revisions", "finished"} <= set(of_file)
    assert "11 rows, up to window 10, of a packed run" in tool("verify", packed).expect(0).out
    assert "11 frames have equal bits" in tool("compare", run.path, packed).expect(0).out


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4", None])
@pytest.mark.parametrize("group", [None, "series", "regions/stats", "alerts", "run"])
def test_xarray_opens_it_with_no_sidecar(packed: Path, engine: str | None, group: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with xarray.open_dataset(packed, engine=engine, group=group) as data:
            assert len(data.variables) > 0


@pytest.mark.parametrize("how", [("--alerts",), ("--terminal", "--window", "7")])
def test_replay_takes_it_for_the_run_and_leaves_nothing(
    run: RunDirectory, packed: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    """With rows of cells read by pread, of frames without compression."""
    named = tmp_path / run.path.name
    shutil.copy(packed, named)
    room = {**os.environ, "TMPDIR": str(tmp_path)}
    shown = [
        subprocess.run(
            [BINARY, "replay", path, *how], env=room, capture_output=True, timeout=60, check=True
        ).stdout
        for path in (run.path, named)
    ]
    assert shown[0] == shown[1] and len(shown[0]) > 100
    assert list(tmp_path.iterdir()) == [named]


def test_a_replay_that_is_killed_leaves_nothing(packed: Path, tmp_path: Path) -> None:
    room = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [BINARY, "replay", packed], env=room, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while "http://" not in process.stderr.readline():
            assert process.poll() is None
        assert len(list(tmp_path.iterdir())) == 1
        process.kill()
        assert process.stderr.read() is not None  # to its end, which the one that removes holds
    assert list(tmp_path.iterdir()) == []


def test_the_analysis_reads_it_whatever_lies_beside_it(
    run: RunDirectory, copy: Path, tmp_path: Path
) -> None:
    (tmp_path / "alerts.ndjson").write_text("of another run\n")
    with open_run(run.path) as one, open_run(copy) as other:
        assert other.alerts(every_line=True).equals(one.alerts(every_line=True))
        assert len(other.alerts(every_line=True)) > 10
        assert not one.compare(other).only_here
        assert one.series.equals(other.series)
        assert one.regions.equals(other.regions)


def test_it_lies_where_it_is_put_and_needs_nothing_else(packed: Path, tmp_path: Path) -> None:
    shutil.copy(packed, tmp_path / "a name.without-suffix")
    tool("verify", tmp_path / "a name.without-suffix").expect(0)


def test_nothing_is_overwritten_and_nothing_left_behind(
    run: RunDirectory, packed: Path, tmp_path: Path
) -> None:
    before = packed.read_bytes()
    assert "is there already" in call("pack", run.path, packed).text
    assert call("pack", run.path, packed).code == 73
    assert packed.read_bytes() == before
    assert call("pack", run.path, tmp_path / "absent" / "run.h5").code == 73
    assert call("pack", tmp_path, tmp_path / "run.h5").code == 66
    assert call("pack", packed, tmp_path / "run.h5").code == 66
    assert call("verify", "--repair", packed).code == 64
    assert list(tmp_path.iterdir()) == []
    assert [path.name for path in packed.parent.iterdir()] == [packed.name]


def test_what_a_killed_pack_left_is_in_nobody_s_way(run: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "run.h5.tmp").write_bytes(b"half a file" * 100000)
    pack(run.path, tmp_path / "run.h5").expect(0)
    tool("verify", tmp_path / "run.h5").expect(0)
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


def test_a_row_that_is_not_as_it_was_written_is_not_packed(
    run: RunDirectory, tmp_path: Path
) -> None:
    shutil.copytree(run.path, tmp_path / "run")
    with h5py.File(tmp_path / "run" / "frames" / "seg_000001.h5", "r+") as file:
        file["temperature"][2, 3, 4] += 1
    outcome = call("pack", tmp_path / "run", tmp_path / "run.h5")
    assert outcome.code == 65 and "row 6" in outcome.text
    assert not list(tmp_path.glob("run.h5*"))


def test_every_changed_byte_of_it_is_found_and_no_command_crashes(
    run: RunDirectory, packed: Path, copy: Path
) -> None:
    """What is still told is true: compare finds no difference, or refuses."""
    size = packed.stat().st_size
    step = 1 if LONG else size // 25
    rng = random.Random(8)
    for at in range(rng.randrange(step), size, step):
        mask = 1 << rng.randrange(8)
        flip(copy, at, mask)
        assert call("verify", copy).code == 65, (at, mask)
        assert call("info", copy).code in (0, 65, 66), (at, mask)
        assert call("compare", run.path, copy).code in (65, 66), (at, mask)
        flip(copy, at, mask)
    assert call("verify", copy).code == 0


def test_a_truncated_or_grown_one_is_not_whole(packed: Path, copy: Path) -> None:
    raw = packed.read_bytes()
    rng = random.Random(9)
    for length in [0, 1, 511, len(raw) - 1, *rng.sample(range(len(raw)), 40 if LONG else 8)]:
        copy.write_bytes(raw[:length])
        assert call("verify", copy).code in (65, 66), length
        assert call("info", copy).code in (65, 66) or length > len(raw) - 100, length
        assert call("compare", packed, copy).code in (65, 66), length
    copy.write_bytes(raw + b"x")
    outcome = call("verify", copy)
    assert outcome.code == 65 and "does not end with a seal" in outcome.text


def test_a_flipped_cell_is_named_with_its_row(packed: Path, copy: Path) -> None:
    """The checksum of the chunk is wrong, which is what HDF5 says."""
    with h5py.File(packed) as file:
        info = file["temperature"].id.get_chunk_info_by_coord((7, 0, 0))
    flip(copy, info.byte_offset + info.size // 2)
    outcome = call("verify", copy)
    assert outcome.code == 65
    assert f"row 7 of {copy}" in outcome.text
    assert "is not as it was packed" in outcome.text


def test_a_run_that_writes_and_corrects_is_packed_as_far_as_it_stands(bench: Bench) -> None:
    deck = merged(large(45), {"stream": {"horizon_windows": 8}, "checkpoint": {"every_windows": 4}})
    stream = sensors(deck, windows=45, chance=0.02, stragglers=0.05)
    path = bench.files(deck, stream, {"time": {"windows": 0}})
    run = bench.directory(path)
    files = []
    with held_at(Order("frames_revise", 160, "hold"), ["run", path], 2) as program:
        assert run.is_rewriting() and run.windows_committed() > 20
        while program.process.poll() is None:
            files.append(bench.path / f"live{len(files)}.h5")
            live = call("pack", run.path, files[-1]).text
            assert "frames of" in live or program.process.poll() is not None, live
            program.resume()
        program.wait().expect(0)
    for file in {files[0], files[len(files) // 2]}:
        outcome = call("verify", file)
        assert outcome.code == 0, outcome.text
        told = json.loads(tool("info", "--json", file).expect(0).out)
        assert told["frames"] >= 10 and "ledger" in told


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """So that packing it takes a moment."""
    bench = Bench(tmp_path_factory.mktemp("long"))
    deck = large(40)
    return bench.run(bench.files(deck, sensors(deck, windows=40, chance=0.01)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_pack_that_is_ended_leaves_no_file_of_that_name(
    long: RunDirectory, tmp_path: Path, number: signal.Signals
) -> None:
    """Killed, it leaves what it has begun under another name; stopped, nothing."""
    file, begun = tmp_path / "long.h5", tmp_path / "long.h5.tmp"
    code, tries = 0, 0
    while code == 0:  # it was faster
        file.unlink(missing_ok=True)
        with subprocess.Popen([BINARY, "pack", long.path, file], stderr=subprocess.PIPE) as process:
            while process.poll() is None and not (begun.exists() and begun.stat().st_size > 0):
                pass
            process.send_signal(number)
            process.communicate(timeout=60)
        code, tries = process.returncode, tries + 1
        assert tries < 50
    assert code == (-number if number == signal.SIGKILL else 75)
    assert not file.exists()
    assert begun.exists() == (number == signal.SIGKILL)
    if begun.exists():
        with begun.open("rb") as held:  # until the process that writes it has noticed
            fcntl.flock(held, fcntl.LOCK_EX)
    pack(long.path, file).expect(0)
    assert sorted(tmp_path.iterdir()) == [file]


def test_one_that_is_named_as_a_master_is_not_the_run_it_lies_in(
    run: RunDirectory, packed: Path, tmp_path: Path
) -> None:
    """Nor does the run beside it, which differs, stand for it."""
    shutil.copytree(run.path, tmp_path / "other")
    with h5py.File(tmp_path / "other" / "frames" / "seg_000001.h5", "r+") as file:
        file["temperature"][2, 3, 4] += 1
    named = tmp_path / "other" / "frames.h5"
    assert call("compare", run.path, named).code == 65  # still the master
    named.unlink()
    shutil.copy(packed, named)
    assert "11 frames have equal bits" in call("compare", run.path, named).expect(0).out
    alone = tmp_path / "alone" / "frames.h5"
    alone.parent.mkdir()
    shutil.copy(packed, alone)
    for path in (named, alone):
        assert call("verify", path).expect(0).out
        assert call("replay", path, "--alerts").expect(0).out == (
            call("replay", run.path, "--alerts").expect(0).out
        )
    assert "11 frames have equal bits" in call("compare", alone, run.path).expect(0).out


def processor_limit(process: int) -> str:
    """Of the only child."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    limits = Path(f"/proc/{children[0]}/limits").read_text().splitlines()
    return next(line for line in limits if line.startswith("Max cpu time"))


def test_a_large_file_of_a_run_is_given_its_time_and_can_be_stopped(
    run: RunDirectory, packed: Path, tmp_path: Path
) -> None:
    """The limit of processor time moves on while one file is packed, and a signal is heard."""
    shutil.copytree(run.path, tmp_path / "run")
    os.truncate(tmp_path / "run" / "alerts.ndjson", 1 << 40)
    file, begun = tmp_path / "run.h5", tmp_path / "run.h5.tmp"
    with subprocess.Popen(
        [BINARY, "pack", tmp_path / "run", file], stderr=subprocess.PIPE
    ) as process:
        try:
            rows = 2 * packed.stat().st_size
            while not (begun.exists() and begun.stat().st_size > rows):
                assert process.poll() is None
            first = processor_limit(process.pid)
            while processor_limit(process.pid) == first:
                assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 75
    assert [path.name for path in tmp_path.iterdir()] == ["run"]

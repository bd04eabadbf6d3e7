"""A packed file that somebody else made: nothing of it is believed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest
import xxhash

from .program import BINARY
from .results import RunDirectory
from .test_pack import call, pack, run_in
from .test_verify import flip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return run_in(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def packed(run: RunDirectory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("packed") / "run.h5"
    pack(run.path, file).expect(0)
    return file


@pytest.fixture
def copy(packed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(packed, tmp_path / "copy.h5"))


def seal(path: Path) -> None:
    """What a hostile hand can do as well as `pack`."""
    with h5py.File(path) as file:
        size = file.id.get_filesize() - file.userblock_size
    raw = path.read_bytes()[:size]
    line = f"\nheatstream pack/1 {len(raw):020d} {xxhash.xxh3_128(raw).hexdigest()}\n"
    path.write_bytes(raw + line.encode())


def test_the_seal_of_these_tests_is_that_of_pack(packed: Path, copy: Path) -> None:
    copy.write_bytes(copy.read_bytes().rpartition(b"\nheatstream pack/1 ")[0])
    assert call("verify", copy).code == 65
    seal(copy)
    assert copy.read_bytes() == packed.read_bytes()


def bytes_of(count: int) -> Any:
    return np.arange(count).astype("u1")


Harm = Callable[[h5py.File, str], None]


def take_part_from(file: h5py.File, secret: str) -> None:
    del file["run/config.yaml"]
    file["run"].create_dataset("config.yaml", (64,), "u1", external=[(secret, 0, 64)])


def take_series_from(file: h5py.File, secret: str) -> None:
    like = file["series/window"]
    place = [(secret, 0, like.nbytes)]
    made = file.create_dataset("series/made", like.shape, like.dtype, external=place)
    for name, value in like.attrs.items():
        if name not in ("DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME"):
            made.attrs[name] = value
    del file["series/window"]
    file.move("series/made", "series/window")


def take_axis_from(file: h5py.File, secret: str) -> None:
    like = file["x"]
    del file["x"]
    file.create_dataset("x", like.shape, like.dtype, external=[(secret, 0, like.nbytes)])


def take_virtually(file: h5py.File, secret: str) -> None:
    layout = h5py.VirtualLayout((8,), "u1")
    layout[:] = h5py.VirtualSource(secret, "bytes", (8,), "u1")
    file["run"].create_virtual_dataset("config.yml", layout)


def link_softly(file: h5py.File, secret: str) -> None:
    file["run/soft"] = h5py.SoftLink("/run/config.yaml")


def link_elsewhere(file: h5py.File, secret: str) -> None:
    file["series/elsewhere"] = h5py.ExternalLink(secret, "/")


def claim_much(file: h5py.File, secret: str) -> None:
    file["run"].create_dataset("a", (1 << 40,), "u1", chunks=(1 << 20,), compression="gzip")


def claim_rows(file: h5py.File, secret: str) -> None:
    del file["temperature"]
    file.create_dataset("temperature", (1 << 30, 11, 11), "f4", chunks=(1, 5, 5), fletcher32=True)


def claim_beyond(file: h5py.File, secret: str) -> None:
    """Their number, in 64 bits, is 0."""
    file["run"].create_dataset("b", (1 << 32, 1 << 16, 1 << 16), "u1", chunks=(1, 64, 64))


def name_often(file: h5py.File, secret: str) -> None:
    made = file["run"].create_dataset("part", data=bytes_of(200000))
    for i in range(200):
        file["run"][f"part{i}"] = made


HARMS: dict[str, tuple[Harm, str]] = {
    "external part": (take_part_from, "/run/config.yaml has its data elsewhere"),
    "external series": (take_series_from, "/series/window has its data elsewhere"),
    "external axis": (take_axis_from, "/x has its data elsewhere"),
    "virtual part": (take_virtually, "/run/config.yml has its data elsewhere"),
    "soft link": (link_softly, "/run/soft is a link to elsewhere"),
    "external link": (link_elsewhere, "/series/elsewhere is a link to elsewhere"),
    "a TiB in nothing": (claim_much, "/run/a claims more than the 0 bytes"),
    "more than integers": (claim_beyond, "/run/b claims more than the 0 bytes"),
    "one part many times": (name_often, "claims more than the 0 bytes"),
    "rows of nothing": (claim_rows, "/temperature claims more than the 0 bytes"),
}


@pytest.mark.parametrize("harm", list(HARMS))
def test_a_hostile_one_gives_nothing_of_this_machine_away(
    run: RunDirectory, copy: Path, tmp_path: Path, harm: str
) -> None:
    """Its seal is right; where it wants to read nobody writes, so that to read is to wait."""
    secret = tmp_path / "secret"
    os.mkfifo(secret)
    work, told = HARMS[harm]
    with h5py.File(copy, "r+") as file:
        work(file, str(secret))
    seal(copy)
    room = tmp_path / "room"
    room.mkdir()
    for command in (["verify"], ["info", "--json"], ["compare", run.path], ["replay", "--alerts"]):
        done = subprocess.run(
            [BINARY, *command, copy], env={**os.environ, "TMPDIR": str(room)},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 65, (command, done.stderr)
        assert told in done.stdout + done.stderr, (command, done.stdout, done.stderr)
        assert list(room.iterdir()) == []


def test_a_byte_that_changed_is_found_before_anything_is_read(copy: Path) -> None:
    flip(copy, copy.stat().st_size // 2)
    for command in (["info", "--json"], ["replay", "--alerts"]):
        outcome = call(*command, copy)
        assert outcome.code == 65 and "is not as it was packed" in outcome.text, command

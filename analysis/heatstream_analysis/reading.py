"""Opens what a frames file holds, as xarray.Datasets.

A frames file is a segment, or a virtual master over segments. HDF5 answers with fill values where a
segment is missing, so the segments of a master are checked before anything is believed. Files are
opened without HDF5's file locks: a reader that is looked at for hours must not be in a run's way.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import h5py
import numpy as np
import xarray as xr

SCHEMA = "frames/1"
NEEDED = {"time", "y", "x", "temperature"} | {
    f"series/{name}" for name in ("window", "event_time", "t_min", "t_max", "t_mean")
}
RETRIES = 5
RETRY_PAUSE_S = 0.2

Result = TypeVar("Result")


class RunError(Exception):
    """What was asked for cannot be read; the text is one line for the user."""


class UnsettledError(RunError):
    """Master and segments disagree, as they also do for a moment while a run cuts rows back."""


@dataclass(frozen=True)
class Stored:
    """What a frames file holds; everything is read when used. `close` ends that."""

    file: Path
    frames: xr.Dataset
    regions: xr.Dataset
    relations: xr.Dataset
    alerts: xr.Dataset
    close: Callable[[], None]


def open_stored(path: str | Path) -> Stored:
    """Open the frames file of a run, also while the run is writing it; see Run for what is in it.

    Raises RunError: no such run, not a frames file, no frame stored yet, a segment missing.
    """
    file = find_frames_file(path)
    return retrying(lambda: _open_file(file))


def find_frames_file(path: str | Path) -> Path:
    """Return the frames file of a run directory, or the file itself. Raises RunError: none."""
    path = Path(path)
    if path.is_file():
        return path
    if not path.exists():
        raise RunError(f"{path}: no such run directory or frames file")
    master = path / "frames.h5"
    if master.is_file():
        return master
    if (path / "config.yaml").exists() or (path / "manifest").exists():
        raise RunError(f"{path}: the run has no frames yet")
    raise RunError(f"{path}: not a run directory (it has no frames.h5)")


def retrying(read: Callable[[], Result]) -> Result:
    """Return read(), tried again for a moment when a running writer changed the file underneath."""
    for _ in range(RETRIES - 1):
        try:
            return read()
        except (OSError, UnsettledError):
            time.sleep(RETRY_PAUSE_S)
    try:
        return read()
    except OSError as error:
        raise RunError(" ".join(str(error).split())) from error


def _open_file(file: Path) -> Stored:
    _check_file(file)
    # One opening for all groups: a running writer replaces the master between two.
    tree = xr.open_datatree(
        file, engine="h5netcdf", decode_times=False, driver_kwds={"locking": False}
    )
    try:
        return _arrange(file, tree)
    except BaseException:
        tree.close()
        raise


def _arrange(file: Path, tree: xr.DataTree) -> Stored:
    root, series = tree.to_dataset(), tree.children["series"].to_dataset(inherit=False)
    # A segment has its rows before they are written; these have no window yet.
    written = slice(0, int((series["window"].values >= 0).sum()))
    if written.stop == 0:
        raise RunError(f"{file}: the run has no frames yet")
    frames = root.merge(series, join="exact").isel(time=written)
    event_time = frames["event_time"].values.astype("datetime64[ms]")
    attrs = {"long_name": "event time (UTC) of the end of the window"}
    time = xr.DataArray(event_time, dims="time", attrs=attrs)
    frames = frames.drop_vars("event_time").assign_coords(time=time)
    frames.attrs = {name: _text(value) for name, value in root.attrs.items()}
    frames.encoding["source"] = str(file)

    def group(name: str, axis: str) -> xr.Dataset:
        return _labelled(tree, name, axis, written).assign_coords(time=time)

    return Stored(
        file,
        frames,
        group("regions", "region"),
        group("relations", "relation"),
        group("alerts", "alert"),
        tree.close,
    )


def _labelled(tree: xr.DataTree, name: str, axis: str, written: slice) -> xr.Dataset:
    """Return a group with the names along its axis; one of nothing where the deck had none."""
    if name not in tree.children:
        return xr.Dataset(coords={axis: np.array([], dtype=str)})
    node = tree.children[name]
    data = node.to_dataset(inherit=False).drop_vars(axis)
    for child in node.children.values():
        data = data.merge(child.to_dataset(inherit=False), join="exact")
    for text in [n for n, values in data.variables.items() if values.dtype.kind == "S"]:
        data[text] = data[text].dims, np.char.decode(data[text].values, "utf-8", "replace")
    if "corner" in data.variables:
        data = data.assign_coords(corner=["x0", "y0", "x1", "y1"])
    names = data["name"].values
    return data.drop_vars("name").isel(time=written).assign_coords({axis: names})


def _text(value: object) -> object:
    """Undo h5netcdf's escapes in a string that is UTF-8 without being tagged so."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def read_packed(file: Path, name: str) -> bytes | None:
    """Return a file of the run directory out of a packed file; empty when it had none.

    None: the file is not a packed one. RunError: it cannot be read.
    """
    try:
        with h5py.File(file, "r", locking=False) as h5:
            if "heatstream_pack" not in h5.attrs:
                return None
            held = h5["run"]
            return bytes(held[name][()].tobytes()) if name in held else b""
    except (OSError, KeyError) as error:
        raise RunError(f"{file}: {' '.join(str(error).split())}") from error


def _check_file(file: Path) -> None:
    if not h5py.is_hdf5(file):
        raise RunError(f"{file}: not an HDF5 file")
    with h5py.File(file, "r", locking=False) as h5:
        _check_schema(file, h5)
        if h5["temperature"].shape[0] == 0:
            raise RunError(f"{file}: the run has no frames yet")
        if h5["temperature"].is_virtual:
            _check_segments(file, h5["temperature"])


def _check_schema(file: Path, h5: h5py.File) -> None:
    schema = h5.attrs.get("heatstream_schema", "")
    schema = schema.decode() if isinstance(schema, bytes) else str(schema)
    if schema != SCHEMA:
        found = f"its schema is {schema!r}" if schema else "it names no schema"
        raise RunError(f"{file}: not a heatstream frames file of schema {SCHEMA!r} ({found})")
    missing = NEEDED - _names(h5)
    if missing:
        raise RunError(f"{file}: not a frames file: it lacks {', '.join(sorted(missing))}")


def _names(h5: h5py.File) -> set[str]:
    return set(h5) | {f"series/{name}" for name in h5.get("series", ())}


def _check_segments(file: Path, field: h5py.Dataset) -> None:
    """Check that the segments a master points at are there and hold the rows it promises."""
    for source in field.virtual_sources():
        segment = file.parent / source.file_name
        if not segment.is_file():
            raise UnsettledError(
                f"{file}: segment {segment} is missing; its frames would read as fill values"
            )
        first, last = source.vspace.get_select_bounds()
        promised = last[0] - first[0] + 1
        stored = _rows_of(segment)
        if stored < promised:
            raise UnsettledError(
                f"{segment}: the segment holds {stored} frames, {file} promises {promised} of it"
            )


def _rows_of(segment: Path) -> int:
    try:
        with h5py.File(segment, "r", locking=False) as h5:
            return int(h5["temperature"].shape[0])
    except (OSError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise UnsettledError(f"{segment}: the segment cannot be read: {reason}") from error

"""Writes a small run directory as FORMATS describes it: segments under a virtual master."""

import hashlib
from pathlib import Path

import h5py
import numpy as np

WINDOW_MS = 100
T0_MS = 1_700_000_000_000
EPOCH_MS = T0_MS - T0_MS % 86_400_000  # day of the first frame: /time counts from it
SERIES = {
    "window": "i8", "event_time": "i8", "revision": "i8", "final": "u1", "complete": "u1",
    "t_min": "f8", "t_max": "f8", "t_mean": "f8", "events": "i8", "digest": "S32",
    "heat_content": "f8", "heat_in": "f8", "heat_out": "f8", "heat_residual": "f8",
}  # fmt: skip
REGIONS = {"core": (2, 1, 8, 5), "whole": (0, 0, 12, 8)}


def heat(rows: int, nx: int, ny: int, dx: float) -> np.ndarray:
    """Return a warming, off-centre spot, unequal in x and y: [rows, ny, nx]."""
    x, y = np.arange(nx) * dx, np.arange(ny) * dx
    far = ((x[None, :] - x.max() * 0.3) / 3) ** 2 + ((y[:, None] - y.max() * 0.7) / 2) ** 2
    warm = 1 - np.exp(-np.arange(1, rows + 1) / (rows / 3))
    return 1.3 * warm[:, None, None] * np.exp(-far)[None] + 0.1 * warm[:, None, None]


def write_run(
    root: Path,
    rows: int = 25,
    nx: int = 12,
    ny: int = 8,
    dx: float = 0.5,
    per_segment: int = 10,
    title: str = "Demo",
    provisional_from: int | None = None,
    t0_ms: int = T0_MS,
) -> np.ndarray:
    """Write the run directory and return its field."""
    (root / "frames").mkdir(parents=True, exist_ok=True)
    (root / "config.yaml").write_text("run: {id: demo}\n")
    field = heat(rows, nx, ny, dx) if rows else np.zeros((0, ny, nx))
    series = make_series(field, provisional_from, t0_ms)
    for first in range(0, rows, per_segment):
        part = slice(first, min(first + per_segment, rows))
        with h5py.File(root / f"frames/seg_{first // per_segment:06d}.h5", "w") as h5:
            write_root(h5, nx, ny, dx, title)
            for path, data in columns(field, series).items():
                h5.create_dataset(path, data=data[part], maxshape=(None, *data.shape[1:]))
            attach_scales(h5)
    with h5py.File(root / "frames.h5", "w") as h5:
        write_root(h5, nx, ny, dx, title)
        for path, data in columns(field, series).items():
            write_virtual(h5, path, data, per_segment)
        attach_scales(h5)
    return field


def make_series(
    field: np.ndarray, provisional_from: int | None, t0_ms: int
) -> dict[str, np.ndarray]:
    rows = len(field)
    window = np.arange(rows)
    final = window < (rows if provisional_from is None else provisional_from)
    values = {
        "window": window,
        "event_time": t0_ms + (window + 1) * WINDOW_MS,
        "revision": np.where(window % 7 == 3, 1, 0),
        "final": final,
        "complete": final,
        "t_min": [f.min() for f in field],
        "t_max": [f.max() for f in field],
        "t_mean": [f.mean() for f in field],
        "events": np.full(rows, 17),
        "digest": [b"%s" % hashlib.md5(frame.tobytes()).hexdigest().encode() for frame in field],
        **heats(field),
    }
    return {name: np.asarray(values[name]).astype(kind) for name, kind in SERIES.items()}


def heats(field: np.ndarray) -> dict[str, np.ndarray]:
    """Return a balance that adds up: an eighth of what comes in leaves again."""
    content = field.sum(axis=(1, 2))
    gain = np.diff(content, prepend=0.0)
    heat_out = gain / 7
    heat_in = gain + heat_out
    return {
        "heat_content": content,
        "heat_in": heat_in,
        "heat_out": heat_out,
        "heat_residual": gain - (heat_in - heat_out),
    }


def panels(field: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the regions are, by path: [rows, regions]."""
    if not len(field):
        return {}
    parts = [field[:, y0:y1, x0:x1].reshape(len(field), -1) for x0, y0, x1, y1 in REGIONS.values()]
    mean = np.stack([part.mean(axis=1) for part in parts], axis=1)
    return {
        "regions/stats/min": np.stack([part.min(axis=1) for part in parts], axis=1),
        "regions/stats/mean": mean,
        "regions/stats/max": np.stack([part.max(axis=1) for part in parts], axis=1),
        "regions/level": ((mean > 0.3) + 0 + (mean > 0.6)).astype("u1"),
    }


def write_region_axis(h5: h5py.File) -> None:
    group = h5.require_group("regions")
    names = [name.encode() for name in REGIONS]
    group["region"] = np.arange(len(names))
    group["region"].make_scale("region")
    group["corner"] = np.arange(4)
    group["corner"].make_scale("corner")
    group.create_dataset("name", data=np.array(names, dtype="S5"))
    group["box"] = np.array(list(REGIONS.values()))
    group["name"].dims[0].attach_scale(group["region"])
    group["box"].dims[0].attach_scale(group["region"])
    group["box"].dims[1].attach_scale(group["corner"])


def columns(field: np.ndarray, series: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return everything that has a row a frame, by its path in the file."""
    named = {f"series/{name}": values for name, values in series.items()}
    return {
        "temperature": field.astype("f4"),
        "time": series["event_time"] - EPOCH_MS + 0.0,
        **named,
        **(panels(field) if field.shape[1:] == (8, 12) else {}),
    }


def write_root(h5: h5py.File, nx: int, ny: int, dx: float, title: str) -> None:
    strings = {"Conventions": "CF-1.10", "title": title, "heatstream_schema": "frames/1"}
    for name, text in strings.items():
        set_text(h5, name, text)
    for name, count in (("y", ny), ("x", nx)):
        h5[name] = np.arange(count) * dx
        set_text(h5[name], "units", "m")


def set_text(node: h5py.HLObject, name: str, text: str) -> None:
    data = text.encode()
    node.attrs.create(name, data, dtype=h5py.string_dtype("utf-8", len(data)))


def write_virtual(h5: h5py.File, path: str, data: np.ndarray, per_segment: int) -> None:
    layout = h5py.VirtualLayout(data.shape, data.dtype, maxshape=(None, *data.shape[1:]))
    for first in range(0, len(data), per_segment):
        part = data[first : first + per_segment]
        name = f"frames/seg_{first // per_segment:06d}.h5"
        layout[first : first + len(part)] = h5py.VirtualSource(name, path, part.shape, part.dtype)
    h5.create_virtual_dataset(path, layout)


def attach_scales(h5: h5py.File) -> None:
    for name in ("time", "y", "x"):
        h5[name].make_scale(name)
    if "regions" in h5:
        write_region_axis(h5)
        for path in ("stats/min", "stats/mean", "stats/max", "level"):
            h5["regions"][path].dims[0].attach_scale(h5["time"])
            h5["regions"][path].dims[1].attach_scale(h5["regions/region"])
    set_text(h5["time"], "units", "milliseconds since 2023-11-14 00:00:00")
    set_text(h5["temperature"], "units", "K")
    set_text(h5["temperature"], "long_name", "temperature")
    for dimension, name in enumerate(("time", "y", "x")):
        h5["temperature"].dims[dimension].attach_scale(h5[name])
    for values in h5["series"].values():
        values.dims[0].attach_scale(h5["time"])

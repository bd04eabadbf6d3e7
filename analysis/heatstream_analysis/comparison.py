"""Compares the frames of two runs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from heatstream_analysis.reading import RunError, retrying


@dataclass(frozen=True)
class Difference:
    """The first cell, by window, then column, then row, in which two runs are not the same."""

    window: int
    x: float
    y: float
    here: float
    there: float


@dataclass(frozen=True)
class Comparison:
    """How far two runs are apart.

    frames: a row a window that both have: largest and rms difference of the stored field, and
        whether the digests of the full field are the same.
    only_here, only_there: windows that only one of them has.
    first: where the stored fields begin to differ; None: nowhere.
    """

    frames: pd.DataFrame
    only_here: list[int]
    only_there: list[int]
    first: Difference | None

    @property
    def identical(self) -> bool:
        """Whether both have the same windows, with the same digests."""
        return not self.only_here and not self.only_there and bool(self.frames["same"].all())


def compare_frames(here: xr.Dataset, there: xr.Dataset) -> Comparison:
    """Compare frame by frame, with two frames in memory. RunError: the grids are not the same."""
    _check_grids(here, there)
    mine, theirs = here["window"].values, there["window"].values
    common, first, second = np.intersect1d(mine, theirs, return_indices=True)
    rows: list[tuple[float, float, bool]] = []
    begin: Difference | None = None
    for window, i, j in zip(common, first, second, strict=True):
        a, b = _field(here, int(i)), _field(there, int(j))
        apart = _distance(a, b)
        same = bytes(here["digest"].values[i]) == bytes(there["digest"].values[j])
        rows.append((float(apart.max()), float(np.sqrt(np.mean(apart**2))), same))
        if begin is None and apart.any():
            begin = _first_cell(here, int(window), a, b, apart)
    table = pd.DataFrame(
        rows, columns=["max_abs", "rms", "same"], index=pd.Index(common, name="window")
    )
    only_here = np.setdiff1d(mine, theirs).tolist()
    only_there = np.setdiff1d(theirs, mine).tolist()
    return Comparison(table, only_here, only_there, begin)


def _check_grids(here: xr.Dataset, there: xr.Dataset) -> None:
    for axis in ("x", "y"):
        a, b = here[axis].values, there[axis].values
        if a.shape != b.shape:
            raise RunError(f"the grids differ: {len(a)} and {len(b)} cells along {axis}")
        if not np.array_equal(a, b):
            raise RunError(f"the grids differ: the cells lie elsewhere along {axis}")


def _field(frames: xr.Dataset, row: int) -> np.ndarray:
    return retrying(lambda: frames["temperature"].isel(time=row).values.astype("f8"))


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return |a - b|, where two NaN are the same and one is infinitely far from a number."""
    apart = np.abs(a - b)
    apart[a == b] = 0.0
    apart[np.isnan(a) & np.isnan(b)] = 0.0
    return np.where(np.isnan(apart), np.inf, apart)


def _first_cell(
    frames: xr.Dataset, window: int, a: np.ndarray, b: np.ndarray, apart: np.ndarray
) -> Difference:
    column, row = (int(i) for i in np.argwhere(apart.T)[0])
    x, y = float(frames["x"].values[column]), float(frames["y"].values[row])
    return Difference(window, x, y, float(a[row, column]), float(b[row, column]))

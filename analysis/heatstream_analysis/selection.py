"""Chooses one stored frame of a run, or one cell."""

import datetime as dt

import numpy as np
import xarray as xr

from heatstream_analysis.reading import RunError


def select_frame(run: xr.Dataset, window: int | None = None, time: str | None = None) -> int:
    """Return the position along `time` of the chosen frame: the last one when nothing is given.

    `window` is a window number. `time` is an ISO 8601 time (UTC where it names no zone) and means
    the newest frame at or before it. Raises RunError when that frame is not stored.
    """
    if window is not None:
        return _by_window(run, window)
    if time is not None:
        return _by_time(run, time)
    return run.sizes["time"] - 1


def _by_window(run: xr.Dataset, window: int) -> int:
    windows = run["window"].values
    found = np.flatnonzero(windows == window)
    if found.size:
        return int(found[0])
    near = windows[np.argmin(np.abs(windows - window))]
    raise RunError(
        f"window {window} is not stored: there are {len(windows)} frames of windows "
        f"{windows[0]}..{windows[-1]}, the nearest is {near}"
    )


def _by_time(run: xr.Dataset, text: str) -> int:
    moment = parse_time(text)
    times = run["time"].values
    if times[0] <= moment <= times[-1]:
        return int(np.searchsorted(times, moment, side="right")) - 1
    raise RunError(f"no frame at {text}: the stored ones reach from {times[0]}Z to {times[-1]}Z")


def parse_time(text: str) -> np.datetime64:
    """Return an ISO 8601 time as datetime64[ms] in UTC; RunError when it is not one."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        example = "2026-11-21T12:00:00.5Z"
        raise RunError(f"{text!r} is not an ISO 8601 time, such as {example}") from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return np.datetime64(moment, "ms")


def nearest_cell(run: xr.Dataset, x: float, y: float) -> tuple[int, int]:
    """Return column and row of the cell that holds a position. RunError: it lies outside."""
    return _cell_along(run["x"].values, "x", x), _cell_along(run["y"].values, "y", y)


def _cell_along(middles: np.ndarray, name: str, position: float) -> int:
    half = (middles[1] - middles[0]) / 2 if len(middles) > 1 else np.inf
    low, high = float(middles[0] - half), float(middles[-1] + half)
    if not low <= position <= high:
        raise RunError(f"{name} = {position} lies outside of the grid, {low:.6g} to {high:.6g}")
    return int(np.argmin(np.abs(middles - position)))

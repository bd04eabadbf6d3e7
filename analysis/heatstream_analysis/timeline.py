"""The time axis of a run: event time since window 0 began, in a unit that reads well."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

UNITS = (("s", 1_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000))
LONGEST = 600  # of a unit, before the next larger one is taken


@dataclass(frozen=True)
class TimeAxis:
    """Positions of the stored frames along the axis, and what the axis is called."""

    positions: np.ndarray
    label: str
    origin_ms: int
    unit_ms: int
    window: float  # length of a window in the axis's unit; 0 when a single frame does not tell it

    def position_of(self, time: np.ndarray | np.datetime64) -> float:
        """Return where a time lies on the axis."""
        return (_milliseconds(time) - self.origin_ms) / self.unit_ms

    def limits(self) -> tuple[float, float]:
        """Return begin and end of the axis: the first stored frame's window belongs to it."""
        first, last = float(self.positions[0]), float(self.positions[-1])
        return (first - self.window, last) if self.window else (first - 1, last + 1)


def time_axis(run: xr.Dataset) -> TimeAxis:
    """Return the axis of a run; it starts with window 0 as far as the frames tell when that was."""
    times = [_milliseconds(time) for time in (run["time"].values[0], run["time"].values[-1])]
    window_ms = _window_ms(run)
    origin = times[0] - (int(run["window"][0]) + 1) * window_ms
    unit, unit_ms = next(
        ((n, ms) for n, ms in UNITS if times[1] - origin <= LONGEST * ms), UNITS[-1]
    )
    positions = (run["time"].values.astype("int64") - origin) / unit_ms
    start = str(np.datetime64(origin, "ms")).replace("T", " ").removesuffix(".000")
    label = f"event time [{unit}] since {start} UTC"
    return TimeAxis(positions, label, origin, unit_ms, window_ms / unit_ms)


def _window_ms(run: xr.Dataset) -> int:
    """Return the length of a window in ms; 0 when a single frame does not tell it."""
    windows, times = run["window"].values, run["time"].values
    count = int(windows[-1]) - int(windows[0])
    return (_milliseconds(times[-1]) - _milliseconds(times[0])) // count if count else 0


def provisional_spans(run: xr.Dataset, axis: TimeAxis) -> Iterator[tuple[float, float]]:
    """Yield begin and end on the axis of each row of frames that are not final."""
    if "final" not in run or not axis.window:
        return
    open_rows = np.flatnonzero(run["final"].values == 0)
    groups = np.split(open_rows, np.flatnonzero(np.diff(open_rows) > 1) + 1)
    before = axis.limits()[0]
    for rows in (group for group in groups if group.size):
        begin = axis.positions[rows[0] - 1] if rows[0] else before
        yield float(begin), float(axis.positions[rows[-1]])


def _milliseconds(time: np.ndarray | np.datetime64) -> int:
    return int(time.astype("datetime64[ms]").astype("int64"))

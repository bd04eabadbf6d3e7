"""A run as an object: what it stored, and the questions one asks of it."""

from pathlib import Path
from types import TracebackType

import numpy as np
import pandas as pd
import xarray as xr

from heatstream_analysis.alerts import read_alerts
from heatstream_analysis.balance import energy_balance
from heatstream_analysis.comparison import Comparison, compare_frames
from heatstream_analysis.picture import draw_picture
from heatstream_analysis.reading import RunError, open_stored
from heatstream_analysis.regions_picture import draw_regions
from heatstream_analysis.selection import nearest_cell, select_frame
from heatstream_analysis.sensors import read_sensors
from heatstream_analysis.video import draw_video


class Run:
    """A run directory, its frames.h5, one segment, or a packed run; also one still being written.

    Arrays are read when they are used, so close the run, or use `with`, when done. What a running
    run writes after the opening is seen by opening it again. No lock is taken.

    frames: every stored frame.
        temperature (time, y, x), units in attrs; y from bottom to top, x from left to right
        and everything of /series (time), under its own name: window, revision, final (0:
        provisional), t_min, t_max, t_mean (units of temperature), heat_content, heat_in, heat_out,
        events, late, missing, …; digest, stored_digest and row_digest are bytes, in hex
        time    datetime64[ms], UTC: the end of the frame's window in event time, exact
        y, x    float64 positions of the cells' middles, units in attrs
        attrs   those of the file's root: title, run_id, source, …
    series: the same without the field.
    regions: min, mean, max and percentiles p… (time, region); level (time, region), the highest
        level of the region's alerts; box (region, corner), in cells. Labels are the regions' names.
    relations: value (time, relation), NaN but in the rows that end a window of the relation; the
        regions a and b (relation).
    alert_levels: level (time, alert). A dataset of no regions, relations or alerts is empty.
    """

    def __init__(self, path: str | Path) -> None:
        stored = open_stored(path)
        self.path = Path(path)
        self.file = stored.file
        self.frames = stored.frames
        self.series = stored.frames.drop_vars(["temperature", "x", "y"])
        self.regions = stored.regions
        self.relations = stored.relations
        self.alert_levels = stored.alerts
        self._close = stored.close

    def close(self) -> None:
        """Close the file; arrays that have been read stay."""
        self._close()

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        windows, sizes = self.frames["window"].values, self.frames.sizes
        return (
            f"<Run {self.path}: {sizes['time']} frames of windows {windows[0]}..{windows[-1]}, "
            f"{sizes['x']} x {sizes['y']} cells, {self.regions.sizes['region']} regions, "
            f"{self.alert_levels.sizes['alert']} alerts>"
        )

    @property
    def directory(self) -> Path:
        """The run directory, also where the run was opened by one of its files."""
        folder = self.path if self.path.is_dir() else self.file.parent
        return folder.parent if folder.name == "frames" else folder

    def frame(self, window: int | None = None, time: str | None = None) -> xr.Dataset:
        """Return one frame: of a window, the newest at or before a time, or the last.

        RunError: no such frame is stored.
        """
        return self.frames.isel(time=select_frame(self.frames, window, time))

    def at(self, x: float, y: float) -> xr.DataArray:
        """Return the temperature over time of the cell at a position. RunError: there is none."""
        column, row = nearest_cell(self.frames, x, y)
        return self.frames["temperature"].isel(x=column, y=row)

    def sensors(self, table: str | Path) -> xr.DataArray:
        """Return the temperature (time, sensor) of the cells where the sensors of a table sit.

        The table is that of `stream.sensors`: CSV with the columns id, x and y, in cells; others
        become coordinates along `sensor` as well. RunError names what is wrong in it.
        """
        where = read_sensors(table, self.frames.sizes["x"], self.frames.sizes["y"])
        cells = self.frames["temperature"].isel(x=where["column"], y=where["row"])
        return cells.assign_coords(where.drop_vars(["column", "row"]).variables)

    def above(
        self, temperature: float, window: int | None = None, time: str | None = None
    ) -> pd.DataFrame:
        """Return the cells of a frame that are hotter: x, y, temperature, the hottest first."""
        field = self.frame(window, time)["temperature"].load()
        rows, columns = np.nonzero(field.values > temperature)
        cells = pd.DataFrame(
            {
                "x": field["x"].values[columns],
                "y": field["y"].values[rows],
                "temperature": field.values[rows, columns],
            }
        )
        return cells.sort_values("temperature", ascending=False, kind="stable", ignore_index=True)

    def alerts(self, *, every_line: bool = False) -> pd.DataFrame:
        """Return what the run's alerts say: the last line about an alert and a window counts.

        What has been withdrawn is left out. `every_line` gives the whole file in its order instead.
        Columns as in alerts.ndjson, time as datetime64[ms]; empty where there is no such file.
        """
        return read_alerts(self.directory, self.file, every_line=every_line)

    def energy_balance(self) -> pd.DataFrame:
        """Return heat in, out and there of each frame, and what is missing; see balance.py."""
        return energy_balance(self.series)

    def compare(self, other: "Run") -> Comparison:
        """Compare with another run of the same grid, frame by frame of the windows both have."""
        return compare_frames(self.frames, other.frames)

    def picture(self, out: str | Path, window: int | None = None, time: str | None = None) -> Path:
        """Draw one frame, and the field over time, as a PNG; return its path."""
        return draw_picture(self.frames, select_frame(self.frames, window, time), out)

    def regions_picture(self, out: str | Path) -> Path:
        """Draw every region over time as a PNG; return its path. RunError: the run has none."""
        return draw_regions(self.frames, self.regions, out)

    def video(self, out: str | Path, frames_per_second: float = 25) -> Path:
        """Draw all frames as a video (MP4, H.264) with one colour range; return its path.

        RunError: there is no ffmpeg, or it fails.
        """
        return draw_video(self.frames, out, frames_per_second)


def open_run(path: str | Path) -> Run:
    """Open a run; see Run. RunError: no such run, no frame stored yet, a segment missing."""
    return Run(path)


__all__ = ["Run", "RunError", "open_run"]

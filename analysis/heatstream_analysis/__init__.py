"""Reads heatstream runs into xarray and draws them.

from heatstream_analysis import open_run
run = open_run("out/demo")
run.temperature.isel(time=-1).plot()
"""

from heatstream_analysis.picture import draw_picture
from heatstream_analysis.reading import RunError, find_frames_file, open_run
from heatstream_analysis.selection import select_frame

__all__ = ["RunError", "draw_picture", "find_frames_file", "open_run", "select_frame"]

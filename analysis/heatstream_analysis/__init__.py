"""Reads heatstream runs: frames, regions, alerts and heat as xarray and pandas, and pictures.

from heatstream_analysis import open_run
with open_run("out/demo") as run:
    run.at(x=5.0, y=5.0).plot()
"""

from heatstream_analysis.comparison import Comparison, Difference
from heatstream_analysis.reading import RunError, find_frames_file
from heatstream_analysis.run import Run, open_run

__all__ = ["Comparison", "Difference", "Run", "RunError", "find_frames_file", "open_run"]

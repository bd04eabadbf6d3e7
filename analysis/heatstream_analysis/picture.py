"""Draws one frame of a run as a heat map, and below or beside it the field over time."""

from pathlib import Path

import matplotlib as mpl
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heatstream_analysis.layout import MARGIN, layout_for
from heatstream_analysis.maps import (
    DPI,
    SHADE,
    STYLE,
    colour_range,
    draw_colour_bar,
    draw_header,
    draw_map,
    extent_of,
    label_of,
    limit_ticks,
    title_lines,
)
from heatstream_analysis.reading import retrying
from heatstream_analysis.timeline import TimeAxis, provisional_spans, time_axis

CURVES = (
    ("t_max", "maximum", "#c0392b"),
    ("t_mean", "mean", "#333333"),
    ("t_min", "minimum", "#2471a3"),
)
MARK = "#117a65"


def draw_picture(run: xr.Dataset, frame: int, out: str | Path) -> Path:
    """Write a PNG of the frame at position `frame` along time (see open_run); return its path.

    Raises OSError when the file cannot be written.
    """
    chosen = retrying(lambda: run.isel(time=frame).load())
    extent = extent_of(chosen)
    title = title_lines(run)
    layout = layout_for(extent[1] - extent[0], extent[3] - extent[2], len(title) + 1)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(layout.width, layout.height))
        draw_header(figure, title, chosen)
        axes = figure.add_axes(layout.fraction(layout.map))
        image = draw_map(axes, chosen, extent, colour_range(chosen["temperature"].values))
        limit_ticks(axes, layout)
        draw_colour_bar(figure, image, label_of(chosen["temperature"], "temperature"), layout)
        _draw_series(figure.add_axes(layout.fraction(layout.series)), run, chosen)
        figure.savefig(out, dpi=DPI, format="png", bbox_inches="tight", pad_inches=MARGIN)
    return Path(out)


def _draw_series(axes: Axes, run: xr.Dataset, chosen: xr.Dataset) -> None:
    axis = time_axis(run)
    _shade_provisional(axes, run, axis)
    _draw_curves(axes, run, axis)
    _mark_frame(axes, chosen, axis)
    axes.set_xlim(axis.limits())
    axes.set_xlabel(axis.label)
    axes.set_ylabel(label_of(run["temperature"], "temperature"))
    axes.grid(axis="y", color="#e6e6e6", lw=0.8)
    axes.set_axisbelow(True)
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=5, frameon=False,
        handlelength=1.4, columnspacing=1.2, borderaxespad=0.2, handletextpad=0.5,
    )  # fmt: skip


def _draw_curves(axes: Axes, run: xr.Dataset, axis: TimeAxis) -> None:
    marker = "o" if run.sizes["time"] == 1 else None
    for name, label, colour in CURVES:
        axes.plot(
            axis.positions, run[name].values, color=colour, lw=1.6, marker=marker, label=label
        )


def _mark_frame(axes: Axes, chosen: xr.Dataset, axis: TimeAxis) -> None:
    here = axis.position_of(chosen["time"].values)
    axes.axvline(here, color=MARK, lw=1.2, ls=(0, (4, 2)), label="frame shown")
    for name, _, colour in CURVES:
        axes.plot(here, float(chosen[name]), "o", color=colour, mec="white", ms=6, clip_on=False)


def _shade_provisional(axes: Axes, run: xr.Dataset, axis: TimeAxis) -> None:
    label: str | None = "provisional"
    for begin, end in provisional_spans(run, axis):
        axes.axvspan(begin, end, color=SHADE, lw=0, label=label)
        label = None

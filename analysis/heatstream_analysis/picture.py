"""Draws one frame of a run as a heat map, and below or beside it the field over time."""

import textwrap
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from heatstream_analysis.layout import HEADER_LINE, MARGIN, Layout, layout_for
from heatstream_analysis.reading import retrying
from heatstream_analysis.timeline import TimeAxis, provisional_spans, time_axis

DPI = 150
COLOUR_MAP = "inferno"  # perceptually even; its order survives grey print
CURVES = (
    ("t_max", "maximum", "#c0392b"),
    ("t_mean", "mean", "#333333"),
    ("t_min", "minimum", "#2471a3"),
)
MARK = "#117a65"
SHADE = "#e3dccb"
GREY = "#555555"
STYLE: dict[Any, Any] = {
    "font.size": 11,
    "axes.labelsize": 11,
    "legend.fontsize": 10,
    "axes.formatter.limits": (-3, 5),
    "axes.spines.top": False,
    "axes.spines.right": False,
}

Extent = tuple[float, float, float, float]


def draw_picture(run: xr.Dataset, frame: int, out: str | Path) -> Path:
    """Write a PNG of the frame at position `frame` along time (see open_run); return its path.

    Raises OSError when the file cannot be written.
    """
    chosen = retrying(lambda: run.isel(time=frame).load())
    extent = _extent(chosen)
    title = textwrap.wrap(_title(run), 62, max_lines=3, placeholder=" …")
    layout = layout_for(extent[1] - extent[0], extent[3] - extent[2], len(title) + 1)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(layout.width, layout.height))
        _draw_header(figure, title, chosen)
        axes = figure.add_axes(layout.fraction(layout.map))
        image = _draw_map(axes, chosen, extent)
        _limit_ticks(axes, layout)
        _draw_colour_bar(figure, image, _label(chosen["temperature"], "temperature"), layout)
        _draw_series(figure.add_axes(layout.fraction(layout.series)), run, chosen)
        figure.savefig(out, dpi=DPI, format="png", bbox_inches="tight", pad_inches=MARGIN)
    return Path(out)


def _title(run: xr.Dataset) -> str:
    return str(run.attrs.get("title") or run.attrs.get("run_id") or "heatstream run")


def _extent(chosen: xr.Dataset) -> Extent:
    """Return left, right, bottom and top of the outermost cells; coordinates are their middles."""
    x, y = chosen["x"].values, chosen["y"].values
    dx, dy = _spacing(x), _spacing(y)
    dx, dy = dx or dy or 1.0, dy or dx or 1.0
    return x[0] - dx / 2, x[-1] + dx / 2, y[0] - dy / 2, y[-1] + dy / 2


def _spacing(positions: np.ndarray) -> float:
    return float(positions[1] - positions[0]) if len(positions) > 1 else 0.0


def _label(variable: xr.DataArray, name: str) -> str:
    units = str(variable.attrs.get("units", ""))
    return f"{name} [{units}]" if units not in ("", "1") else name


def _draw_header(figure: Figure, title: list[str], chosen: xr.Dataset) -> None:
    width, height = figure.get_size_inches()
    y = height - MARGIN

    def write(x: float, line: float, text: str, **kwargs: Any) -> None:
        position = (x / width, (y - line * HEADER_LINE) / height)
        figure.text(*position, text, va="top", parse_math=False, **kwargs)

    for number, line in enumerate(title):
        write(MARGIN, number, line, fontsize=13, fontweight="bold")
    write(MARGIN, len(title), _describe(chosen), fontsize=11, color=GREY)
    if not _is_final(chosen):
        badge = {"boxstyle": "round,pad=0.3", "facecolor": SHADE, "edgecolor": "none"}
        write(width - 2 * MARGIN, len(title), "provisional", fontsize=11, ha="right", bbox=badge)


def _is_final(chosen: xr.Dataset) -> bool:
    return "final" not in chosen or bool(chosen["final"])


def _describe(chosen: xr.Dataset) -> str:
    moment = str(chosen["time"].values.astype("datetime64[ms]")).replace("T", " ")
    text = f"window {int(chosen['window'])}  ·  {moment} UTC"
    revision = int(chosen["revision"]) if "revision" in chosen else 0
    return f"{text}  ·  revision {revision}" if revision else text


def _draw_map(axes: Axes, chosen: xr.Dataset, extent: Extent) -> AxesImage:
    values = np.ma.masked_invalid(chosen["temperature"].values)
    low, high = _colour_range(values.compressed())
    axes.set_xlabel(_label(chosen["x"], "x"))
    axes.set_ylabel(_label(chosen["y"], "y"))
    axes.spines[:].set_visible(True)
    return axes.imshow(
        values, COLOUR_MAP, extent=extent, origin="lower", aspect="equal", vmin=low, vmax=high
    )


def _colour_range(finite: np.ndarray) -> tuple[float, float]:
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _limit_ticks(axes: Axes, layout: Layout) -> None:
    """Take few enough ticks that their labels do not touch, however narrow the map is."""
    _, _, width, height = layout.map
    axes.locator_params(axis="x", nbins=min(6, max(1, int(width / 0.7))))
    axes.locator_params(axis="y", nbins=min(6, max(1, int(height / 0.35))))


def _draw_colour_bar(figure: Figure, image: AxesImage, label: str, layout: Layout) -> None:
    bar = figure.add_axes(layout.fraction(layout.bar))
    figure.colorbar(image, cax=bar, label=label, orientation=layout.bar_orientation)
    bar.locator_params(nbins=6)


def _draw_series(axes: Axes, run: xr.Dataset, chosen: xr.Dataset) -> None:
    axis = time_axis(run)
    _shade_provisional(axes, run, axis)
    _draw_curves(axes, run, axis)
    _mark_frame(axes, chosen, axis)
    axes.set_xlim(axis.limits())
    axes.set_xlabel(axis.label)
    axes.set_ylabel(_label(run["temperature"], "temperature"))
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

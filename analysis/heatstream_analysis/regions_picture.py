"""Draws every region of a run over time: its mean between its extremes, and when alerts were on."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from heatstream_analysis.maps import DPI, GREY, SHADE, STYLE, label_of, title_of
from heatstream_analysis.reading import RunError, retrying
from heatstream_analysis.timeline import TimeAxis, provisional_spans, time_axis

WIDTH, PANEL, HEADER, FOOT = 9.0, 1.5, 0.75, 0.65  # inches
LEFT, RIGHT, GAP = 0.95, 1.5, 0.32
MEAN, BAND = "#333333", "#a9bfd4"
LEVELS = ("#f2b134", "#d1495b", "#7d1128")  # of level 1, 2, and 3 and above
RIBBON = 0.07  # of a panel's height, at its top


def draw_regions(frames: xr.Dataset, regions: xr.Dataset, out: str | Path) -> Path:
    """Write a PNG with a panel a region; return its path.

    RunError: the run has no regions. OSError: the file cannot be written.
    """
    names = [str(name) for name in regions["region"].values]
    if not names:
        raise RunError("the run has no regions (the deck's `regions`)")
    stored = retrying(lambda: regions[["min", "mean", "max", "level"]].load())
    axis = time_axis(frames)
    height = HEADER + FOOT + len(names) * (PANEL + GAP)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height))
        figure.text(
            LEFT / WIDTH, 1 - 0.25 / height, title_of(frames), fontsize=13, fontweight="bold",
            va="top", parse_math=False,
        )  # fmt: skip
        panels = [_place(figure, number, height) for number in range(len(names))]
        for axes, name in zip(panels, names, strict=True):
            _draw_region(axes, name, stored.sel(region=name), axis)
            _shade(axes, frames, axis)
            axes.set_xlim(axis.limits())
        for axes in panels[:-1]:
            axes.tick_params(labelbottom=False)
        _label(figure, panels, label_of(frames["temperature"], "temperature"), axis.label)
        _explain(figure, panels[0], int(stored["level"].max()), bool(_open_rows(frames)), height)
        figure.savefig(out, dpi=DPI, format="png")
    return Path(out)


def _place(figure: Figure, number: int, height: float) -> Axes:
    top = height - HEADER - number * (PANEL + GAP)
    box = (LEFT / WIDTH, (top - PANEL) / height, (WIDTH - LEFT - RIGHT) / WIDTH, PANEL / height)
    return figure.add_axes(box)


def _draw_region(axes: Axes, name: str, region: xr.Dataset, axis: TimeAxis) -> None:
    """Draw what the region was at the ends of windows; a level holds from one end to the next."""
    at = axis.positions
    marker = "o" if len(at) < 3 else ""
    axes.fill_between(at, region["min"], region["max"], color=BAND, lw=0, label="least to largest")
    axes.plot(at, region["mean"], color=MEAN, lw=1.5, marker=marker, label="mean")
    for begin, end, level in level_spans(region["level"].values, axis):
        axes.axvspan(begin, end, 1 - RIBBON, 1, color=_colour(level), lw=0)
    axes.margins(y=0.12)
    axes.set_title(name, fontsize=11, loc="left", pad=3, parse_math=False)
    axes.grid(axis="y", color="#e6e6e6", lw=0.8)
    axes.set_axisbelow(True)
    axes.locator_params(axis="y", nbins=4)


def _colour(level: int) -> str:
    return LEVELS[min(level, len(LEVELS)) - 1]


def level_spans(levels: np.ndarray, axis: TimeAxis) -> list[tuple[float, float, int]]:
    """Return begin, end and level of every stretch of windows with an alert on."""
    borders = np.concatenate(([axis.limits()[0]], axis.positions))
    changes = np.flatnonzero(np.diff(levels)) + 1
    stretches = np.split(np.arange(len(levels)), changes)
    return [
        (float(borders[rows[0]]), float(borders[rows[-1] + 1]), int(levels[rows[0]]))
        for rows in stretches
        if levels[rows[0]] > 0
    ]


def _open_rows(frames: xr.Dataset) -> int:
    return int((frames["final"].values == 0).sum()) if "final" in frames else 0


def _shade(axes: Axes, frames: xr.Dataset, axis: TimeAxis) -> None:
    for begin, end in provisional_spans(frames, axis):
        axes.axvspan(begin, end, color=SHADE, lw=0, zorder=-1)


def _label(figure: Figure, panels: list[Axes], temperature: str, time: str) -> None:
    panels[-1].set_xlabel(time)
    top, bottom = panels[0].get_position().y1, panels[-1].get_position().y0
    figure.supylabel(temperature, x=0.012, y=(top + bottom) / 2, va="center", fontsize=11)


def _explain(figure: Figure, axes: Axes, most: int, provisional: bool, height: float) -> None:
    """Put the meaning of lines and colours to the right of the first panel."""
    handles = [*axes.get_legend_handles_labels()[0]]
    for level in range(1, min(most, len(LEVELS)) + 1):
        more = " and above" if level == len(LEVELS) and most > level else ""
        handles.append(Patch(color=_colour(level), lw=0, label=f"alert level {level}{more}"))
    if provisional:
        handles.append(Patch(color=SHADE, lw=0, label="provisional"))
    figure.legend(
        handles=handles, loc="upper left", frameon=False, labelcolor=GREY, fontsize=9,
        bbox_to_anchor=(1 - (RIGHT - 0.05) / WIDTH, 1 - HEADER / height), borderaxespad=0,
        handlelength=1.4,
    )  # fmt: skip


def region_table(regions: xr.Dataset) -> str:
    """Return the regions in text: extremes over time, and the last mean and level of each."""
    if not regions.sizes["region"]:
        raise RunError("the run has no regions (the deck's `regions`)")
    stored = retrying(lambda: regions[["min", "mean", "max", "level"]].load())
    last = stored.isel(time=-1)
    table = {
        "least": stored["min"].min("time"),
        "largest": stored["max"].max("time"),
        "mean": stored["mean"].mean("time"),
        "last mean": last["mean"],
        "last level": last["level"],
    }
    frame = xr.Dataset(table).drop_vars("time", errors="ignore").to_dataframe()
    return str(frame[list(table)].to_string(float_format=lambda value: f"{value:.6g}"))

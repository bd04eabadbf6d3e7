"""The heat map of one frame, its colour bar and the lines above it."""

import textwrap
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text

from heatstream_analysis.layout import HEADER_LINE, MARGIN, MapLayout

DPI = 150
COLOUR_MAP = "inferno"  # perceptually even; its order survives grey print
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
Range = tuple[float, float]


def title_of(run: xr.Dataset) -> str:
    """Return what the run is called."""
    return str(run.attrs.get("title") or run.attrs.get("run_id") or "heatstream run")


def extent_of(chosen: xr.Dataset) -> Extent:
    """Return left, right, bottom and top of the outermost cells; coordinates are their middles."""
    x, y = chosen["x"].values, chosen["y"].values
    dx, dy = _spacing(x), _spacing(y)
    dx, dy = dx or dy or 1.0, dy or dx or 1.0
    return x[0] - dx / 2, x[-1] + dx / 2, y[0] - dy / 2, y[-1] + dy / 2


def _spacing(positions: np.ndarray) -> float:
    return float(positions[1] - positions[0]) if len(positions) > 1 else 0.0


def label_of(variable: xr.DataArray, name: str) -> str:
    """Return the name with the units of a variable, if it has any."""
    units = str(variable.attrs.get("units", ""))
    return f"{name} [{units}]" if units not in ("", "1") else name


def title_lines(run: xr.Dataset) -> list[str]:
    """Return what the run is called in lines that fit above a map."""
    return textwrap.wrap(title_of(run), 62, max_lines=3, placeholder=" …")


def draw_header(figure: Figure, title: list[str], chosen: xr.Dataset) -> tuple[Text, Text]:
    """Write title and description; return the texts that are the frame's, see update_header."""
    width, height = figure.get_size_inches()
    y = height - MARGIN

    def write(x: float, line: float, text: str, **kwargs: Any) -> Text:
        position = (x / width, (y - line * HEADER_LINE) / height)
        return figure.text(*position, text, va="top", parse_math=False, **kwargs)

    for number, line in enumerate(title):
        write(MARGIN, number, line, fontsize=13, fontweight="bold")
    badge = {"boxstyle": "round,pad=0.3", "facecolor": SHADE, "edgecolor": "none"}
    texts = (
        write(MARGIN, len(title), "", fontsize=11, color=GREY),
        write(width - 2 * MARGIN, len(title), "provisional", fontsize=11, ha="right", bbox=badge),
    )
    update_header(texts, chosen)
    return texts


def update_header(texts: tuple[Text, Text], chosen: xr.Dataset) -> None:
    """Let the header describe another frame."""
    texts[0].set_text(_describe(chosen))
    texts[1].set_visible(not _is_final(chosen))


def _is_final(chosen: xr.Dataset) -> bool:
    return "final" not in chosen or bool(chosen["final"])


def _describe(chosen: xr.Dataset) -> str:
    moment = str(chosen["time"].values.astype("datetime64[ms]")).replace("T", " ")
    text = f"window {int(chosen['window'])}  ·  {moment} UTC"
    revision = int(chosen["revision"]) if "revision" in chosen else 0
    return f"{text}  ·  revision {revision}" if revision else text


def field_of(chosen: xr.Dataset) -> np.ma.MaskedArray[Any, Any]:
    """Return the temperature of a frame, without what is no number."""
    return np.ma.masked_invalid(chosen["temperature"].values)


def draw_map(axes: Axes, chosen: xr.Dataset, extent: Extent, colours: Range) -> AxesImage:
    """Draw a frame in a range of colours."""
    axes.set_xlabel(label_of(chosen["x"], "x"))
    axes.set_ylabel(label_of(chosen["y"], "y"))
    axes.spines[:].set_visible(True)
    return axes.imshow(
        field_of(chosen),
        COLOUR_MAP,
        extent=extent,
        origin="lower",
        aspect="equal",
        vmin=colours[0],
        vmax=colours[1],
    )


def colour_range(values: np.ndarray) -> Range:
    """Return the extremes of what is finite; a range around it where it is all the same."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def limit_ticks(axes: Axes, layout: MapLayout) -> None:
    """Take few enough ticks that their labels do not touch, however narrow the map is."""
    _, _, width, height = layout.map
    axes.locator_params(axis="x", nbins=min(6, max(1, int(width / 0.7))))
    axes.locator_params(axis="y", nbins=min(6, max(1, int(height / 0.35))))


def draw_colour_bar(figure: Figure, image: AxesImage, label: str, layout: MapLayout) -> None:
    """Draw the colour bar where the layout has it."""
    bar = figure.add_axes(layout.fraction(layout.bar))
    figure.colorbar(image, cax=bar, label=label, orientation=layout.bar_orientation)
    bar.locator_params(nbins=6)

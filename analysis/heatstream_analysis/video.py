"""Draws every frame of a run as a picture of a video, through ffmpeg."""

import math
import shutil
import subprocess
from pathlib import Path

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from heatstream_analysis.layout import map_layout_for
from heatstream_analysis.maps import (
    STYLE,
    colour_range,
    draw_colour_bar,
    draw_header,
    draw_map,
    extent_of,
    field_of,
    label_of,
    limit_ticks,
    title_lines,
    update_header,
)
from heatstream_analysis.reading import RunError, retrying

DPI = 120
HEADER = ("window", "revision", "final")


def draw_video(frames: xr.Dataset, out: str | Path, frames_per_second: float = 25) -> Path:
    """Write an MP4 (H.264) with a picture a frame, all in one range of colours; return its path.

    One frame is in memory at a time. RunError: there is no ffmpeg, or it fails; then no file is
    left behind.
    """
    if not shutil.which("ffmpeg"):
        raise RunError("a video needs the program ffmpeg (Debian: apt install ffmpeg)")
    extremes = np.concatenate((frames["t_min"].values, frames["t_max"].values))
    frames = _without_what_is_not_shown(frames)
    with mpl.rc_context(STYLE):
        picture = _Picture(_frame(frames, 0), colour_range(extremes))
        encoder = _Encoder(Path(out), picture.size, frames_per_second)
        try:
            for row in range(frames.sizes["time"]):
                encoder.write(picture.show(_frame(frames, row)))
        except BrokenPipeError:
            pass  # finish() says what ffmpeg says
        except BaseException:
            encoder.abandon()
            raise
        encoder.finish()
    return Path(out)


class _Picture:
    """A figure that is drawn once and then shows one frame after the other."""

    def __init__(self, frame: xr.Dataset, colours: tuple[float, float]) -> None:
        extent, title = extent_of(frame), title_lines(frame)
        layout = map_layout_for(extent[1] - extent[0], extent[3] - extent[2], len(title) + 1)
        # H.264 halves the sides for the colours: they have to be even numbers of pixels.
        sides = [2 * math.ceil(side * DPI / 2) / DPI for side in (layout.width, layout.height)]
        self.figure = Figure(figsize=(sides[0], sides[1]), dpi=DPI)
        self.canvas = FigureCanvasAgg(self.figure)
        self.texts = draw_header(self.figure, title, frame)
        self.axes = self.figure.add_axes(layout.fraction(layout.map))
        self.image = draw_map(self.axes, frame, extent, colours)
        limit_ticks(self.axes, layout)
        label = label_of(frame["temperature"], "temperature")
        draw_colour_bar(self.figure, self.image, label, layout)
        self._draw_rest()

    def _draw_rest(self) -> None:
        """Draw what stays the same, and keep it: a frame is then drawn five times as fast."""
        for artist in (self.image, *self.texts):
            artist.set_animated(True)
        self.canvas.draw()  # type: ignore[no-untyped-call]
        self.rest = self.canvas.copy_from_bbox(self.figure.bbox)  # type: ignore[no-untyped-call]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = self.canvas.get_width_height()
        return int(width), int(height)

    def show(self, frame: xr.Dataset) -> bytes:
        """Return the pixels of a frame: 4 bytes each, rows from top to bottom."""
        self.image.set_data(field_of(frame))
        update_header(self.texts, frame)
        self.canvas.restore_region(self.rest)  # type: ignore[no-untyped-call]
        for artist in (self.image, *self.axes.spines.values()):
            self.axes.draw_artist(artist)
        for text in self.texts:
            self.figure.draw_artist(text)
        return bytes(self.canvas.buffer_rgba())  # type: ignore[no-untyped-call]


def _without_what_is_not_shown(frames: xr.Dataset) -> xr.Dataset:
    """Return the field, to be read frame by frame, and what a header needs, read already."""
    about = retrying(lambda: frames[[name for name in HEADER if name in frames]].load())
    return about.assign(temperature=frames["temperature"]).assign_attrs(frames.attrs)


def _frame(frames: xr.Dataset, row: int) -> xr.Dataset:
    return retrying(lambda: frames.isel(time=row).load())


class _Encoder:
    """A running ffmpeg; what it writes gets its name when it is whole."""

    def __init__(self, out: Path, size: tuple[int, int], frames_per_second: float) -> None:
        self.out, self.partial = out, out.with_name(f".{out.name}.part")
        command = [
            "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y",
            "-f", "rawvideo", "-pix_fmt", "rgba", "-video_size", f"{size[0]}x{size[1]}",
            "-framerate", f"{frames_per_second:g}", "-i", "pipe:0",
            "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "18", "-movflags", "+faststart",
            "-f", "mp4", str(self.partial),
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def write(self, picture: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(picture)

    def abandon(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.partial.unlink(missing_ok=True)

    def finish(self) -> None:
        _, said = self.process.communicate()
        if self.process.returncode != 0:
            self.partial.unlink(missing_ok=True)
            lines = said.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise RunError(f"{self.out}: ffmpeg failed: {lines[-1]}")
        self.partial.replace(self.out)

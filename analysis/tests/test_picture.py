"""The picture command: which frame it draws, where it puts the file, and how it fails."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from example_run import T0_MS, WINDOW_MS, write_run
from matplotlib import colormaps
from matplotlib.image import imread

from heatstream_analysis import RunError, open_run
from heatstream_analysis.layout import Box, MapLayout, layout_for, map_layout_for
from heatstream_analysis.picture import draw_picture
from heatstream_analysis.selection import select_frame
from heatstream_analysis.timeline import provisional_spans, time_axis

Call = Callable[..., tuple[int, str, str]]


def png_size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def at(index: int) -> str:
    return str(np.datetime64(T0_MS + (index + 1) * WINDOW_MS, "ms"))


def test_picture_lands_in_the_run_directory_and_is_printed(tmp_path: Path, call: Call) -> None:
    write_run(tmp_path)
    assert call("picture", tmp_path) == (0, f"{tmp_path}/picture.png\n", "")
    width, height = png_size(tmp_path / "picture.png")
    assert 600 < width < 2000
    assert 600 < height < 2000


def test_hot_spot_is_left_and_up_where_the_field_has_it(tmp_path: Path, call: Call) -> None:
    field = write_run(tmp_path, nx=40, ny=40)
    row, column = np.unravel_index(field[-1].argmax(), field[-1].shape)
    assert row > 25
    assert column < 15
    call("picture", tmp_path)
    pixels = imread(tmp_path / "picture.png")[..., :3]
    hottest = np.array(colormaps["inferno"](1.0)[:3])
    rows, columns = np.nonzero(np.abs(pixels - hottest).max(axis=-1) < 0.01)
    height, width, _ = pixels.shape
    in_map = columns < 0.8 * width
    assert rows[in_map].size > 100
    assert 0.15 * height < rows[in_map].mean() < 0.33 * height
    assert 0.2 * width < columns[in_map].mean() < 0.42 * width


def test_picture_of_a_file_lands_next_to_it(tmp_path: Path, call: Call) -> None:
    write_run(tmp_path)
    call("picture", tmp_path / "frames.h5")
    png_size(tmp_path / "frames.png")


def test_out_says_where_the_picture_goes(tmp_path: Path, call: Call) -> None:
    write_run(tmp_path / "run")
    assert call("picture", tmp_path / "run", "--out", tmp_path / "a.png")[0] == 0
    png_size(tmp_path / "a.png")
    assert not (tmp_path / "run/picture.png").exists()


def test_frame_is_chosen_by_window_time_or_as_the_last(tmp_path: Path) -> None:
    write_run(tmp_path, rows=25)
    with open_run(tmp_path) as run:
        assert select_frame(run.frames) == 24
        assert select_frame(run.frames, window=7) == 7
        assert select_frame(run.frames, time=at(7)) == 7
        assert select_frame(run.frames, time=at(7) + "Z") == 7
        assert select_frame(run.frames, time=at(7)[:-3] + "850+00:00") == 7
        assert select_frame(run.frames, time="2023-11-14T23:13:20.900+01:00") == 8


def test_thinned_frames_are_found_by_window_not_by_position(tmp_path: Path) -> None:
    write_run(tmp_path, rows=25)
    with open_run(tmp_path) as run:
        thin = run.frames.isel(time=slice(4, None, 5))
        assert select_frame(thin, window=14) == 2
        with pytest.raises(RunError, match=r"window 15 is not stored.* 4\.\.24, the nearest is 14"):
            select_frame(thin, window=15)


def test_different_frames_give_different_pictures(tmp_path: Path, call: Call) -> None:
    write_run(tmp_path)
    pictures = set()
    for window in ("3", "4", "last", "24"):
        assert call("picture", tmp_path, "--window", window)[0] == 0
        pictures.add((tmp_path / "picture.png").read_bytes())
    assert len(pictures) == 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--window", "25"], "window 25 is not stored"),
        (["--window", "x"], "neither a number nor last"),
        (["--time", "2020-01-01"], "no frame at 2020-01-01"),
        (["--time", "noon"], "'noon' is not an ISO 8601 time"),
        (["--out", "/nonexistent/a.png"], "cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    tmp_path: Path, call: Call, arguments: list[str], text: str
) -> None:
    write_run(tmp_path)
    code, out, err = call("picture", tmp_path, *arguments)
    assert (code, out) == (2, "")
    assert text in err.splitlines()[-1]


def prepare_nothing(root: Path) -> Path:
    return root / "absent"


def prepare_empty_directory(root: Path) -> Path:
    return root


def prepare_started_run(root: Path) -> Path:
    (root / "config.yaml").touch()
    return root


def prepare_run_without_rows(root: Path) -> Path:
    write_run(root, rows=0)
    return root


def prepare_text_file(root: Path) -> Path:
    (root / "a.h5").write_text("text")
    return root / "a.h5"


def prepare_missing_segment(root: Path) -> Path:
    write_run(root)
    (root / "frames/seg_000002.h5").unlink()
    return root


@pytest.mark.parametrize(
    ("prepare", "text"),
    [
        (prepare_nothing, "no such run directory or frames file"),
        (prepare_empty_directory, "not a run directory"),
        (prepare_started_run, "no frames yet"),
        (prepare_run_without_rows, "no frames yet"),
        (prepare_text_file, "not an HDF5 file"),
        (prepare_missing_segment, "seg_000002.h5 is missing"),
    ],
)
def test_unreadable_run_ends_with_2_and_one_line(
    tmp_path: Path, call: Call, prepare: Callable[[Path], Path], text: str
) -> None:
    code, out, err = call("picture", prepare(tmp_path))
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert text in err


def test_provisional_rows_are_shaded_from_the_end_of_the_last_final_one(tmp_path: Path) -> None:
    write_run(tmp_path, rows=20, provisional_from=15)
    with open_run(tmp_path) as run:
        axis = time_axis(run.frames)
        assert list(provisional_spans(run.frames, axis)) == [(1.5, 2.0)]
        assert axis.limits() == (0.0, 2.0)
        assert axis.label == "event time [s] since 2023-11-14 22:13:20 UTC"
        everything = run.frames.assign(final=xr.zeros_like(run.frames.final))
        assert list(provisional_spans(everything, axis)) == [(0.0, 2.0)]
        assert not list(provisional_spans(run.frames.isel(time=slice(15)), axis))


@pytest.mark.parametrize(("nx", "ny", "rows"), [(1, 1, 1), (1, 40, 2), (300, 2, 3), (7, 90, 9)])
def test_any_shape_of_domain_can_be_drawn(tmp_path: Path, nx: int, ny: int, rows: int) -> None:
    write_run(tmp_path, rows=rows, nx=nx, ny=ny, provisional_from=1)
    with open_run(tmp_path) as run:
        width, height = png_size(draw_picture(run.frames, rows - 1, tmp_path / "a.png"))
    assert max(width, height) < 2200


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_field_without_extremes_can_be_drawn(tmp_path: Path, value: float) -> None:
    write_run(tmp_path)
    with open_run(tmp_path) as run:
        flat = run.frames.assign(temperature=xr.full_like(run.frames.temperature, value))
        png_size(draw_picture(flat, 0, tmp_path / "a.png"))


@pytest.mark.parametrize("aspect", [0.01, 0.2, 0.34, 0.36, 1.0, 1.39, 1.41, 5.0, 100.0])
def test_parts_of_a_picture_do_not_overlap_and_lie_inside(aspect: float) -> None:
    layout = layout_for(1.0, aspect, header_lines=2)
    check_layout(layout, [layout.map, layout.bar, layout.series], aspect)
    alone = map_layout_for(1.0, aspect, header_lines=2)
    check_layout(alone, [alone.map, alone.bar], aspect)


def check_layout(layout: MapLayout, boxes: list[Box], aspect: float) -> None:
    for number, (left, bottom, width, height) in enumerate(boxes):
        assert min(left, bottom, width, height) > 0
        assert left + width < layout.width
        assert bottom + height < layout.height
        for other in boxes[number + 1 :]:
            beside = left + width <= other[0] or other[0] + other[2] <= left
            above = bottom + height <= other[1] or other[1] + other[3] <= bottom
            assert beside or above
    assert layout.map[3] / layout.map[2] == pytest.approx(aspect, rel=0.02) or aspect in (0.01, 100)

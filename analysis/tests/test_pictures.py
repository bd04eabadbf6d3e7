"""Videos and the picture of the regions: what is seen is what is stored."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from example_run import write_run
from matplotlib.image import imread

from heatstream_analysis import Run, RunError, open_run
from heatstream_analysis.regions_picture import level_spans
from heatstream_analysis.timeline import time_axis

Call = Callable[..., tuple[int, str, str]]


def probe(video: Path) -> dict[str, str]:
    entries = "stream=codec_name,pix_fmt,width,height,nb_read_frames,r_frame_rate"
    command = ["ffprobe", "-v", "error", "-count_frames", "-of", "json"]
    command += ["-show_entries", entries, str(video)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    (stream,) = json.loads(done.stdout)["streams"]
    return dict(stream)


def pixels(video: Path) -> np.ndarray:
    """Return every picture of a video in grey: [frames, height, width]."""
    about = probe(video)
    command = ["ffmpeg", "-v", "error", "-i", video, "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    raw = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    return np.frombuffer(raw, "u1").reshape(-1, int(about["height"]), int(about["width"]))


def test_a_video_has_a_picture_a_frame_in_one_range_of_colours(tmp_path: Path, call: Call) -> None:
    field = write_run(tmp_path, rows=12)
    code, out, err = call("video", tmp_path, "--fps", "5")
    assert (code, out, err) == (0, f"{tmp_path}/video.mp4\n", "")
    about = probe(tmp_path / "video.mp4")
    assert (about["codec_name"], about["pix_fmt"]) == ("h264", "yuv420p")
    assert (about["nb_read_frames"], about["r_frame_rate"]) == ("12", "5/1")
    shown = pixels(tmp_path / "video.mp4")
    # The field only warms, so in one range of colours every picture is brighter in its middle.
    height, width = shown.shape[1:]
    middle = shown[:, height // 3 : height // 2, width // 4 : width // 2]
    brightness = middle.reshape(len(shown), -1).mean(axis=1)
    assert (np.diff(brightness) > 0).all()
    assert (np.diff(field.mean(axis=(1, 2))) > 0).all()
    assert [p.name for p in tmp_path.glob(".*")] == []


@pytest.mark.parametrize(("nx", "ny"), [(1, 1), (300, 2), (3, 40)])
def test_any_shape_of_domain_becomes_a_video(tmp_path: Path, nx: int, ny: int) -> None:
    write_run(tmp_path, rows=2, nx=nx, ny=ny)
    with open_run(tmp_path) as run:
        about = probe(run.video(tmp_path / "a.mp4"))
    assert about["nb_read_frames"] == "2"
    assert 300 < int(about["width"]) < 1500


@pytest.fixture
def no_ffmpeg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Set PATH to one folder, where a program of that name can be put."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setitem(os.environ, "PATH", str(folder))
    yield folder


def test_a_video_that_ffmpeg_does_not_make_leaves_nothing_behind(
    tmp_path: Path, call: Call, no_ffmpeg: Path
) -> None:
    write_run(tmp_path / "run")
    code, out, err = call("video", tmp_path / "run")
    assert (code, out) == (2, "")
    assert "ffmpeg" in err
    fake = no_ffmpeg / "ffmpeg"
    fake.write_text("#!/bin/sh\necho half >&2; echo no such encoder >&2; exit 3\n")
    fake.chmod(0o755)
    code, out, err = call("video", tmp_path / "run")
    assert (code, out) == (2, "")
    assert "ffmpeg failed: no such encoder" in err
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "config.yaml", "frames", "frames.h5",
    ]  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    write_run(tmp_path, provisional_from=20)
    with open_run(tmp_path) as run:
        yield run


def test_alert_levels_hold_from_the_end_of_one_window_to_that_of_the_next(run: Run) -> None:
    axis = time_axis(run.frames)
    assert level_spans(np.zeros(25, "u1"), axis) == []
    assert level_spans(np.ones(25, "u1"), axis) == [(0.0, 2.5, 1)]
    levels = np.zeros(25, "u1")
    levels[4:6], levels[6], levels[24] = 1, 2, 3
    spans = [
        (round(begin, 9), round(end, 9), level) for begin, end, level in level_spans(levels, axis)
    ]
    assert spans == [(0.4, 0.6, 1), (0.6, 0.7, 2), (2.4, 2.5, 3)]


def test_regions_are_drawn_one_below_the_other_and_their_levels_seen(
    run: Run, tmp_path: Path, call: Call
) -> None:
    code, out, _ = call("regions", tmp_path)
    assert code == 0
    *table, name = out.splitlines()
    assert name == f"{tmp_path}/regions.png"
    assert [line.split()[0] for line in table[2:]] == ["core", "whole"]
    image = imread(name)[..., :3]
    red = np.array([0xD1, 0x49, 0x5B]) / 255
    rows, columns = np.nonzero(np.abs(image - red).max(axis=-1) < 0.01)
    warm = run.regions["level"].sel(region="core").values == 2
    assert warm.any()
    assert not warm.all()
    ribbon = rows < rows.min() + 5
    share = (columns[ribbon].max() - columns[ribbon].min()) / image.shape[1]
    assert share == pytest.approx(warm.mean() * 6.55 / 9, abs=0.02)


def test_a_run_without_regions_says_so(tmp_path: Path, call: Call) -> None:
    write_run(tmp_path, nx=5)
    code, out, err = call("regions", tmp_path)
    assert (code, out) == (2, "")
    assert "no regions" in err
    with open_run(tmp_path) as run, pytest.raises(RunError, match="no regions"):
        run.regions_picture(tmp_path / "a.png")

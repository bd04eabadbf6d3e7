"""open_run gives what the files hold, or says why it cannot."""

import itertools
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from example_run import T0_MS, WINDOW_MS, write_run

from heatstream_analysis import RunError, open_run


def test_field_and_series_come_in_order_over_all_segments(tmp_path: Path) -> None:
    field = write_run(tmp_path, rows=25, per_segment=10)
    with open_run(tmp_path) as run:
        assert run.frames.temperature.dims == ("time", "y", "x")
        assert run.frames.temperature.values.tobytes() == field.astype("f4").tobytes()
        assert run.frames.window.values.tolist() == list(range(25))
        assert run.frames.t_max.values.tolist() == [frame.max() for frame in field]
        assert run.frames.temperature.attrs["units"] == "K"
        assert run.frames.x.values.tolist() == [0.5 * i for i in range(12)]


def test_time_is_exact_to_the_millisecond(tmp_path: Path) -> None:
    write_run(tmp_path)
    ends = T0_MS + WINDOW_MS * np.arange(1, 26)
    with open_run(tmp_path) as run:
        assert (
            run.frames.time.values.astype("datetime64[ms]").astype("i8").tolist() == ends.tolist()
        )


@pytest.mark.parametrize("t0_ms", [-(10**17), 9 * 10**17])
def test_times_beyond_the_range_of_nanoseconds_are_read(tmp_path: Path, t0_ms: int) -> None:
    write_run(tmp_path, t0_ms=t0_ms)
    with open_run(tmp_path) as run:
        assert int(run.frames.time.values[0].astype("i8")) == t0_ms + WINDOW_MS


def test_directory_master_and_segment_are_all_accepted(tmp_path: Path) -> None:
    write_run(tmp_path, rows=25, per_segment=10)
    rows = {"": 25, "frames.h5": 25, "frames/seg_000002.h5": 5}
    for name, count in rows.items():
        with open_run(tmp_path / name) as run:
            assert run.frames.sizes["time"] == count


def test_title_keeps_its_letters(tmp_path: Path) -> None:
    write_run(tmp_path, title="Größe 40 × 40")
    with open_run(tmp_path) as run:
        assert run.frames.attrs["title"] == "Größe 40 × 40"


def test_title_not_tagged_as_utf8_keeps_its_letters_too(tmp_path: Path) -> None:
    write_run(tmp_path)
    with h5py.File(tmp_path / "frames.h5", "a") as h5:
        h5.attrs["title"] = np.bytes_("Größe".encode())
    with open_run(tmp_path) as run:
        assert run.frames.attrs["title"] == "Größe"


def test_plain_xarray_opens_the_file_with_times_as_datetimes(tmp_path: Path) -> None:
    write_run(tmp_path)
    with xr.open_dataset(tmp_path / "frames.h5", engine="netcdf4") as dataset:
        assert np.issubdtype(dataset.time.dtype, np.datetime64)
        assert set(dataset.coords) == {"time", "y", "x"}


def test_missing_segment_is_named(tmp_path: Path) -> None:
    write_run(tmp_path, rows=25, per_segment=10)
    (tmp_path / "frames/seg_000001.h5").unlink()
    with pytest.raises(RunError, match=r"seg_000001\.h5 is missing"):
        open_run(tmp_path)


def test_segment_with_too_few_rows_is_named(tmp_path: Path) -> None:
    write_run(tmp_path, rows=25, per_segment=10)
    with h5py.File(tmp_path / "frames/seg_000001.h5", "a") as h5:
        h5["temperature"].resize(9, axis=0)
    with pytest.raises(RunError, match=r"seg_000001\.h5: the segment holds 9 frames.* 10"):
        open_run(tmp_path)


def test_segment_that_is_no_hdf5_file_is_named(tmp_path: Path) -> None:
    write_run(tmp_path)
    (tmp_path / "frames/seg_000000.h5").write_bytes(b"torn")
    with pytest.raises(RunError, match=r"seg_000000\.h5: the segment cannot be read"):
        open_run(tmp_path)


def test_segment_that_appears_a_moment_later_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path)
    segment, aside = tmp_path / "frames/seg_000001.h5", tmp_path / "aside"
    segment.rename(aside)
    back = threading.Event()

    def restore(_: float) -> None:
        if not back.is_set():
            aside.rename(segment)
            back.set()

    monkeypatch.setattr("heatstream_analysis.reading.time.sleep", restore)
    open_run(tmp_path).close()
    assert back.is_set()


def test_master_replaced_while_it_is_opened_gives_one_of_the_two(tmp_path: Path) -> None:
    masters = {}
    for rows in (20, 25):
        write_run(tmp_path, rows=rows, per_segment=10)
        masters[rows] = (tmp_path / "frames.h5").read_bytes()
    done = threading.Event()

    def replace() -> None:
        for master in itertools.cycle(masters.values()):
            (tmp_path / "next").write_bytes(master)
            (tmp_path / "next").replace(tmp_path / "frames.h5")
            if done.wait(0.001):
                return

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        for _ in range(20):
            with open_run(tmp_path) as run:
                assert run.frames.sizes["time"] in masters
    finally:
        done.set()
        writer.join()


@pytest.mark.parametrize("schema", ["", "frames/2", "checkpoint/1"])
def test_another_schema_is_refused(tmp_path: Path, schema: str) -> None:
    write_run(tmp_path)
    with h5py.File(tmp_path / "frames.h5", "a") as h5:
        h5.attrs["heatstream_schema"] = np.bytes_(schema)
    with pytest.raises(RunError, match="schema"):
        open_run(tmp_path)


def test_what_a_file_lacks_is_named(tmp_path: Path) -> None:
    write_run(tmp_path)
    with h5py.File(tmp_path / "frames.h5", "a") as h5:
        del h5["series/t_max"]
    with pytest.raises(RunError, match=r"lacks series/t_max"):
        open_run(tmp_path)

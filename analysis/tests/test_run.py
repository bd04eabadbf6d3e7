"""A run as an object: its regions, alerts, cells, sensors, heat, and another run beside it."""

import fcntl
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from example_run import REGIONS, T0_MS, WINDOW_MS, write_run

from heatstream_analysis import RunError, open_run

Call = Callable[..., tuple[int, str, str]]


def test_regions_are_found_by_name_and_are_those_of_the_field(tmp_path: Path) -> None:
    field = write_run(tmp_path)
    with open_run(tmp_path) as run:
        assert run.regions.region.values.tolist() == list(REGIONS)
        core = run.regions.sel(region="core")
        x0, y0, x1, y1 = REGIONS["core"]
        assert core["max"].values.tolist() == field[:, y0:y1, x0:x1].max(axis=(1, 2)).tolist()
        assert core["box"].sel(corner="x1") == x1
        assert (core["time"] == run.frames["time"]).all()
        assert run.relations.sizes["relation"] == run.alert_levels.sizes["alert"] == 0


def test_rows_that_are_not_written_yet_are_not_shown(tmp_path: Path) -> None:
    """A segment of a live run is as long as it will be, its last rows hold fill values."""
    write_run(tmp_path, rows=25, per_segment=10)
    segment = tmp_path / "frames/seg_000002.h5"
    with h5py.File(segment, "a") as h5:
        h5["series/window"][3:] = -1
        h5["series/event_time"][3:] = -1
        h5["temperature"][3:] = np.nan
    with open_run(segment) as run:
        assert run.frames.window.values.tolist() == [20, 21, 22]
        assert run.regions.sizes["time"] == 3
        assert np.isfinite(run.frames.temperature.values).all()
    with h5py.File(segment, "a") as h5:
        h5["series/window"][...] = -1
    with pytest.raises(RunError, match="no frames yet"):
        open_run(segment)


def test_no_file_of_an_open_run_is_locked(tmp_path: Path) -> None:
    write_run(tmp_path)
    with open_run(tmp_path) as run:
        assert np.isfinite(run.frames.temperature.values).all()
        for path in (tmp_path / "frames.h5", *sorted((tmp_path / "frames").iterdir())):
            with path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_run_that_somebody_has_locked_is_read_all_the_same(tmp_path: Path) -> None:
    write_run(tmp_path)
    with (tmp_path / "frames.h5").open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        open_run(tmp_path).close()


def test_a_cell_is_found_by_a_position_inside_of_it(tmp_path: Path) -> None:
    field = write_run(tmp_path)
    with open_run(tmp_path) as run:
        assert run.at(1.2, 2.6).values.tolist() == field[:, 5, 2].astype("f4").tolist()
        assert run.at(-0.25, 3.75).values.tolist() == field[:, 7, 0].astype("f4").tolist()
        for x, y in ((-0.26, 0), (0, 3.76), (5.76, 0), (0, float("nan"))):
            with pytest.raises(RunError, match="lies outside of the grid"):
                run.at(x, y)


def test_cells_above_a_temperature_come_hottest_first(tmp_path: Path) -> None:
    field = write_run(tmp_path)[14].astype("f4")
    limit = float(np.sort(field, axis=None)[-6])
    with open_run(tmp_path) as run:
        hot = run.above(limit, window=14)
        assert len(hot) == 5
        assert hot["temperature"].tolist() == sorted(hot["temperature"], reverse=True)
        for x, y, temperature in hot.itertuples(index=False):
            assert field[round(y / 0.5), round(x / 0.5)] == np.float32(temperature)
        assert run.above(float("inf")).empty


def test_sensors_are_looked_up_where_their_table_says(tmp_path: Path) -> None:
    field = write_run(tmp_path)
    table = tmp_path / "sensors.csv"
    table.write_text("id,x,y,gain,room\n007,11,7,2,attic\na,0,3,1,cellar\n")
    with open_run(tmp_path) as run:
        sensors = run.sensors(table)
        assert sensors.dims == ("time", "sensor")
        attic = sensors.sel(sensor="007")
        assert attic.values.tolist() == field[:, 7, 11].astype("f4").tolist()
        assert (attic.room.item(), attic.x.item(), attic.y.item()) == ("attic", 5.5, 3.5)
        by_room = sensors.groupby("room").mean()
        assert by_room.sel(room="cellar").values.tolist() == sensors.sel(sensor="a").values.tolist()


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("id,x\na,1\n", "lacks y"),
        ("id,x,y\na,1,1\na,2,2\n", "a is there twice"),
        ("id,x,y\na,12,1\n", r"sensor a: x = 12 is no cell of 0\.\.11"),
        ("id,x,y\na,1,-1\n", r"y = -1 is no cell of 0\.\.7"),
        ("id,x,y\na,1.5,1\n", "x = 1.5 is no cell"),
        ("", "cannot be read"),
    ],
)
def test_what_is_wrong_in_a_table_of_sensors_is_said(tmp_path: Path, table: str, text: str) -> None:
    write_run(tmp_path)
    (tmp_path / "sensors.csv").write_text(table)
    with open_run(tmp_path) as run, pytest.raises(RunError, match=text):
        run.sensors(tmp_path / "sensors.csv")


def line(alert: str, window: int, event: str, revision: int = 0, **more: Any) -> str:
    time = T0_MS + (window + 1) * WINDOW_MS
    fields = {
        "alert": alert,
        "event": event,
        "level": 1,
        "from": 0,
        "threshold": 20.0,
        "value": 21.5,
        "window": window,
        "time": time,
        "revision": revision,
        "final": True,
    }
    return json.dumps(fields | more) + "\n"  # fmt: skip


def test_the_last_line_about_an_alert_and_a_window_counts(tmp_path: Path) -> None:
    write_run(tmp_path)
    (tmp_path / "alerts.ndjson").write_text(
        line("hot", 3, "raised")
        + line("cold", 3, "raised")
        + line("hot", 5, "lowered")
        + line("hot", 3, "raised", 1, level=2)
        + line("cold", 3, "withdrawn", 1)
        + line("hot", 2, "raised", 1)
        + line("cut", 9, "raised")[:-9]
    )
    with open_run(tmp_path) as run:
        alerts = run.alerts()
        assert alerts[["alert", "window", "event", "level"]].values.tolist() == [
            ["hot", 2, "raised", 1],
            ["hot", 3, "raised", 2],
            ["hot", 5, "lowered", 1],
        ]
        assert alerts["time"].dtype == np.dtype("datetime64[ms]")
        ends = run.frames.time.sel(time=alerts["time"].values)
        assert len(ends) == 3
        assert len(run.alerts(every_line=True)) == 6
    (tmp_path / "alerts.ndjson").unlink()
    with open_run(tmp_path / "frames.h5") as run:
        assert run.alerts().empty


def test_an_alert_line_that_is_none_is_named_by_its_number(tmp_path: Path, call: Call) -> None:
    write_run(tmp_path)
    (tmp_path / "alerts.ndjson").write_text(line("hot", 3, "raised") + "{}\n")
    code, _, err = call("alerts", tmp_path)
    assert code == 2
    assert "alerts.ndjson:2: not a line about an alert" in err


def test_heat_that_is_missing_shows_in_the_balance(tmp_path: Path) -> None:
    field = write_run(tmp_path)
    with open_run(tmp_path) as run:
        balance = run.energy_balance()
        assert balance["ratio"].max() < 1e-12
        assert np.allclose(balance["heat_content"], field.sum(axis=(1, 2)))
        assert balance["recomputed"][1:].abs().max() < 1e-12 * balance["heat_content"].max()
    with h5py.File(tmp_path / "frames/seg_000001.h5", "a") as h5:
        heat_in = h5["series/heat_in"][4]
        h5["series/heat_in"][4] = heat_in * (1 + 1e-6)
    with open_run(tmp_path) as run:
        missing = run.energy_balance()["recomputed"].to_numpy()
        assert int(np.nanargmax(np.abs(missing))) == 14
        assert missing[14] == pytest.approx(-heat_in * 1e-6, rel=1e-6)


def test_a_run_is_the_same_as_its_copy(tmp_path: Path, call: Call) -> None:
    for name in ("a", "b"):
        write_run(tmp_path / name)
    with open_run(tmp_path / "a") as a, open_run(tmp_path / "b") as b:
        found = a.compare(b)
        assert found.identical
        assert found.first is None
        assert not found.frames["max_abs"].any()
    assert call("compare", tmp_path / "a", tmp_path / "b") == (0, "the same: 25 frames\n", "")


def test_the_first_difference_is_found_by_window_and_cell(tmp_path: Path, call: Call) -> None:
    field = write_run(tmp_path / "a")
    write_run(tmp_path / "b")
    with h5py.File(tmp_path / "b/frames/seg_000002.h5", "a") as h5:
        h5["series/window"][...] += 10
    with h5py.File(tmp_path / "b/frames/seg_000001.h5", "a") as h5:
        h5["temperature"][5, 6, 2] += 0.5
        h5["temperature"][5, 3, 2] = np.nan
        h5["temperature"][7, 0, 0] += 1
        h5["series/digest"][5] = b"0" * 32
    with open_run(tmp_path / "a") as a, open_run(tmp_path / "b") as b:
        found = a.compare(b)
    assert not found.identical
    assert (found.only_here, found.only_there) == (list(range(20, 25)), list(range(30, 35)))
    assert found.first is not None
    assert (found.first.window, found.first.x, found.first.y) == (15, 1.0, 1.5)
    assert found.first.here == np.float32(field[15, 3, 2])
    assert np.isnan(found.first.there)
    assert found.frames["same"].tolist() == [window != 15 for window in range(20)]
    assert np.flatnonzero(found.frames["max_abs"]).tolist() == [15, 17]
    before = field[17, 0, 0].astype("f4")
    moved = float(before + np.float32(1)) - float(before)
    assert found.frames["max_abs"][17] == moved
    assert found.frames["rms"][17] == pytest.approx(moved / np.sqrt(field[0].size), rel=1e-12)
    code, out, _ = call("compare", tmp_path / "a", tmp_path / "b")
    assert code == 1
    assert "window 15, x = 1, y = 1.5" in out
    assert "only in" in out


def test_runs_of_different_grids_are_not_compared(tmp_path: Path, call: Call) -> None:
    write_run(tmp_path / "a")
    write_run(tmp_path / "b", ny=9)
    write_run(tmp_path / "c", dx=0.25)
    code, _, err = call("compare", tmp_path / "a", tmp_path / "b")
    assert (code, "8 and 9 cells along y" in err) == (2, True)
    code, _, err = call("compare", tmp_path / "a", tmp_path / "c")
    assert (code, "the cells lie elsewhere along x" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "header", "rows"),
    [
        (["energy", "--csv"], "time,window,heat_content,heat_in,heat_out,residual", 25),
        (["above", "--csv", "0.5", "--window", "24"], "x,y,temperature", None),
        (["regions", "--csv"], "time,region,", 50),
        (["alerts", "--csv"], "time,window,alert,event", 0),
    ],
)
def test_tables_come_as_csv(
    tmp_path: Path, call: Call, arguments: list[str], header: str, rows: int | None
) -> None:
    field = write_run(tmp_path)
    command, *rest = arguments
    code, out, err = call(command, tmp_path, *[a for a in rest if a == "0.5"], *[
        a for a in rest if a != "0.5"
    ])  # fmt: skip
    assert (code, err) == (0, "")
    first, *others = out.splitlines()
    assert first.startswith(header)
    expected = int((field[24].astype("f4") > 0.5).sum()) if rows is None else rows
    assert len(others) == expected

"""The Python side over a run made here: every command, and tables that agree with each other."""

from __future__ import annotations

import csv
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from heatstream_analysis import open_run
from heatstream_analysis.commands import main

from .conftest import Bench
from .decks import AWKWARD, WATCHED, merged, sensors
from .program import Outcome
from .results import RunDirectory

DECK = merged(AWKWARD, WATCHED)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A run whose late events have corrected frames and withdrawn alerts."""
    bench = Bench(tmp_path_factory.mktemp("analysis"))
    return bench.run(bench.files(DECK, sensors(DECK, windows=40, stragglers=0.05)))


def analysis(*arguments: str | Path) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(argument) for argument in arguments])
    return Outcome(code, out.getvalue(), err.getvalue(), 0.0)


def table(*arguments: str | Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(analysis(*arguments, "--csv").expect(0).out)))


def test_alerts_and_the_levels_of_the_frames_tell_the_same(made: RunDirectory) -> None:
    lines = [json.loads(line) for line in (made.path / "alerts.ndjson").read_text().splitlines()]
    assert any(line["event"] == "withdrawn" for line in lines)
    with open_run(made.path) as run:
        alerts = run.alerts()
        assert 5 < len(alerts) < len(run.alerts(every_line=True)) == len(lines)
        windows = run.frames["window"].values
        for name in run.alert_levels["alert"].values:
            told = np.zeros(len(windows), dtype="i8")
            for row in alerts[alerts["alert"] == name].itertuples():
                told[windows >= row.window] = row.level
            assert told.tolist() == run.alert_levels["level"].sel(alert=name).values.tolist(), name


def test_regions_are_what_xarray_makes_of_the_frames(made: RunDirectory) -> None:
    with open_run(made.path) as run:
        for name in run.regions["region"].values:
            x0, y0, x1, y1 = run.regions["box"].sel(region=name).values
            part = run.frames["temperature"].isel(x=slice(x0, x1), y=slice(y0, y1))
            stored = run.regions.sel(region=name)
            assert (stored["max"] == part.max(["x", "y"])).all()
            assert (stored["min"] == part.min(["x", "y"])).all()
            assert np.allclose(stored["mean"], part.mean(["x", "y"]), rtol=1e-13, atol=1e-15)
        assert (run.frames["revision"] > 0).any()


def test_every_command_runs(made: RunDirectory, tmp_path: Path) -> None:
    run = made.path
    for name, suffix in (("picture", "png"), ("regions", "png"), ("video", "mp4")):
        out = tmp_path / f"{name}.{suffix}"
        assert analysis(name, run, "--out", out).expect(0).out.endswith(f"{out}\n")
        assert out.stat().st_size > 5000
    balance = table("energy", run)
    assert len(balance) == len(made.series()["window"])
    assert max(float(row["ratio"]) for row in balance) < 1e-12
    last = np.swapaxes(made.temperature(), 1, 2)[-1]
    hot = table("above", run, "0.4")
    assert len(hot) == int((last > 0.4).sum()) > 0
    assert float(hot[0]["temperature"]) == last.max()
    assert len(table("regions", run)) == 3 * len(balance)
    assert {row["alert"] for row in table("alerts", run)} <= {"spot", "row", "rise", "uneven"}
    assert "the same" in analysis("compare", run, run).expect(0).out


def test_a_deck_with_another_conductivity_makes_another_run(
    made: RunDirectory, bench: Bench
) -> None:
    other = bench.run(
        bench.files(
            DECK, sensors(DECK, windows=40, stragglers=0.05), {"physics": {"conductivity": 0.91}}
        )
    )
    said = analysis("compare", made.path, other.path).expect(1).out
    assert "first            window 0" in said
    same = analysis("compare", other.path, other.path / "frames.h5").expect(0)
    assert same.err == ""

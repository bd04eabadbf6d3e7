"""The page of stored runs: regions and alerts of every frame, and another run beside it."""

from __future__ import annotations

import json
import re
import signal
import struct
import urllib.error
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from .chromium import Browser, chromium
from .conftest import Bench
from .decks import AWKWARD, WATCHED, merged, sensors
from .program import running, tool
from .results import RunDirectory
from .test_page import PIXELS, SHOWN, get, scrub, url_of
from .test_replay_terminal import terminal, window

WINDOWS, FEWER = 40, 30
LATE = merged(AWKWARD, WATCHED, {"stream": {"disorder_ms": 60}})
NORMS = "document.getElementById('norms').textContent"
OTHER = {"physics": {"conductivity": 0.8}, "output": {"frames": {"dtype": "f32"}}}


def asked(url: str, path: str) -> Any:
    return json.loads(get(url + path))


def picture(url: str, row: int, of: str) -> npt.NDArray[Any]:
    data = get(f"{url}api/picture?row={row}&of={of}")
    width, height = struct.unpack("<4xii", data[:12])
    return np.frombuffer(data[48:], "<f4").reshape(height, width)


def choose(browser: Browser, mode: str) -> None:
    browser.run(
        f"(e => {{ e.value = '{mode}'; e.dispatchEvent(new Event('change')) }})"
        "(document.getElementById('mode'))"
    )


def text(browser: Browser, name: str) -> str:
    return str(browser.run(f"document.getElementById('{name}').textContent"))


def test_alerts_are_jumped_to_and_two_runs_compared(bench: Bench) -> None:
    stream = sensors(LATE, WINDOWS, stragglers=0.05)
    run = bench.run(bench.files(LATE, stream, name="one"), ranks=1)
    shorter = {"time": {"windows": FEWER}}
    other = bench.run(bench.files(LATE, stream, OTHER, shorter, name="two"), ranks=1)
    alerts = [json.loads(x) for x in tool("replay", run.path, "--alerts").out.splitlines()]
    arguments = ["replay", run.path, other.path]
    with chromium(bench.path / "profile") as browser, running(arguments, ranks=0) as program:
        url = url_of(program, "frames of run")
        program.until(lambda: asked(url, "api/state")["judged"] == WINDOWS, "the alerts")
        assert asked(url, "api/alerts")["alerts"] == alerts
        assert_regions_of_every_frame(url, run.path / "frames.h5")
        assert_differences(url, run.temperature(), other.temperature())

        browser.size(1280, 900)
        browser.open(url + "#row=0&show=this")
        browser.until("document.querySelectorAll('#alerts li').length", "the alerts")
        browser.until(f"{SHOWN} === 0", "the first frame")
        later = sorted({alert["window"] for alert in alerts} - {0})
        for row in later[:3]:
            browser.press("n")
            browser.until(f"{SHOWN} === {row}", f"the alert of window {row}")
        browser.press("p")
        browser.until(f"{SHOWN} === {later[1]}", f"the alert of window {later[1]}")
        first = asked(url, f"api/row?row={later[1]}")["regions"][0]
        gauge = browser.run("document.querySelector('#regions li').textContent")
        assert gauge.startswith("spot") and gauge.endswith(f"level {first['level']}")

        assert_colours_of_terminals(browser, run)
        own = scrub(browser, 7)
        choose(browser, "difference")
        browser.until(f"{PIXELS} !== {json.dumps(own)}", "the difference")
        cells = run.temperature()[7].astype("f4").astype("f8") - other.temperature()[7]
        norms = browser.until(f"/^at most /.test({NORMS}) && {NORMS}", "its norms")
        found = re.match(r"at most (\S+) K, at x (\d+), y (\d+);", norms)
        assert found and abs(cells[int(found[2]), int(found[3])]) == abs(cells).max()
        choose(browser, "both")
        browser.until("!document.getElementById('beside').hidden", "the other run")
        other_name = json.dumps(asked(url, "api/run")["other"])
        browser.until(f"document.getElementById('which2').textContent === {other_name}", "its name")
        scrub(browser, FEWER)
        browser.until(f"{NORMS}.includes('has no such window')", "word of the missing window")
        program.signal(signal.SIGTERM)
        program.wait().expect(0)
        assert browser.complaints == []
        assert {request.split("/")[2] for request in browser.requests} == {url.split("/")[2]}


def assert_colours_of_terminals(browser: Browser, run: RunDirectory) -> None:
    """They are made anew, in C."""
    table = browser.run("import('/colours.js').then(({ TABLE }) => [...TABLE])")
    colours = set(zip(table[::3], table[1::3], table[2::3], strict=True))
    with terminal(run, "--window", "7", COLORTERM="truecolor") as shown:
        told = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)m", shown.until(window(7)))
    assert len(told) > 100 and {tuple(map(int, colour)) for colour in told} <= colours


def assert_regions_of_every_frame(url: str, frames: Any) -> None:
    import h5py  # type: ignore[import-untyped]

    with h5py.File(frames) as file:
        stored = {stat: file[f"regions/stats/{stat}"][()] for stat in ("min", "mean", "max")}
        stored["level"] = file["regions/level"][()]
    for row in range(WINDOWS):
        for i, reading in enumerate(asked(url, f"api/row?row={row}")["regions"]):
            assert reading == {stat: values[row, i] for stat, values in stored.items()}


def assert_differences(url: str, a: npt.NDArray[Any], b: npt.NDArray[Any]) -> None:
    """The other run has f32: both are rounded to it first."""
    for row in (0, 7, FEWER - 1):
        difference = a[row].astype("f4").astype("f8") - b[row].astype("f8")
        assert np.array_equal(picture(url, row, "difference"), difference.T.astype("f4"))
        assert np.array_equal(picture(url, row, "other"), b[row].T)
        norms = asked(url, f"api/difference?row={row}")
        x, y = norms["x"], norms["y"]
        assert norms["max"] == abs(difference).max() == abs(difference[x, y])
        assert norms["cells"] == np.count_nonzero(difference)
        assert norms["rms"] == pytest.approx(
            np.sqrt((difference**2).mean()), rel=1e-12
        )  # any order
    for path in ("difference?row=", "picture?of=other&row=", "row?of=other&row="):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(f"{url}api/{path}{FEWER}")


def test_runs_on_other_grids_are_not_compared(bench: Bench) -> None:
    runs = [
        bench.run(
            bench.files(AWKWARD, sensors(AWKWARD, 3), {"grid": {"dx": dx}}, name=f"dx{i}"), ranks=1
        )
        for i, dx in enumerate((0.5, 0.6))
    ]
    refused = tool("replay", runs[0].path, runs[1].path).expect(65)
    assert "23 x 17 cells of 0.5 x 0.4" in refused.text and "of 0.6 x 0.4" in refused.text

"""The page of a run in a real browser: live, over a restart, and of the stored frames."""

from __future__ import annotations

import json
import re
import signal
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .brokers import free_port
from .chromium import Browser, chromium
from .conftest import Bench
from .decks import AWKWARD, merged
from .failing import Order
from .lives import held_at
from .program import PATIENCE, ROOT, Running, running, tool
from .results import RunDirectory, assert_same
from .test_metrics import assert_documented, of

ENDLESS = merged(
    AWKWARD,
    {
        "grid": {"nx": 60, "ny": 45},
        "stream": {"source": "kafka", "brokers": "embedded"},
        "gen": {"start_ms": AWKWARD["time"]["t0"], "steps": 0, "partitions": 3, "value": 40.0},
        "output": {"frames": {"tile": 16}},
        "checkpoint": {"every_windows": 0},
    },
)
WATCHED = {
    "regions": [{"name": "core", "box": [10, 10, 40, 30]}, {"name": "edge", "box": [0, 0, 60, 1]}],
    "alerts": [{"name": "warm", "region": "core", "stat": "max", "levels": [0.3, 0.5, 1e6]}],
}
ROW = 7
PIXELS = "document.getElementById('map').toDataURL()"
SHOWN = "Number(document.getElementById('map')?.dataset.row ?? -1)"


def url_of(program: Running, word: str = "live page") -> str:
    pattern = re.compile(rf"{word}[^\n]*(http://127\.0\.0\.1:\d+/)")
    program.until(lambda: pattern.search(program.text()) is not None, "the address of the page")
    found = pattern.search(program.text())
    assert found
    return found[1]


def get(url: str, headers: dict[str, str] | None = None) -> bytes:
    request = urllib.request.Request(url, headers=headers or {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def state(url: str) -> dict[str, Any]:
    return dict(json.loads(get(url + "api/state")))


def scrub(browser: Browser, row: int) -> str:
    """The pixels of a frame, which stays while the run goes on."""
    browser.run(
        f"(e => {{ e.value = {row}; e.dispatchEvent(new Event('input')) }})"
        "(document.getElementById('scrub'))"
    )
    browser.until(f"{SHOWN} === {row}", f"frame {row}")
    return str(browser.run(PIXELS))


def stop(program: Running) -> None:
    program.signal(signal.SIGUSR2)
    program.wait().expect(75)


def picture(url: str, row: int) -> np.ndarray[Any, Any]:
    data = get(f"{url}api/picture?row={row}")
    width, height, scale = struct.unpack("<4xiii", data[:16])
    assert scale == 1
    return np.frombuffer(data[48:], "<f4").reshape(height, width)


def test_a_browser_follows_a_run_over_its_restart_and_shows_the_same_when_it_is_stored(
    bench: Bench,
) -> None:
    deck = bench.deck(ENDLESS, name="page")
    run = RunDirectory(bench.path / "page" / "run")
    with chromium(bench.path / "profile") as browser:
        browser.size(1280, 900)
        address = f"127.0.0.1:{free_port()}"
        with running(["run", deck, "--listen", address], ranks=2) as program:
            url = url_of(program)
            browser.open(url)
            browser.until(f"{SHOWN} > {ROW}", "the newest frame")
            live = scrub(browser, ROW)
            rows = state(url)["rows"]
            program.until(lambda: state(url)["rows"] > rows, "more frames")
            assert browser.run(SHOWN) == ROW and browser.run(PIXELS) == live
            assert scrub(browser, ROW + 1) != live
            browser.run("document.getElementById('map').focus()")
            browser.press("ArrowRight")
            told = browser.until(
                "document.getElementById('cell').textContent.startsWith('x ') && "
                "document.getElementById('cell').textContent",
                "a cell",
            )
            values = picture(url, ROW + 1)
            found = re.match(r"x (\d+), y (\d+): (\S+) K", told)
            assert found
            x, y, value = found.groups()
            assert float(value) == pytest.approx(values[int(y), int(x)], rel=1e-3)  # four digits
            browser.press("Escape")
            stop(program)
        browser.until("document.getElementById('phase').textContent.includes('ended')", "the end")
        with running(["run", deck, "--listen", address], ranks=3) as program:
            url_of(program)
            browser.until("document.getElementById('notice').textContent", "word of the restart")
            program.until(lambda: state(url)["rows"] > rows + 1, "more frames")
            assert scrub(browser, ROW) == live
            stop(program)
        with running(["replay", run.path, "--listen", address], ranks=0) as program:
            url_of(program, "frames of run")
            browser.open(url)
            browser.until(f"{SHOWN} >= 0", "a stored frame")
            assert scrub(browser, ROW) == live
            stored = run.temperature()
            assert state(url)["rows"] == len(stored)
            for row in (0, ROW, len(stored) - 1):
                expected = stored[row].T.astype("f4")
                assert picture(url, row).tobytes() == expected.tobytes()
            program.signal(signal.SIGTERM)
            program.wait().expect(0)
        assert browser.complaints == []
        assert {request.split("/")[2] for request in browser.requests} == {url.split("/")[2]}


def test_corrections_reach_the_page_and_prometheus_finds_every_metric(bench: Bench) -> None:
    """A tenth of the events comes late enough to change frames that were shown already."""
    late = {"stream": {"disorder_ms": 1}, "gen": {"delay_ms": 150}}
    deck = bench.deck(ENDLESS, late, WATCHED, name="corrected")
    with running(["run", deck, "--listen", "127.0.0.1:0"]) as program:
        url = url_of(program)
        first = assert_documented(get(url + "metrics").decode())
        program.until(lambda: state(url)["corrections"] > 20, "corrections")
        samples = assert_documented(get(url + "metrics").decode())
        assert samples.keys() == first.keys()  # events, alerts and corrections make no new series
        assert of(samples, "alert_active") == {'alert="warm"': 2}
        assert of(samples, "alerts_total")['alert="warm",level="1e+06"'] == 0
        assert len(of(samples, "temperature")) == 9
        regions = json.loads(get(url + "api/run"))["regions"]
        assert regions[0] == {"name": "core", "x0": 10, "y0": 10, "x1": 40, "y1": 30}
        assert [region["level"] for region in state(url)["regions"]] == [2, 0]
        told = json.loads(get(url + "api/series?from=0&points=2000"))
        assert max(told["revision"]) > 0
        judged = tool("replay", bench.path / "corrected/run", "--alerts").expect(0).out
        assert '"alert":"warm","event":"raised"' in judged  # by now, while it goes on
        core, edge = json.loads(get(f"{url}api/row?row=0"))["regions"]
        assert edge["level"] == 0 and edge["min"] < edge["mean"] < edge["max"]
        assert core["min"] < core["mean"] < core["max"] < 1e6
        stop(program)


def followers(port: int, told: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "system.followers", str(port), "100", "10"]
    with told.open("wb") as out:
        return subprocess.Popen(command, cwd=ROOT / "tests", stdout=out)


def test_a_hundred_clients_and_some_that_take_nothing_change_nothing(bench: Bench) -> None:
    """They may be cut off; the run comes to what it comes to without them."""
    patient = {"stream": {"idle": "block"}}
    watched = bench.deck(ENDLESS, patient, name="watched")
    told, silent = bench.path / "told", []
    amid = Order("manifest_add_frame", 3, "hold")  # until they are there
    with held_at(amid, ["run", watched, "--listen", "127.0.0.1:0"], 1) as program:
        port = int(url_of(program).split(":")[2][:-1])
        clients = followers(port, told)
        for i in range(30):  # some never come to an end
            client = socket.create_connection(("127.0.0.1", port))
            client.sendall(b"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n"[: 20 * (i % 3)])
            silent.append(client)
        program.until(lambda: "there" in told.read_text(), "the clients")
        program.resume()
        program.until(lambda: "taken" in told.read_text(), "what they ask for")
        stop(program)
        clients.wait(60 * PATIENCE)
    for client in silent:
        client.close()
    tally = json.loads(told.read_text().splitlines()[-1])
    assert tally["listeners"] == 100 and tally["refused"] == 0, tally
    run = bench.directory(watched)
    alone = bench.deck(ENDLESS, patient, {"time": {"windows": run.windows_committed()}})
    assert_same(bench.run(alone), run)


def test_a_page_elsewhere_needs_a_token(bench: Bench) -> None:
    deck = bench.deck(ENDLESS, name="elsewhere")
    refused = tool("run", deck, "--listen", "0.0.0.0:0").expect(78)
    assert "watch.token_file" in refused.text
    token = bench.path / "token"
    token.write_text("a-token-of-some-length\n")
    token.chmod(0o600)
    arguments = ["run", deck, "--listen", "0.0.0.0:0", "-D", f"watch.token_file={token}"]
    with running(arguments) as program:
        program.until(lambda: "live page" in program.text(), "the page")
        port = re.search(r"http://0\.0\.0\.0:(\d+)/", program.text())
        assert port
        url = f"http://127.0.0.1:{port[1]}/"
        assert get(url + "healthz") == b"ok\n"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(url + "metrics")
        assert get(url + "metrics", {"Authorization": "Bearer a-token-of-some-length"})
        stop(program)
    assert "a-token-of-some-length" not in (bench.path / "elsewhere/run/config.yaml").read_text()


def test_replay_names_what_it_cannot_show(bench: Bench, tmp_path: Path) -> None:
    outcome = tool("replay", tmp_path).expect(66)
    assert str(tmp_path) in outcome.text
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "seg_000000.h5").write_bytes(b"no HDF5 file at all" * 100)
    outcome = tool("replay", tmp_path)
    assert outcome.code in (65, 66) and "seg_000000.h5" in outcome.text

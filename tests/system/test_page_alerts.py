"""A real Kafka, a real browser: what the page of a live run says of its alerts, frame by frame."""

from __future__ import annotations

import json
import signal
from typing import Any

import h5py  # type: ignore[import-untyped]
import pytest

from .brokers import free_port
from .chromium import Browser, chromium
from .conftest import Bench, from_kafka
from .kafka import Kafka
from .program import running
from .results import RunDirectory
from .test_page import ENDLESS, PIXELS, SHOWN, WATCHED, scrub, stop, url_of

# Written in one go: the newest frame that the page knows of, and the levels it shows.
TOLD = """JSON.stringify([Number(document.getElementById('scrub')?.max ?? -1),
    [...document.querySelectorAll('#regions li')].map((item) => Number(item.dataset.level))])"""


def told(browser: Browser) -> tuple[int, tuple[int, ...]]:
    row, levels = json.loads(browser.run(TOLD))
    return row, tuple(levels)


def watch(browser: Browser) -> dict[int, tuple[int, ...]]:
    """Rows and levels as the page tells them, until the highest alert has been on for a while."""
    seen: dict[int, tuple[int, ...]] = {}

    def is_enough() -> bool:
        row, levels = told(browser)
        if row > 0 and levels:
            seen[row] = levels
        return sum(max(found) >= 2 for found in seen.values()) >= 10

    while not is_enough():
        newest = max(seen, default=0)
        browser.until(f"Number(document.getElementById('scrub')?.max) > {newest}", "more frames")
    return seen


def stored(run: RunDirectory) -> tuple[list[tuple[int, ...]], list[dict[str, Any]]]:
    with h5py.File(run.path / "frames.h5") as file:
        levels = [tuple(map(int, row)) for row in file["regions/level"][()]]
    return levels, [json.loads(line) for line in run.alerts().splitlines()]


def level_after(alerts: list[dict[str, Any]], name: str, window: int) -> int:
    """As the lines of alerts.ndjson have it."""
    told = [a["level"] for a in alerts if a["alert"] == name and a["window"] <= window]
    return told[-1] if told else 0


@pytest.mark.kafka
def test_an_alert_is_on_the_page_with_the_frame_that_raised_it(bench: Bench, kafka: Kafka) -> None:
    """And the frame is the same paused, over a restart of the run, and when it is stored."""
    patient = {"stream": {"idle": "block"}}
    source = from_kafka(kafka, kafka.create(3))
    deck = bench.deck(ENDLESS, WATCHED, source, patient, name="alerts")
    with (
        chromium(bench.path / "profile") as browser,
        running(["gen", deck, "--pace", "1"], ranks=0),
    ):
        browser.size(1280, 900)
        address = f"127.0.0.1:{free_port()}"
        with running(["run", deck, "--listen", address], ranks=2) as program:
            url = url_of(program)
            browser.open(url)
            seen = watch(browser)
            row = max(seen)
            live = scrub(browser, row)
            newest, _ = told(browser)
            browser.until(f"Number(document.getElementById('scrub').max) > {newest}", "more frames")
            assert browser.run(SHOWN) == row and browser.run(PIXELS) == live
            stop(program)
        with running(["run", deck, "--listen", address], ranks=3) as program:
            url_of(program)
            browser.until("document.getElementById('notice').textContent", "word of the restart")
            assert scrub(browser, row) == live
            stop(program)
        run = RunDirectory(bench.path / "alerts" / "run")
        levels, alerts = stored(run)
        assert seen == {row: levels[row] for row in seen}
        assert {row: core for row, (core, _) in seen.items()} == {
            row: level_after(alerts, "warm", row) for row in seen
        }
        with running(["replay", run.path, "--listen", address], ranks=0) as program:
            url_of(program, "frames of run")
            browser.open(url)
            browser.until(f"{SHOWN} >= 0", "a stored frame")
            assert scrub(browser, row) == live
            program.signal(signal.SIGTERM)
            program.wait().expect(0)
        assert browser.complaints == []

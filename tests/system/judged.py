"""What was said of alerts, by a run and by its frames judged again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .program import tool
from .results import RunDirectory

Words = dict[tuple[str, int], dict[str, Any]]


def words(lines: Iterable[str]) -> Words:
    """The last line about each alert and window, without those that were withdrawn."""
    last = {(w["alert"], w["window"]): w for w in map(json.loads, lines)}
    return {key: w for key, w in last.items() if w["event"] != "withdrawn"}


def judgement(said: Words) -> dict[tuple[str, int], dict[str, Any]]:
    """Without what names the moment at which it was said."""
    moment = ("revision", "final")
    return {key: {k: v for k, v in w.items() if k not in moment} for key, w in said.items()}


def told(run: RunDirectory) -> Words:
    return words(run.alerts().decode().splitlines())


def replayed(run: RunDirectory, *arguments: str | Path) -> Words:
    lines = tool("replay", run.path, "--alerts", *arguments).expect(0).out.splitlines()
    found = words(lines)
    assert len(found) == len(lines)  # each frame is judged once
    return found


def assert_alerts_are_those_of_the_frames(run: RunDirectory) -> None:
    assert judgement(replayed(run)) == judgement(told(run))

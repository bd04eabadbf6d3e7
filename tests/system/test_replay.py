"""Stored frames judged again, by the run's own deck and by others."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from .conftest import Bench
from .decks import AWKWARD, WATCHED, Deck, Stream, merged, sensors, write_deck
from .judged import judgement, replayed, told, words
from .program import running, tool
from .results import RunDirectory
from .test_page import get, url_of

LATE = merged(AWKWARD, WATCHED, {"stream": {"disorder_ms": 60}})
# Other parts of the same grid, one of them of the same cells under another name.
OTHERS: Deck = {
    "regions": [
        {"name": "same", "box": [9, 3, 12, 6]},
        {"name": "bar", "box": [2, 4, 21, 5], "percentiles": [10, 50]},
    ],
    "relations": [{"name": "r", "a": "bar", "b": "same", "window_s": 0.2}],
    "alerts": [
        {"name": "low", "region": "bar", "stat": "p10", "levels": [0.2, 0.22, 0.24, 0.26]},
        {"name": "mean", "region": "bar", "levels": [0.22, 0.24, 0.26], "hysteresis": 0.003},
        {"name": "same", "region": "same", "stat": "p50", "levels": [0.24, 0.26, 0.28]},
        {"name": "r", "relation": "r", "levels": [0.85, 0.9, 0.95]},
    ],
}


def contents(path: Path) -> dict[str, tuple[str, int]]:
    return {
        str(p.relative_to(path)): (hashlib.md5(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns)
        for p in sorted(path.rglob("*"))
        if p.is_file()
    }


@pytest.fixture(scope="module")
def late() -> Stream:
    """A part of the events comes late enough to correct frames."""
    return sensors(LATE, 40, stragglers=0.05)


def run_of(bench: Bench, stream: Stream, *changes: Deck, dtype: str = "f64") -> RunDirectory:
    precision = {"output": {"frames": {"dtype": dtype}}}
    return bench.run(bench.files(LATE, stream, *changes, precision), ranks=1)


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_the_runs_own_deck_gives_the_last_words_of_its_alerts(
    bench: Bench, late: Stream, dtype: str
) -> None:
    run = run_of(bench, late, dtype=dtype)
    before = contents(run.path)
    assert b'"withdrawn"' in run.alerts() and max(run.series()["revision"]) > 1
    again = replayed(run)
    assert judgement(again) == judgement(told(run)) != {}
    revisions = dict(zip(run.series()["window"], run.series()["revision"], strict=True))
    assert all(w["revision"] == revisions[window] for (_, window), w in again.items())
    assert contents(run.path) == before


def test_other_regions_of_exact_frames_give_the_bits_that_a_run_with_them_gives(
    bench: Bench, late: Stream
) -> None:
    run, other = run_of(bench, late), run_of(bench, late, OTHERS)
    deck = write_deck(bench.path / "others.yaml", OTHERS)
    assert judgement(replayed(run, "--deck", deck)) == judgement(told(other)) != {}
    sets = [f"{key}={json.dumps(value)}" for key, value in OTHERS.items()]
    options = [option for each in sets for option in ("-D", each)]
    assert replayed(run, *options) == replayed(run, "--deck", deck)
    bare = run_of(bench, late, {"regions": [], "relations": [], "alerts": []})
    assert replayed(bare, "--deck", deck) == replayed(run, "--deck", deck)


def test_rounded_frames_keep_the_stored_statistics_and_measure_others_as_rounded(
    bench: Bench, late: Stream
) -> None:
    run = run_of(bench, late, dtype="f32")
    levels = [0.2, 0.22, 0.24, 0.26, 0.28, 0.3]
    rules = [
        {"name": "stored", "region": "spot", "levels": levels},
        {"name": "measured", "region": "new", "stat": "max", "levels": [*levels]},
    ]
    regions = [*WATCHED["regions"], {"name": "new", "box": [3, 2, 20, 4]}]
    deck = write_deck(
        bench.path / "new.yaml", {"regions": regions, "relations": [], "alerts": rules}
    )
    found = replayed(run, "--deck", deck)
    exact = run_of(bench, late, {"alerts": [rules[0]], "relations": []})
    stored = {key: w for key, w in judgement(found).items() if key[0] == "stored"}
    assert stored == judgement(told(exact)) != {}
    highest = run.temperature()[:, 3:20, 2:4].astype("f8").max(axis=(1, 2))
    measured = {key[1]: w["value"] for key, w in found.items() if key[0] == "measured"}
    assert measured and all(highest[window] == value for window, value in measured.items())
    reached = np.searchsorted(levels, highest, side="right")
    assert set(measured) == set(np.flatnonzero(np.diff(reached, prepend=0)))


def test_a_mask_is_that_of_the_run_or_is_refused(bench: Bench, late: Stream) -> None:
    drawing = bench.path / "mask.txt"
    lines = ["." * 23] * 17
    drawn = [*lines[:8], "." * 4 + "#" * 9 + "." * 10, *lines[9:]]
    drawing.write_text("\n".join(drawn))
    alerts = [{"name": "a", "region": "m", "stat": "max", "levels": [0.24, 0.26, 0.28]}]
    masked = {
        "regions": [{"name": "m", "mask": str(drawing)}],
        "relations": [],
        "alerts": alerts,
    }
    run = run_of(bench, late, masked, dtype="f32")
    assert judgement(replayed(run)) == judgement(told(run)) != {}
    drawing.write_text("\n".join(drawn[::-1][3:] + drawn[:3]))
    refused = tool("replay", run.path, "--alerts").expect(65)
    assert "`m`" in refused.text and str(drawing) in refused.text
    drawing.unlink()
    assert str(drawing) in tool("replay", run.path, "--alerts").expect(78).text
    box = ["-D", "regions=[{name: m, box: [0, 0, 2, 2]}]"]
    assert (
        "what run stored of regions is not used"
        in tool("replay", run.path, "--alerts", *box).expect(0).text
    )


def test_what_cannot_be_judged_by_is_refused(bench: Bench, late: Stream) -> None:
    run = run_of(bench, late)
    narrow = write_deck(bench.path / "narrow.yaml", {"grid": {"nx": 22}})
    slow = write_deck(bench.path / "slow.yaml", {"time": {"window_ms": 50}})
    unknown = write_deck(bench.path / "unknown.yaml", {"alrets": []})
    cases: list[tuple[list[str | Path], int, str]] = [
        (["-D", "stream.topic=other"], 78, "-D stream.topic: decides nothing about stored frames"),
        (["-D", "alerts.command=[rm]"], 78, "-D alerts.command: decides nothing"),
        (["-D", "alerts=[]"], 78, "there are no alerts to judge by"),
        (["-D", "alerts=[{name: a, region: nowhere, levels: [1]}]"], 78, "no region `nowhere`"),
        (["-D", "regions=[{name: spot, box: [0, 0, 24, 1]}]"], 78, "`spot` reaches to column 23"),
        (["-D", "regions=[{name: spot"], 78, "-D regions"),
        (["--deck", narrow], 78, "narrow.yaml:2:3: grid.nx: is 22, but 23 of the frames"),
        (["--deck", slow], 78, "slow.yaml:2:3: time.window_ms: is 50, but 100 of the frames"),
        (["--deck", unknown], 78, "unknown.yaml:1:1: alrets: unknown key"),
        (["--deck", bench.path / "none.yaml"], 66, "none.yaml"),
        (["--deck"], 64, "--deck needs a value"),
    ]
    for arguments, code, text in cases:
        refused = tool("replay", run.path, "--alerts", *arguments).expect(code)
        assert text in refused.text and not refused.out


def test_a_run_that_lost_its_deck_or_its_first_frames_is_shown_as_far_as_it_goes(
    bench: Bench, late: Stream
) -> None:
    run = run_of(bench, late)
    whole = replayed(run)
    (run.path / "frames/seg_000000.h5").unlink()
    rest = tool("replay", run.path, "--alerts").expect(0)
    first = AWKWARD["output"]["frames"]["per_segment"]
    assert f"the frames before window {first} are gone" in rest.err
    found = words(rest.out.splitlines())
    assert found and min(window for _, window in found) >= first and whole.keys() - found.keys()
    with running(["replay", run.path], ranks=0) as program:
        url = url_of(program, "frames of run")
        row = json.loads(get(f"{url}api/row?row={first}"))
        assert row["window"] == first and len(row["regions"]) == len(WATCHED["regions"])
        told = json.loads(get(f"{url}api/run"))
        assert (told["first_row"], told["first_window"]) == (first, first)
        assert json.loads(get(f"{url}api/series?points=2000"))["row"][0] == first
    (run.path / "config.yaml").unlink()
    assert "config.yaml" in tool("replay", run.path, "--alerts").expect(66).text
    with running(["replay", run.path], ranks=0) as program:
        url = url_of(program, "frames of run")
        assert "regions and alerts are not shown" in program.text()
        assert "regions" not in json.loads(get(f"{url}api/row?row={first}"))

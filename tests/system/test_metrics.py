"""What Prometheus is told: every documented metric, and numbers that agree with the run's own."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from .conftest import Bench
from .decks import AWKWARD, merged
from .program import ROOT, heatstream, running
from .results import RunDirectory

DECK = merged(
    AWKWARD,
    {
        "time": {"windows": 60},
        "stream": {"source": "synthetic"},
        "gen": {"start_ms": AWKWARD["time"]["t0"], "steps": 70, "partitions": 3},
    },
)
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")

Samples = dict[tuple[str, str], float]


def parse(text: str) -> tuple[Samples, dict[str, str]]:
    """Values by name and labels, types by name."""
    samples: Samples = {}
    types: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in types, f"{name} is told twice"
            types[name] = kind
        elif not line.startswith("# HELP "):
            match = SAMPLE.match(line)
            assert match, line
            key = (match[1], match[2] or "")
            assert key not in samples, f"{key} is told twice"
            samples[key] = float(match[3])
    return samples, types


def rows_of_the_readme() -> list[tuple[str, str, str]]:
    """Name, type and labels of each metric in its table."""
    section = (ROOT / "README.md").read_text().split("\n## Metrics\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\|", section, re.MULTILINE)


def documented() -> dict[str, str]:
    return {f"heatstream_{name}": kind for name, kind, _ in rows_of_the_readme()}


def documented_labels() -> dict[str, set[str]]:
    """Names alone: the table says in brackets, and behind a colon, which values there are."""
    return {
        f"heatstream_{name}": set(re.findall(r"\w+", re.sub(r"\([^)]*\)|: .*", "", text)))
        for name, _, text in rows_of_the_readme()
    }


def labels_of(samples: Samples, types: Mapping[str, str]) -> dict[str, set[str]]:
    """Names of the labels of each metric, `le` of histograms aside; the same in all series."""
    found: dict[str, set[str]] = {}
    for name, labels in samples:
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        metric = base if types.get(base) == "histogram" else name
        names = set(re.findall(r'(\w+)="', labels)) - {"le"}
        assert found.setdefault(metric, names) == names, f"{name} has different labels"
    return found


def assert_documented(text: str) -> Samples:
    """Every metric of the README, nothing else, with its type, labels, help and a base unit."""
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0 and not checked.stderr, checked.stderr
    samples, types = parse(text)
    assert types == documented()
    documented_ones = documented_labels()
    for name, names in labels_of(samples, types).items():
        assert names == documented_ones[name], name
    helped = re.findall(r"^# HELP (\w+) \S", text, re.MULTILINE)
    assert sorted(helped) == sorted(types)
    for name, kind in types.items():
        assert name.endswith("_total") == (kind == "counter"), name
        assert kind != "histogram" or name.endswith("_seconds"), name
        assert not re.search(r"_(ms|us|minutes|hours|percent|kb|mb|kib|mib)(_|$)", name), name
    return samples


def of(samples: Samples, name: str) -> dict[str, float]:
    return {labels: value for (n, labels), value in samples.items() if n == f"heatstream_{name}"}


@pytest.mark.parametrize("ranks", [1, 3])
def test_every_documented_metric_is_there_and_agrees_with_the_run(bench: Bench, ranks: int) -> None:
    file = bench.path / f"run{ranks}.prom"
    deck = bench.deck(DECK, name=f"metrics{ranks}")
    heatstream("run", deck, "--metrics-file", file, ranks=ranks).expect(0)
    samples = assert_documented(file.read_text())

    run = RunDirectory(bench.path / f"metrics{ranks}" / "run")
    info = run.info()
    windows = DECK["time"]["windows"]
    cells = DECK["grid"]["nx"] * DECK["grid"]["ny"]
    assert of(samples, "windows_total") == {"": windows}
    assert of(samples, "window") == {"": windows - 1}
    assert of(samples, "progress_ratio") == {"": 1}
    assert of(samples, "frames_written_total") == {"": windows}
    assert of(samples, "cell_updates_total")[""] % (cells * windows) == 0
    assert of(samples, "io_bytes_written_total")[""] > 8 * cells * windows
    fates = of(samples, "events_total")
    for ledger in info["ledger"].values():
        for fate, count in ledger.items():
            if fate not in ("first", "next"):
                fates[f'fate="{fate}"'] -= count
    assert set(fates.values()) == {0}
    counts = of(samples, "step_duration_seconds_count")
    assert set(counts.values()) == {windows} and len(counts) == 5
    assert of(samples, "event_to_frame_seconds_count") == {"": windows}
    assert 0 < abs(of(samples, "heat_balance_residual_ratio")[""]) < 1e-9


def test_a_file_that_cannot_be_made_stops_the_run_before_it_begins(bench: Bench) -> None:
    missing = bench.path / "missing" / "run.prom"
    outcome = heatstream("run", bench.deck(DECK), "--metrics-file", missing).expect(73)
    assert str(missing) in outcome.text


def test_a_file_that_goes_away_does_not_stop_the_run(bench: Bench) -> None:
    folder = bench.path / "prom"
    folder.mkdir()
    file = folder / "run.prom"
    endless = {"time": {"windows": 0}, "gen": {"steps": 0}}
    with running(["run", bench.deck(DECK, endless), "--metrics-file", file]) as program:
        program.until(file.exists, "metrics")
        moved = bench.path / "moved"
        folder.rename(moved)
        program.until(lambda: "trying again" in program.text(), "a warning")
        moved.rename(folder)
        before = file.stat().st_mtime_ns
        program.until(lambda: grown(file, before), "a newer file")


def grown(file: Path, before: int) -> bool:
    return file.exists() and file.stat().st_mtime_ns > before

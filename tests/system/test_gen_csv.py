"""Rows of a CSV file as a stream: what is sent is what the file holds, and nothing is lost."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from .conftest import Bench, from_kafka
from .decks import AWKWARD, T0_MS, Deck, sensors
from .kafka import Kafka
from .program import ROOT, heatstream, tool
from .results import RunDirectory

WINDOWS = 15
GARBAGE = {
    10: ("noon,1,1,1", "time is `noon`, not a whole number of milliseconds"),
    20: (f"{T0_MS + 1},23,1,1", "cell (23, 1) lies outside of the grid of 23 x 17"),
    30: ("", "the line is empty"),
    40: (f"{T0_MS + 1},1,1,1e999", "gen `1e999` is beyond what a double holds"),
    41: (f"{T0_MS + 1},1,1", "number of cells 3, of the header 4"),
}


def rows_of_events() -> list[str]:
    """One partition's events, out of order as they arrive, some of them late."""
    (events,) = sensors(AWKWARD, WINDOWS, partitions=1, chance=0.1).partitions
    parsed = [json.loads(event) for event in events]
    return [f"{e['time']},{e['gridX']},{e['gridY']},{e['gen']}" for e in parsed]


@pytest.fixture(scope="module")
def rows() -> list[str]:
    return rows_of_events()


def write_csv(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(["time,gridX,gridY,gen", *rows]) + "\n")
    return path


def from_files(*files: Path) -> Deck:
    return {"stream": {"source": "file", "files": [str(file) for file in files]}}


def replayed(csv: Path, **gen: object) -> Deck:
    return {"stream": {"source": "kafka"}, "gen": {"csv": str(csv), "partitions": 1, **gen}}


def content(run: RunDirectory) -> tuple[object, ...]:
    return run.frames_bytes(), run.lasting_series(), run.ledger()


@pytest.fixture(scope="module")
def expected(rows: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """What a run makes of the file itself."""
    bench = Bench(tmp_path_factory.mktemp("csv"))
    made = content(
        bench.run(bench.deck(AWKWARD, from_files(write_csv(bench.path / "a.csv", rows))))
    )
    assert made[2] and len(rows) > 500
    return made


def test_a_run_over_what_was_sent_is_the_run_over_the_file(
    bench: Bench, rows: list[str], expected: tuple[object, ...]
) -> None:
    csv = write_csv(bench.path / "a.csv", rows)
    tool("gen", bench.deck(AWKWARD, replayed(csv)), "--out", bench.path / "sent").expect(0)
    assert (
        content(bench.run(bench.deck(AWKWARD, from_files(bench.path / "sent.0.ndjson"))))
        == expected
    )


def test_garbage_is_named_by_line_value_and_reason_and_nothing_else_is_lost(
    bench: Bench, rows: list[str], expected: tuple[object, ...]
) -> None:
    dirty = list(rows)
    for place, (row, _) in GARBAGE.items():
        dirty.insert(place, row)
    csv = write_csv(bench.path / "dirty.csv", dirty)
    deck = bench.deck(AWKWARD, replayed(csv))
    outcome = tool("gen", deck, "--out", bench.path / "sent").expect(0)
    for place, (_, reason) in GARBAGE.items():
        assert f"dirty.csv:{place + 2}: not sent: {reason}" in outcome.text
    assert f"{len(GARBAGE)} of {len(dirty)} rows are no events" in outcome.text
    assert (
        content(bench.run(bench.deck(AWKWARD, from_files(bench.path / "sent.0.ndjson"))))
        == expected
    )


def test_sensors_by_name_at_instants_make_the_same_run(bench: Bench) -> None:
    """The deck of the notebook: names with blanks, times with a zone, a day a window."""
    rows = [
        f"2024-{10 + hour // 720}-{1 + hour // 24 % 30:02}T{hour % 24:02}:00:00.5+01:00,{roof},{mw}"
        for hour in range(24, 60 * 24)
        for roof, mw in (("old town", 10 + hour % 7 / 7), ('"west"', "1.5e1"), ("none", 3))
    ]
    csv = bench.path / "energy.csv"
    csv.write_text("\n".join(["time,id,value", *rows]) + "\n")
    energy = ROOT / "input/energy.yaml"
    runs = []
    for name, file in (("a", csv), ("b", bench.path / "sent.0.ndjson")):
        if name == "b":
            values = ["-D", f"gen.csv={csv}", "-D", "gen.partitions=1"]
            out = tool("gen", energy, *values, "--out", bench.path / "sent").expect(0)
            assert "id `none` is not in the table of sensors" in out.text
        values = ["-D", f"stream.files=[{file}]", "-D", "run.id=run"]
        heatstream("run", energy, "--out", bench.path / name, *values, ranks=2).expect(0)
        runs.append(RunDirectory(bench.path / name / "run"))
    assert runs[0].frames_bytes() == runs[1].frames_bytes()
    assert len(runs[0].series()["window"]) == 61
    assert runs[0].ledger()[0]["unknown_sensor"] == len(rows) // 3


def test_times_moved_to_now_keep_their_distances(bench: Bench, rows: list[str]) -> None:
    csv = write_csv(bench.path / "a.csv", rows)
    before = time.time() * 1000
    out = (
        tool("gen", bench.deck(AWKWARD, replayed(csv, csv_times="now")), "--out", "-").expect(0).out
    )
    after = time.time() * 1000
    times = [json.loads(line)["time"] for line in out.splitlines()]
    kept = [int(row.split(",")[0]) for row in rows]
    assert before - 1 <= times[0] <= after
    assert [t - times[0] for t in times] == [t - kept[0] for t in kept]


def test_a_file_of_no_events_at_all_is_66_and_the_output_is_not_begun(bench: Bench) -> None:
    csv = bench.path / "other.csv"
    csv.write_text("ts,type,region,value\n2014-12-31 23:00,solar,DE,0\n")
    outcome = tool("gen", bench.deck(AWKWARD, replayed(csv)), "--out", bench.path / "sent")
    assert "lacks the field `time`" in outcome.expect(66).text
    assert not (bench.path / "sent.0.ndjson").exists()
    csv.write_text("time,gridX,gridY,gen\n2014-12-31 23:00,0,0,0\n")
    outcome = tool("gen", bench.deck(AWKWARD, replayed(csv)), "--out", bench.path / "sent")
    assert "none of its 1 rows is an event" in outcome.expect(66).text


def test_a_run_does_not_take_rows_for_its_generator(bench: Bench, rows: list[str]) -> None:
    csv = write_csv(bench.path / "a.csv", rows)
    deck = bench.deck(AWKWARD, replayed(csv), {"stream": {"source": "synthetic"}})
    for command in ("run", "check"):
        assert (
            "gen.csv: only `heatstream gen` sends these rows" in tool(command, deck).expect(78).text
        )
    refused = bench.deck(AWKWARD, replayed(csv), {"stream": {"fields": {"value": "reading.heat"}}})
    assert "without nested objects" in tool("gen", refused, "--out", "-").expect(78).text


@pytest.mark.kafka
@pytest.mark.parametrize("form", ["json", "binary", "csv"])
def test_a_topic_gets_the_rows_in_every_form(
    bench: Bench, kafka: Kafka, rows: list[str], expected: tuple[object, ...], form: str
) -> None:
    csv, topic = write_csv(bench.path / "a.csv", rows), kafka.create(1)
    shape = {"stream": {"format": form}}
    reads_the_file = bench.deck(AWKWARD, replayed(csv), from_files(csv), shape)
    tool("gen", reads_the_file, "-b", kafka.address, "-t", topic).expect(0)
    deck = bench.deck(AWKWARD, from_kafka(kafka, topic), shape)
    assert content(bench.run(deck, "--until", "end", ranks=1)) == expected

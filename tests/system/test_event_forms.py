"""Events in every form a sensor may send: paths, units of time, CSV, binary, Avro, by name."""

from __future__ import annotations

import csv
import io
import json
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from oracle import avro
from oracle.event_time import Partition
from oracle.heat_oracle import Result, Setup, partition_of_lines, run_exact

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Deck, Stream, merged, sensors
from .kafka import Kafka, Pair
from .program import ROOT, tool
from .results import (
    RunDirectory,
    assert_dead_letters,
    assert_frames,
    assert_series,
)

INPUT = ROOT / "input"
ROOM = INPUT / "rack-room.yaml"


def assert_same_events(run: RunDirectory, expected: Result) -> None:
    assert_series(run.series(), expected)
    assert_frames(run.temperature(), run.series(), expected)
    assert_dead_letters(run.dead_letters(), expected.dead_letters)


def room_with(bench: Bench, extra: list[bytes], table: str | None = None) -> tuple[Deck, Result]:
    """The room of the example with more lines, below the bench, and what must come of it."""
    deck = yaml.safe_load(ROOM.read_text())
    raw = (INPUT / "rack-room.ndjson").read_bytes() + b"".join(line + b"\n" for line in extra)
    (bench.path / "rack-room.ndjson").write_bytes(raw)
    given = table if table is not None else (INPUT / "rack-room-sensors.csv").read_text()
    (bench.path / "rack-room-sensors.csv").write_text(given)
    setup = Setup.from_deck(deck, folder=bench.path)
    return deck, run_exact([partition_of_lines(raw)], setup)


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_room_of_racks_runs_from_a_deck_and_a_table_alone(bench: Bench, ranks: int) -> None:
    deck = yaml.safe_load(ROOM.read_text())
    setup = Setup.from_deck(deck, folder=INPUT)
    raw = (INPUT / "rack-room.ndjson").read_bytes()
    expected = run_exact([partition_of_lines(raw)], setup)
    assert expected.ledger[0].fates == {"on_time": 280, "candidate": 0}
    bench.outcome(ROOM, "--out", bench.path, ranks=ranks).expect(0)
    assert_same_events(RunDirectory(bench.path / "rack-room"), expected)


def reading(sensor: object, ts: str = "2026-01-01T00:00:19.999Z", watts: str = "9") -> bytes:
    return (f'{{"sensor":{json.dumps(sensor)},"ts":"{ts}","reading":{{"watts":{watts}}}}}').encode()


def test_what_no_sensor_can_have_sent_is_a_dead_letter_with_the_reason(bench: Bench) -> None:
    letters = {
        "unknown_sensor": reading("rack13"),
        "undecodable": reading("rack1", ts="2026-01-01T00:00:19.999"),
        "out_of_range": reading("rack1", watts="1e18"),
        "not_finite": reading("rack1", watts="1e999"),
    }
    deck, expected = room_with(bench, list(letters.values()))
    run = bench.run(bench.deck(deck, {"run": {"id": "run"}}))
    assert [d["reason"] for d in run.dead_letters()] == list(letters)
    assert "time" in run.dead_letters()[0]
    assert_same_events(run, expected)


def test_a_changed_table_refuses_a_restart(bench: Bench) -> None:
    deck, expected = room_with(bench, [])
    path = bench.deck(deck, {"run": {"id": "run"}}, name="room")
    bench.outcome(path, "-D", "time.windows=9").expect(0)
    table = bench.path / "rack-room-sensors.csv"
    good = table.read_text()
    table.write_text(good.replace("0.4", "0.5"))
    refused = bench.outcome(path).expect(78)
    assert "sensor table differs" in refused.text
    table.write_text(good)
    moved = bench.path / "elsewhere" / "table.csv"
    moved.parent.mkdir()
    shutil.move(table, moved)
    bench.outcome(path, "-D", f"stream.sensors={moved}").expect(0)
    assert_same_events(bench.directory(path), expected)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("id,x,y\na,1,2\na,1,3\n", ":3: the sensor `a` is already on line 2"),
        ("id,x,y\na,16,2\n", ":2: x = 16 is outside the grid: 0 to 15"),
        ("id,x\na,1\n", ":1: the column `y` is missing"),
        ("id,x,y,gain\na,1,2,much\n", ":2: gain: `much` is not a number"),
    ],
)
def test_a_bad_table_is_refused_before_anything_starts(
    bench: Bench, table: str, message: str
) -> None:
    deck = yaml.safe_load(ROOM.read_text())
    shutil.copy(INPUT / "rack-room.ndjson", bench.path)
    (bench.path / "rack-room-sensors.csv").write_text(table)
    path = bench.deck(deck, {"run": {"id": "run"}})
    for outcome in (tool("check", path), bench.outcome(path)):
        assert f"rack-room-sensors.csv{message}" in outcome.expect(78).text
    assert not bench.directory(path).path.exists()


# One stream in every form.
Form = Callable[[dict[str, Any]], Pair]
WINDOWS = 12


def instant(time_ms: int) -> str:
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03d}999Z"


def as_json(event: dict[str, Any]) -> Pair:
    return None, json.dumps(event).encode()


def as_nested(event: dict[str, Any]) -> Pair:
    cell = {"x": event["gridX"], "list": [{"x": 5}], "y": event["gridY"]}
    value = {"at": {"cell": cell, "t": instant(event["time"])}, "gen": event["gen"]}
    return None, json.dumps(value).encode()


def as_seconds(event: dict[str, Any]) -> Pair:
    time_ms = event["time"]
    text = json.dumps({**event, "time": 0})
    return None, text.replace(": 0,", f": {time_ms // 1000}.{time_ms % 1000:03d}9,", 1).encode()


def as_nanoseconds(event: dict[str, Any]) -> Pair:
    return None, json.dumps({**event, "time": event["time"] * 1_000_000 + 999_999}).encode()


def as_line(event: dict[str, Any]) -> Pair:
    cells = [event["gen"], 'a "quoted", note', event["gridY"], event["time"], event["gridX"]]
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return None, text.getvalue().encode()


def as_plain_line(event: dict[str, Any]) -> Pair:
    line = ",".join(repr(event[name]) for name in ("time", "gridX", "gridY", "gen"))
    return None, line.encode()


def as_binary(event: dict[str, Any]) -> Pair:
    key = struct.pack(">II", event["gridX"], event["gridY"])
    return key, struct.pack(">qd", event["time"] * 1000 + 999, event["gen"])


def as_named(event: dict[str, Any]) -> Pair:
    sensor = f"{event['gridX']}/{event['gridY']}"
    return None, json.dumps({"s": sensor, "time": event["time"], "gen": event["gen"]}).encode()


def record(name: str, **types: Any) -> dict[str, Any]:
    fields = [{"name": field, "type": declared} for field, declared in types.items()]
    return {"type": "record", "name": name, "fields": fields}


MICROS = {"type": "long", "logicalType": "timestamp-micros"}
CELL = record("Cell", note="string", x=["null", "int"], y="long")
SCHEMAS = {
    "event.avsc": record("heat.Event", time="long", gridX="int", gridY="int", gen="double"),
    "nested.avsc": record(
        "heat.Nested",
        tags={"type": "map", "values": {"type": "array", "items": "string"}},
        at=["null", record("At", cell=CELL, t=["null", MICROS])],
        before=["null", "At"],
        gen=["int", "double", "string"],
    ),
    "named.avsc": record("heat.Named", s=["int", "string"], gen="double", time="string"),
}
EVENT, NESTED, NAMED = (avro.Schema.of(json.dumps(schema)) for schema in SCHEMAS.values())


def as_avro(event: dict[str, Any]) -> Pair:
    return None, EVENT.write(event)


def as_confluent(event: dict[str, Any]) -> Pair:
    return b"any key", avro.confluent(0x01020304, EVENT.write(event))


def as_nested_avro(event: dict[str, Any]) -> Pair:
    cell = {"note": "n" * event["gridX"], "x": event["gridX"], "y": event["gridY"]}
    at = {"cell": cell, "t": event["time"] * 1000 + 999}
    tags = {"a": ["b", "c"], "d": []} if event["gridY"] % 2 else {}
    before = {"cell": cell | {"x": None}, "t": None} if event["gridX"] % 2 else None
    return None, NESTED.write({"tags": tags, "at": at, "before": before, "gen": event["gen"]})


def as_named_avro(event: dict[str, Any]) -> Pair:
    sensor = f"{event['gridX']}/{event['gridY']}"
    return None, NAMED.write({"s": sensor, "gen": event["gen"], "time": instant(event["time"])})


PATHS = {"time": "at.t", "x": "at.cell.x", "y": "at.cell.y"}
COLUMNS = ["gen", "note", "gridY", "time", "gridX"]
FORMS: dict[str, tuple[Form, dict[str, Any]]] = {
    "json": (as_json, {}),
    "nested": (as_nested, {"fields": PATHS, "time_unit": "iso8601"}),
    "seconds": (as_seconds, {"time_unit": "s"}),
    "nanoseconds": (as_nanoseconds, {"time_unit": "ns"}),
    "line": (as_line, {"format": "csv", "csv_columns": COLUMNS}),
    "plain_line": (as_plain_line, {"format": "csv"}),
    "binary": (as_binary, {"format": "binary", "time_unit": "us"}),
    "named": (as_named, {"fields": {"id": "s"}, "sensors": "cells.csv"}),
    "avro": (as_avro, {"format": "avro", "schema": "event.avsc"}),
    "confluent": (
        as_confluent,
        {"format": "confluent-avro", "schema": "event.avsc", "schema_id": 0x01020304},
    ),
    "nested_avro": (
        as_nested_avro,
        {"format": "avro", "schema": "nested.avsc", "fields": PATHS},
    ),
    "named_avro": (
        as_named_avro,
        {
            "format": "avro",
            "schema": "named.avsc",
            "time_unit": "iso8601",
            "fields": {"id": "s"},
            "sensors": "cells.csv",
        },
    ),
}
# Without a key beside the value, nor a line end inside of it.
OF_LINES = ["json", "nested", "seconds", "nanoseconds", "plain_line", "named"]


def table_of_cells(path: Path) -> None:
    """In order of cell: then row and cell are one number, and so are all clocks."""
    nx, ny = AWKWARD["grid"]["nx"], AWKWARD["grid"]["ny"]
    rows = [f"{x}/{y},{x},{y}" for x in range(nx) for y in range(ny)]
    path.write_text("\n".join(["id,x,y", *rows]) + "\n")


def in_form(stream: Stream, form: Form) -> list[list[Pair]]:
    return [[form(json.loads(value)) for value in values] for values in stream.partitions]


def parts_of(pairs: list[list[Pair]]) -> list[Partition]:
    return [
        Partition(0, len(part), [(i, key, value) for i, (key, value) in enumerate(part)])
        for part in pairs
    ]


@dataclass(frozen=True)
class Formed:
    """One stream in one form, and what must come of it: the bits of the plain stream."""

    pairs: list[list[Pair]]
    changes: Deck
    expected: Result


def formed(bench: Bench, name: str) -> Formed:
    form, changes = FORMS[name]
    stream = sensors(AWKWARD, windows=WINDOWS, partitions=2)
    table_of_cells(bench.path / "cells.csv")
    for file, schema in SCHEMAS.items():
        (bench.path / file).write_text(json.dumps(schema, indent=2))
    pairs = in_form(stream, form)
    setup = Setup.from_deck(merged(AWKWARD, {"stream": changes}), folder=bench.path)
    expected = run_exact(parts_of(pairs), setup)
    assert expected.digest == stream.expected(AWKWARD).digest
    return Formed(pairs, {"stream": changes}, expected)


@pytest.mark.parametrize("name", OF_LINES)
def test_every_form_gives_the_same_bits_from_files(bench: Bench, name: str) -> None:
    events = formed(bench, name)
    lines = Stream([[value or b"" for _, value in part] for part in events.pairs])
    run = bench.run(bench.files(AWKWARD, lines, events.changes))
    assert_same_events(run, events.expected)


@pytest.mark.kafka
@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_bits_from_a_topic(bench: Bench, kafka: Kafka, name: str) -> None:
    events = formed(bench, name)
    topic = kafka.create(2)
    parts = enumerate(events.pairs)
    kafka.send(topic, ((p, pair) for p, pairs in parts for pair in pairs))
    deck = bench.deck(AWKWARD, from_kafka(kafka, topic), events.changes)
    bench.outcome(deck, "--until", "end").expect(0)
    assert_same_events(bench.directory(deck), events.expected)


GENERATED = merged(
    AWKWARD,
    {
        "stream": {"schema": "event.avsc", "schema_id": 77},
        "gen": {
            "seed": 5, "start_ms": 1_700_000_000_000, "steps": 12, "partitions": 3,
            "jitter_ms": 20, "delay_ms": 60, "probability": 0.4, "value": 2.5,
            "dropout": 0.02, "duplicates": 0.02,
        },
    },
)  # fmt: skip
GENERATED_FORMS = ["json", "binary", "avro", "confluent-avro"]


def digest_of(bench: Bench, deck: Path, *arguments: str) -> str:
    return bench.run(deck, *arguments, ranks=1).digest


@pytest.mark.kafka
def test_generated_events_give_one_digest_in_every_form_on_every_way(
    bench: Bench, kafka: Kafka
) -> None:
    (bench.path / "event.avsc").write_text(json.dumps(SCHEMAS["event.avsc"]))
    digests = {}
    for form in GENERATED_FORMS:
        stream = {"stream": {"format": form}}
        topic = kafka.create(3)
        deck = bench.deck(GENERATED, from_kafka(kafka, topic), stream)
        tool("gen", deck).expect(0)
        digests[form, "kafka"] = digest_of(bench, deck, "--until", "end")
        for source in ("kafka", "synthetic"):
            made = {"stream": {"source": source, "brokers": "embedded"}}
            digests[form, f"embedded {source}"] = digest_of(
                bench, bench.deck(GENERATED, stream, made)
            )
    assert len(set(digests.values())) == 1, digests

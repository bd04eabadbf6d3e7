"""Avro events: what is refused of schemas and of bodies, and agreement with fastavro."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from oracle import avro
from oracle.heat_oracle import Setup, run_exact

from .conftest import Bench, from_kafka
from .decks import AWKWARD, T0_MS, Deck, merged
from .kafka import Kafka, Pair
from .program import ROOT, tool
from .results import assert_equals_oracle
from .test_event_forms import SCHEMAS, parts_of, record

ID = 0x00010203
FLAT = avro.Schema.of(json.dumps(SCHEMAS["event.avsc"]))
SYNTHETIC: Deck = merged(
    AWKWARD,
    {
        "stream": {"source": "synthetic", "format": "avro", "schema": "event.avsc"},
        "gen": {"start_ms": T0_MS, "steps": 20, "partitions": 2},
    },
)


def with_schema(bench: Bench, schema: Any = None) -> Path:
    path = bench.path / "event.avsc"
    path.write_text(json.dumps(SCHEMAS["event.avsc"] if schema is None else schema))
    return path


def event(time_ms: int = T0_MS + 250, x: int = 1, gen: float = 1.0) -> dict[str, Any]:
    return {"time": time_ms, "gridX": x, "gridY": 1, "gen": gen}


def several(count: int = 60) -> list[bytes]:
    return [FLAT.write(event(T0_MS + 20 * i, i % 23, 0.5 * i)) for i in range(count)]


def run_topic(bench: Bench, kafka: Kafka, values: list[bytes | None], stream: Deck) -> None:
    """The records of one partition: the program's verdicts and frames are the oracle's."""
    pairs: list[Pair] = [(None, value) for value in values]
    topic = kafka.create(1)
    kafka.send(topic, ((0, pair) for pair in pairs))
    given = {"stream": stream}
    deck = bench.deck(AWKWARD, from_kafka(kafka, topic), given)
    setup = Setup.from_deck(merged(AWKWARD, given), folder=bench.path)
    bench.outcome(deck, "--until", "end").expect(0)
    assert_equals_oracle(bench.directory(deck), run_exact(parts_of([pairs]), setup))


@pytest.mark.kafka
def test_what_is_no_event_of_the_schema_is_undecodable(bench: Bench, kafka: Kafka) -> None:
    good = FLAT.write(event())
    refused: dict[str, bytes | None] = {
        "another id": avro.confluent(ID + 1, good),
        "its bytes turned round": avro.confluent(0x03020100, good),
        "another magic byte": b"\1" + avro.confluent(ID, good)[1:],
        "no prefix": good,
        "half a prefix": avro.confluent(ID, b"")[:4],
        "no body": avro.confluent(ID, b""),
        "truncated": avro.confluent(ID, good[:-1]),
        "trailing byte": avro.confluent(ID, good + b"\0"),
        "JSON": json.dumps(event()).encode(),
        "empty": b"",
        "tombstone": None,
    }
    values = [avro.confluent(ID, value) for value in several()]
    with_schema(bench)
    stream = {"format": "confluent-avro", "schema": "event.avsc", "schema_id": ID}
    setup = Setup.from_deck(merged(AWKWARD, {"stream": stream}), folder=bench.path)
    mixed: list[bytes | None] = [*refused.values(), *values]
    letters = run_exact(parts_of([[(None, value) for value in mixed]]), setup).dead_letters
    assert [letter.reason for letter in letters] == ["undecodable"] * len(refused)
    run_topic(bench, kafka, mixed, stream)


RICH = record(
    "heat.Rich",
    before=["null", "Rich"],
    kind={"type": "enum", "name": "Kind", "symbols": ["A", "B", "C"]},
    at=[
        "null",
        record(
            "At",
            flags={"type": "array", "items": "boolean"},
            time=["null", {"type": "long", "logicalType": "timestamp-micros"}, "string"],
            mark={"type": "fixed", "name": "other.Mark", "size": 5},
        ),
        record("Nowhere", time="string"),
    ],
    x=["int", "long", "null"],
    notes={"type": "map", "values": ["null", "string", "bytes", "At"]},
    y="long",
    gen=["float", "null", "double", "int", "long"],
    last=["null", "heat.Kind", "At"],
)
RICH_STREAM: Deck = {
    "format": "avro",
    "schema": "event.avsc",
    "fields": {"time": "at.time", "x": "x", "y": "y"},
    "disorder_ms": 3000,
}


def rich(rng: random.Random, level: int = 0) -> dict[str, Any]:
    """Names of branches where fastavro could not tell them apart."""

    def at() -> dict[str, Any]:
        time = (T0_MS + rng.randrange(2000)) * 1000 + rng.randrange(1000)
        return {
            "flags": [rng.random() < 0.5 for _ in range(rng.choice([0, 0, 1, 70]))],
            "time": rng.choice([("long", time)] * 18 + ["noon", None]),
            "mark": rng.randbytes(5),
        }

    def note() -> Any:
        return rng.choice([None, "text €" * rng.randrange(30), rng.randbytes(3), ("heat.At", at())])

    wheres = [("heat.At", at()) for _ in range(20)] + [None, ("heat.Nowhere", {"time": "1"})]
    rates = [("double", rng.uniform(-1, 5)), ("float", 0.1), ("int", 3), ("long", 2**39)] * 5
    rates += [("double", float("nan")), ("float", float("-inf")), ("long", 2**40), None]
    return {
        "before": ("heat.Rich", rich(rng, level + 1)) if level < 3 and rng.random() < 0.2 else None,
        "kind": rng.choice("ABC"),
        "at": rng.choice(wheres),
        "x": rng.choice([("int", rng.randrange(23)), ("long", rng.randrange(24))] * 9 + [None]),
        "notes": {f"k{i}": note() for i in range(rng.choice([0, 0, 1, 3]))},
        "y": rng.choice([rng.randrange(17)] * 9 + [-(2**63), 17]),
        "gen": rng.choice(rates),
        "last": rng.choice([None, ("heat.Kind", "B"), ("heat.At", at())]),
    }


@pytest.mark.kafka
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bodies_of_a_rich_schema_are_read_as_fastavro_reads_them(
    bench: Bench, kafka: Kafka, seed: int
) -> None:
    rng = random.Random(seed)
    schema = avro.Schema.of(json.dumps(RICH))
    values: list[bytes | None] = []
    for _ in range(600):
        body = schema.write(rich(rng))
        values.append(body)
        if rng.random() < 0.3:
            values.append(rng.choice([body[: rng.randrange(len(body))], body + b"\0"]))
    with_schema(bench, RICH)
    run_topic(bench, kafka, values, RICH_STREAM)


def test_a_changed_schema_refuses_a_restart_and_a_moved_one_does_not(bench: Bench) -> None:
    path = with_schema(bench)
    deck = bench.deck(SYNTHETIC, name="deck")
    whole = bench.run(bench.deck(SYNTHETIC, name="whole"))
    bench.outcome(deck, "-D", "time.windows=9").expect(0)
    good = path.read_text()
    path.write_text(good + " ")
    refused = bench.outcome(deck).expect(78)
    assert "its schema" in refused.text
    moved = bench.path / "elsewhere" / "schema.json"
    moved.parent.mkdir()
    moved.write_text(good)
    bench.outcome(deck, "-D", f"stream.schema={moved}").expect(0)
    assert bench.directory(deck).digest == whole.digest


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ('{"type": "record"', ":1:17: "),
        ('"long"', ": an event is a record, not of type long"),
        (
            json.dumps(record("E", time="long", gridX="int", gridY="Later", gen="double")),
            ": `gridY`: there is no type `Later`, or it is defined later",
        ),
        (
            json.dumps(record("E", time="long", gridX="int", gridY="int")),
            ": the value of an event, `gen`: the record E has no field `gen`, only: time, "
            "gridX, gridY",
        ),
        (
            json.dumps(record("E", time="long", gridX="int", gridY="int", gen="string")),
            ": the value of an event, `gen`: `gen` is of type string, not double, float, int or "
            "long",
        ),
        (
            json.dumps(record("E", time="int", gridX="int", gridY="int", gen="double")),
            ": events cannot be generated: their times are longs in ms or us",
        ),
    ],
)
def test_a_bad_schema_is_refused_before_anything_starts(
    bench: Bench, schema: str, message: str
) -> None:
    (bench.path / "event.avsc").write_text(schema)
    deck = bench.deck(SYNTHETIC)
    for outcome in (tool("check", deck), bench.outcome(deck), tool("gen", deck, "-b", "h:1")):
        assert f"{bench.path}/event.avsc{message}" in outcome.expect(78).text
    assert not bench.directory(deck).path.exists()


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        ({"schema": None}, "needs stream.schema"),
        ({"format": "confluent-avro"}, "needs stream.schema_id"),
        ({"schema": "nowhere.avsc"}, "nowhere.avsc: No such file"),
    ],
)
def test_the_keys_of_the_schema_are_required(bench: Bench, stream: Deck, message: str) -> None:
    with_schema(bench)
    refused = tool("check", bench.deck(SYNTHETIC, {"stream": stream})).expect(78)
    assert message in refused.text
    assert "stream." in refused.text


@pytest.mark.parametrize("form", ["avro", "binary"])
def test_files_of_lines_are_refused_for_what_they_cannot_hold(bench: Bench, form: str) -> None:
    with_schema(bench)
    (bench.path / "events.ndjson").write_bytes(json.dumps(event()).encode() + b"\n")
    stream = {"source": "file", "files": ["events.ndjson"], "format": form}
    deck = bench.deck(SYNTHETIC, {"stream": stream})
    outcome = bench.outcome(deck).expect(78)
    assert "stream.format" in outcome.text
    assert f"the lines of {bench.path}/events.ndjson cannot hold" in outcome.text
    assert not bench.directory(deck).path.exists()


def test_generated_lines_are_json_or_nothing(bench: Bench) -> None:
    with_schema(bench)
    refused = tool("gen", bench.deck(SYNTHETIC), "--out", bench.path / "events").expect(64)
    assert "stream.format=json" in refused.text
    made = tool("gen", bench.deck(SYNTHETIC), "-D", "stream.format=json", "--out", "-").expect(0)
    assert len(made.out.splitlines()) == 20 * 23 * 17


@pytest.mark.kafka
def test_the_example_reads_from_a_topic_and_its_record_what_it_makes(
    bench: Bench, kafka: Kafka
) -> None:
    example = ROOT / "input" / "registry.yaml"
    topic = kafka.create(int(yaml.safe_load(example.read_text())["gen"]["partitions"]))
    at = ("-b", kafka.address, "-t", topic)
    log = bench.path / "heaters.hsl"
    tool("gen", example, *at).expect(0)
    tool("record", example, *at, "--until", "end", "--out", log).expect(0)
    infos = []
    for name, way in {
        "made": (),
        "read": (*at, "--until", "end"),
        "recorded": ("-D", "stream.source=file", "-D", f"stream.files=[{log}]"),
    }.items():
        bench.outcome(example, *way, "--out", bench.path / name).expect(0)
        run = bench.path / name / "registry"
        infos.append(json.loads(tool("info", "--json", run).expect(0).out))
    for info in infos:
        assert info["digest"] == infos[0]["digest"]
        assert info["ledger"] == infos[0]["ledger"]
    for part in infos[0]["ledger"].values():
        assert part["next"] - part["first"] == part["on_time"] > 0

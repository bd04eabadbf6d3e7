"""Synthetic sensors: the same events to a topic, to files and to standard output."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from .conftest import Bench, from_kafka
from .decks import AWKWARD, T0_MS, Deck, merged
from .kafka import Kafka
from .program import tool

DECK = merged(
    AWKWARD,
    {
        "stream": {"source": "synthetic"},
        "gen": {
            "seed": 11, "start_ms": T0_MS, "steps": 20, "partitions": 3, "jitter_ms": 5,
            "delay_ms": 70, "probability": 0.3, "value": 2.5,
        }
    },
)  # fmt: skip


def generated(bench: Bench, name: str, *changes: Deck) -> list[bytes]:
    prefix = bench.path / name / "events"
    prefix.parent.mkdir()
    tool("gen", bench.deck(DECK, *changes), "--out", prefix).expect(0)
    return [p.read_bytes() for p in sorted(prefix.parent.iterdir())]


def parsed(files: list[bytes]) -> list[list[dict[str, Any]]]:
    return [[json.loads(line) for line in raw.splitlines()] for raw in files]


def test_each_sensor_speaks_once_a_step_in_the_partition_of_its_column(bench: Bench) -> None:
    parts = parsed(generated(bench, "a"))
    cells = Counter((e["gridX"], e["gridY"]) for part in parts for e in part)
    assert cells == Counter({(x, y): 20 for x in range(23) for y in range(17)})
    for p, part in enumerate(parts):
        assert {e["gridX"] * 3 // 23 for e in part} == {p}
    values = Counter(e["gen"] for part in parts for e in part)
    assert set(values) == {0, 2.5}
    assert abs(values[2.5] / values.total() - 0.3) < 0.03


def test_the_same_seed_makes_the_same_bytes_and_another_others(bench: Bench) -> None:
    assert generated(bench, "a") == generated(bench, "b")
    assert generated(bench, "c", {"gen": {"seed": 12}}) != generated(bench, "d")


def test_silence_dropout_and_repeats_are_what_they_say(bench: Bench) -> None:
    whole = 20 * 23 * 17
    silent = parsed(generated(bench, "silent", {"gen": {"zeros": False}}))
    assert {e["gen"] for part in silent for e in part} == {2.5}
    dropped = sum(map(len, parsed(generated(bench, "dropped", {"gen": {"dropout": 0.25}}))))
    assert abs(dropped / whole - 0.75) < 0.03
    doubled = sum(map(len, parsed(generated(bench, "doubled", {"gen": {"duplicates": 0.25}}))))
    assert abs(doubled / whole - 1.25) < 0.03


def test_delay_puts_events_out_of_order_and_none_does_not(bench: Bench) -> None:
    def disorder(files: list[bytes]) -> int:
        worst = 0
        for part in parsed(files):
            newest = -(2**63)
            for event in part:
                newest = max(newest, event["time"])
                worst = max(worst, newest - event["time"])
        return worst

    assert disorder(generated(bench, "late")) > 100
    assert disorder(generated(bench, "prompt", {"gen": {"delay_ms": 0}})) < 60


def test_standard_output_has_every_event_and_nothing_else(bench: Bench) -> None:
    files = generated(bench, "files")
    out = tool("gen", bench.deck(DECK), "--out", "-").expect(0).out.encode()
    assert sorted(out.splitlines()) == sorted(line for raw in files for line in raw.splitlines())


def test_partition_by_key_spreads_each_cell_to_one_partition(bench: Bench) -> None:
    parts = parsed(generated(bench, "keyed", {"gen": {"partition_by": "key"}}))
    homes: dict[tuple[int, int], set[int]] = {}
    for p, part in enumerate(parts):
        for e in part:
            homes.setdefault((e["gridX"], e["gridY"]), set()).add(p)
    assert {len(home) for home in homes.values()} == {1}
    assert min(map(len, parts)) > 0.2 * sum(map(len, parts))


def test_the_rate_is_printed_and_the_pace_is_kept(bench: Bench) -> None:
    """Twenty steps of an hour in a second: without a pace it would take no time, in real time it
    would not end."""
    deck = bench.deck(DECK, {"gen": {"step_ms": 3_600_000}})
    outcome = tool("gen", deck, "--out", bench.path / "paced", "--pace", "72000").expect(0)
    assert outcome.seconds > 0.8
    assert "/s" in outcome.text


@pytest.mark.kafka
@pytest.mark.parametrize("form", ["json", "binary"])
def test_a_topic_gets_the_events_of_the_files_offset_by_offset(
    bench: Bench, kafka: Kafka, form: str
) -> None:
    topic = kafka.create(3)
    deck = bench.deck(DECK, from_kafka(kafka, topic), {"stream": {"format": form}})
    tool("gen", deck).expect(0)
    files = generated(bench, "files")
    for raw, read in zip(files, kafka.read(topic, 3), strict=True):
        assert [r[0] for r in read.records] == list(range(len(raw.splitlines())))
        if form == "json":
            assert [r[2] for r in read.records] == raw.splitlines()
        else:
            assert {(len(r[1] or b""), len(r[2] or b"")) for r in read.records} == {(8, 16)}


@pytest.mark.kafka
def test_a_topic_with_other_partitions_than_the_deck_is_refused(bench: Bench, kafka: Kafka) -> None:
    topic = kafka.create(2)
    outcome = tool("gen", bench.deck(DECK, from_kafka(kafka, topic)))
    assert outcome.code not in (0, 70), outcome.text
    assert "partition" in outcome.text


def test_an_output_that_cannot_be_made_is_73(bench: Bench) -> None:
    out = Path("/proc/no/events")
    assert str(out.parent) in tool("gen", bench.deck(DECK), "--out", out).expect(73).text

"""Whatever lies between good events is refused with its offset and reason, and changes no bit."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from oracle.heat_oracle import Result, Setup, run_exact

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Deck, Stream, merged, sensors
from .garbage import MEGABYTE, REFUSED, bad_binary, binary_pair, everything_refused, mixed
from .holes import compacted_topic, send_in_transactions
from .kafka import Kafka, Pair
from .results import RunDirectory, assert_equals_oracle, identical

DECK = merged(AWKWARD, {"time": {"windows": 0}})
COUNTS = ("dead", "row_digest", "latency_ms")


def clean_stream() -> Stream:
    return sensors(DECK, windows=25, stragglers=0.0)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    bench = Bench(tmp_path_factory.mktemp("clean"))
    return bench.run(bench.files(DECK, clean_stream()), ranks=2)


def assert_unharmed(run: RunDirectory, clean: RunDirectory) -> None:
    with_garbage, without = run.series(), clean.series()
    names = [n for n in without if n not in COUNTS]
    assert [n for n in names if not identical(with_garbage[n], without[n])] == []
    assert run.frames_bytes() == clean.frames_bytes()
    assert run.digest == clean.digest


def test_the_oracle_refuses_each_kind_for_its_own_reason() -> None:
    stream = Stream([everything_refused() + clean_stream().partitions[0]])
    letters = stream.expected(DECK).dead_letters
    expected = [reason for reason, group in REFUSED.items() for _ in group]
    assert [letter.reason for letter in letters] == expected
    assert len(expected) > 50


@pytest.mark.parametrize(("ranks", "batch"), [(1, 1), (3, 10000)])
def test_garbage_in_files_is_refused_and_good_events_are_unharmed(
    bench: Bench, clean: RunDirectory, ranks: int, batch: int
) -> None:
    stream = mixed(clean_stream(), random.Random(5), everything_refused())
    expected = stream.expected(DECK)
    run = bench.run(bench.files(DECK, stream, {"stream": {"batch": batch}}), ranks=ranks)
    assert_equals_oracle(run, expected)
    assert_unharmed(run, clean)


def test_empty_lines_and_a_last_line_without_its_end_are_records(bench: Bench) -> None:
    stream = clean_stream()
    files = stream.write(bench.path)
    raw = b"\n\n" + b"\n".join(stream.partitions[0]) + b"\n\n\n{"
    bench.path.joinpath("events-0.ndjson").write_bytes(raw)
    run = bench.run(bench.deck(DECK, {"stream": {"files": files}}))
    lines = len(stream.partitions[0])
    refused = [d["offset"] for d in run.dead_letters() if d["partition"] == 0]
    assert refused == [0, 1, lines + 2, lines + 3, lines + 4]
    assert run.ledger()[0]["next"] == lines + 5


def test_carriage_returns_at_line_ends_are_white_space(bench: Bench, clean: RunDirectory) -> None:
    stream = Stream([[v + b"\r" for v in part] for part in clean_stream().partitions])
    assert_unharmed(bench.run(bench.files(DECK, stream)), clean)


def test_a_megabyte_around_a_good_event_is_a_good_event(bench: Bench) -> None:
    parts = clean_stream().partitions
    padded = parts[1][7][:-1] + b',"pad":"' + b"x" * (1024 * 1024) + b'"}'
    stream = Stream([parts[0], [*parts[1][:7], padded, *parts[1][8:]], *parts[2:]])
    run = bench.run(bench.files(DECK, stream), ranks=2)
    assert_equals_oracle(run, clean_stream().expected(DECK))


def test_auto_t0_is_taken_from_good_records_only(bench: Bench) -> None:
    deck = merged(DECK, {"time": {"t0": "auto"}})
    refused = [r for n, g in REFUSED.items() if n != "before_start" for r in g.values()]
    stream = mixed(clean_stream(), random.Random(6), refused)
    heads = [refused[:40] + part for part in stream.partitions]
    for parts in (heads, [refused, *heads[1:]]):
        run = bench.run(bench.files(deck, Stream(parts)), ranks=2)
        assert_equals_oracle(run, Stream(parts).expected(deck))


def test_csv_files_give_the_bits_of_the_same_events_in_json(
    bench: Bench, clean: RunDirectory
) -> None:
    paths = []
    for index, values in enumerate(clean_stream().partitions):
        events = [json.loads(v) for v in values]
        lines = [f"{e['gen']!r},{e['time']},{e['gridY']},{e['gridX']}" for e in events]
        path = bench.path / f"events-{index}.csv"
        path.write_text("\n".join(["gen,time,gridY,gridX", *lines]) + "\n")
        paths.append(str(path))
    run = bench.run(bench.deck(DECK, {"stream": {"files": paths}}), ranks=3)
    assert_unharmed(run, clean)


@pytest.mark.kafka
def test_garbage_and_tombstones_on_a_topic_are_refused_and_copied_to_the_dead_letter_topic(
    bench: Bench, kafka: Kafka, clean: RunDirectory
) -> None:
    rng = random.Random(8)
    topic, letters = kafka.create(5), kafka.create(1)
    stream = mixed(clean_stream(), rng, [*everything_refused(), b""])
    records: list[tuple[int, Pair]] = [
        (p, (rng.choice([None, b"", b"key"]), value or None))
        for p, values in enumerate(stream.partitions)
        for value in values
    ]
    kafka.send(topic, records)
    deck = bench.deck(DECK, from_kafka(kafka, topic), {"stream": {"dead_letter_topic": letters}})
    run = bench.run(deck, "--until", "end", ranks=3)
    expected = oracle_of(kafka, topic, 5, DECK)
    assert_equals_oracle(run, expected)
    assert_unharmed(run, clean)
    assert copies_of(kafka, letters) == {
        (d.partition, d.offset): (d.reason, topic, d.value and d.value[:4096])
        for d in expected.dead_letters
    }


def copies_of(kafka: Kafka, topic: str) -> dict[tuple[int, int], tuple[str, str, bytes | None]]:
    copies = {}
    for message in kafka.messages(topic, 1):
        headers: Any = message.headers() or []
        told = {name: value.decode() for name, value in headers}
        place = int(told["partition"]), int(told["offset"])
        assert place not in copies
        copies[place] = told["reason"], told["topic"], message.value() or None
    return copies


@pytest.mark.kafka
def test_binary_garbage_is_refused(bench: Bench, kafka: Kafka) -> None:
    deck = merged(DECK, {"stream": {"format": "binary"}})
    rng = random.Random(9)
    records: list[tuple[int, Pair]] = []
    for p, values in enumerate(clean_stream().partitions):
        events = [json.loads(v) for v in values]
        pairs = [binary_pair(e["time"], e["gridX"], e["gridY"], e["gen"]) for e in events]
        for pair in bad_binary():
            pairs.insert(rng.randrange(len(pairs)), pair)
        records += [(p, pair) for pair in pairs]
    topic = kafka.create(5)
    kafka.send(topic, records)
    run = bench.run(bench.deck(deck, from_kafka(kafka, topic)), "--until", "end", ranks=2)
    expected = oracle_of(kafka, topic, 5, deck)
    assert len(expected.dead_letters) == 5 * len(bad_binary())
    assert_equals_oracle(run, expected)
    assert run.digest == clean_stream().expected(DECK).digest


def oracle_of(kafka: Kafka, topic: str, partitions: int, deck: Deck) -> Result:
    """From what a consumer of our own is delivered, holes and all."""
    return run_exact(kafka.read(topic, partitions), Setup.from_deck(deck))


@pytest.mark.kafka
@pytest.mark.parametrize("ranks", [1, 4])
def test_holes_of_transactions_are_skipped_and_the_ledger_adds_up(
    bench: Bench, kafka: Kafka, clean: RunDirectory, ranks: int
) -> None:
    topic = kafka.create(5)
    stream = clean_stream()
    aborted = stream.partitions[0][:120]
    transactions = send_in_transactions(kafka, topic, stream, aborted, random.Random(ranks))
    run = bench.run(bench.deck(DECK, from_kafka(kafka, topic)), "--until", "end", ranks=ranks)
    expected = oracle_of(kafka, topic, 5, DECK)
    skipped = sum(ledger.fates["skipped"] for ledger in expected.ledger)
    assert skipped >= transactions
    assert_equals_oracle(run, expected)
    assert_unharmed(run, clean)


@pytest.mark.kafka
def test_holes_of_compaction_are_skipped_and_the_ledger_adds_up(bench: Bench, kafka: Kafka) -> None:
    topic = compacted_topic(kafka, sensors(DECK, windows=20, partitions=2))
    run = bench.run(bench.deck(DECK, from_kafka(kafka, topic)), "--until", "end", ranks=3)
    expected = oracle_of(kafka, topic, 2, DECK)
    assert sum(ledger.fates["skipped"] for ledger in expected.ledger) > 50
    assert_equals_oracle(run, expected)


def test_ten_thousand_refused_records_in_a_row_hold_nothing_up(bench: Bench) -> None:
    parts = clean_stream().partitions
    stream = Stream([parts[0], [b"{}"] * 10_000 + parts[1], *parts[2:]])
    run = bench.run(bench.files(DECK, stream), ranks=2)
    assert_equals_oracle(run, stream.expected(DECK))


def test_raw_bytes_of_a_refused_record_are_cut_at_four_kilobytes(bench: Bench) -> None:
    stream = Stream([[b"[" * MEGABYTE, b"!" * 4096, b"!" * 4097, *clean_stream().partitions[0]]])
    run = bench.run(bench.files(DECK, stream))
    assert_equals_oracle(run, stream.expected(DECK))
    letters = run.dead_letters()
    assert [d.get("bytes") for d in letters] == [MEGABYTE, None, 4097]

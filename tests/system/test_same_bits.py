"""One digest for every rank count, source, batch size and arrival order, and it is the oracle's."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from oracle.heat_oracle import Result, Setup, partition_of_lines, run_exact

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Deck, Stream, chunks_in_random_order, merged, sensors
from .kafka import Kafka
from .program import LONG, running, tool
from .results import RunDirectory, assert_equals_oracle, assert_same

WINDOWS = 40
RANKS, BATCHES, SOURCES = (1, 2, 3, 4, 6), (1, 100, 10000), ("file", "kafka", "embedded")
GENERATED: Deck = merged(
    AWKWARD,
    {
        "time": {"windows": WINDOWS},
        "stream": {"source": "synthetic", "horizon_windows": 4},
        "gen": {
            "seed": 7,
            "start_ms": AWKWARD["time"]["t0"],
            "steps": WINDOWS + 12,
            "partitions": 5,
            "probability": 0.2,
            "jitter_ms": 30,
            "delay_ms": 90,
            "dropout": 0.3,
            "duplicates": 0.02,
        },
    },
)


@dataclass(frozen=True)
class Reference:
    stream: Stream
    files: list[str]
    topic: str
    shuffled_topic: str
    expected: Result


def generated(deck: Path, prefix: Path, partitions: int) -> tuple[Stream, list[str]]:
    """The events of the deck's generator, by `gen` into files: one a partition."""
    tool("gen", deck, "--out", prefix).expect(0)
    files = sorted(prefix.parent.glob(f"{prefix.name}*"))
    assert len(files) == partitions
    return Stream([f.read_bytes().splitlines() for f in files]), [str(f) for f in files]


def send_shuffled(kafka: Kafka, topic: str, stream: Stream, seed: int) -> None:
    rng = random.Random(seed)
    producer = kafka.producer()
    for partition, values in chunks_in_random_order(stream, rng, largest=400):
        kafka.send(topic, ((partition, (None, value)) for value in values), producer)


@pytest.fixture(scope="module")
def reference(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    directory = tmp_path_factory.mktemp("same-bits")
    deck = Bench(directory).deck(GENERATED, name="generated")
    stream, files = generated(deck, directory / "events", 5)
    shuffled = kafka.create(5)
    send_shuffled(kafka, shuffled, stream, seed=3)
    expected = stream.expected(GENERATED)
    for fate in ("late", "too_late"):
        assert sum(ledger.fates[fate] for ledger in expected.ledger) > 0
    yield Reference(stream, files, kafka.topic_of(stream), shuffled, expected)


def source_of(name: str, order: str, reference: Reference, kafka: Kafka) -> Deck:
    if name == "file":
        return {"stream": {"source": "file", "files": reference.files}}
    if name == "embedded":
        return {"stream": {"source": "kafka", "brokers": "embedded"}}
    return from_kafka(kafka, reference.topic if order == "original" else reference.shuffled_topic)


def cases() -> list[tuple[int, str, int, str]]:
    """All of them, or each rank count, batch size and order with every source."""
    orders = ("original", "shuffled")
    everything = list(itertools.product(RANKS, SOURCES, BATCHES, orders))
    if LONG:
        return everything
    few = []
    for i, (ranks, source) in enumerate(itertools.product(RANKS, SOURCES)):
        few.append((ranks, source, BATCHES[i % 3 if ranks != 2 else (i + 1) % 3], orders[i % 2]))
    return few


@pytest.mark.kafka
@pytest.mark.parametrize(("ranks", "source", "batch", "order"), cases())
def test_ranks_source_batch_and_arrival_change_no_bit(
    bench: Bench,
    kafka: Kafka,
    reference: Reference,
    ranks: int,
    source: str,
    batch: int,
    order: str,
) -> None:
    change = {"stream": {"batch": batch}}
    deck = bench.deck(GENERATED, source_of(source, order, reference, kafka), change)
    run = bench.run(deck, ranks=ranks)
    assert_equals_oracle(run, reference.expected)


@pytest.mark.kafka
@pytest.mark.parametrize("seed", range(6 if LONG else 2))
def test_events_that_arrive_while_the_run_waits_change_no_bit(
    bench: Bench, kafka: Kafka, reference: Reference, seed: int
) -> None:
    topic = kafka.create(5)
    deck = bench.deck(GENERATED, from_kafka(kafka, topic), {"stream": {"idle": "block"}})
    with running(["run", deck], ranks=3) as program:
        program.until(lambda: bench.directory(deck).path.exists(), "a run directory")
        send_shuffled(kafka, topic, reference.stream, seed)
        program.wait().expect(0)
    assert_equals_oracle(bench.directory(deck), reference.expected)


@pytest.mark.kafka
def test_bounded_runs_agree_from_every_source_to_the_last_provisional_window(
    bench: Bench, kafka: Kafka, reference: Reference
) -> None:
    deck = merged(GENERATED, {"time": {"windows": 0}})
    expected = reference.stream.expected(deck)
    assert not expected.rows[-1].closed.final
    for ranks, source in enumerate(SOURCES, start=2):
        name = bench.deck(deck, source_of(source, "original", reference, kafka))
        run = bench.run(name, "--until", "end", ranks=ranks)
        assert_equals_oracle(run, expected)


@pytest.mark.kafka
def test_binary_events_give_the_bits_of_the_same_events_in_json(
    bench: Bench, kafka: Kafka, reference: Reference
) -> None:
    topic = kafka.create(5)
    binary = {"stream": {"format": "binary"}}
    to_topic = bench.deck(GENERATED, from_kafka(kafka, topic), binary)
    tool("gen", to_topic).expect(0)
    run = bench.run(to_topic, ranks=2)
    parts = kafka.read(topic, 5)
    assert len(parts[0].records[0][1] or b"") == 8
    expected = run_exact(parts, Setup.from_deck(merged(GENERATED, binary)))
    assert expected.digest == reference.expected.digest
    assert run.digest == expected.digest


def test_auto_t0_is_the_same_from_any_number_of_ranks(bench: Bench) -> None:
    deck = merged(AWKWARD, {"time": {"t0": "auto"}})
    stream = sensors(deck, windows=15)
    expected = stream.expected(deck)
    for ranks in (1, 4):
        assert_equals_oracle(bench.run(bench.files(deck, stream), ranks=ranks), expected)


@pytest.mark.parametrize("ranks", [1, 2, 5])
def test_one_column_a_rank_changes_no_bit(bench: Bench, ranks: int) -> None:
    deck = merged(AWKWARD, {"grid": {"nx": 5}, "output": {"frames": {"tile": 4}}})
    stream = sensors(deck, windows=12, partitions=3)
    run = bench.run(bench.files(deck, stream), ranks=ranks)
    assert_equals_oracle(run, stream.expected(deck))


@pytest.mark.parametrize("boundary", ["insulated", {"left": -3.5, "top": "insulated"}, 2.5])
def test_every_boundary_is_the_oracle_s(bench: Bench, boundary: object) -> None:
    deck = merged(AWKWARD, {"physics": {"boundary": None}})
    deck["physics"]["boundary"] = boundary
    stream = sensors(deck, windows=12)
    run = bench.run(bench.files(deck, stream), ranks=4)
    assert_equals_oracle(run, stream.expected(deck))


def test_a_spreading_front_of_denormals_is_flushed_as_by_the_oracle(bench: Bench) -> None:
    """One hot cell on a long cold grid: the front passes through every denormal there is."""
    deck = merged(
        AWKWARD,
        {
            "grid": {"nx": 203, "ny": 3, "dx": 1.0, "dy": 1.0},
            "physics": {"conductivity": 1e-4, "initial": 0.0, "boundary": {"left": 0, "bottom": 0}},
        },
    )
    hot = [f'{{"time":{deck["time"]["t0"]},"gridX":0,"gridY":1,"gen":1e-140}}'.encode()]
    last = deck["time"]["t0"] + 59 * 100
    hot.append(f'{{"time":{last},"gridX":202,"gridY":0,"gen":0}}'.encode())
    stream = Stream([hot])
    expected = run_exact([partition_of_lines(b"\n".join(hot))], Setup.from_deck(deck))
    runs: list[RunDirectory] = []
    for ranks in (1, 3):
        runs.append(bench.run(bench.files(deck, stream), ranks=ranks))
        assert_equals_oracle(runs[-1], expected)
    assert_same(*runs)


def test_event_times_at_the_ends_of_int64_are_times_like_any_other(bench: Bench) -> None:
    deck = merged(AWKWARD, {"time": {"t0": -(2**63) + 1000, "windows": 4}})
    t0 = deck["time"]["t0"]
    times = [t0 - 1000, t0, t0 + 150, t0 + 399, t0 + 700, t0 + 800, t0 + 900, 2**63 - 1]
    raw = [f'{{"time":{t},"gridX":{i},"gridY":{i},"gen":1}}'.encode() for i, t in enumerate(times)]
    stream = Stream([raw * 2])
    run = bench.run(bench.files(deck, stream), ranks=2)
    assert_equals_oracle(run, stream.expected(deck))

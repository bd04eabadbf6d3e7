"""Several ranks read one topic: every bit is that of one reader."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Deck, Stream, chunks_in_random_order, merged, sensors
from .garbage import everything_refused, mixed
from .kafka import Kafka, Pair
from .lives import Feeder
from .program import LONG, heatstream, running
from .results import RunDirectory, assert_equals_oracle, assert_same
from .test_idle import expected_of, idles, replayed
from .test_moved_input import DECK as MOVED
from .test_moved_input import (
    TO_END,
    first_part,
    gaps,
    half,
    journal_of,
    send_rest,
    waiting,
    without,
)

WINDOWS = 30
DECK = merged(AWKWARD, {"stream": {"horizon_windows": 4}, "checkpoint": {"every_windows": 6}})


def readers(count: int) -> Deck:
    return {"ingest": {"readers": count}}


def everything(partitions: int, seed: int) -> Stream:
    """Late and too late, refused for every reason there is, a megabyte of some."""
    rng = random.Random(seed)
    good = sensors(DECK, WINDOWS, partitions, seed=seed, stragglers=0.05)
    return mixed(good, rng, everything_refused())


def keyed(stream: Stream, rng: random.Random) -> list[tuple[int, Pair]]:
    """Keys of all lengths, of which nothing but dead letters knows."""
    keys = [None, b"", b"k", b"\0" * 4096, b"key" * 1400]
    return [(p, (rng.choice(keys), v)) for p, vs in enumerate(stream.partitions) for v in vs]


def assert_refuses_enough(run: RunDirectory) -> None:
    """What the comparison rests on is there."""
    for fate in ("late", "too_late", "undecodable", "out_of_range", "not_finite", "before_start"):
        assert all(counts.get(fate, 0) > 0 for counts in run.ledger().values()), fate
    cut = [line for line in run.dead_letters() if "bytes" in line or "key_bytes" in line]
    assert cut


@pytest.mark.kafka
@pytest.mark.parametrize("partitions", [6, 7])
def test_one_to_four_readers_give_the_same_bits_ledger_and_dead_letters(
    bench: Bench, kafka: Kafka, partitions: int
) -> None:
    topic = kafka.create(partitions)
    kafka.send(topic, keyed(everything(partitions, seed=partitions), random.Random(partitions)))
    runs = []
    for count, ranks, batch in ((1, 1, 100), (2, 2, 10000), (3, 4, 7), (4, 4, 1000)):
        change = merged(readers(count), {"stream": {"batch": batch}})
        deck = bench.deck(DECK, from_kafka(kafka, topic), change)
        runs.append(bench.run(deck, "--until", "end", ranks=ranks))
    assert_refuses_enough(runs[0])
    for counts in runs[0].ledger().values():
        fates = {f: n for f, n in counts.items() if f not in ("first", "next", "redelivered")}
        assert counts["first"] + sum(fates.values()) == counts["next"]
    for run in runs[1:]:
        assert_same(run, runs[0])


def test_readers_of_the_in_process_broker_give_the_same_bits(bench: Bench) -> None:
    embedded = {
        "time": {"windows": WINDOWS, "t0": "auto"},
        "stream": {"source": "kafka", "brokers": "embedded"},
        "gen": {
            "start_ms": AWKWARD["time"]["t0"],
            "steps": WINDOWS + 12,
            "partitions": 7,
            "delay_ms": 90,
            "duplicates": 0.02,
        },
    }
    one = bench.run(bench.deck(DECK, embedded), ranks=1)
    for count in (2, 3):
        assert_same(bench.run(bench.deck(DECK, embedded, readers(count)), ranks=3), one)


@pytest.mark.kafka
@pytest.mark.parametrize("seed", range(4 if LONG else 1))
def test_a_killed_run_goes_on_with_another_number_of_readers(
    bench: Bench, kafka: Kafka, seed: int
) -> None:
    stream = everything(6, seed=10 + seed)
    rng = random.Random(seed)
    feeder = Feeder(kafka, kafka.create(6), list(chunks_in_random_order(stream, rng)))
    deck = bench.deck(DECK, from_kafka(kafka, feeder.topic))
    run = bench.directory(deck)
    counts = [3, 1, 2]
    for left, count in enumerate(counts):
        feeder.release(len(counts) - left)
        goal = WINDOWS * (left + 1) // 4
        with running(["run", deck, "-D", f"ingest.readers={count}"], 3) as program:
            program.until(lambda: bool(program.text()), "its first word")  # noqa: B023
            program.until(lambda goal=goal: run.windows_committed() >= goal, f"{goal} windows")
            victims = program.ranks()
            os.kill(rng.choice(victims), signal.SIGKILL)
            program.wait()
    feeder.finish()
    bench.run(deck, "--until", "end", "-D", "ingest.readers=4", ranks=4)
    if not idles(run):
        assert_equals_oracle(run, stream.expected(DECK))
    else:
        assert_equals_oracle(run, expected_of(run, stream, DECK, bounded=True))


@pytest.mark.kafka
def test_time_outs_of_partitions_that_others_read_are_replayed_bit_for_bit(
    bench: Bench, kafka: Kafka
) -> None:
    silent = merged(DECK, {"stream": {"idle_ms": 300, "horizon_windows": 50}})
    limited = merged(silent, {"time": {"windows": WINDOWS + 4}})
    stream = sensors(DECK, WINDOWS, 5, seed=3)
    topic = kafka.create(5)
    for p in (0, 1, 2, 4):
        kafka.send(topic, ((p, (None, v)) for v in stream.partitions[p]))
    live = bench.deck(limited, from_kafka(kafka, topic), readers(2), name="live")
    run = bench.directory(live)
    with running(["run", live], 2) as program:
        program.until(lambda: run.windows_committed() >= WINDOWS // 2, "half of the windows")
        kafka.send(topic, ((3, (None, v)) for v in stream.partitions[3]))
        program.wait().expect(0)
    assert 3 in {advance.partition for advance in idles(run)}
    assert_equals_oracle(run, expected_of(run, stream, limited))
    assert_same(replayed(bench, run, kafka, topic, limited), run)


@pytest.mark.kafka
def test_records_deleted_before_another_rank_has_read_them_are_a_gap_like_any(
    bench: Bench, kafka: Kafka
) -> None:
    """A rank that reads for others reads on while windows wait: it stands still meanwhile."""
    stream = sensors(MOVED, windows=25, stragglers=0.03)
    total = len(stream.partitions[3])
    there = total * 3 // 4
    options = ["--accept-gap", "-D", "ingest.readers=2"]
    with waiting(bench, kafka, first_part(stream, {3: there}), 1, *options) as (
        topic,
        run,
        program,
    ):
        program.pause()
        send_rest(kafka, topic, stream, 3, there)
        kafka.drop_records(topic, 3, total - 9)
        program.resume()
        send_rest(kafka, topic, stream, 1, half(stream, 1))
        program.until(lambda: b"gap 3" in journal_of(run), "the gap")
        program.signal(signal.SIGUSR2)
        program.wait().expect(75)
    assert gaps(run)[3][1] == total - 9
    bench.run(bench.path / f"{run.path.parent.name}.yaml", *TO_END, ranks=3)
    assert_equals_oracle(run, without(stream, gaps(run)))


@pytest.mark.kafka
def test_readers_that_wait_are_stopped_with_a_checkpoint(bench: Bench, kafka: Kafka) -> None:
    stream = sensors(DECK, WINDOWS, 5, seed=4)
    topic = kafka.topic_of(stream)
    block = {"stream": {"idle": "block"}}
    deck = bench.deck(DECK, from_kafka(kafka, topic), block, readers(3))
    with running(["run", deck], 3) as program:
        said = f"window {stream.awaited(DECK)} waits for p"
        program.until(lambda: said in program.text(), said)
        program.signal(signal.SIGUSR2)
        program.wait().expect(75)
    bench.run(deck, "--until", "end", ranks=4)
    assert_equals_oracle(bench.directory(deck), stream.expected(DECK))


@pytest.mark.kafka
def test_readers_decode_by_the_files_that_only_rank_0_has_seen(
    bench: Bench, kafka: Kafka, tmp_path: Path
) -> None:
    """A table of sensors: its rows count, and its identifiers that are not there."""
    rows = [f"s{i},{i % 23},{i % 17},2,{i % 3}" for i in range(60)]
    (tmp_path / "table.csv").write_text("\n".join(["id,x,y,gain,offset", *rows]) + "\n")
    t0 = DECK["time"]["t0"]
    values = [
        [
            f'{{"time":{t0 + 3 * i},"id":"s{(i * 7 + p) % 66}","gen":{i % 5}}}'.encode()
            for i in range(1000)
        ]
        for p in range(3)
    ]
    topic = kafka.topic_of(Stream(values))
    table = {"stream": {"sensors": "table.csv", "fields": {"id": "id"}}}
    runs = [
        bench.run(
            bench.deck(DECK, from_kafka(kafka, topic), table, readers(count)),
            "--until",
            "end",
            ranks=3,
        )
        for count in (1, 3)
    ]
    assert all(counts["unknown_sensor"] > 0 for counts in runs[0].ledger().values())
    assert_same(*runs)


def test_more_readers_than_ranks_are_refused_where_the_deck_asks_for_them(bench: Bench) -> None:
    stream = sensors(DECK, 5, 3)
    deck = bench.files(DECK, stream, readers(3))
    outcome = heatstream("run", deck, ranks=2).expect(78)
    assert "ingest.readers" in outcome.text and "this run has 2" in outcome.text


def test_files_are_read_by_rank_0_whatever_the_deck_asks_for(bench: Bench) -> None:
    stream = sensors(DECK, 12, 3)
    deck = bench.files(DECK, stream, readers(2))
    outcome = bench.outcome(deck, ranks=2).expect(0)
    assert "are read by rank 0" in outcome.text
    assert_equals_oracle(bench.directory(deck), stream.expected(DECK))

"""A topic or file read to its end, grown and continued equals one that was never interrupted."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Stream, merged, sensors
from .kafka import Kafka
from .program import running
from .results import RunDirectory, assert_equals_oracle, assert_same

# The last record of a file is complete at each stage; a stage may leave a partition as it was.
DECK = merged(
    AWKWARD,
    {
        "checkpoint": {"every_windows": 4},
        "stream": {"horizon_windows": 9},
        "output": {"frames": {"per_segment": 7}},
    },
)


def stages(stream: Stream, count: int, seed: int) -> list[Stream]:
    """Ever longer heads of each partition, the last one whole."""
    rng = random.Random(seed)
    cuts = [
        sorted(rng.randint(len(p) // 8, len(p)) for _ in range(count - 1))
        for p in stream.partitions
    ]
    heads = [
        Stream([p[: c[i]] for p, c in zip(stream.partitions, cuts, strict=True)])
        for i in range(count - 1)
    ]
    return [*heads, stream]


def grow_and_go_on(bench: Bench, stream: Stream, parts: list[Stream]) -> RunDirectory:
    deck = bench.deck(DECK, name="grown")
    for ranks, part in zip((2, 3, 1, 4), parts, strict=False):
        files = part.write(bench.path, "grown")
        bench.deck(DECK, {"stream": {"files": files}}, name="grown")
        run = bench.run(deck, ranks=ranks)
        assert_equals_oracle(run, part.expected(DECK))
    assert parts[-1] is stream
    return bench.directory(deck)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_files_that_grew_give_the_bits_of_files_that_were_always_whole(
    bench: Bench, seed: int
) -> None:
    stream = sensors(DECK, windows=35, seed=seed)
    grown = grow_and_go_on(bench, stream, stages(stream, 4, seed))
    whole = bench.run(bench.files(DECK, stream), ranks=2)
    assert_same(grown, whole)


def test_provisional_rows_become_final_when_the_topic_goes_on(bench: Bench) -> None:
    stream = sensors(DECK, windows=30)
    half = stages(stream, 2, seed=9)[0]
    deck = bench.files(DECK, half, name="grown")
    before = bench.run(deck, ranks=2).series()
    provisional = [w for w, f in zip(before["window"], before["final"], strict=True) if not f]
    assert provisional
    stream.write(bench.path, "grown0")
    after = bench.run(deck, ranks=3).series()
    rewritten = [bool(after["final"][w]) for w in provisional]
    assert rewritten[0] and any(rewritten)


def corrected_at_the_end(stream: Stream) -> tuple[Stream, int]:
    """A head at whose end late events correct a window that was closed for good, and that window,
    which the same revision shows otherwise once the rest has come."""
    whole = stream.expected(DECK)
    for seed in range(100):
        head = stages(stream, 2, seed)[0]
        result = head.expected(DECK)
        provisional = [row.closed.window for row in result.rows if not row.closed.complete]
        for (window, revision), digest in result.published.items():
            other = whole.published.get((window, revision), digest)
            if window < provisional[0] and other != digest:
                return head, window
    raise AssertionError("no head ends with a correction")


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_row_corrected_at_a_provisional_end_is_taken_back_when_the_topic_goes_on(
    bench: Bench, ranks: int
) -> None:
    stream = sensors(DECK, windows=30, seed=12, stragglers=0.05)
    head, window = corrected_at_the_end(stream)
    deck = bench.files(DECK, head, name="grown")
    before = bench.run(deck, ranks=2)
    assert_equals_oracle(before, head.expected(DECK))
    assert not before.series()["final"][window]
    stream.write(bench.path, "grown0")
    after = bench.run(deck, ranks=ranks)
    assert_equals_oracle(after, stream.expected(DECK))
    assert after.series()["final"][window]


def test_a_finished_run_that_did_not_grow_stays_as_it_is(bench: Bench) -> None:
    stream = sensors(DECK, windows=20)
    deck = bench.files(DECK, stream)
    first = bench.run(deck, ranks=2)
    before = first.lasting()
    again = bench.run(deck, ranks=3)
    assert again.lasting() == before


def test_a_window_limit_may_be_raised(bench: Bench) -> None:
    stream = sensors(DECK, windows=30)
    deck = bench.files(DECK, stream, {"time": {"windows": 11}})
    run = bench.run(deck, ranks=3)
    assert len(run.series()["window"]) == 11
    run = bench.run(deck, "-D", "time.windows=0", ranks=2)
    assert_equals_oracle(run, stream.expected(DECK))


@pytest.mark.kafka
def test_a_topic_that_grew_gives_the_bits_of_one_that_was_always_whole(
    bench: Bench, kafka: Kafka
) -> None:
    stream = sensors(DECK, windows=35, seed=4)
    heads = stages(stream, 3, seed=4)
    topic = kafka.create(5)
    deck = bench.deck(DECK, from_kafka(kafka, topic))
    sent = [0] * 5
    for ranks, head in zip((3, 1, 2), heads, strict=True):
        for p, values in enumerate(head.partitions):
            kafka.send(topic, ((p, (None, v)) for v in values[sent[p] :]))
            sent[p] = len(values)
        run = bench.run(deck, "--until", "end", ranks=ranks)
        assert_equals_oracle(run, head.expected(DECK))
    whole = bench.run(
        bench.deck(DECK, from_kafka(kafka, kafka.topic_of(stream))), "--until", "end", ranks=4
    )
    assert_same(bench.directory(deck), whole)


@pytest.mark.kafka
def test_an_unfinished_bounded_run_keeps_the_ends_it_captured(bench: Bench, kafka: Kafka) -> None:
    """Stopped in the middle, the topic grows: the restart still ends where the first would have."""
    stream = sensors(DECK, windows=30, seed=5)
    head = stages(stream, 2, seed=5)[0]
    topic = kafka.topic_of(head)
    deck = bench.deck(DECK, from_kafka(kafka, topic))
    stop_after_first_window(bench, deck)
    for p, values in enumerate(stream.partitions):
        kafka.send(topic, ((p, (None, v)) for v in values[len(head.partitions[p]) :]))
    run = bench.run(deck, "--until", "end", ranks=1)
    assert_equals_oracle(run, head.expected(DECK))
    run = bench.run(deck, "--until", "end", ranks=3)
    assert_equals_oracle(run, stream.expected(DECK))


def stop_after_first_window(bench: Bench, deck: Path) -> None:
    """A STOP file that is there from the start is obeyed at the first window boundary."""
    run = bench.directory(deck)
    run.path.mkdir(parents=True)
    stop = run.path / "STOP"
    stop.touch()
    bench.outcome(deck, "--until", "end", ranks=2).expect(75)
    stop.unlink(missing_ok=True)


def send_rest(kafka: Kafka, topic: str, part: Stream, sent: Stream) -> None:
    for p, values in enumerate(part.partitions):
        kafka.send(topic, ((p, (None, v)) for v in values[len(sent.partitions[p]) :]))


@pytest.mark.kafka
def test_a_refused_start_leaves_no_trace(bench: Bench, kafka: Kafka) -> None:
    """The topic grew, the deck was spoilt and put right again: the growth is still read."""
    stream = sensors(DECK, windows=30, seed=6)
    head = stages(stream, 2, seed=6)[0]
    topic = kafka.topic_of(head)
    deck = bench.deck(DECK, from_kafka(kafka, topic))
    bench.run(deck, "--until", "end", ranks=2)
    send_rest(kafka, topic, stream, head)
    bench.outcome(deck, "--until", "end", "-D", "physics.gen_scale=2").expect(78)
    assert_equals_oracle(bench.run(deck, "--until", "end", ranks=3), stream.expected(DECK))


@pytest.mark.kafka
def test_an_end_after_a_time_without_end_is_a_new_one(bench: Bench, kafka: Kafka) -> None:
    """To the end, live for a while, stopped, and to the end again: nothing is left unread."""
    stream = sensors(DECK, windows=40, seed=7)
    first, second = stages(stream, 3, seed=7)[:2]
    topic = kafka.topic_of(first)
    deck = bench.deck(DECK, from_kafka(kafka, topic), {"stream": {"idle": "block"}})
    run = bench.run(deck, "--until", "end", ranks=2)
    send_rest(kafka, topic, second, first)
    with running(["run", deck], 3) as program:
        said = f"window {second.awaited(DECK)} waits for p"
        program.until(lambda: said in program.text(), said)
        program.signal(signal.SIGUSR2)
        program.wait().expect(75)
    send_rest(kafka, topic, stream, second)
    run = bench.run(deck, "--until", "end", ranks=1)
    assert_equals_oracle(run, stream.expected(DECK))

"""Brokers that are away for long, and what needs three of them: takes minutes."""

from __future__ import annotations

import functools
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .brokers import Brokers, brokers
from .conftest import Bench, from_kafka
from .decks import Stream, sensors
from .kafka import Kafka
from .live import DECK, PARTITIONS, Start, assert_undisturbed, starter
from .program import Running, running
from .results import RunDirectory, assert_equals_oracle

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def stream() -> Stream:
    return sensors(DECK, windows=25, partitions=PARTITIONS, stragglers=0.03)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    """Left running by each test."""
    with brokers(tmp_path_factory.mktemp("outages") / "brokers") as made:
        made.start()
        yield made


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Brokers]:
    with brokers(tmp_path / "brokers", count=3) as made:
        made.start()
        yield made


@pytest.fixture
def live(bench: Bench, stream: Stream, record_property: Callable[[str, object], None]) -> Start:
    return starter(bench, stream, record_property)


def test_a_broker_that_comes_up_while_a_run_starts_is_waited_for(
    bench: Bench, single: Brokers, stream: Stream
) -> None:
    topic = single.kafka.topic_of(stream)
    deck = bench.deck(DECK, from_kafka(Kafka(single.address), topic))
    for node in single.nodes:
        node.kill()
    # At the start a broker is waited for as long as a third of this.
    patience = ["-X", "socket.connection.setup.timeout.ms=270000"]
    with running(["run", deck, "--until", "end", *patience], 2) as program:
        program.until(program.has_ranks, "ranks")
        single.start()
        program.wait(120).expect(0)
    assert_equals_oracle(bench.directory(deck), stream.expected(DECK))


def test_a_broker_that_stays_away_longer_than_its_time_out_ends_the_run_which_goes_on_later(
    bench: Bench, single: Brokers, live: Start
) -> None:
    short = ["-X", "socket.connection.setup.timeout.ms=2000"]
    with live(single, *short) as running_one:
        for node in single.nodes:
            node.kill()
        outcome = running_one.program.wait(30).expect(69)
        single.start()
    assert f"no Kafka broker at {single.address} for" in outcome.text
    running_one.send(rest=True)
    assert_undisturbed(bench, running_one)


def says(program: Running, words: str) -> bool:
    return words in program.text()


@pytest.mark.parametrize("outlives", [True, False])
def test_a_broker_that_stops_answering_is_waited_for_or_named(
    bench: Bench, single: Brokers, live: Start, outlives: bool
) -> None:
    limit = 60_000 if outlives else 2_000
    times = ["-X", f"socket.connection.setup.timeout.ms={limit}", "-X", "socket.timeout.ms=1000"]
    (node,) = single.nodes
    with live(single, *times, "-D", "ingest.readers=2") as running_one:
        program = running_one.program
        node.signal(signal.SIGSTOP)
        try:
            if outlives:
                for warning in ("warning: kafka:", "warning: rank 1: kafka:"):
                    program.until(functools.partial(says, program, warning), warning)
            else:
                outcome = program.wait(60).expect(69)
                assert f"no Kafka broker at {single.address} for" in outcome.text
        finally:
            node.signal(signal.SIGCONT)
        if outlives:
            running_one.goes_on()
            running_one.stop()
        else:
            running_one.send(rest=True)
    assert_undisturbed(bench, running_one)


def parts(stream: Stream, count: int) -> list[list[list[bytes]]]:
    """The stream cut in time: of each part, the values of every partition."""
    return [
        [v[len(v) * i // count : len(v) * (i + 1) // count] for v in stream.partitions]
        for i in range(count)
    ]


def send(kafka: Kafka, topic: str, part: list[list[bytes]]) -> None:
    kafka.send(topic, ((p, (None, v)) for p, values in enumerate(part) for v in values))


def until_more_than(windows: int, run: RunDirectory, program: Running) -> None:
    program.until(lambda: run.windows_committed() > windows, "a window", timeout=90)


def test_a_cluster_that_loses_each_of_its_nodes_in_turn_changes_no_bit(
    bench: Bench, three: Brokers, stream: Stream
) -> None:
    kafka = three.kafka
    topic = kafka.create(PARTITIONS, min_insync_replicas="2")
    first, *more = parts(stream, 4)
    deck = bench.deck(DECK, from_kafka(kafka, topic))
    run = bench.directory(deck)
    send(kafka, topic, first)
    with running(["run", deck], 2) as program:
        program.until(lambda: run.windows_committed() > 0, "a window")
        for node, part in zip(three.nodes, more, strict=True):
            before, began = run.windows_committed(), time.monotonic()
            node.kill()
            send(kafka, topic, part)
            until_more_than(before, run, program)
            print(f"node {node.number} killed, goes on after {time.monotonic() - began:.1f} s")
            node.start()
            three.await_all()
        program.until(lambda: run.windows_committed() >= 20, "20 windows", 90)
        program.signal(signal.SIGUSR2)
        program.wait(60).expect(75)
    bench.run(deck, "--until", "end", ranks=3, timeout=120)
    assert_equals_oracle(run, stream.expected(DECK))


def test_an_unclean_leader_election_under_a_running_run_is_told_with_what_was_cut_off(
    bench: Bench, three: Brokers, stream: Stream
) -> None:
    """The second node knows only half of what the first one had acknowledged, and takes over."""
    one, two, _ = three.nodes
    kafka = three.kafka
    settings = {"unclean_leader_election_enable": "true", "min_insync_replicas": "1"}
    topic = kafka.create(PARTITIONS, replicas=[[one.number, two.number]] * PARTITIONS, **settings)
    first, second = parts(stream, 2)
    deck = bench.deck(DECK, from_kafka(kafka, topic))
    run = bench.directory(deck)
    send(kafka, topic, first, acks="all")
    with running(["run", deck], 2) as program:
        program.until(lambda: run.windows_committed() >= 5, "five windows")
        two.kill()
        send(kafka, topic, second, acks="1")
        program.until(lambda: run.windows_committed() >= 20, "20 windows", 90)
        one.kill()
        two.start()
        outcome = program.wait(120).expect(65)
    told = dict(
        re.findall(
            r"partition (\d+): read up to offset \d+, but it ends before (\d+)", outcome.text
        )
    )
    assert told, outcome.text[-3000:]
    for p, end in told.items():
        assert int(end) == len(first[int(p)])

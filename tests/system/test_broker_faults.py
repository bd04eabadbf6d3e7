"""Brokers that are killed, slow, cut off or silent: the same bits, or an end that says why."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import pytest

from .brokers import Brokers, Proxy, brokers
from .conftest import Bench, from_kafka
from .decks import Stream, sensors
from .kafka import Kafka
from .live import DECK, PARTITIONS, Start, assert_undisturbed, starter
from .lives import before_window, held_at
from .program import LONG, running
from .results import assert_equals_oracle

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def stream() -> Stream:
    return sensors(DECK, windows=25, partitions=PARTITIONS, stragglers=0.03)


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    yield made
    made.close()


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory, proxy: Proxy) -> Iterator[Brokers]:
    """One broker of which clients are told the proxy's port; left running by each test."""
    with brokers(tmp_path_factory.mktemp("faults") / "brokers", advertised=proxy.port) as made:
        proxy.target = made.nodes[0].port
        made.start()
        yield made


@pytest.fixture
def live(bench: Bench, stream: Stream, record_property: Callable[[str, object], None]) -> Start:
    return starter(bench, stream, record_property)


def test_a_broker_that_is_killed_and_started_again_is_read_on(
    bench: Bench, single: Brokers, live: Start
) -> None:
    with live(single) as running_one:
        for node in single.nodes:
            node.kill()
        running_one.program.until(lambda: "kafka:" in running_one.program.text(), "a warning")
        single.start()
        running_one.goes_on()
        running_one.stop()
    assert_undisturbed(bench, running_one)


def test_a_slow_broker_and_connections_cut_amid_answers_change_no_bit(
    bench: Bench, single: Brokers, proxy: Proxy, stream: Stream
) -> None:
    """The answer to a fetch that is cut holds half a batch, half a header, one byte."""
    topic = single.kafka.topic_of(stream)
    deck = bench.deck(DECK, from_kafka(Kafka(single.address), topic))
    before = proxy.cuts
    proxy.bytes_per_s = 20_000
    try:
        with running(["run", deck, "--until", "end", "-X", "fetch.message.max.bytes=4000"], 2) as p:
            p.until(lambda: "run run:" in p.text(), "the first word")
            for size in (5_000, 1, 3_000, 40):
                cuts = proxy.cuts
                proxy.cut_after(size)
                p.until(lambda seen=cuts: proxy.cuts > seen, "a cut")  # type: ignore[misc]
            p.wait(120).expect(0)
    finally:
        proxy.bytes_per_s = None
    assert proxy.cuts == before + 4
    assert_equals_oracle(bench.directory(deck), stream.expected(DECK))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("temp_topic", []),
        ("temp_topic", ["-X", "queue.buffering.max.messages=100"]),
        ("dead_letter_topic", []),
    ][: None if LONG else 1],
)
def test_a_stop_is_obeyed_while_a_topic_that_is_written_to_does_not_answer_and_nothing_is_lost(
    bench: Bench, single: Brokers, stream: Stream, kind: str, options: list[str]
) -> None:
    """Stopped, not gone: the connection stands, and a message may wait five minutes."""
    topic = single.kafka.create(1)
    (node,) = single.nodes
    room = "output" if kind == "temp_topic" else "stream"
    spoilt = with_garbage(stream)
    deck = bench.files(DECK, spoilt, {"stream": {"brokers": single.address}}, {room: {kind: topic}})
    run = bench.directory(deck)
    with held_at(before_window(1, spoilt, DECK), ["run", deck, *options], 2) as program:
        node.signal(signal.SIGSTOP)
        try:
            program.resume()
            program.until(lambda: run.windows_committed() >= 6 or bool(options), "a checkpoint")
            program.signal(signal.SIGUSR2)
            outcome = program.wait(60).expect(75)
        finally:
            node.signal(signal.SIGCONT)
    assert topic in outcome.text and "without a new checkpoint" in outcome.text
    assert_equals_oracle(bench.run(deck, ranks=3), spoilt.expected(DECK))


def with_garbage(stream: Stream) -> Stream:
    return Stream(
        [[v for value in part for v in (value, b"no event")] for part in stream.partitions]
    )

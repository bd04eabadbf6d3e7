"""Pictures of the open window: right when all its events are there, and never in the way."""

from __future__ import annotations

from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
import pytest

from oracle.event_time import Windows
from oracle.heat_oracle import Setup

from .conftest import Bench, from_kafka
from .decks import AWKWARD, T0_MS, Stream, merged, sensors
from .kafka import Kafka
from .program import Running, running, tool
from .results import RunDirectory, assert_equals_oracle, assert_same

pytestmark = pytest.mark.kafka
WINDOWS, PARTITIONS = 20, 5
W_MS = AWKWARD["time"]["window_ms"]
DECK = merged(
    AWKWARD,
    {
        "time": {"windows": WINDOWS},
        "stream": {"estimate": "linear", "span": 2, "missing": {"hold": 3}, "idle": "block"},
        "checkpoint": {"every_windows": 5},
    },
)
OFTEN = {"stream": {"early_ms": 1}}


def time_of(value: bytes) -> int:
    return int(value.split(b":")[1].split(b",")[0])


def split(stream: Stream, at_ms: int) -> tuple[Stream, Stream]:
    """Before and from a time on; each partition in the order it has."""
    before = [[v for v in part if time_of(v) < at_ms] for part in stream.partitions]
    rest = [[v for v in part if time_of(v) >= at_ms] for part in stream.partitions]
    return Stream(before), Stream(rest)


def sorted_by_time(stream: Stream) -> Stream:
    return Stream([sorted(part, key=time_of) for part in stream.partitions])


def picture(run: RunDirectory) -> dict[str, Any] | None:
    path = run.path / "early.h5"
    try:
        with h5py.File(path) as file:
            return {
                "window": int(file["series/window"][0]),
                "events": int(file["series/events"][0]),
                "final": int(file["series/final"][0]),
                "complete": int(file["series/complete"][0]),
                "clocks": int(file.attrs["clocks"]),
                "clocks_passed": int(file.attrs["clocks_passed"]),
                "field": np.swapaxes(file["temperature"][0], 0, 1),
            }
    except (FileNotFoundError, OSError):
        return None


def clocks_behind(stream: Stream, window: int) -> int:
    """How many partitions' clocks have passed the window that waits for the others."""
    setup = Setup.from_deck(DECK, bounded=False)
    windows = Windows(stream.as_read(), setup.decoding, setup.event_time)
    assert sum(1 for _ in windows.run()) == window
    return sum(reader.passed() > window for reader in windows.readers)


def until_picture(program: Running, run: RunDirectory, wanted: dict[str, int]) -> dict[str, Any]:
    """One that shows all that can be in it: there is no newer one then."""
    found: dict[str, Any] = {}

    def shown() -> bool:
        seen = picture(run)
        if seen is None or {name: seen[name] for name in wanted} != wanted:
            return False
        found.update(seen)
        return True

    program.until(shown, f"a picture with {wanted}")
    return found


def frame_of(run: RunDirectory, window: int) -> npt.NDArray[Any]:
    return np.asarray(run.temperature()[run.series()["window"].index(window)])


def test_a_picture_with_all_events_is_the_frame_to_come_and_no_bit_of_the_run_differs(
    bench: Bench, kafka: Kafka
) -> None:
    stream = sorted_by_time(sensors(DECK, windows=WINDOWS + 6, stragglers=0))
    plain = bench.run(bench.files(DECK, stream, name="plain"), ranks=2)
    # The clocks stand at the end of window 9: with a disorder of two windows, window 7 is open.
    early, rest = split(stream, T0_MS + 10 * W_MS)
    window = 7
    topic = kafka.topic_of(early)
    deck = bench.deck(DECK, from_kafka(kafka, topic), OFTEN, name="early")
    run = bench.directory(deck)
    with running(["run", deck], ranks=3) as program:
        passed, events = clocks_behind(early, window), plain.series()["events"][window]
        assert passed < PARTITIONS
        wanted = {"window": window, "events": events, "clocks_passed": passed}
        seen = until_picture(program, run, wanted)
        assert seen["clocks"] == PARTITIONS
        assert (seen["final"], seen["complete"]) == (0, 0)
        assert seen["field"].tobytes() == frame_of(plain, window).tobytes()
        told = run.info()["early"]
        assert told["window"] == window
        assert told["completeness"] == seen["clocks_passed"] / PARTITIONS
        assert "early" in tool("info", run.path).expect(0).out
        line = f"early.h5: {seen['clocks_passed']} of {PARTITIONS} clocks, {seen['events']} events"
        program.until(lambda: line in program.text(), line)
        kafka.send_stream(topic, rest)
        program.wait().expect(0)
    assert not (run.path / "early.h5").exists()
    assert_same(run, plain)
    assert run.promised() == plain.promised()


def drip(program: Running, run: RunDirectory, kafka: Kafka, topic: str, stream: Stream) -> None:
    """A little at a time; now and then the next part waits for a picture to be seen."""
    steps = 40
    for step in range(steps):
        cuts = [(len(p) * step // steps, len(p) * (step + 1) // steps) for p in stream.partitions]
        parts = [p[a:b] for p, (a, b) in zip(stream.partitions, cuts, strict=True)]
        kafka.send_stream(topic, Stream(parts))
        if step in (4, 12, 20):
            program.until(lambda: picture(run) is not None, "a picture")


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_pictures_at_every_moment_change_nothing_of_a_late_and_dripping_stream(
    bench: Bench, kafka: Kafka, ranks: int
) -> None:
    stream = sensors(DECK, windows=WINDOWS + 6, stragglers=0.05)
    topic = kafka.create(PARTITIONS)
    deck = bench.deck(DECK, from_kafka(kafka, topic), OFTEN, name="drip")
    run = bench.directory(deck)
    with running(["run", deck], ranks=ranks) as program:
        drip(program, run, kafka, topic, stream)
        program.wait().expect(0)
    assert_equals_oracle(run, stream.expected(DECK))
    whole = bench.run(bench.deck(DECK, from_kafka(kafka, topic), name="whole"), ranks=2)
    assert_same(run, whole)
    assert run.promised() == whole.promised()

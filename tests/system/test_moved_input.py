"""Input that moves under a run: refused with the exact ranges, or gone on without, for good."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import pytest

from oracle.event_time import Partition
from oracle.heat_oracle import Result, Setup, run_exact

from .conftest import Bench, from_kafka
from .decks import AWKWARD, Stream, merged, sensors
from .kafka import Kafka
from .lives import before_window, held_at
from .program import Running, running, tool
from .results import RunDirectory, assert_equals_oracle, assert_same

pytestmark = pytest.mark.kafka
PARTITIONS = 5
DECK = merged(
    AWKWARD,
    {"checkpoint": {"every_windows": 6}, "stream": {"horizon_windows": 9, "idle": "block"}},
)
Ranges = Mapping[int, tuple[int, int]]
TO_END = ["--until", "end"]


@pytest.fixture(scope="module")
def stream() -> Stream:
    return sensors(DECK, windows=25, stragglers=0.03)


def without(stream: Stream, gone: Ranges) -> Result:
    """What the records outside of the ranges make; those inside count as lost."""
    parts: list[Partition] = []
    for p, part in enumerate(stream.as_read()):
        start, stop = gone.get(p, (0, 0))
        kept = [r for r in part.records if not start <= r[0] < stop]
        parts.append(replace(part, records=kept))
    result = run_exact(parts, Setup.from_deck(DECK))
    for p, (start, stop) in gone.items():
        result.ledger[p].fates["skipped"] -= stop - start
        result.ledger[p].fates["lost"] += stop - start
    return result


def journal_of(run: RunDirectory) -> bytes:
    return (run.path / "journal").read_bytes()


def gaps(run: RunDirectory) -> dict[int, tuple[int, int]]:
    return {g["partition"]: (g["from"], g["to"]) for g in run.info().get("gaps", [])}


def said(partition: int, start: int, stop: int) -> str:
    return f"partition {partition}: offsets {start}..{stop - 1} ({stop - start} records)"


def next_of(checkpoint: Path) -> dict[int, int]:
    text = tool("info", "--json", checkpoint).expect(0).out
    return {int(p): int(c["next"]) for p, c in json.loads(text)["ledger"].items()}


@dataclass(frozen=True)
class Killed:
    """A live run on a topic of its own, killed some windows after its newest checkpoint."""

    topic: str
    deck: Path
    run: RunDirectory

    def next(self) -> dict[int, int]:
        """Where the newest checkpoint goes on."""
        return next_of(self.run.checkpoints()[-1])


@pytest.fixture
def killed(bench: Bench, kafka: Kafka, stream: Stream) -> Killed:
    topic = kafka.topic_of(stream)
    deck = bench.deck(DECK, from_kafka(kafka, topic))
    run = bench.directory(deck)
    with held_at(before_window(21, stream, DECK), ["run", deck], 2) as program:
        program.kill_all()
    newest = int(run.checkpoints()[-1].stem.rpartition("_")[2])
    assert run.windows_committed() > newest + 1
    return Killed(topic, deck, run)


def test_deleted_records_are_refused_with_the_range_of_each_partition(
    bench: Bench, kafka: Kafka, killed: Killed
) -> None:
    following = killed.next()
    kafka.drop_records(killed.topic, 1, following[1] + 7)
    kafka.drop_records(killed.topic, 3, following[3] + 1)
    before = killed.run.frames_bytes(), (killed.run.path / "journal").read_bytes()
    outcome = bench.outcome(killed.deck, *TO_END, ranks=3).expect(65)
    assert said(1, following[1], following[1] + 7) in outcome.text
    assert said(3, following[3], following[3] + 1) in outcome.text
    assert "partition 2" not in outcome.text
    assert "--accept-gap" in outcome.text
    assert (killed.run.frames_bytes(), (killed.run.path / "journal").read_bytes()) == before


def test_an_accepted_gap_gives_what_the_records_left_would_have_given_and_is_told(
    bench: Bench, kafka: Kafka, stream: Stream, killed: Killed
) -> None:
    following = killed.next()
    gone = {p: (following[p], following[p] + 40 + p) for p in (0, 1, 4)}
    for p, (_, stop) in gone.items():
        kafka.drop_records(killed.topic, p, stop)
    outcome = bench.outcome(killed.deck, *TO_END, "--accept-gap", ranks=3).expect(0)
    for p, (start, stop) in gone.items():
        assert said(p, start, stop) in outcome.text
    assert gaps(killed.run) == gone
    with h5py.File(killed.run.path / "frames.h5") as file:
        lost = file["kafka/lost_offsets"][()].tolist()
    assert lost == [gone[p][1] - gone[p][0] if p in gone else 0 for p in range(PARTITIONS)]
    assert_equals_oracle(killed.run, without(stream, gone))


def test_a_gap_is_accepted_once_and_for_all_whatever_is_killed_or_damaged_after_it(
    bench: Bench, kafka: Kafka, stream: Stream, killed: Killed
) -> None:
    start = killed.next()[2]
    kafka.drop_records(killed.topic, 2, start + 25)
    with running(["run", killed.deck, "--accept-gap"], 2) as program:
        program.until(lambda: b"gap 2" in journal_of(killed.run), "the gap in the journal")
        program.kill_all()
    assert_equals_oracle(
        bench.run(killed.deck, *TO_END, ranks=3), without(stream, {2: (start, start + 25)})
    )


def test_a_replay_with_the_journal_gives_the_same_bits_though_the_records_are_there(
    bench: Bench, kafka: Kafka, stream: Stream, killed: Killed
) -> None:
    following = killed.next()
    for p in (1, 3):
        kafka.drop_records(killed.topic, p, following[p] + 30)
    bench.run(killed.deck, *TO_END, "--accept-gap", ranks=2)
    again = bench.files(DECK, stream, name="replay")
    replay = bench.directory(again)
    replay.path.mkdir(parents=True)
    shutil.copy(killed.run.path / "journal", replay.path)
    assert_same(bench.run(again, ranks=3), killed.run)


def first_part(stream: Stream, counts: Mapping[int, int]) -> Stream:
    """Some records of the partitions that are named, and all of the others."""
    return Stream([values[: counts.get(p)] for p, values in enumerate(stream.partitions)])


def half(stream: Stream, partition: int) -> int:
    return len(stream.partitions[partition]) // 2


@contextmanager
def waiting(
    bench: Bench, kafka: Kafka, stream: Stream, silent: int, *options: str
) -> Iterator[tuple[str, RunDirectory, Running]]:
    """A live run that waits for a partition of which it has half, while the others lead. Little is
    fetched ahead, so that it can be deleted before it is read."""
    topic = kafka.create(PARTITIONS)
    small = kafka.producer(batch_num_messages=5)
    there = first_part(stream, {silent: half(stream, silent)})
    for p, values in enumerate(there.partitions):
        kafka.send(topic, ((p, (None, v)) for v in values), small)
    deck = bench.deck(DECK, from_kafka(kafka, topic), {"log": {"every_s": 0.2}})
    arguments = ["-X", "queued.min.messages=1", "-X", "fetch.message.max.bytes=400", *options]
    with running(["run", deck, *arguments], 2) as program:
        run = bench.directory(deck)
        said = f"window {there.awaited(DECK)} waits for p{silent}, "
        program.until(lambda: said in program.text(), said)
        yield topic, run, program


def send_rest(kafka: Kafka, topic: str, stream: Stream, partition: int, there: int) -> None:
    small = kafka.producer(batch_num_messages=5)
    values = stream.partitions[partition]
    kafka.send(topic, ((partition, (None, v)) for v in values[there:]), small)


def test_records_deleted_under_a_running_run_end_it_with_their_range(
    bench: Bench, kafka: Kafka, stream: Stream
) -> None:
    with waiting(bench, kafka, stream, 1) as (topic, run, program):
        total = len(stream.partitions[3])
        kafka.drop_records(topic, 3, total - 9)
        send_rest(kafka, topic, stream, 1, half(stream, 1))
        outcome = program.wait().expect(65)
    told = re.search(r"partition 3: offsets (\d+)\.\.(\d+) \((\d+) records\)", outcome.text)
    assert told and int(told[2]) == total - 10, outcome.text
    assert int(told[3]) == total - 9 - int(told[1])
    assert "--accept-gap" in outcome.text
    deck = bench.path / f"{run.path.parent.name}.yaml"
    bench.outcome(deck, *TO_END, ranks=1).expect(65)
    bench.run(deck, *TO_END, "--accept-gap", ranks=3)
    assert_equals_oracle(run, without(stream, gaps(run)))
    assert gaps(run)[3][1] == total - 9


def test_a_gap_accepted_in_the_middle_of_a_run_equals_one_of_a_restart_and_a_replay(
    bench: Bench, kafka: Kafka, stream: Stream
) -> None:
    total = len(stream.partitions[3])
    with waiting(bench, kafka, stream, 1, "--accept-gap") as (topic, run, program):
        kafka.drop_records(topic, 3, total - 90)
        kafka.drop_records(topic, 0, total // 2)
        send_rest(kafka, topic, stream, 1, half(stream, 1))
        program.until(lambda: b"gap 3" in journal_of(run), "the gap in the journal")
        program.until(lambda: program.text().count("waits for p") > 5, "more waiting")
        program.signal(signal.SIGUSR2)
        program.wait().expect(75)
    passed = gaps(run)
    assert passed[3][1] == total - 90 and passed[3][0] < total - 90
    deck = bench.path / f"{run.path.parent.name}.yaml"
    bench.run(deck, *TO_END, ranks=3)
    assert_equals_oracle(run, without(stream, passed))
    again = bench.files(DECK, stream, name="replay")
    replay = bench.directory(again)
    replay.path.mkdir(parents=True)
    shutil.copy(run.path / "journal", replay.path)
    assert_same(bench.run(again, ranks=2), run)


def test_a_gap_is_followed_by_a_checkpoint_as_nothing_before_it_can_be_read_again(
    bench: Bench, kafka: Kafka, stream: Stream
) -> None:
    """Of the records since the last checkpoint before it, some are gone with those of the gap."""
    total = len(stream.partitions[3])
    seldom = ["-D", "checkpoint.every_windows=1000"]
    with waiting(bench, kafka, stream, 1, "--accept-gap", *seldom) as (topic, run, program):
        assert not run.checkpoints()
        kafka.drop_records(topic, 3, total - 9)
        send_rest(kafka, topic, stream, 1, half(stream, 1))
        program.until(lambda: bool(run.checkpoints()), "the checkpoint")
        program.kill_all()
    start, stop = gaps(run)[3]
    assert 0 < start < stop == total - 9
    deck = bench.path / f"{run.path.parent.name}.yaml"
    bench.run(deck, *TO_END, *seldom, ranks=3)
    assert_equals_oracle(run, without(stream, gaps(run)))


def made_anew(kafka: Kafka, topic: str, stream: Stream) -> None:
    kafka.delete(topic)
    kafka.create(PARTITIONS, name=topic)
    kafka.send_stream(topic, stream)


def test_a_partition_that_ends_before_what_was_read_of_it_is_refused_whatever_is_accepted(
    bench: Bench, kafka: Kafka, stream: Stream, killed: Killed
) -> None:
    following = killed.next()
    shorter = dict(following) | {2: following[2] - 30}
    made_anew(kafka, killed.topic, first_part(stream, shorter))
    for options in ([], ["--accept-gap"]):
        outcome = bench.outcome(killed.deck, *TO_END, *options, ranks=2).expect(65)
        read = following[2] - 1
        assert f"partition 2: read up to offset {read}, but it ends before {read - 29} now" in (
            outcome.text
        )
        assert f"offsets {read - 29}..{read} (30 records) were cut off" in outcome.text
        assert "--restart=none" in outcome.text and "partition 1:" not in outcome.text


def test_other_records_at_the_same_offsets_are_refused_whatever_is_accepted(
    bench: Bench, kafka: Kafka, killed: Killed
) -> None:
    made_anew(kafka, killed.topic, sensors(DECK, windows=30, seed=2))
    for options in ([], ["--accept-gap"]):
        outcome = bench.outcome(killed.deck, *TO_END, *options, ranks=2).expect(65)
        assert "is not the one this run has read there" in outcome.text
        assert "--restart=none" in outcome.text


def test_a_run_goes_back_to_a_checkpoint_from_before_the_cut_on_request(
    bench: Bench, kafka: Kafka, stream: Stream, killed: Killed
) -> None:
    """The topic lost its newest records and others were written in their places."""
    *_, before, newest = killed.run.checkpoints()
    kept = next_of(before)
    other = sensors(DECK, windows=25, seed=2)
    mixed = Stream(
        [
            one[: kept[p] + 3] + two[kept[p] + 3 :]
            for p, (one, two) in enumerate(zip(stream.partitions, other.partitions, strict=True))
        ]
    )
    made_anew(kafka, killed.topic, mixed)
    bench.outcome(killed.deck, *TO_END, ranks=2).expect(65)
    bench.outcome(killed.deck, *TO_END, f"--restart={newest}", "--accept-gap").expect(65)
    run = bench.run(killed.deck, *TO_END, f"--restart={before}", "--accept-gap", ranks=3)
    assert_equals_oracle(run, mixed.expected(DECK))


def test_a_topic_that_is_made_anew_and_filled_again_under_a_run_is_not_read_on(
    bench: Bench, kafka: Kafka, stream: Stream
) -> None:
    """Beyond the place where the run reads on, before it looks: no request fails."""
    with waiting(bench, kafka, stream, 1) as (topic, run, program):
        program.pause()
        made_anew(kafka, topic, sensors(DECK, windows=30, seed=2))
        program.resume()
        outcome = program.wait().expect(65)
    assert "is not the one this run has read there" in outcome.text
    assert run.windows_committed() > 0


def test_a_partition_that_is_added_under_a_run_ends_it(
    bench: Bench, kafka: Kafka, stream: Stream
) -> None:
    with waiting(bench, kafka, stream, 1) as (topic, _, program):
        kafka.add_partitions(topic, PARTITIONS + 1)
        outcome = program.wait().expect(65)
    assert f"had {PARTITIONS} partitions" in outcome.text
    assert f"has {PARTITIONS + 1} now" in outcome.text


def test_a_topic_that_is_deleted_under_a_run_ends_it(
    bench: Bench, kafka: Kafka, stream: Stream
) -> None:
    with waiting(bench, kafka, stream, 1) as (topic, _, program):
        kafka.delete(topic)
        outcome = program.wait().expect(65)
    assert f"{topic} is no longer on the broker" in outcome.text or "was deleted" in outcome.text

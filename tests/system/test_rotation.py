"""Files that grow for as long as a run does go on in a new one when they are full: dead letters,
of which not a byte is lost or doubled, and the log, of which the oldest lines go."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from .conftest import Bench
from .decks import AWKWARD, Stream, merged, sensors
from .failing import Order
from .garbage import MEGABYTE, everything_refused, mixed
from .program import tool
from .results import RunDirectory, assert_same

FILE_BYTES = 16384
DECK = merged(
    AWKWARD,
    {
        "time": {"windows": 60},
        "stream": {"horizon_windows": 8},
        "output": {"frames": {"per_segment": 40}},
        "checkpoint": {"every_windows": 4, "keep": 3},
    },
)
SMALL = {"stream": {"dead_letter_file_bytes": FILE_BYTES}}


@pytest.fixture(scope="module")
def stream() -> Stream:
    refused = [raw for raw in everything_refused() if len(raw) < MEGABYTE]
    good = sensors(DECK, 64, seed=8, chance=0.02)
    return mixed(good, random.Random(8), [*refused, *(b"!" * n for n in range(3000, 5000, 150))])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, stream: Stream) -> RunDirectory:
    """With all dead letters in one file."""
    bench = Bench(tmp_path_factory.mktemp("whole"))
    run = bench.run(bench.files(DECK, stream))
    assert [path.name for path in run.dead_letter_files()] == ["dead_letters.ndjson"]
    assert len(run.dead_letter_bytes()) > 12 * FILE_BYTES
    return run


def starts(files: Sequence[Path]) -> list[int]:
    return [int((re.findall(r"_(\d{15})\.", path.name) or ["0"])[0]) for path in files]


def assert_in_order(run: RunDirectory, most: int = FILE_BYTES) -> None:
    """Each is named after the bytes before it, none is too long, none could have taken the first
    line of the next."""
    files = run.dead_letter_files()
    at = starts(files)[0]
    for path, following in zip(files, [*files[1:], None], strict=True):
        content = path.read_bytes()
        assert starts([path]) == [at] and len(content) <= most and content.endswith(b"\n")
        assert path.stat().st_mode & 0o777 == 0o600 and path.stat().st_nlink == 1
        if following:
            assert len(content) + len(following.read_bytes().split(b"\n")[0]) + 1 > most
        at += len(content)


def test_dead_letters_are_split_between_lines_and_no_byte_of_them_differs(
    bench: Bench, stream: Stream, whole: RunDirectory
) -> None:
    run = bench.run(bench.files(DECK, stream, SMALL), ranks=3)
    assert len(run.dead_letter_files()) > 12
    assert_in_order(run)
    assert_same(run, whole)
    tool("verify", run.path).expect(0)


@pytest.mark.parametrize(
    "order",
    [
        Order("letters-shown.rename", 7, "kill-before"),
        Order("letters-shown.rename", 7, "kill-after"),
        Order("letters.write", 9, "kill-half"),
        Order("letters-shown.rename", 4, "EIO"),
    ],
    ids=str,
)
def test_a_failure_while_a_file_of_letters_is_begun_leaves_the_files_of_a_run_without(
    bench: Bench, stream: Stream, whole: RunDirectory, order: Order
) -> None:
    deck = bench.files(DECK, stream, SMALL)
    assert bench.outcome(deck, ranks=1, env=order.variables).code in (74, 137)
    run = bench.run(deck, ranks=2)
    assert_in_order(run)
    assert_same(run, whole)
    tool("verify", run.path).expect(0)


def test_going_back_over_several_files_removes_them_and_writes_them_again(
    bench: Bench, stream: Stream, whole: RunDirectory
) -> None:
    """The newest two checkpoints are damaged, so that letters of eight windows are cut."""
    deck = bench.files(DECK, stream, SMALL)
    run = bench.run(deck, "--until", "40")
    before = {path.name: path.read_bytes() for path in run.dead_letter_files()}
    for path in run.checkpoints()[-2:]:
        path.write_bytes(path.read_bytes()[:-100])
    run = bench.run(deck)
    after = {path.name: path.read_bytes() for path in run.dead_letter_files()}
    assert all(after[name].startswith(content) for name, content in before.items())
    assert_in_order(run)
    assert_same(run, whole)


def test_the_oldest_dead_letters_go_but_none_that_a_checkpoint_counts_on(
    bench: Bench, stream: Stream, whole: RunDirectory
) -> None:
    changes = merged(SMALL, {"stream": {"dead_letter_files": 1}})
    deck = bench.files(DECK, stream, changes)
    run = bench.run(deck, "--until", "40")
    assert 1 < len(run.dead_letter_files()) < 10 and starts(run.dead_letter_files())[0] > 0
    for path in run.checkpoints()[-2:]:
        path.write_bytes(path.read_bytes()[:-100])
    run = bench.run(deck, ranks=1)
    assert_in_order(run)
    assert whole.dead_letter_bytes().endswith(run.dead_letter_bytes())
    assert run.digest == whole.digest and run.ledger() == whole.ledger()
    removed = re.search(r"left out: (\d+) dead letters", tool("verify", run.path).expect(0).out)
    assert removed and int(removed[1]) == len(whole.dead_letters()) - len(run.dead_letters())


def test_letters_that_are_not_where_their_file_says_are_found(
    bench: Bench, stream: Stream, whole: RunDirectory
) -> None:
    run = bench.run(bench.files(DECK, stream, SMALL))
    first, second, third = run.dead_letter_files()[:3]
    content = second.read_bytes()
    for damaged in (content[: content.rindex(b"\n", 0, -1) + 1], content + content[-90:], b""):
        second.write_bytes(damaged)
        assert third.name in tool("verify", run.path).expect(65).text
    second.unlink()
    assert third.name in tool("verify", run.path).expect(65).text


# Of checkpoints alone: a slow run has more to say of its progress.
TALKATIVE = {
    "log": {"file_bytes": 1024, "files": 3, "every_s": 3600},
    "checkpoint": {"every_windows": 2},
}


@pytest.fixture(scope="module")
def few() -> Stream:
    return sensors(DECK, 64, seed=3, chance=0.02)


def log_of(run: RunDirectory) -> tuple[list[Path], list[str]]:
    files = [*sorted(run.path.glob("log.*")), run.path / "log"]
    return files, b"".join(path.read_bytes() for path in files).decode().splitlines()


def checkpoints_told(lines: Sequence[str]) -> list[int]:
    found = (re.search(r"checkpoint after window (\d+), digest", line) for line in lines)
    return [int(match[1]) for match in found if match]


def test_the_log_goes_on_in_a_new_file_and_the_oldest_go(bench: Bench, few: Stream) -> None:
    deck = bench.files(DECK, few, TALKATIVE)
    for until in (20, 60):
        run = bench.run(deck, "--until", str(until), ranks=1)
    files, lines = log_of(run)
    numbers = [int(path.suffix[1:]) for path in files[:-1]]
    assert len(numbers) == 2 and numbers[1] == numbers[0] + 1 > 3
    told = checkpoints_told(lines)
    assert told == sorted(set(told)) and set(range(told[0] | 1, 60, 2)) <= set(told)
    assert len(told) > 15
    for path in files[:-1]:
        assert 1024 <= path.stat().st_size < 2048 and path.stat().st_nlink == 1


@pytest.mark.parametrize(
    "order", [Order("log-full.rename", 1, "kill-after"), Order("log-new.rename", 1, "kill-before")]
)
def test_a_log_left_under_two_names_by_a_kill_is_in_no_file_twice(
    bench: Bench, few: Stream, order: Order
) -> None:
    deck = bench.files(DECK, few, TALKATIVE, {"log": {"files": 100}})
    assert bench.outcome(deck, ranks=1, env=order.variables).code == 137
    files, lines = log_of(bench.run(deck, ranks=1))
    assert len(lines) == len(set(lines)) and len(files) > 3


def test_a_log_that_cannot_be_put_aside_goes_on_and_stops_nothing(
    bench: Bench, few: Stream
) -> None:
    deck = bench.files(DECK, few, TALKATIVE, {"log": {"files": 100}})
    outcome = bench.outcome(deck, ranks=1, env=Order("log-new.rename", 1, "EIO").variables)
    assert outcome.expect(0).text.count("the log goes on in one file: ") == 1
    files, lines = log_of(bench.directory(deck))
    assert set(range(1, 60, 2)) <= set(checkpoints_told(lines)) and len(files) > 2

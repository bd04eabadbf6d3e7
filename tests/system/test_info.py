"""`info --json` for programs: of a run directory, a frames file, a checkpoint and an event file."""

from __future__ import annotations

import json

import pytest

from oracle.heat_oracle import Result

from .conftest import Bench
from .decks import AWKWARD, sensors
from .program import tool
from .results import RunDirectory, assert_ledger

Case = tuple[RunDirectory, Result]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    bench = Bench(tmp_path_factory.mktemp("info"))
    stream = sensors(AWKWARD, windows=20)
    return bench.run(bench.files(AWKWARD, stream), ranks=3), stream.expected(AWKWARD)


def test_a_run_directory_is_summed_up(case: Case) -> None:
    run, expected = case
    info = run.info()
    assert {"windows", "digest", "ledger", "revisions", "ranks", "duration", "versions"} <= set(
        info
    )
    assert info["digest"] == expected.digest
    assert info["windows"] == len(expected.rows)
    assert info["ranks"] == 3
    assert_ledger(run.ledger(), expected.ledger)


def test_a_frames_file_and_a_checkpoint_give_their_digest(case: Case) -> None:
    run, expected = case
    for path in (run.path / "frames.h5", run.checkpoints()[-1]):
        info = json.loads(tool("info", "--json", path).expect(0).out)
        assert info["digest"] in {row.digest for row in expected.rows}


def test_an_event_file_is_described(case: Case) -> None:
    run, _ = case
    (path, *_) = sorted(run.path.parents[1].glob("*.ndjson"))
    info = json.loads(tool("info", "--json", path).expect(0).out)
    assert len(path.read_bytes().splitlines()) in info.values()


def test_text_for_people_holds_the_digest(case: Case) -> None:
    run, expected = case
    assert expected.digest in tool("info", run.path).expect(0).out


def test_what_is_nothing_of_ours_is_66(case: Case) -> None:
    run, _ = case
    tool("info", run.path / "absent").expect(66)
    other = run.path.parent / "other.h5"
    other.write_bytes(b"no such thing")
    assert tool("info", other).code in (65, 66)

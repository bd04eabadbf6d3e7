"""What users, disks and second starts do to a run directory: told in one message, or survived."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import pytest
import yaml

from oracle.heat_oracle import Result

from .conftest import Bench
from .decks import AWKWARD, Deck, Stream, merged, sensors
from .program import LONG, heatstream, running, tool
from .results import RunDirectory, assert_equals_oracle, assert_ledger, assert_series
from .test_growing_topic import stages
from .test_verify import verify

DECK: Deck = merged(AWKWARD, {"checkpoint": {"every_windows": 4}})


@pytest.fixture(scope="module")
def stream() -> Stream:
    return sensors(DECK, windows=30)


@pytest.fixture(scope="module")
def expected(stream: Stream) -> Result:
    return stream.expected(DECK)


@pytest.fixture
def halfway(bench: Bench, stream: Stream) -> tuple[Path, RunDirectory]:
    """A run of 14 windows, to be gone on with."""
    deck = bench.files(DECK, stream, name="damaged")
    bench.outcome(deck, "-D", "time.windows=14", ranks=2).expect(0)
    return deck, bench.directory(deck)


Halfway = tuple[Path, RunDirectory]


def flip(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize("name", ["manifest", "journal"])
def test_a_flipped_bit_in_a_record_of_facts_is_told_with_its_file(
    bench: Bench, halfway: Halfway, name: str
) -> None:
    deck, run = halfway
    flip(run.path / name, 8)
    outcome = bench.outcome(deck, ranks=3)
    assert outcome.code in (65, 66), outcome.text[-2000:]
    assert name in outcome.text


@pytest.mark.parametrize("name", ["manifest", "journal"])
@pytest.mark.parametrize("tail", [b"frame 14 0 14 0011", b"\0" * 300])
def test_a_torn_last_line_is_cut_off_and_nothing_is_lost(
    bench: Bench, halfway: Halfway, expected: Result, name: str, tail: bytes
) -> None:
    deck, run = halfway
    with (run.path / name).open("ab") as file:
        file.write(tail)
    assert_equals_oracle(bench.run(deck, ranks=3), expected)


def test_a_lost_segment_is_named(bench: Bench, halfway: Halfway) -> None:
    deck, run = halfway
    segment = run.path / "frames" / "seg_000000.h5"
    segment.unlink()
    outcome = bench.outcome(deck, ranks=2)
    assert outcome.code in (65, 66), outcome.text[-2000:]
    assert segment.name in outcome.text


def test_a_lost_master_is_made_anew(bench: Bench, halfway: Halfway, expected: Result) -> None:
    deck, run = halfway
    (run.path / "frames.h5").unlink()
    assert_equals_oracle(bench.run(deck, ranks=2), expected)


def test_dead_letters_that_were_cut_or_grew_are_put_right_or_told(
    bench: Bench, stream: Stream, halfway: Halfway, expected: Result
) -> None:
    deck, run = halfway
    with (run.path / "dead_letters.ndjson").open("ab") as file:
        file.write(b'{"partition":0,"off')
    assert_equals_oracle(bench.run(deck, ranks=2), expected)


def test_a_reader_that_holds_the_file_open_stops_no_restart(
    bench: Bench, halfway: Halfway, expected: Result
) -> None:
    deck, run = halfway
    with h5py.File(run.path / "frames.h5") as file:
        assert file["temperature"].shape[0] == 14
        assert_equals_oracle(bench.run(deck, ranks=2), expected)


def test_two_starts_at_once_let_exactly_one_write(
    bench: Bench, stream: Stream, expected: Result
) -> None:
    deck = bench.files(DECK, stream, {"stream": {"batch": 1}})
    with running(["run", deck], 2) as one, running(["run", deck], 3) as other:
        codes = sorted([one.wait().code, other.wait().code])
    # The second may also come when the first has finished, and then finds nothing to do.
    assert codes in ([0, 73], [0, 0]), one.text() + other.text()
    assert_equals_oracle(bench.directory(deck), expected)


def test_a_new_beginning_leaves_what_is_not_its_own(bench: Bench, halfway: Halfway) -> None:
    deck, run = halfway
    notes = [run.path / "notes.txt", run.path / "frames" / "notes.txt"]
    for path in notes:
        path.write_text("mine")
    bench.run(deck, "--restart=none", ranks=2)
    assert [path.read_text() for path in notes] == ["mine", "mine"]


def kill_somewhere(run: RunDirectory, deck: Path, rng: random.Random, ranks: int) -> bool:
    """True when the run did not end by itself before."""
    looks = rng.randint(0, 8000)
    with running(["run", deck], ranks) as program:
        program.lives_to_see(program.has_ranks)
        before = run.frames_committed()
        wanted = rng.randint(1, 12)
        while looks > 0 and abs(run.frames_committed() - before) < wanted:
            looks -= 1
        program.kill_one(rng)
        return program.wait(20).code != 0


@pytest.mark.parametrize("seed", range(20 if LONG else 1))
def test_kills_while_a_grown_input_is_gone_on_with_cost_nothing(
    bench: Bench, stream: Stream, seed: int
) -> None:
    rng = random.Random(seed)
    parts: Sequence[Stream] = stages(stream, 4, seed)
    deck = bench.deck(DECK, {"stream": {"files": parts[0].write(bench.path, "grown")}})
    run, kills = bench.directory(deck), 0
    for part in parts:
        part.write(bench.path, "grown")
        kills += sum(
            kill_somewhere(run, deck, rng, n) for n in rng.sample([1, 2, 3, 4], 4 if LONG else 2)
        )
        bench.run(deck, ranks=rng.choice([1, 2, 3]))
        # Killed starts may have captured ends of their own; what is whole is the same in any case.
        bench.run(deck, ranks=2)
        assert_equals_oracle(run, part.expected(DECK))
    assert kills > 3


def effective(deck: Path, *arguments: str, env: dict[str, str] | None = None) -> Deck:
    outcome = heatstream("run", deck, *arguments, "--print-config", ranks=0, env=env).expect(0)
    loaded: Deck = yaml.safe_load(outcome.out)
    return loaded


def test_options_win_over_variables_over_the_deck_over_defaults(bench: Bench) -> None:
    deck = bench.deck({"stream": {"source": "synthetic"}, "grid": {"nx": 11, "ny": 12}})
    assert effective(deck)["grid"] == {"nx": 11, "ny": 12, "dx": 0.5, "dy": 0.5}
    env = {"HEATSTREAM_GRID_NX": "13", "HEATSTREAM_GRID_NY": "14"}
    assert effective(deck, env=env)["grid"]["nx"] == 13
    grid = effective(deck, "-D", "grid.nx=15", env=env)["grid"]
    assert (grid["nx"], grid["ny"]) == (15, 14)


def test_a_dry_run_writes_nothing(bench: Bench, stream: Stream) -> None:
    deck = bench.files(DECK, stream)
    before = sorted(bench.path.rglob("*"))
    bench.outcome(deck, "--dry-run", ranks=2).expect(0)
    assert sorted(bench.path.rglob("*")) == before


def test_check_needs_no_mpirun_and_writes_nothing(bench: Bench, stream: Stream) -> None:
    deck = bench.files(DECK, stream)
    before = sorted(bench.path.rglob("*"))
    tool("check", deck).expect(0)
    assert sorted(bench.path.rglob("*")) == before


@pytest.mark.parametrize("lost", ["all", "half", "last"])
def test_a_journal_that_lost_decisions_of_a_checkpoint_is_refused(
    bench: Bench, halfway: Halfway, lost: str
) -> None:
    """Cut between lines it is whole in itself, but what is decided again might be another thing."""
    deck, run = halfway
    path = run.path / "journal"
    lines = path.read_bytes().splitlines(keepends=True)
    kept = {"all": 0, "half": len(lines) // 2, "last": len(lines) - 1}[lost]
    path.write_bytes(b"".join(lines[:kept]))
    outcome = bench.outcome(deck, ranks=2)
    assert outcome.code == 65, outcome.text[-2000:]
    assert "journal" in outcome.text


def pieces(raw: bytes, rng: random.Random) -> list[tuple[str, bytes]]:
    """Flips and cuts, everywhere in the long form."""
    places = range(len(raw)) if LONG else sorted(rng.sample(range(len(raw)), 3))
    flips = [
        (f"flip {p}", raw[:p] + bytes([raw[p] ^ 1 << rng.randrange(8)]) + raw[p + 1 :])
        for p in places
    ]
    return flips + [(f"cut {p}", raw[:p]) for p in places]


@pytest.mark.parametrize("name", ["manifest", "journal"])
def test_flipped_or_cut_anywhere_it_is_refused_or_leads_to_the_same_bits(
    bench: Bench, stream: Stream, halfway: Halfway, expected: Result, name: str
) -> None:
    deck, run = halfway
    whole = bench.path / "whole"
    shutil.copytree(run.path, whole)
    went_on = 0
    for how, damaged in pieces((run.path / name).read_bytes(), random.Random(name)):
        shutil.rmtree(run.path)
        shutil.copytree(whole, run.path)
        (run.path / name).write_bytes(damaged)
        outcome = bench.outcome(deck, ranks=1)
        assert outcome.code in (0, 65, 66), (how, outcome.text[-2000:])
        if outcome.code:
            assert name in outcome.text or "no checkpoint" in outcome.text, how
            continue
        went_on += 1
        assert_series(run.series(), expected)
        assert run.digest == expected.digest
        assert_ledger(run.ledger(), expected.ledger)
        assert run.promised().items() <= expected.published.items(), how
        assert verify(run).code == 0, how
    assert went_on > 0 or name == "journal"

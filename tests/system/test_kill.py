"""kill -9 at any moment, then a restart on other ranks: nothing is lost and no bit differs."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from oracle.heat_oracle import Result

from .conftest import Bench
from .decks import Stream, large, merged, sensors
from .lives import before_window, held_at
from .program import LONG, Running, running
from .results import RunDirectory, assert_equals_oracle, assert_same

WINDOWS, KILLS = 600, 20 if LONG else 10
SEED = int(os.environ.get("HEATSTREAM_KILL_SEED", "20260101"))
DECK = merged(
    large(WINDOWS),
    {
        "checkpoint": {"every_windows": 7, "keep": 3},
        "output": {"frames": {"per_segment": 40}},
    },
)
BRIEF = merged(DECK, {"time": {"windows": 120}})


@dataclass(frozen=True)
class Case:
    stream: Stream
    expected: Result


@pytest.fixture(scope="module")
def case() -> Case:
    stream = sensors(DECK, windows=WINDOWS + 20, chance=0.002)
    expected = stream.expected(DECK)
    assert len(expected.published) > 2 * WINDOWS
    return Case(stream, expected)


@pytest.fixture(scope="module")
def brief() -> Case:
    stream = sensors(BRIEF, windows=140, chance=0.002)
    return Case(stream, stream.expected(BRIEF))


@dataclass
class Killer:
    """Chooses moments by what the run has done, not by the clock."""

    rng: random.Random
    run: RunDirectory
    lines: int
    log: list[str] = field(default_factory=list)
    promised: dict[tuple[int, int], str] = field(default_factory=dict)

    def moment(self) -> tuple[str, Callable[[], bool]]:
        """Some while a checkpoint is being written, or rows of a correction, some at the start."""
        already = self.run.frames_committed()
        newer = already + self.rng.randint(1, 2 * self.lines // KILLS)
        kind = self.rng.choice(["frames", "frames", "checkpoint", "rewrite", "start"])
        if kind == "checkpoint":
            skip = self.rng.randint(0, 3)
            return "a checkpoint half written", SeenTimes(self.run.is_writing_checkpoint, skip)
        if kind == "rewrite":
            skip = self.rng.randint(0, 5)
            return "rows half rewritten", SeenTimes(self.run.is_rewriting, skip)
        if kind == "start":
            looks = SeenTimes(lambda: self.run.frames_committed() >= 0, self.rng.randint(0, 4000))
            return "an early moment", looks
        return f"{newer} frame lines", lambda: self.run.frames_committed() >= newer

    def compare_promises(self) -> None:
        """A frame named in the manifest before a kill, a corrected one too, has the same digest
        ever after."""
        if (self.run.path / "manifest").exists():
            now = self.run.promised()
            differing = [row for row in now if self.promised.get(row, now[row]) != now[row]]
            assert differing == []
            self.promised |= now

    def strike(self, program: Running) -> None:
        self.log.append(program.kill_one(self.rng))


@dataclass
class SeenTimes:
    """True from the (skip + 1)-th poll on at which the condition holds."""

    condition: Callable[[], bool]
    skip: int

    def __call__(self) -> bool:
        if self.condition():
            self.skip -= 1
        return self.skip < 0


def killed_once(killer: Killer, deck: Path, ranks: int) -> bool:
    """False when the run was over before the moment came."""
    what, condition = killer.moment()
    killer.log.append(f"{ranks} ranks, {what}")
    with running(["run", deck], ranks) as program:
        if not (program.lives_to_see(program.has_ranks) and program.lives_to_see(condition)):
            program.wait().expect(0)
            return False
        killer.strike(program)
        outcome = program.wait(20)
    assert outcome.code in (0, 1, 137, -signal.SIGKILL), outcome.text[-3000:]
    return outcome.code != 0


def test_kills_and_other_rank_counts_leave_the_bits_of_an_uninterrupted_run(
    bench: Bench, case: Case
) -> None:
    rng = random.Random(SEED)
    whole = bench.run(bench.files(DECK, case.stream, name="whole"), ranks=2)
    deck = bench.files(DECK, case.stream, name="killed")
    killer = Killer(rng, bench.directory(deck), len(case.expected.published))
    kills = rounds = 0
    try:
        while kills < KILLS:
            ranks = [1, 2, 3, 4, 6][(kills + rounds) % 5]
            if killed_once(killer, deck, ranks):
                kills += 1
                killer.compare_promises()
            else:
                rounds += 1
                assert_same(killer.run, whole)
                shutil.rmtree(killer.run.path)
        bench.run(deck, ranks=rng.choice([1, 3, 4]))
        killer.compare_promises()
        assert killer.promised == case.expected.published
    except AssertionError as error:
        raise AssertionError(f"seed {SEED}\n" + "\n".join(killer.log[-12:])) from error
    assert_same(killer.run, whole)
    assert_equals_oracle(killer.run, case.expected)


def stopped_with_checkpoints(
    bench: Bench, brief: Case, name: str, windows: int = 40
) -> tuple[Path, RunDirectory]:
    """A run killed when it had committed so many windows."""
    deck = bench.files(BRIEF, brief.stream, name=name)
    run = bench.directory(deck)
    with held_at(before_window(windows, brief.stream, BRIEF), ["run", deck], 2) as program:
        program.kill_all()
    assert run.windows_committed() == windows
    assert len(run.checkpoints()) >= 2
    return deck, run


def window_of(checkpoint: Path) -> int:
    return int(checkpoint.stem.rpartition("_")[2])


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


def flip_a_bit(path: Path) -> None:
    """In the middle of the largest thing there is, the field."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) * 3 // 4] ^= 0x10
    path.write_bytes(raw)


def flip_a_bit_of_the_head(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[9] ^= 0x04
    path.write_bytes(raw)


def make_empty(path: Path) -> None:
    path.write_bytes(b"")


def remove(path: Path) -> None:
    path.unlink()


DAMAGES = [truncate, flip_a_bit, flip_a_bit_of_the_head, make_empty, remove]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before_and_says_so(
    bench: Bench, brief: Case, damage: Callable[[Path], None]
) -> None:
    deck, run = stopped_with_checkpoints(bench, brief, "damaged")
    *_, before, newest = run.checkpoints()
    damage(newest)
    outcome = bench.outcome(deck, ranks=3).expect(0)
    assert newest.name in outcome.text
    assert f"after window {window_of(before)}" in outcome.text
    assert_equals_oracle(run, brief.expected)


def test_a_checkpoint_that_was_out_of_reach_for_a_while_is_not_gone_on_from(
    bench: Bench, brief: Case
) -> None:
    """The rows it counts on were cut meanwhile."""
    deck, run = stopped_with_checkpoints(bench, brief, "away")
    newest = run.checkpoints()[-1]
    away = newest.rename(newest.with_suffix(".away"))
    (run.path / "STOP").touch()
    bench.outcome(deck, ranks=2).expect(75)
    (run.path / "STOP").unlink(missing_ok=True)
    if not newest.exists():
        away.rename(newest)
    bench.outcome(deck, ranks=3).expect(0)
    assert_equals_oracle(run, brief.expected)


@pytest.mark.parametrize("restart", ["auto", "latest"])
def test_no_good_checkpoint_is_66_with_their_names_and_never_a_start_from_zero(
    bench: Bench, brief: Case, restart: str
) -> None:
    deck, run = stopped_with_checkpoints(bench, brief, "bad")
    names = [path.name for path in run.checkpoints()]
    for index, path in enumerate(run.checkpoints()):
        (truncate, flip_a_bit)[index % 2](path)
    before = (run.path / "manifest").read_bytes()
    outcome = bench.outcome(deck, f"--restart={restart}", ranks=2).expect(66)
    assert [name for name in names if name not in outcome.text] == []
    assert (run.path / "manifest").read_bytes()[: len(before) // 2] == before[: len(before) // 2]


def test_restart_latest_without_a_checkpoint_is_66(bench: Bench, brief: Case) -> None:
    bench.outcome(bench.files(BRIEF, brief.stream), "--restart=latest").expect(66)


def test_restart_none_begins_anew_and_gives_the_same_bits(bench: Bench, brief: Case) -> None:
    deck, run = stopped_with_checkpoints(bench, brief, "anew")
    bench.run(deck, "--restart=none", ranks=3)
    assert_equals_oracle(run, brief.expected)


def test_restart_from_a_named_older_checkpoint_gives_the_same_bits(
    bench: Bench, brief: Case
) -> None:
    deck, run = stopped_with_checkpoints(bench, brief, "older")
    oldest = run.checkpoints()[0]
    bench.run(deck, f"--restart={oldest}", ranks=1)
    assert_equals_oracle(run, brief.expected)


def test_a_checkpoint_is_named_by_its_path_or_bare_name_and_no_other_file_of_that_name_counts(
    bench: Bench, brief: Case
) -> None:
    deck, run = stopped_with_checkpoints(bench, brief, "named")
    oldest = run.checkpoints()[0]
    copied = bench.path / oldest.name
    shutil.copy(oldest, copied)
    for other in (copied, bench.path / "none" / oldest.name):
        text = bench.outcome(deck, f"--restart={other}").expect(66).text
        assert f"--restart={other} is no checkpoint" in text
    text = bench.outcome(deck, f"--restart={oldest.name}").expect(0).text
    assert f"going on after window {window_of(oldest)}" in text
    assert_equals_oracle(run, brief.expected)


@pytest.mark.parametrize("further", [0, 3, 12])
def test_a_kill_after_a_restart_from_a_named_older_checkpoint_costs_nothing(
    bench: Bench, brief: Case, further: int
) -> None:
    """Rows of windows that the older checkpoint does not know hold earlier revisions again."""
    deck, run = stopped_with_checkpoints(bench, brief, "older")
    oldest = run.checkpoints()[0]
    begun = f"going on after window {window_of(oldest)}"
    before = run.frames_committed()
    with running(["run", deck, f"--restart={oldest}"], 2) as program:
        program.until(lambda: begun in program.text(), begun)
        program.until(lambda: run.frames_committed() >= before + further, "frames")
        program.kill_all()
    bench.run(deck, ranks=3)
    assert_equals_oracle(run, brief.expected)


def test_a_frame_that_differs_when_recomputed_is_a_hard_error(bench: Bench, brief: Case) -> None:
    """The input behind the newest checkpoint is changed under the run's feet."""
    deck, run = stopped_with_checkpoints(bench, brief, "changed", windows=47)
    newest = max(window_of(path) for path in run.checkpoints())
    # The events of the windows that follow at once are in the checkpoint already.
    assert run.windows_committed() > newest + 4
    for path in bench.path.glob("changed*.ndjson"):
        lines = path.read_bytes().splitlines(keepends=True)
        tail = [line.replace(b'"gen":4.0', b'"gen":4.5') for line in lines[len(lines) // 30 :]]
        path.write_bytes(b"".join(lines[: len(lines) // 30] + tail))
    outcome = bench.outcome(deck, ranks=2)
    assert outcome.code in (65, 70), outcome.text[-2000:]


def test_another_deck_does_not_continue_a_run(bench: Bench, brief: Case) -> None:
    deck, run = stopped_with_checkpoints(bench, brief, "deck")
    before = run.frames_committed()
    outcome = bench.outcome(deck, "-D", "physics.conductivity=0.5", ranks=2)
    assert outcome.code in (65, 66, 78), outcome.text[-2000:]
    assert run.frames_committed() == before

"""A run that lives on over kills: fed while it runs, struck at failure points or random moments."""

from __future__ import annotations

import random
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .conftest import Bench
from .decks import Deck, Stream
from .failing import Order, Target
from .kafka import Kafka
from .program import PATIENCE, Running, kill_quietly, running
from .results import RunDirectory

TRIES = 4
# The same line so often, one each log.every_s: everything sent has been taken.
SAME_LINES = 5
WAITING = re.compile(r"window \d+ (?:waits for p\d+|fills)\b.*")
HANGS_S = 60.0
IN_VAIN = "killed while it waited"
VAIN = Target("(while it waited)", "any")


@dataclass
class Feeder:
    """Sends a share of the stream at a time, while the program reads."""

    kafka: Kafka
    topic: str
    chunks: list[tuple[int, list[bytes]]]
    sender: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    sent: Future[None] | None = None

    def release(self, shares_left: int) -> None:
        """So that the last share is the rest."""
        self.finish()
        count = len(self.chunks) // max(1, shares_left)
        part, self.chunks = self.chunks[:count], self.chunks[count:]
        self.sent = self.sender.submit(self.send, part)

    def send(self, part: Sequence[tuple[int, list[bytes]]]) -> None:
        producer = self.kafka.producer()
        for partition, values in part:
            self.kafka.send(self.topic, ((partition, (None, v)) for v in values), producer)

    def sending(self) -> bool:
        return self.sent is not None and not self.sent.done()

    def finish(self) -> None:
        """Raises what went wrong with the sending."""
        if self.sent:
            self.sent.result()


def held(program: Running) -> list[int]:
    """Ranks that stopped at the point they were to be held at."""
    found = []
    for pid in program.ranks():
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state == "T":
            found.append(pid)
    return found


@contextmanager
def held_at(
    order: Order,
    arguments: Sequence[str | Path],
    ranks: int,
    env: dict[str, str] | None = None,
    within: Sequence[str | Path] = (),
) -> Iterator[Running]:
    """A run that stands still at a point until it is resumed, however long that takes."""
    variables = (env or {}) | order.variables
    with running(arguments, ranks, env=variables, within=within) as program:
        program.until(lambda: bool(held(program)), str(order))
        yield program


def before_window(window: int, stream: Stream, deck: Deck) -> Order:
    """Held when all windows before it are in the manifest, and it is not; of a run from the start,
    and of a deck that stores every window."""
    return Order("manifest_add_frame", stream.published(deck).index(window) + 1, "hold")


def is_pending(pid: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    masks = re.findall(r"^(?:SigPnd|ShdPnd):\s*(\w+)$", status, re.MULTILINE)
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


def resume_with(program: Running, number: signal.Signals) -> None:
    """The first that a held rank finds is the signal, by whatever way it gets there."""
    (pid,) = held(program)
    program.signal(number)
    program.until(lambda: is_pending(pid, number), f"{number.name} for the rank that is held")
    program.resume()


def let_go(program: Running) -> None:
    """Ranks notice that mpirun is gone, unless they are held, now or a little later."""
    deadline = time.monotonic() + 20
    while program.ranks() and time.monotonic() < deadline:
        for pid in held(program):
            kill_quietly(pid, signal.SIGCONT)
        time.sleep(0.05)


def takes_nothing(said: str) -> bool:
    """It waits, and has told nothing else for a while."""
    last = WAITING.findall(said)[-SAME_LINES:]
    return len(last) == SAME_LINES and len(set(last)) == 1


def strike(program: Running, victim: str, rng: random.Random) -> None:
    """Before the program has said a word it is still being launched, and mpirun may wait for ever
    for a rank that is gone."""
    if victim == "job" or not program.text():
        program.kill_all()
    elif victim == "mpirun":
        kill_quietly(program.process.pid, signal.SIGKILL)
        let_go(program)
    else:
        kill_quietly(rng.choice(program.ranks() or [program.process.pid]), signal.SIGKILL)


@dataclass
class Life:
    """One run directory. Each start is armed with the next target that was not met yet; one that
    waits for events in vain is killed where it is."""

    bench: Bench
    deck: Path
    rng: random.Random
    met: Counter[Target] = field(default_factory=Counter)
    tries: Counter[Target] = field(default_factory=Counter)
    promised: dict[tuple[int, int], str] = field(default_factory=dict)
    keeps_promises: bool = True
    log: list[str] = field(default_factory=list)

    @property
    def run(self) -> RunDirectory:
        return self.bench.directory(self.deck)

    def live_fed(self, feeder: Feeder, targets: Sequence[Target]) -> None:
        """The topic grows while the run reads it, a share for each target."""
        waiting = list(targets)
        finished = False
        while not finished:
            target = waiting.pop(0) if waiting else None
            before = self.met[target] if target else 0
            feeder.release(1 if target and target.stage == "end" else len(waiting) + 1)
            finished = self.prepare(target, feeder) or self.start(target, feeder)
            if target and self.met[target] == before and self.tries[target] < TRIES:
                waiting.insert(0, target)
        feeder.finish()

    def prepare(self, target: Target | None, feeder: Feeder) -> bool:
        """So that the target can be met. True when the run got through with its input."""
        if target and target.stage == "first":
            shutil.rmtree(self.run.path, ignore_errors=True)
            self.promised.clear()
        if target and target.damages:
            self.damage_newest()
        return bool(target and target.before) and self.start(target.before, feeder)

    def live_bounded(self, targets: Sequence[Target]) -> None:
        """To the end of the topic as it is."""
        for target in targets:
            while not self.met[target] and self.tries[target] < TRIES:
                if self.start(target, None, "--until", "end"):
                    return
        while not self.start(None, None, "--until", "end"):
            pass

    def start(self, target: Target | None, feeder: Feeder | None, *arguments: str) -> bool:
        """True when the run is through with its input."""
        ranks = self.rng.choice((1, 2, 3, 4))
        variables = None
        what = str(target or "to the end")
        if target and target.is_named:
            ranks = max(ranks, target.least_ranks)
            order = target.order(self.rng, ranks, careful=self.tries[target] > 0)
            variables, what = order.variables, str(order)
        if target:
            self.tries[target] += 1
        readers = self.rng.randint(1, ranks)
        sharing = ["-D", f"ingest.readers={readers}"]
        with running(["run", self.deck, *sharing, *arguments], ranks, variables) as program:
            struck = self.watch(program, ranks, target, feeder)
            outcome = program.wait(30)
        self.log.append(f"{ranks} ranks, {readers} read, {what}: {struck or outcome.code}")
        if struck == IN_VAIN or outcome.code == 0:
            self.met[VAIN] += outcome.code != 0
        elif outcome.code in (137, -signal.SIGKILL) and target:
            self.met[target] += 1
        else:
            outcome.expect(0)
        self.compare_promises()
        return outcome.code == 0

    def watch(
        self, program: Running, ranks: int, target: Target | None, feeder: Feeder | None
    ) -> str:
        """Until it ends by itself, or is to be killed from here; why."""
        began = time.monotonic()
        moment = began + self.rng.uniform(0.1, 1.5)
        patience = HANGS_S * PATIENCE
        size, heard = -1, 0
        while program.process.poll() is None:
            now, said = time.monotonic(), program.text()
            assert now - began < patience, f"hangs after {patience} s:\n{said[-4000:]}"
            if self.size() != size or (feeder and feeder.sending()):
                size, heard = self.size(), len(said)
            if target and target.victim != "rank" and self.is_due(program, target, now > moment):
                strike(program, target.victim, self.rng)
                return target.victim
            if feeder and feeder.chunks and takes_nothing(said[heard:]):
                if len(program.ranks()) < ranks:
                    continue  # killed at its point: mpirun takes a second to end
                strike(program, self.rng.choice(("one", "job", "mpirun")), self.rng)
                return IN_VAIN
            time.sleep(0.02)
        return ""

    def is_due(self, program: Running, target: Target, moment_has_come: bool) -> bool:
        return bool(held(program)) if target.is_named else moment_has_come

    def size(self) -> int:
        try:
            return (self.run.path / "manifest").stat().st_size
        except FileNotFoundError:
            return 0

    def damage_newest(self) -> None:
        found = self.run.checkpoints() if self.size() > 0 else []
        if len(found) > 1:
            found[-1].write_bytes(b"damaged")

    def compare_promises(self) -> None:
        """A frame that was named in the manifest before a kill has the same digest ever after."""
        if self.keeps_promises and (self.run.path / "manifest").exists():
            now = self.run.promised()
            assert [row for row in now if self.promised.get(row, now[row]) != now[row]] == []
            self.promised |= now

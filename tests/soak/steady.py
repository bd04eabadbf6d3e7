"""Live at ten times the reference load, killed every two minutes: nothing lost, nothing grows.

    python -m soak.steady DIRECTORY MINUTES SEED

160,020 events a second, some late, go to a real Kafka that deletes old ones; the run that reads
them is killed (a rank, mpirun or everything) and started again on another number of ranks. At the
end its digests, series and ledger are compared with those of the same events made in the program
itself, without a transport and without a kill. Memory and descriptors of each life are printed as a
table, all samples are left in DIRECTORY/samples.tsv. Exit code 1 when anything differs or grows.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from system.decks import T0_MS, Deck, merged, write_deck
from system.kafka import Kafka, start_broker, stop_broker
from system.program import Running, heatstream, running, start, tool
from system.results import RunDirectory

KILL_EVERY_S, SAMPLE_EVERY_S, WARM_S = 120.0, 1.0, 20.0
WINDOW_S = 0.1
GROWTH = 1.15  # at most, within a life and from the first restarted one to the last
DECK: Deck = {
    "run": {"id": "run", "title": "ten times the reference load"},
    "grid": {"nx": 126, "ny": 127},
    "time": {"window_ms": 100, "t0": T0_MS - 50},
    "gen": {"seed": 7, "start_ms": T0_MS, "partitions": 6, "value": 4, "jitter_ms": 8,
            "delay_ms": 30},
    "stream": {"idle": "block"},  # a time-out would be one more input of the run
    "checkpoint": {"every_windows": 50, "keep": 2},
}  # fmt: skip
KAFKA_TOPIC = {"retention_bytes": "1000000000", "segment_bytes": "134217728"}  # a partition


@dataclass(frozen=True)
class Sample:
    at: float
    rank: int
    resident: float  # MB
    descriptors: int


@dataclass
class Life:
    ranks: int
    began: float
    first_window: int
    samples: list[Sample] = field(default_factory=list)
    ended: str = ""
    to_first_frame: float = float("nan")
    windows: int = 0

    def of_rank(self, rank: int, key: str) -> list[float]:
        """After the first seconds, in which buffers and queues fill."""
        return [
            float(getattr(s, key))
            for s in self.samples
            if s.rank == rank and s.at >= self.began + WARM_S
        ]


def rank_of(pid: int) -> int:
    for variable in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
        name, _, value = variable.partition(b"=")
        if name == b"OMPI_COMM_WORLD_RANK":
            return int(value)
    return -1


def sample(program: Running) -> Iterator[Sample]:
    for pid in program.ranks():
        try:
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
            megabytes = resident * os.sysconf("SC_PAGE_SIZE") / 1e6
            yield Sample(time.monotonic(), rank_of(pid), megabytes, files)
        except OSError:  # it has just ended
            continue


def live(program: Running, run: RunDirectory, life: Life, seconds: float) -> bool:
    """Watches for so long; False when the run has ended by itself."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if program.process.poll() is not None:
            return False
        life.samples += sample(program)
        life.windows = run.windows_committed()
        if life.windows > life.first_window and life.to_first_frame != life.to_first_frame:
            life.to_first_frame = time.monotonic() - life.began
        time.sleep(SAMPLE_EVERY_S if life.to_first_frame == life.to_first_frame else 0.02)
    return True


def lives(deck: Path, run: RunDirectory, rng: random.Random) -> Iterator[Life]:
    """One after another until the run has ended by itself."""
    while True:
        life = Life(rng.choice([1, 2, 3]), time.monotonic(), run.windows_committed())
        with running(["run", deck], life.ranks) as program:
            if live(program, run, life, KILL_EVERY_S):
                life.ended = program.kill_one(rng)
                program.wait(30)
            else:
                life.ended = f"exit {program.wait(30).expect(0).code}"
        yield life
        if life.ended.startswith("exit"):
            return


@contextmanager
def sensors(deck: Path) -> Iterator[Running]:
    arguments = ["gen", deck, "--pace", "1", "-X", "compression.codec=lz4"]
    program = start(arguments, ranks=0)
    try:
        yield program
    finally:
        program.kill_all()


def span(values: list[float]) -> str:
    if not values:
        return "too short"
    edge = max(len(values) // 10, 1)
    return f"{statistics.median(values[:edge]):.0f} -> {statistics.median(values[-edge:]):.0f}"


def print_table(all_lives: list[Life], first: int = 0) -> None:
    print("life ranks  windows          first frame  rank 0 MB     rank 0 files  ended by")
    for number, life in enumerate(all_lives, first):
        print(
            f"{number:4d} {life.ranks:5d}  {life.first_window:6d}..{life.windows:<6d}"
            f" {life.to_first_frame:10.2f} s  {span(life.of_rank(0, 'resident')):12s}"
            f"  {span(life.of_rank(0, 'descriptors')):12s}  {life.ended}"
        )


def growths(all_lives: list[Life]) -> Iterator[str]:
    """Compares the first and the last tenth of a life; and how the last one ends with how the first
    restarted ones did, which begin with a backlog as it does."""
    for key in ("resident", "descriptors"):
        series = [v for life in all_lives if len(v := life.of_rank(0, key)) >= 40]
        first = [statistics.median(v[: len(v) // 10]) for v in series]
        last = [statistics.median(v[-(len(v) // 10) :]) for v in series]
        for number, (before, after) in enumerate(zip(first, last, strict=True)):
            if after > GROWTH * before:
                yield f"{key} of rank 0 grows from {before:.0f} to {after:.0f} in life {number}"
        if len(last) > 4 and last[-1] > GROWTH * max(last[1:4]):
            yield f"{key} of rank 0: {max(last[1:4]):.0f} at first, {last[-1]:.0f} at last"


def write_samples(path: Path, all_lives: list[Life]) -> None:
    with path.open("w") as out:
        out.write("life\tseconds\trank\tresident_mb\tdescriptors\n")
        start_s = all_lives[0].began
        for number, life in enumerate(all_lives):
            for s in life.samples:
                out.write(
                    f"{number}\t{s.at - start_s:.1f}\t{s.rank}\t{s.resident:.1f}\t{s.descriptors}\n"
                )


def differences(run: RunDirectory, whole: RunDirectory) -> Iterator[str]:
    if run.digest != whole.digest:
        yield f"digest {run.digest}, undisturbed {whole.digest}"
    mine, other = run.lasting_series(), whole.lasting_series()
    for name, values in other.items():
        if mine.get(name) != values:
            yield f"/series/{name} differs from the undisturbed run's"
    if run.ledger() != whole.ledger():
        yield f"ledger {run.ledger()}, undisturbed {whole.ledger()}"


def soak(directory: Path, minutes: float, seed: int) -> int:
    directory.mkdir(parents=True)
    windows = int(minutes * 60 / WINDOW_S)
    bounded: dict[str, Any] = {"time": {"windows": windows}, "gen": {"steps": windows + 20}}
    broker = directory / "broker"
    kafka = Kafka(start_broker(broker))
    try:
        topic = kafka.create(6, **KAFKA_TOPIC)
        source = {"stream": {"source": "kafka", "brokers": kafka.address, "topic": topic}}
        out = {"run": {"out": str(directory / "live")}}
        deck = write_deck(directory / "live.yaml", merged(DECK, bounded, source, out))
        run = RunDirectory(directory / "live" / "run")
        with sensors(deck) as program:
            seen = []
            for life in lives(deck, run, random.Random(seed)):
                seen.append(life)
                print_table(seen[-1:], len(seen) - 1)
                sys.stdout.flush()
            program.wait(60).expect(0)
    finally:
        stop_broker(broker)
    write_samples(directory / "samples.tsv", seen)
    print_table(seen)
    changes = {"stream": {"source": "synthetic"}, "run": {"out": str(directory / "whole")}}
    undisturbed = write_deck(directory / "whole.yaml", merged(DECK, bounded, changes))
    heatstream("run", undisturbed, ranks=2, timeout=60 * minutes + 600).expect(0)
    problems = [*differences(run, RunDirectory(directory / "whole" / "run")), *growths(seen)]
    print(tool("info", directory / "live" / "run").expect(0).out)
    print("\n".join(problems) or "nothing lost, nothing different, nothing grown")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(soak(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))

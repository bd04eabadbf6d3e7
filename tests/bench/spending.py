"""What a run spends: of the processors, of its main thread by the metrics file, of its threads."""

from __future__ import annotations

import os
import re
import resource
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from system.program import Running, running

from .turns import Told

CORES = os.cpu_count() or 1
SUM = re.compile(r'step_duration_seconds_sum\{phase="(\w+)"\} (\S+)')
MAIN_THREAD = "its main thread"
DOES = {
    "ingest": "waits for events",
    "scatter": "deals out heat",
    "halo": "exchanges columns",
    "stencil": "steps",
    "io": "writes",
}


def processor_s(stat: Path) -> float:
    """Of a process or a thread, what it waited for excepted."""
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine_s() -> float:
    """Processor time of all programs, and what the machine's own host took."""
    user, nice, system, _, _, *rest = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    )
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def ended_s() -> float:
    """Processor time of everything that was started here and has ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def busiest_s(pid: int) -> float:
    """Processor time of the busiest thread but the main one."""
    found = [0.0]
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            if task.name != str(pid):
                found.append(processor_s(task / "stat"))
    return max(found)


def rank_0(program: Running) -> int | None:
    for pid in program.ranks():
        with suppress(OSError):
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            if b"OMPI_COMM_WORLD_RANK=0" in variables:
                return pid
    return None


@dataclass(frozen=True)
class Spent:
    """Seconds: of the clock, of the processors by the run, by the broker and by any program at all,
    of the busiest thread that rank 0 has beside its main one, of the main one's phases."""

    wall: float
    own: float
    broker: float
    machine: float
    thread: float
    phases: dict[str, float]

    def without(self, start: Spent) -> Spent:
        """What the longer of two runs spent beyond the shorter."""
        phases = {phase: value - start.phases[phase] for phase, value in self.phases.items()}
        return Spent(
            self.wall - start.wall,
            self.own - start.own,
            self.broker - start.broker,
            self.machine - start.machine,
            self.thread - start.thread,
            phases,
        )

    def told(self, work: float) -> Told:
        """Work a second, and what it would be if it took nothing but one of these."""
        seconds = {
            f"{CORES} cores busy with the run": self.own / CORES,
            f"{CORES} cores busy with run and broker": (self.own + self.broker) / CORES,
            f"{CORES} cores busy, other programs included": self.machine / CORES,
            "rank 0's busiest thread beside the main one": self.thread,
        }
        seconds |= {f"{MAIN_THREAD} {DOES[one]}": value for one, value in self.phases.items()}
        bounds = {name: work / value for name, value in seconds.items() if value > 0}
        return Told(work / self.wall, bounds)


def spend(deck: Path, broker: int, ranks: int = 1) -> Spent:
    """Of a run to the end of its topic, where nothing is waited for: a live one would give the last
    window two seconds (`stream.idle_ms`) for more. Start and end included."""
    metrics, broker_stat = deck.with_suffix(".prom"), Path(f"/proc/{broker}/stat")
    before = ended_s(), processor_s(broker_stat), machine_s()
    thread, root = 0.0, None
    command = ["run", deck, "--until", "end", "--metrics-file", metrics]
    with running(command, ranks) as program:
        while not program.reap(0.02):
            root = root or rank_0(program)
            thread = max(thread, busiest_s(root)) if root else 0.0
        wall = program.wait().expect(0).seconds
    after = ended_s(), processor_s(broker_stat), machine_s()
    phases = {phase: float(value) for phase, value in SUM.findall(metrics.read_text())}
    return Spent(wall, *(b - a for a, b in zip(before, after, strict=True)), thread, phases)

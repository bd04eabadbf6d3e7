"""How late frames are whose events were on time, at 16,000 messages a second."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from statistics import quantiles

from system.program import BINARY, running

from .topic import DECK, PARTITIONS, Place
from .turns import TURNS, Measured
from .watching import Commits

SENSORS = BINARY.parent / "tests/bench/part_sensors"
ARRIVALS = BINARY.parent / "tests/bench/part_arrivals"
SIDE, WINDOW_MS = 40, 100
DISORDER_MS = DECK["stream"]["disorder_ms"]
WARM, COUNTED = 30, 300  # windows; those of the start are left out
LINGER_MS = 1


def percentiles(delays_ms: list[float]) -> tuple[float, float]:
    cut = quantiles(delays_ms, n=100)
    return cut[49], cut[98]


@dataclass
class Way:
    """Percentiles of its delays, of each turn."""

    name: str
    p50: Measured = field(init=False)
    p99: Measured = field(init=False)

    def __post_init__(self) -> None:
        self.p50 = Measured("latency", f"{self.name}, p50", "ms")
        self.p99 = Measured("latency", f"{self.name}, p99", "ms")

    def add(self, delays_ms: list[float], bound: Way | None = None) -> None:
        """The bound's delays of this turn are there already."""
        for one, value in zip((self.p50, self.p99), percentiles(delays_ms), strict=True):
            one.take(value)
        if bound:
            self.p50.bound_by(bound.p50.way, bound.p50.values[-1])
            self.p99.bound_by(bound.p99.way, bound.p99.values[-1])


def start_sensors(place: Place, topic: str, start_ms: int) -> subprocess.Popen[str]:
    steps = WARM + COUNTED + 5
    command = [SENSORS, place.kafka.address, topic, PARTITIONS, SIDE, start_ms, steps, LINGER_MS]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)


def lateness(sensors: subprocess.Popen[str]) -> float:
    """The 99th per cent of how late the sensors were themselves."""
    out, _ = sensors.communicate(timeout=120)
    assert sensors.returncode == 0
    return float(out.split()[1])


def start_soon() -> int:
    return (int(time.time()) + 4) * 1000


def arrivals(place: Place) -> tuple[list[float], float]:
    topic, start_ms = place.kafka.create(PARTITIONS), start_soon()
    sensors = start_sensors(place, topic, start_ms)
    command = [ARRIVALS, place.kafka.address, topic, PARTITIONS]
    command += [start_ms, WINDOW_MS, DISORDER_MS, WARM + COUNTED]
    done = subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, text=True, timeout=120, check=True
    )
    return [float(line) for line in done.stdout.split()][WARM:], lateness(sensors)


def frames(place: Place, every_windows: int) -> tuple[list[float], list[float], float]:
    """Of each window, until its line is in the manifest, and until frames.h5 has its frame."""
    topic, start_ms = place.kafka.create(PARTITIONS), start_soon()
    deck = place.deck(
        {
            "stream": {"topic": topic},
            "time": {"t0": start_ms, "windows": WARM + COUNTED},
            "checkpoint": {"every_windows": every_windows},
        }
    )
    run = place.run_of(deck)
    with running(["run", deck]) as program:
        program.until((run.path / "manifest").exists, "a manifest")
        with Commits(run.path) as commits:
            sensors = start_sensors(place, topic, start_ms)
            late_ms = lateness(sensors)
            program.wait(60).expect(0)
    counted = range(WARM, WARM + COUNTED)
    ends_ms = {k: start_ms + (k + 1) * WINDOW_MS + DISORDER_MS for k in counted}
    readable = commits.readable()
    return (
        [commits.lines[k] - end for k, end in ends_ms.items()],
        [readable[k] - end for k, end in ends_ms.items()],
        late_ms,
    )


def latency(place: Place) -> list[Measured]:
    """Milliseconds beyond window end plus bound of disorder."""
    bound = Way("a plain consumer has the events")
    committed = Way("frame committed")
    readable = Way("frame readable in frames.h5")
    without = Way("frame committed, no checkpoints")
    late = Measured("latency", "the sensors were late, p99", "ms")
    arrivals(place)  # a broker that has just been started keeps its first events waiting
    for _ in range(TURNS):
        delays, late_ms = arrivals(place)
        bound.add(delays)
        late.values.append(late_ms)
        lines, masters, late_ms = frames(place, every_windows=10)
        committed.add(lines, bound)
        readable.add(masters, bound)
        late.values.append(late_ms)
        without.add(frames(place, every_windows=0)[0], bound)
    ways = (bound, committed, readable, without)
    return [late, *(one for way in ways for one in (way.p50, way.p99))]

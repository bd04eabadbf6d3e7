"""Five rooms, inside and outside: alerts and relations against the rule, from the events alone."""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import pytest
import yaml

from .conftest import Bench
from .decks import Deck, Stream, merged
from .judged import assert_alerts_are_those_of_the_frames
from .kafka import Kafka
from .results import RunDirectory

INPUT = Path(__file__).parents[2] / "input"
T0_MS, WINDOW_MS, HOLD = 1767225600000, 1000, 5
NAMES = [f"{room}-{side}" for room in range(5) for side in ("in", "out")]
Reading = tuple[int, str, int]  # time_ms, sensor, value


def rooms() -> Deck:
    deck: Deck = yaml.safe_load((INPUT / "rooms.yaml").read_text())
    sensors = {"stream": {"sensors": str(INPUT / "rooms-sensors.csv")}}
    return merged(deck, sensors, {"run": {"id": "run"}, "log": {"every_s": 60}})


def message(reading: Reading) -> bytes:
    time_ms, name, value = reading
    return json.dumps(
        {"roomId": name.replace("-", "_").upper(), "value": value, "timestamp": time_ms}
    ).encode()


def stream_of(arriving: Sequence[tuple[float, Reading]]) -> Stream:
    """In order of arrival; what is inside and what is outside come in partitions of their own."""
    ordered = [reading for _, reading in sorted(arriving)]
    sides = [[r for r in ordered if r[1].endswith(side)] for side in ("-in", "-out")]
    return Stream([[message(r) for r in side] for side in sides])


def walks(seed: int, seconds: int = 90, late: float = 0.03) -> list[tuple[float, Reading]]:
    rng = random.Random(seed)
    arriving = []
    for name in NAMES:
        value = rng.randrange(24, 33)
        for second in range(seconds):
            value = min(39, max(20, value + rng.choice((-3, -1, 0, 0, 1, 2))))
            for _ in range(rng.choice((0, 1, 1, 1, 2))):
                time_ms = T0_MS + second * 1000 + rng.randrange(1000)
                delay = rng.uniform(4000, 15000) if rng.random() < late else rng.uniform(0, 2900)
                arriving.append((time_ms + delay, (time_ms, name, value)))
    return arriving


def seconds_of(stream: Stream, windows: int) -> dict[str, list[float]]:
    """The reading of each sensor in each second: the mean of what it said, 0 before it spoke."""
    said: dict[tuple[str, int], list[tuple[int, int, int, int]]] = defaultdict(list)
    for partition, values in enumerate(stream.partitions):
        for offset, raw in enumerate(values):
            e = json.loads(raw)
            name = e["roomId"].replace("_", "-").lower()
            key = (name, (e["timestamp"] - T0_MS) // WINDOW_MS)
            said[key].append((e["timestamp"], partition, offset, e["value"]))
    means = {key: sum(v for *_, v in sorted(vs)) / len(vs) for key, vs in said.items()}
    return {
        name: [
            next((means[name, s - k] for k in range(HOLD + 1) if (name, s - k) in means), 0.0)
            for s in range(windows)
        ]
        for name in NAMES
    }


def warnings(readings: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Second and mean of two readings in a row that are at least 30, at most 5 s apart."""
    for s in range(1, len(readings)):
        if readings[s - 1] >= 30 and readings[s] >= 30:
            yield s, (readings[s - 1] + readings[s]) / 2


def levels_of_gauge(readings: Sequence[float]) -> list[int]:
    return [(r >= 20) + (r >= 30) for r in readings]


def levels_of_warning(readings: Sequence[float]) -> list[int]:
    found, on = set(s for s, _ in warnings(readings)), 0
    levels = []
    for s, reading in enumerate(readings):
        on = 1 if s in found or (on and reading >= 30) else 0
        levels.append(on)
    return levels


def levels_of_alarm(readings: Sequence[float]) -> list[int]:
    """From the second of two warnings in a row, within 10 s and with the higher mean, to the end of
    the warning."""
    given = list(warnings(readings))
    found = {b for (a, one), (b, two) in pairwise(given) if b - a <= 10 and two > one}
    warned, on, levels = levels_of_warning(readings), 0, []
    for s, warning in enumerate(warned):
        on = 1 if warning and (on or s in found) else 0
        levels.append(on)
    return levels


def expected_levels(seconds: Mapping[str, Sequence[float]]) -> dict[str, list[int]]:
    rules = {"gauge": levels_of_gauge, "warning": levels_of_warning, "alarm": levels_of_alarm}
    return {f"{kind}-{name}": f(seconds[name]) for name in NAMES for kind, f in rules.items()}


def ratio(seconds: Mapping[str, Sequence[float]], room: int, end: int) -> float:
    inside, outside = (seconds[f"{room}-{side}"][end - 4 : end + 1] for side in ("in", "out"))
    return (sum(inside) / 5) / (sum(outside) / 5) if sum(outside) else math.nan


def words_of(run: RunDirectory) -> dict[tuple[str, int], dict[str, Any]]:
    """The last line of each alert and window; none is told twice."""
    lines = [json.loads(x) for x in (run.path / "alerts.ndjson").read_text().splitlines()]
    assert len({(w["alert"], w["window"], w["revision"]) for w in lines}) == len(lines)
    return {(w["alert"], w["window"]): w for w in lines}


def changes(levels: Mapping[str, Sequence[int]]) -> dict[tuple[str, int], tuple[int, int]]:
    return {
        (name, s): (before, after)
        for name, all_of in levels.items()
        for s, (before, after) in enumerate(pairwise([0, *all_of]))
        if before != after
    }


def assert_follows_the_rule(run: RunDirectory, stream: Stream) -> dict[str, list[int]]:
    with h5py.File(run.path / "frames.h5") as file:
        names = [name.decode() for name in file["alerts/name"][()]]
        level, value = file["alerts/level"][()], file["relations/value"][()]
        means = file["regions/stats/mean"][()]
    seconds = seconds_of(stream, len(level))
    wanted = expected_levels(seconds)
    assert {name: level[:, i].tolist() for i, name in enumerate(names)} == wanted
    for i, name in enumerate(NAMES):  # a cell that heard nothing gets 1e-18 of its neighbours
        told = zip(means[:, i], seconds[name], strict=True)
        assert all(m == r or (r == 0 and m < 1e-15) for m, r in told)
    for room in range(5):
        for s in range(len(level)):
            told = value[s, room]
            assert math.isnan(told) if s % 5 != 4 else told == ratio(seconds, room, s)
    words = words_of(run)
    stand = {key: w for key, w in words.items() if w["event"] != "withdrawn"}
    assert {key: (w["from"], w["level"]) for key, w in stand.items()} == changes(wanted)
    assert_alerts_are_those_of_the_frames(run)
    return wanted


def run_of(bench: Bench, stream: Stream, *changes: Deck, ranks: int = 2) -> RunDirectory:
    return bench.run(bench.files(rooms(), stream, *changes), ranks=ranks)


def test_alerts_are_those_of_the_stated_rule_with_corrections_and_from_any_ranks(
    bench: Bench,
) -> None:
    stream = stream_of(walks(1))
    lines = []
    for ranks in (1, 3):
        run = run_of(bench, stream, ranks=ranks)
        wanted = assert_follows_the_rule(run, stream)
        assert sum(run.series()["late"]) > 10
        lines.append((run.path / "alerts.ndjson").read_bytes())
    assert lines[0] == lines[1]
    assert b'"withdrawn"' in lines[0] and b'"lowered"' in lines[0]
    assert any(1 in levels for name, levels in wanted.items() if name.startswith("alarm"))


def steady(hot: Mapping[str, Sequence[int]], seconds: int = 30) -> list[tuple[float, Reading]]:
    """Every sensor says 22 each second, but what is given for some from second 10 on."""
    arriving = []
    for name in NAMES:
        for s in range(seconds):
            said = hot.get(name, ())
            value = said[s - 10] if 0 <= s - 10 < len(said) else 22
            time_ms = T0_MS + s * 1000 + 100 + NAMES.index(name)
            arriving.append((float(time_ms), (time_ms, name, value)))
    return arriving


def raised(run: RunDirectory, kind: str) -> set[str]:
    return {
        alert
        for (alert, _), w in words_of(run).items()
        if w["event"] == "raised" and alert.startswith(kind)
    }


def alarms_of_the_reference(arriving: Sequence[tuple[float, Reading]]) -> list[str]:
    """Sensors as the code does it that these rules are from: what is inside is one row of readings
    whatever the room, is counted twice, and what is outside never."""
    inside = [reading for _, reading in sorted(arriving) if reading[1].endswith("-in")]
    given = [
        (later[0], (first[2] + later[2]) / 2, later[1])
        for first, later in pairwise(inside)
        if min(first[2], later[2]) >= 30 and later[0] - first[0] <= 5000
    ]
    return [
        name
        for (first, one, _), (later, two, name) in pairwise(given)
        if later - first <= 10_000 and two > one
        for _ in ("IN", "IN")
    ]


def test_what_the_reference_gets_wrong_is_right(bench: Bench) -> None:
    """It never raises an alarm outside, and takes readings of different rooms for a row; an alarm
    needs the higher mean, and the other warning at most 10 s before."""
    hot = {
        "3-out": [31, 32, 33],
        "2-in": [35, 22, 35, 22],
        "2-out": [22, 36, 22, 37],
        "4-in": [22, 35, 22, 35],
        "0-in": [36, 34, 32, 32, 31],
        "1-in": [30, 30, 30, 30],
        "3-in": [31, 31, *[22] * 8, 33, 33],
        "4-out": [31, 31, *[22] * 9, 33, 33],
    }
    arriving = steady(hot)
    wrong = alarms_of_the_reference(arriving)
    assert {"0-in", "1-in", "2-in"} & set(wrong) and not any("out" in name for name in wrong)
    assert len(wrong) == 2 * len(wrong[::2]) and wrong[::2] == wrong[1::2]
    stream = stream_of(arriving)
    run = run_of(bench, stream)
    assert_follows_the_rule(run, stream)
    warned = ("3-out", "0-in", "1-in", "3-in", "4-out")
    assert raised(run, "warning") == {f"warning-{name}" for name in warned}
    assert raised(run, "alarm") == {"alarm-3-out", "alarm-3-in"}
    told = [w for w in run.alerts().splitlines() if b'"alarm' in w and b'"raised"' in w]
    assert len(told) == 2  # each once


def test_a_reading_that_comes_late_raises_and_withdraws(bench: Bench) -> None:
    """A hot one fills a row of which the middle was missing; a cool one breaks one."""
    arriving = steady({"0-in": [31, 22, 33], "1-in": [31, 34, 36]})
    delayed = [
        (arrival + 9000 if r[1] in ("0-in", "1-in") and r[2] in (22, 34) else arrival, r)
        for arrival, r in arriving
        if (r[0] - T0_MS) // 1000 != 11 or r[1] not in ("0-in", "1-in")
    ]
    middle = T0_MS + 11 * 1000 + 500
    delayed += [(middle + 9000.0, (middle, "0-in", 32)), (middle + 9000.0, (middle, "1-in", 20))]
    stream = stream_of(delayed)
    run = run_of(bench, stream, {"stream": {"missing": "zero"}})
    with h5py.File(run.path / "frames.h5") as file:
        assert file["series/revision"][()].max() > 0
    words = words_of(run)
    assert words["alarm-0-in", 12]["event"] == "raised"
    assert words["alarm-0-in", 12]["revision"] > 0
    held = run_of(bench, stream)
    assert_follows_the_rule(held, stream)
    assert words_of(held)["warning-1-in", 11]["event"] == "withdrawn"


@pytest.mark.kafka
def test_a_topic_and_a_program_get_every_line_once_and_in_order(bench: Bench, kafka: Kafka) -> None:
    topic, told = kafka.create(1), bench.path / "told; $(x)"
    stream = Stream([(INPUT / "rooms.ndjson").read_bytes().splitlines()])
    output = {"stream": {"brokers": kafka.address}, "output": {"alert_topic": topic}}
    deck = bench.files(rooms(), stream, output)
    run = bench.run(deck, "-D", f"alerts.command=[tee, -a, {told}]")
    lines = run.alerts().splitlines()
    assert len(lines) > 40
    messages = kafka.messages(topic, 1)
    assert [m.value() for m in messages] == lines
    assert [m.key() for m in messages] == [f"run/{json.loads(x)['alert']}".encode() for x in lines]
    assert told.read_bytes().splitlines() == lines


def test_the_deck_of_the_readme_runs(bench: Bench) -> None:
    values = (INPUT / "rooms.ndjson").read_bytes().splitlines()
    run = run_of(bench, Stream([values]))
    assert_follows_the_rule(run, Stream([values]))

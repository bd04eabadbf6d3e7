"""Every error: one clear message, the documented exit code, nothing repeated, nothing hangs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from .conftest import Bench, from_kafka
from .decks import AWKWARD, T0_MS, Deck, sensors
from .kafka import Kafka
from .program import PATIENCE, Outcome, heatstream, running, tool

RANKS = 3
# (what is written, words the message must have). Lines count from 1 within the text.
BAD_DECKS: dict[str, tuple[str, list[str]]] = {
    "unknown_key": ("grid: {nx: 8}\ntime: {windw_ms: 100}\n", [":2:8", "windw_ms", "window_ms"]),
    "unknown_top_key": ("gird: {nx: 8}\n", [":1:1", "gird", "grid"]),
    "duplicate_key": ("grid: {nx: 8, nx: 9}\n", [":1:", "nx"]),
    "duplicate_section": ("grid: {nx: 8}\ngrid: {ny: 9}\n", [":2:1", "grid"]),
    "text_for_a_number": ("grid: {nx: many}\n", [":1:12", "nx", "many"]),
    "number_with_rest": ("grid: {nx: 8x}\n", [":1:12", "8x"]),
    "fraction_for_a_count": ("grid: {nx: 8.5}\n", [":1:12", "8.5"]),
    "zero_columns": ("grid: {nx: 0}\n", [":1:12", "nx"]),
    "negative_rows": ("grid: {ny: -4}\n", [":1:12", "ny"]),
    "zero_spacing": ("grid: {dx: 0}\n", [":1:12", "dx"]),
    "spacing_that_is_no_number": ("grid: {dx: .nan}\n", [":1:12", "dx"]),
    "infinite_spacing": ("grid: {dy: .inf}\n", [":1:12", "dy"]),
    "negative_conductivity": ("physics: {conductivity: -1}\n", ["conductivity"]),
    "boundary_that_is_no_side": ("physics: {boundary: {north: 1}}\n", ["north"]),
    "boundary_value": ("physics: {boundary: {left: warm}}\n", ["left", "warm", "insulated"]),
    "zero_window": ("time: {window_ms: 0}\n", ["window_ms"]),
    "unstable": ("time: {substeps: 1, window_ms: 1000}\n", ["substeps", "0.0625"]),
    "t0_without_zone": ("time: {t0: 2026-01-01T00:00:00}\n", ["t0"]),
    "horizon_of_one": ("stream: {horizon_windows: 1}\n", ["horizon_windows"]),
    "one_sensor_agrees": ("stream: {jump_cells: 1}\n", ["jump_cells"]),
    "short_expiry": ("stream: {jump_expiry: 19}\n", ["jump_expiry"]),
    "source": ("stream: {source: kafak}\n", ["kafak", "kafka"]),
    "format": ("stream: {format: xml}\n", ["xml", "json"]),
    "file_source_without_files": ("stream: {source: file}\n", ["files"]),
    "files_is_no_list": ("stream: {source: file, files: events}\n", ["files"]),
    "dtype": ("output: {frames: {dtype: f16}}\n", ["f16", "f32"]),
    "keep_one": ("checkpoint: {keep: 1}\n", ["keep"]),
    "yes_for_true": ("checkpoint: {at_end: maybe}\n", ["at_end", "maybe"]),
    "scalar_for_a_section": ("grid: 40\n", [":1:", "grid"]),
    "section_for_a_scalar": ("grid: {nx: {a: 1}}\n", ["nx"]),
    "list_at_the_top": ("- grid\n", [":1:1"]),
    "no_yaml": ("grid: {nx: 8\n", [":"]),
    "a_tab": ("grid:\n\tnx: 8\n", [":2:"]),
    "two_documents": ("grid: {nx: 8}\n---\ngrid: {nx: 9}\n", [":2:"]),
    "variable_that_is_not_set": ("run: {title: '${NO_SUCH_THING}'}\n", ["NO_SUCH_THING"]),
    "id_with_a_slash": ("run: {id: a/b}\n", ["id"]),
    "id_with_a_dot": ("run: {id: ..}\n", ["id"]),
}


def lines_of_ours(outcome: Outcome) -> list[str]:
    """Without what mpirun itself says of a job that ended with an error."""
    ours, mpirun = [], False
    for line in outcome.text.splitlines():
        if line.startswith("-----"):
            mpirun = not mpirun
        elif line.strip() and not mpirun:
            ours.append(line)
    return ours


def assert_one_message(outcome: Outcome, code: int, words: list[str]) -> str:
    outcome.expect(code)
    assert outcome.seconds < 30 * PATIENCE
    ours = lines_of_ours(outcome)
    errors = [line for line in ours if "error:" in line]
    assert len(errors) == 1, "\n".join(ours)
    message = "\n".join(ours)
    assert [word for word in words if word not in message] == [], message
    return message


@pytest.mark.parametrize("name", BAD_DECKS)
def test_a_deck_error_is_one_message_with_its_place_and_78(tmp_path: Path, name: str) -> None:
    text, words = BAD_DECKS[name]
    deck = tmp_path / "bad.yaml"
    deck.write_text(text)
    assert_one_message(tool("check", deck), 78, ["bad.yaml", *words])


@pytest.mark.parametrize("name", ["unknown_key", "unstable", "no_yaml"])
def test_three_ranks_say_a_deck_error_once(tmp_path: Path, name: str) -> None:
    text, words = BAD_DECKS[name]
    deck = tmp_path / "bad.yaml"
    deck.write_text(text)
    assert_one_message(heatstream("run", deck, ranks=RANKS, cwd=tmp_path), 78, words)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.yaml"]


def synthetic(bench: Bench, *changes: Deck) -> Path:
    source: Deck = {
        "stream": {"source": "synthetic"},
        "gen": {"steps": 20, "partitions": 3, "start_ms": T0_MS},
    }
    return bench.deck(AWKWARD, source, *changes)


@pytest.mark.parametrize("key", ["stream.sensors", "stream.schema"])
def test_a_file_without_end_is_refused(bench: Bench, key: str) -> None:
    deck = synthetic(bench)
    options = ["-D", "stream.format=avro", "-D", "stream.source=kafka", "-D", f"{key}=/dev/zero"]
    assert_one_message(tool("check", deck, *options), 78, [key, "/dev/zero", "more than"])


@pytest.mark.parametrize(
    ("option", "word"),
    [("grid.nx=none", "grid.nx"), ("grid.nz=3", "grid.nz"), ("nonsense", "nonsense")],
)
def test_a_bad_override_is_named(bench: Bench, option: str, word: str) -> None:
    outcome = tool("check", synthetic(bench), "-D", option)
    assert outcome.code in (64, 78)
    assert word in outcome.text


def test_a_bad_variable_is_named(bench: Bench) -> None:
    outcome = heatstream("check", synthetic(bench), ranks=0, env={"HEATSTREAM_GRID_NX": "x"})
    assert_one_message(outcome, 78, ["HEATSTREAM_GRID_NX"])


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["run"], ["run", "a.yaml", "b.yaml"], ["run", "a.yaml", "--fast"],
     ["check", "--restart"], ["run", "a.yaml", "--time-limit", "soon"],
     ["run", "a.yaml", "--until", "later"], ["run", "a.yaml", "-D"]],
)  # fmt: skip
def test_a_command_line_that_cannot_be_obeyed_is_64(arguments: list[str]) -> None:
    outcome = heatstream(*arguments, ranks=2).expect(64)
    assert 1 <= len(lines_of_ours(outcome)) <= 3, outcome.text


def test_help_is_printed_once_by_any_number_of_ranks() -> None:
    outcome = heatstream("run", "-h", ranks=RANKS).expect(0)
    assert outcome.out.count("--restart") == tool("run", "-h").expect(0).out.count("--restart")


def test_a_missing_deck_is_66(tmp_path: Path) -> None:
    outcome = heatstream("run", tmp_path / "nowhere.yaml", ranks=RANKS)
    assert_one_message(outcome, 66, ["nowhere.yaml"])


def test_a_missing_event_file_is_66_and_named(bench: Bench) -> None:
    files = [*sensors(AWKWARD, windows=3).write(bench.path), str(bench.path / "absent.ndjson")]
    deck = bench.deck(AWKWARD, {"stream": {"files": files}})
    assert_one_message(bench.outcome(deck, ranks=RANKS), 66, ["absent.ndjson"])


def test_a_csv_file_without_a_field_is_66_and_the_field_named(bench: Bench) -> None:
    (bench.path / "events.csv").write_text("time,gridX,gridY\n1,2,3\n")
    deck = bench.deck(AWKWARD, {"stream": {"files": ["events.csv"]}})
    assert_one_message(bench.outcome(deck, ranks=2), 66, ["events.csv", "gen"])


def test_a_grid_narrower_than_the_ranks_is_78(bench: Bench) -> None:
    deck = synthetic(bench, {"grid": {"nx": 3}})
    assert_one_message(bench.outcome(deck, ranks=4), 78, ["nx", "3", "4"])
    assert not bench.directory(deck).path.exists()


@pytest.mark.parametrize("out", ["/proc/heatstream", "/dev/null/out", "file/out"])
def test_an_output_that_cannot_be_made_is_73(bench: Bench, out: str) -> None:
    (bench.path / "file").touch()
    place = out if out.startswith("/") else str(bench.path / out)
    outcome = bench.outcome(synthetic(bench), "--out", place, ranks=RANKS)
    assert_one_message(outcome, 73, [place])


def test_a_second_run_on_a_directory_is_73_and_the_first_goes_on(bench: Bench) -> None:
    deck = synthetic(bench, {"gen": {"steps": 0}})
    run = bench.directory(deck)
    with running(["run", deck], 2) as first:
        first.until(lambda: run.frames_committed() > 3, "frames")
        assert_one_message(bench.outcome(deck, ranks=RANKS), 73, [str(run.path)])
        assert_one_message(bench.outcome(deck, "--restart=none", ranks=1), 73, [str(run.path)])
        (run.path / "STOP").touch()
        first.wait(20).expect(75)
    rows = len(run.series()["window"])
    assert rows == run.frames_committed()


def test_a_field_that_overflows_is_71_with_the_cell(bench: Bench) -> None:
    deck = synthetic(
        bench, {"physics": {"gen_scale": 1e300}, "gen": {"value": 1e12, "probability": 1}}
    )
    assert_one_message(bench.outcome(deck, ranks=RANKS), 71, [])


def test_more_open_events_than_allowed_is_65_and_names_the_partition(bench: Bench) -> None:
    """Two of three partitions speak, the clock of one stands still."""
    stream = sensors(AWKWARD, windows=60, partitions=3)
    still = [stream.partitions[1][0]] * 5000
    stream.partitions[1][:] = still
    deck = bench.files(AWKWARD, stream, {"stream": {"max_open_events": 1000}})
    assert_one_message(bench.outcome(deck, ranks=2), 65, ["partition 1"])


def test_a_topic_of_garbage_only_ends_without_a_window(bench: Bench) -> None:
    (bench.path / "events.ndjson").write_bytes(b"no event\n" * 50)
    for t0 in (T0_MS, "auto"):
        deck = bench.deck(AWKWARD, {"stream": {"files": ["events.ndjson"]}, "time": {"t0": t0}})
        outcome = bench.outcome(deck, ranks=2)
        assert outcome.code in (0, 65), outcome.text[-2000:]
        if outcome.code == 0:
            assert bench.directory(deck).ledger()[0]["undecodable"] == 50


@contextmanager
def small_disk(directory: Path, size: str = "1m") -> Iterator[Path]:
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(directory)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("cannot mount a small file system here")
    try:
        yield directory
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def test_a_full_disk_is_74_and_nothing_hangs(bench: Bench) -> None:
    deck = synthetic(bench, {"grid": {"nx": 120, "ny": 100}, "gen": {"steps": 60}})
    with small_disk(bench.path / "disk") as disk:
        outcome = bench.outcome(deck, "--out", disk, ranks=RANKS)
        assert outcome.code in (73, 74), outcome.text[-2000:]
        assert len(lines_of_ours(outcome)) < 15, outcome.text


@pytest.mark.kafka
def test_a_missing_topic_is_66_with_the_topics_there_are(bench: Bench, kafka: Kafka) -> None:
    # The first of a list that is cut when other tests have made many.
    known = [kafka.create(1, "0-one"), kafka.create(2, "0-two")]
    deck = bench.deck(AWKWARD, from_kafka(kafka, "no-such-topic"))
    assert_one_message(bench.outcome(deck, ranks=RANKS), 66, ["no-such-topic", *known])


def test_no_broker_is_69(bench: Bench) -> None:
    deck = bench.deck(AWKWARD, {"stream": {"source": "kafka", "brokers": "127.0.0.1:9"}})
    outcome = bench.outcome(deck, ranks=RANKS)
    assert_one_message(outcome, 69, ["127.0.0.1:9"])


def test_an_unknown_property_of_librdkafka_is_named(bench: Bench) -> None:
    deck = bench.deck(AWKWARD, {"stream": {"source": "kafka", "brokers": "127.0.0.1:9"}})
    outcome = bench.outcome(deck, "-X", "fetch.wiat.max.ms=5", ranks=2)
    assert outcome.code in (64, 78), outcome.text
    assert "fetch.wiat.max.ms" in outcome.text


@pytest.mark.kafka
def test_a_topic_made_anew_is_refused_with_the_range(bench: Bench, kafka: Kafka) -> None:
    stream = sensors(AWKWARD, windows=10)
    topic = kafka.topic_of(stream)
    deck = bench.deck(AWKWARD, from_kafka(kafka, topic), {"checkpoint": {"every_windows": 2}})
    bench.run(deck, "--until", "end", ranks=2)
    kafka.delete(topic)
    kafka.create(5, name=topic)
    outcome = bench.outcome(deck, "--until", "end", ranks=2)
    assert outcome.code in (65, 66), outcome.text[-2000:]
    assert topic in outcome.text


@pytest.mark.kafka
def test_a_topic_with_other_content_is_refused(bench: Bench, kafka: Kafka) -> None:
    """Same offsets, other records: only the fingerprint can tell."""
    deck_with = {"checkpoint": {"every_windows": 2}}
    topic = kafka.topic_of(sensors(AWKWARD, windows=10, seed=1))
    deck = bench.deck(AWKWARD, from_kafka(kafka, topic), deck_with)
    bench.run(deck, "--until", "end", ranks=2)
    kafka.delete(topic)
    kafka.create(5, name=topic)
    kafka.send_stream(topic, sensors(AWKWARD, windows=14, seed=2))
    outcome = bench.outcome(deck, "--until", "end", ranks=2)
    assert outcome.code in (65, 66), outcome.text[-2000:]


def test_check_prints_limits_and_sizes(bench: Bench) -> None:
    text = tool("check", synthetic(bench)).expect(0).text.lower()
    for word in ("stab", "memory", "frame", "checkpoint", "per second"):
        assert word in text


@pytest.mark.parametrize(
    ("snapshots", "said"),
    [
        (4, ["4 snapshots of the field, 4 windows apart", "at most 15 windows again"]),
        (3, ["3 snapshots of the field, 6 windows apart", "at most 17 windows again"]),
        (2, ["2 snapshots of the field, 12 windows apart", "at most 23 windows again"]),
        (1, ["2 snapshots of the field, 12 windows apart", "the least there can be"]),
    ],
)
def test_check_tells_what_a_correction_costs(bench: Bench, snapshots: int, said: list[str]) -> None:
    deck = synthetic(bench, {"grid": {"nx": 30, "ny": 20}, "stream": {"horizon_windows": 12}})
    text = tool("check", deck, "-D", f"solve.snapshot_memory={snapshots * 30 * 20 * 8}").text
    for words in said:
        assert words in text


def test_the_printed_deck_runs_again_and_gives_the_same_bits(bench: Bench) -> None:
    deck = synthetic(bench)
    printed = tool("run", deck, "--print-config").expect(0).out
    again = bench.path / "again.yaml"
    loaded = yaml.safe_load(printed)
    loaded["run"]["out"] = str(bench.path / "again")
    again.write_text(yaml.safe_dump(loaded))
    assert bench.run(deck, ranks=2).digest == bench.run(again, ranks=3).digest


def test_secrets_are_not_printed(bench: Bench) -> None:
    deck = synthetic(bench, {"stream": {"rdkafka": {"sasl.password": "hunter2"}}})
    assert "hunter2" not in tool("run", deck, "--print-config").text
    outcome = bench.outcome(deck, "-X", "sasl.password=hunter2", ranks=2)
    assert "hunter2" not in outcome.text
    run = bench.directory(deck).path
    if run.exists():
        found = [p for p in run.rglob("*") if p.is_file() and b"hunter2" in p.read_bytes()]
        assert found == []


def test_a_run_directory_holds_what_the_interface_names_and_nothing_else(bench: Bench) -> None:
    deck = synthetic(bench)
    bench.run(deck, "--until", "end", ranks=RANKS)
    named = {"config.yaml", "manifest", "journal", "dead_letters.ndjson", "alerts.ndjson", "log",
             "lock", "epoch.1", "frames", "frames.h5", "ckpt"}  # fmt: skip
    there = list(bench.directory(deck).path.rglob("*"))
    assert {p.relative_to(bench.directory(deck).path).parts[0] for p in there} - named == set()
    assert [p for p in there if p.suffix == ".tmp"] == []

"""`verify` of regions, relations and alerts: a changed byte is named, and put back if it can be."""

from __future__ import annotations

import json
import random
import re
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest
import xxhash

from .conftest import Bench
from .decks import merged
from .program import LONG
from .results import RunDirectory
from .test_late import late_stream
from .test_verify import DECK, GROUPS, datasets, flip, verify

WINDOWS = 11


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Path]:
    """Three segments, corrected rows, alerts raised, cleared and withdrawn."""
    bench = Bench(tmp_path_factory.mktemp("regions"))
    stream = late_stream(deck=merged(DECK, {"time": {"windows": 0}}))
    deck = bench.files(DECK, stream, {"time": {"windows": WINDOWS}})
    bench.run(deck, ranks=2)
    return bench, deck


@pytest.fixture
def run(stage: tuple[Bench, Path], tmp_path: Path) -> RunDirectory:
    bench, deck = stage
    shutil.copytree(bench.directory(deck).path, tmp_path / "run")
    return RunDirectory(tmp_path / "run")


def places_of_groups(segment: Path) -> Iterator[tuple[str, str, int, int, int]]:
    """(dataset, what it is of, first byte, bytes, row) of what is said of regions and alerts."""
    with h5py.File(segment) as file:
        rows = np.flatnonzero(file["series/window"][()] >= 0)
        for group in GROUPS:
            names = [name.decode() for name in file[group]["name"][()]]
            for panel in datasets(file[group]):
                data = file[group][panel]
                if data.ndim != 2 or panel == "box":
                    continue
                size = data.dtype.itemsize
                info = data.id.get_chunk_info(0)
                assert data.chunks[0] >= len(rows)
                for row in rows:
                    for item, name in enumerate(names):
                        at = info.byte_offset + (int(row) * len(names) + item) * size
                        yield f"/{group}/{panel}", name, at, size, int(row)


def test_the_digests_are_those_that_are_documented(run: RunDirectory) -> None:
    """XXH3-64 of window, revision and the values in order of their names, by another program."""
    with h5py.File(run.path / "frames.h5") as file:
        rows = list(zip(file["series/window"][()], file["series/revision"][()], strict=True))
        for group in GROUPS:
            digests = file[group]["digest"][()]
            names = [n for n in datasets(file[group]) if file[group][n].ndim == 2]
            panels = [file[group][n][()] for n in sorted(set(names) - {"box", "digest"})]
            assert digests.shape == (WINDOWS, len(file[group]["name"]))
            for (row, item), found in np.ndenumerate(digests):
                said = struct.pack("<qq", *rows[row])
                said += b"".join(panel[row, item].tobytes() for panel in panels)
                assert found == xxhash.xxh3_64_intdigest(said), (group, row, item)
    summary = re.search(rb"^summary ({.*}) #", (run.path / "manifest").read_bytes(), re.MULTILINE)
    assert summary
    told = json.loads(summary[1])
    assert told["alerts_bytes"] == len(run.alerts())
    assert told["alerts_digest"] == xxhash.xxh3_128_hexdigest(run.alerts())


def test_every_flip_in_regions_relations_or_alerts_is_found_with_dataset_row_and_name(
    run: RunDirectory,
) -> None:
    """Of f32 frames too, from which the values could not be computed again."""
    rng = random.Random(15)
    for segment in sorted((run.path / "frames").glob("seg_*.h5")):
        places = list(places_of_groups(segment))
        assert {place[0] for place in places} >= {
            "/regions/stats/p50", "/regions/level", "/regions/digest",
            "/relations/value", "/alerts/level", "/alerts/digest",
        }  # fmt: skip
        for name, thing, start, size, row in places if LONG else rng.sample(places, 8):
            at, mask = start + rng.randrange(size), 1 << rng.randrange(8)
            flip(segment, at, mask)
            verdict = verify(run)
            flip(segment, at, mask)
            assert verdict.code == 65, (name, row, at)
            assert f"row {row} of frames/{segment.name}: {name} of " in verdict.text, verdict.text
            assert f"'{thing}'" in verdict.text, verdict.text
    assert verify(run).code == 0


def test_a_flipped_name_or_box_of_a_region_is_found(run: RunDirectory) -> None:
    segment = run.path / "frames" / "seg_000001.h5"
    with h5py.File(segment) as file:
        places = [
            (file[name].id.get_offset(), file[name].nbytes)
            for name in ("regions/name", "regions/box", "regions/region", "alerts/name")
        ]
    rng = random.Random(16)
    for start, size in places:
        at = start + rng.randrange(size)
        flip(segment, at)
        verdict = verify(run)
        flip(segment, at)
        assert verdict.code == 65 and segment.name in verdict.text, verdict.text


def test_what_was_changed_by_a_byte_is_put_back(run: RunDirectory) -> None:
    rng = random.Random(17)
    before = {p: p.read_bytes() for p in sorted((run.path / "frames").iterdir())}
    for segment in before:
        # One a thing, for a digest of two wrong values leads nowhere.
        chosen = {
            (name.split("/")[1], thing, row): at + rng.randrange(size)
            for name, thing, at, size, row in places_of_groups(segment)
        }
        for at in chosen.values() if LONG else rng.sample(sorted(chosen.values()), 5):
            flip(segment, at, rng.randrange(1, 256))
    assert verify(run).code == 65
    verdict = verify(run, "--repair")
    assert verdict.code == 0, verdict.text
    assert verdict.text.count(": put back\n") == 15 or LONG
    assert {p: p.read_bytes() for p in before} == before


def test_what_cannot_be_put_back_is_said_and_left(run: RunDirectory) -> None:
    segment = run.path / "frames" / "seg_000000.h5"
    with h5py.File(segment, "r+") as file:
        file["regions/stats/mean"][2, 1] = 17.25
    before = segment.read_bytes()
    verdict = verify(run, "--repair")
    assert verdict.code == 65
    assert "it stays as it is" in verdict.text and "region 'middle'" in verdict.text
    assert segment.read_bytes() == before


def test_a_segment_in_which_nothing_can_be_looked_at_is_told(run: RunDirectory) -> None:
    segment = run.path / "frames" / "seg_000001.h5"
    segment.write_bytes(segment.read_bytes()[:100])
    told = f"repair: frames/{segment.name}: not all regions, relations and alerts were looked at: "
    assert told in verify(run, "--repair").text


def test_a_repaired_master_shows_the_regions_too(run: RunDirectory) -> None:
    """Texts, boxes and panels: all that the run's own showed."""
    before = run.watched()
    assert {"regions/name", "regions/box", "regions/stats/p50", "alerts/digest"} <= set(before)
    (run.path / "frames.h5").unlink()
    assert "frames.h5" in verify(run, "--repair").text
    assert run.watched() == before


def test_a_master_without_the_regions_is_found(run: RunDirectory) -> None:
    with h5py.File(run.path / "frames.h5", "r+") as file:
        del file["alerts"]
    verdict = verify(run)
    assert verdict.code == 65 and "/alerts are not those of" in verdict.text


def test_every_flip_and_cut_in_alerts_ndjson_is_found(run: RunDirectory) -> None:
    path = run.path / "alerts.ndjson"
    raw = path.read_bytes()
    rng = random.Random(18)
    for at in range(len(raw)) if LONG else rng.sample(range(len(raw)), 8):
        flip(path, at, 1 << rng.randrange(8))
        verdict = verify(run)
        assert verdict.code == 65 and "alerts.ndjson" in verdict.text, (at, verdict.text)
        path.write_bytes(raw)
    for length in (0, len(raw) - 1, rng.randrange(len(raw))):
        path.write_bytes(raw[:length])
        assert verify(run).code == 65, length
    path.write_bytes(raw + raw[: raw.index(b"\n") + 1])
    assert verify(run).code == 65
    path.unlink()
    assert verify(run).code == 65


def test_a_line_that_is_no_alert_is_named(run: RunDirectory) -> None:
    path = run.path / "alerts.ndjson"
    lines = path.read_bytes().splitlines(keepends=True)
    alert = json.loads(lines[2])
    del alert["from"]
    lines[2] = json.dumps(alert).encode() + b"\n"
    path.write_bytes(b"".join(lines))
    assert "alerts.ndjson: line 3 " in verify(run).text


def test_a_run_does_not_go_on_from_alerts_that_are_not_its_own(
    stage: tuple[Bench, Path], tmp_path: Path
) -> None:
    bench, deck = stage
    whole = bench.directory(deck).path
    shutil.copytree(whole, tmp_path / "whole")
    flip(whole / "alerts.ndjson", 20)
    told = sorted(whole.glob("*.ndjson"))
    for path in told:
        with path.open("ab") as file:
            file.write(b'{"told": "after the checkpoint"}\n')
    before = [path.read_bytes() for path in told]
    more = ("-D", f"time.windows={WINDOWS + 3}")
    outcome = bench.outcome(deck, *more, ranks=2)
    after = [path.read_bytes() for path in told]
    shutil.rmtree(whole)
    shutil.copytree(tmp_path / "whole", whole)
    assert outcome.code == 65, outcome.text[-2000:]
    assert f"{whole / 'alerts.ndjson'} is not as it was" in outcome.text, outcome.text[-2000:]
    assert after == before
    bench.outcome(deck, *more, ranks=1).expect(0)
    assert verify(bench.directory(deck)).code == 0
    shutil.rmtree(whole)
    shutil.copytree(tmp_path / "whole", whole)

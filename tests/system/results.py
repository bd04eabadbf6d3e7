"""A run directory as the interfaces describe it, and its comparison with the oracle."""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
import xxhash

from oracle.event_time import DeadLetter, Ledger
from oracle.heat_oracle import Result
from oracle.physics import as_stored, digest

from .program import tool

KEPT_BYTES = 4096
FIRST_TIME = re.compile(rb"^frame (\d+) 0 ", re.MULTILINE)


def plain(values: npt.NDArray[Any]) -> list[Any]:
    if values.dtype.kind == "S":
        return [v.decode() for v in values.tolist()]
    if values.ndim == 2:
        return [bytes(row).hex() for row in values]
    return list(values.tolist())


@dataclass(frozen=True)
class RunDirectory:
    path: Path

    def info(self) -> dict[str, Any]:
        text = tool("info", "--json", self.path).expect(0).out
        return dict(json.loads(text))

    @property
    def digest(self) -> str:
        return str(self.info()["digest"])

    def ledger(self) -> dict[int, dict[str, int]]:
        return {int(p): dict(counts) for p, counts in self.info()["ledger"].items()}

    def series(self) -> dict[str, list[Any]]:
        with h5py.File(self.path / "frames.h5") as file:
            return {name: plain(data[()]) for name, data in file["series"].items()}

    def lasting_series(self) -> dict[str, list[Any]]:
        """What is a function of the content."""
        return {n: v for n, v in self.series().items() if n != "latency_ms"}

    def temperature(self) -> npt.NDArray[Any]:
        """[window, x, y]; on the disk it is [window, y, x]."""
        with h5py.File(self.path / "frames.h5") as file:
            return np.swapaxes(file["temperature"][()], 1, 2)

    def frames_bytes(self) -> bytes:
        return self.temperature().tobytes()

    def dead_letter_files(self) -> list[Path]:
        """In order: the first has no number, the others that of their first byte."""
        return sorted(self.path.glob("dead_letters*.ndjson"))

    def dead_letter_bytes(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.dead_letter_files())

    def dead_letters(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.dead_letter_bytes().splitlines()]

    def checkpoints(self) -> list[Path]:
        """Those that count: a kill may leave one that the manifest has no line for yet."""
        lines = (self.path / "manifest").read_text().splitlines()
        told = {
            f"ckpt_{int(line.split()[1]):09d}.h5"
            for line in lines
            if line.startswith("checkpoint ") and line[-10:-8] == " #"
        }
        return sorted(p for p in (self.path / "ckpt").glob("ckpt_*.h5") if p.name in told)

    def frames_committed(self) -> int:
        """Frame lines of the manifest; cheap enough to be asked a thousand times a second."""
        try:
            return (self.path / "manifest").read_bytes().count(b"frame ")
        except FileNotFoundError:
            return 0

    def windows_committed(self) -> int:
        """Windows that have been published for the first time."""
        try:
            return len(set(FIRST_TIME.findall((self.path / "manifest").read_bytes())))
        except FileNotFoundError:
            return 0

    def is_rewriting(self) -> bool:
        """Whether the last line of the manifest announces rows that a correction rewrites."""
        try:
            lines = (self.path / "manifest").read_bytes().rstrip(b"\n")
        except FileNotFoundError:
            return False
        return lines[lines.rfind(b"\n") + 1 :].startswith(b"rewrite ")

    def is_writing_checkpoint(self) -> bool:
        """Whether a run is making one; where it is made comes and goes with the run."""
        for epoch in self.path.glob("epoch.*"):
            with suppress(FileNotFoundError, NotADirectoryError):
                if any(made.name.startswith("ckpt_") for made in epoch.rglob("*")):
                    return True
        return False

    def said_of_rows(self) -> Iterator[list[str]]:
        """Lines of the manifest about rows in order, a torn last one left out."""
        for line in (self.path / "manifest").read_text().splitlines():
            if line.startswith(("frame ", "rewrite ", "back ")) and line[-10:-8] == " #":
                yield line.split()

    def promised(self) -> dict[tuple[int, int], str]:
        """Digest of each (window, revision) by the frame lines, of which none may differ."""
        digests: dict[tuple[int, int], str] = {}
        for kind, *words in self.said_of_rows():
            if kind == "frame":
                key, said = (int(words[0]), int(words[1])), words[3]
                assert digests.setdefault(key, said) == said, words
        return digests

    def held(self) -> dict[int, int]:
        """Revision in each window's row, as last said; rows being rewritten are left out."""
        revisions: dict[int, int] = {}
        for kind, *words in self.said_of_rows():
            if kind == "frame":
                revisions[int(words[0])] = int(words[1])
                continue
            first, last = int(words[0]), int(words[1]) if kind == "rewrite" else math.inf
            if kind == "back":
                first += 1
            revisions = {w: r for w, r in revisions.items() if not first <= w <= last}
        return revisions

    def alerts(self) -> bytes:
        file = self.path / "alerts.ndjson"
        return file.read_bytes() if file.exists() else b""

    def watched(self) -> dict[str, bytes]:
        """What stands beside /series: every panel of regions, relations and alerts."""
        found: dict[str, bytes] = {}

        def keep(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                found[name] = item[()].tobytes()

        with h5py.File(self.path / "frames.h5") as file:
            for group in {"regions", "relations", "alerts"} & file.keys():
                file[group].visititems(lambda name, item, at=group: keep(f"{at}/{name}", item))
        return found

    def lasting(self) -> tuple[object, ...]:
        """Everything that is a function of the content, to be compared between two runs."""
        return (
            self.digest,
            self.ledger(),
            self.lasting_series(),
            self.frames_bytes(),
            self.dead_letter_bytes(),
            self.alerts(),
            self.watched(),
        )


def assert_same(one: RunDirectory, other: RunDirectory) -> None:
    """Bit for bit; a list of names first, so that a failure says where."""
    first, second = one.lasting_series(), other.lasting_series()
    assert first.keys() == second.keys()
    differing = [name for name in first if not identical(first[name], second[name])]
    assert differing == []
    assert one.frames_bytes() == other.frames_bytes()
    assert one.ledger() == other.ledger()
    assert one.digest == other.digest
    assert one.dead_letter_bytes() == other.dead_letter_bytes()
    assert one.alerts() == other.alerts()
    assert one.watched() == other.watched()


def assert_manifest_stands_for_rows(run: RunDirectory) -> None:
    """No word of a row that is not there, and the last one of each that is."""
    tool("verify", run.path).expect(0)
    series = run.series()
    assert run.held() == dict(zip(series["window"], series["revision"], strict=True))


def identical(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """As bits: repr tells 0.0 from -0.0."""
    return repr(one) == repr(other)


def assert_equals_oracle(run: RunDirectory, expected: Result) -> None:
    assert_series(run.series(), expected)
    assert run.digest == expected.digest
    assert run.promised() == expected.published
    assert run.held() == {r.closed.window: r.closed.revision for r in expected.rows}
    assert_ledger(run.ledger(), expected.ledger)
    assert_dead_letters(run.dead_letters(), expected.dead_letters)
    if expected.rows[0].u is not None:
        assert_frames(run.temperature(), run.series(), expected)


ROW = (
    ("window", "q"), ("event_time", "q"), ("revision", "q"), ("change", "d"), ("final", "B"),
    ("complete", "B"), ("t_min", "d"), ("t_max", "d"), ("t_mean", "d"), ("heat_content", "d"),
    ("heat_in", "d"), ("heat_out", "d"), ("heat_residual", "d"), ("events", "q"),
    ("late", "q"), ("missing", "q"), ("dead", "q"), ("digest", "32s"), ("stored_digest", "32s"),
)  # fmt: skip


def row_digests(series: Mapping[str, list[Any]]) -> list[str]:
    """Over the values of a row in the order of the contract, little-endian, without gaps."""
    columns = [[v.encode() if isinstance(v, str) else v for v in series[name]] for name, _ in ROW]
    form = "<" + "".join(code for _, code in ROW)
    packed = (struct.pack(form, *row) for row in zip(*columns, strict=True))
    return [xxhash.xxh3_128_hexdigest(row) for row in packed]


def assert_series(series: Mapping[str, list[Any]], expected: Result) -> None:
    rows = expected.rows
    assert series["window"] == [r.closed.window for r in rows]
    assert series["digest"] == [r.digest for r in rows]
    assert series["event_time"] == [r.closed.end_ms for r in rows]
    assert series["revision"] == [r.closed.revision for r in rows]
    assert series["change"] == [r.change for r in rows]
    assert [bool(v) for v in series["final"]] == [r.closed.final for r in rows]
    assert [bool(v) for v in series["complete"]] == [r.closed.complete for r in rows]
    assert series["events"] == [r.closed.events for r in rows]
    assert series["late"] == [r.closed.late for r in rows]
    assert series["missing"] == [r.missing for r in rows]
    assert series["dead"] == [r.closed.dead for r in rows]
    assert series["t_min"] == [r.t_min for r in rows]
    assert series["t_max"] == [r.t_max for r in rows]
    assert series["row_digest"] == row_digests(series)
    # The order of a sum over the field is not part of the contract: relative to the field's size.
    for name in ("t_mean", "heat_content"):
        wanted = np.array([getattr(r, name) for r in rows])
        scale = np.abs(wanted).max() + 1e-300
        assert np.abs(np.array(series[name]) - wanted).max() < 1e-12 * scale


def assert_frames(
    frames: npt.NDArray[Any], series: Mapping[str, list[Any]], expected: Result
) -> None:
    fields = np.stack([r.u for r in expected.rows if r.u is not None])
    wanted = as_stored(fields, frames.dtype)
    assert frames.shape == wanted.shape
    assert np.abs(frames - wanted).max() < 1e-12
    assert frames.tobytes() == wanted.tobytes()
    assert series["stored_digest"] == [digest(u) for u in wanted]


def assert_ledger(found: Mapping[int, Mapping[str, int]], expected: Sequence[Ledger]) -> None:
    for partition, ledger in enumerate(expected):
        counts = dict(found[partition])
        first, following = counts.pop("first"), counts.pop("next")
        counts.pop("redelivered", None)
        assert first + sum(counts.values()) == following, f"partition {partition} does not add up"
        assert (first, following) == (ledger.first, ledger.next)
        assert {f: n for f, n in counts.items() if n} == dict(+ledger.fates)
    assert len(found) == len(expected)


def cut(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw[:KEPT_BYTES]).decode()


def assert_dead_letters(found: Sequence[Mapping[str, Any]], expected: Sequence[DeadLetter]) -> None:
    assert [(d["partition"], d["offset"], d["reason"]) for d in found] == [
        (d.partition, d.offset, d.reason) for d in expected
    ]
    for line, letter in zip(found, expected, strict=True):
        assert (line["key"], line["value"]) == (cut(letter.key), cut(letter.value))
        if letter.value is not None and len(letter.value) > KEPT_BYTES:
            assert line["bytes"] == len(letter.value)
        if letter.reason in ("too_late", "before_start") or "time" in line:
            assert line["time"] == letter.time_ms

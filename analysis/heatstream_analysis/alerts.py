"""Reads alerts.ndjson: what a run said about its alerts, and what of it still counts."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from heatstream_analysis.reading import RunError, read_packed

COLUMNS = (
    "time", "window", "alert", "event", "level", "from", "threshold", "value", "revision", "final",
)  # fmt: skip
WITHDRAWN = "withdrawn"


def read_alerts(run: Path, frames: Path, *, every_line: bool = False) -> pd.DataFrame:
    """Return the lines of a run's file; of an alert and a window only the last one unless told.

    A packed file of frames has the lines in it, whatever lies beside it. A line without its end is
    still being written, and left out. RunError: a line cannot be read.
    """
    lines = _lines(run / "alerts.ndjson", read_packed(frames, "alerts.ndjson"))
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    table["time"] = table["time"].astype("int64").astype("datetime64[ms]")
    if every_line:
        return table
    last = table.drop_duplicates(["alert", "window"], keep="last")
    last = last[last["event"] != WITHDRAWN]
    return last.sort_values(["window", "alert"], kind="stable", ignore_index=True)


def _lines(file: Path, packed: bytes | None) -> list[dict[str, Any]]:
    try:
        text = file.read_bytes() if packed is None else packed
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{file}: {error.strerror}") from error
    whole = text[: text.rfind(b"\n") + 1].splitlines()
    return [_parse(file, number, line) for number, line in enumerate(whole, 1)]


def _parse(file: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        fields = dict(json.loads(line))
    except ValueError as error:
        raise RunError(f"{file}:{number}: not a line about an alert: {error}") from error
    missing = [name for name in ("time", "window", "alert", "event") if name not in fields]
    if missing:
        raise RunError(f"{file}:{number}: not a line about an alert: it lacks {', '.join(missing)}")
    return fields

"""python -m bench PROGRAMS OUT [ROW]: every row, or one, as a table and as OUT/bench.json.

Rows are the programs PROGRAMS/bench_ROW and scaling.py, which print their own tables, those of
topic.py, live.py, footprint.py and load.py, which need a broker, and those of stencil.py,
frames.py, checkpoint.py, clients.py and pictures.py. A line `bound` below a way is what it would be
if only that took time (or room), and the share of the way's time (or room) that it takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from system.kafka import Kafka, start_broker, stop_broker
from system.program import MPIRUN

from . import scaling, topic
from .checkpoint import checkpoint
from .clients import clients
from .footprint import memory, start
from .frames import frames
from .live import latency
from .load import load
from .pictures import pictures
from .stencil import stencil
from .turns import Measured

TOPIC_ROWS = {
    "messages": topic.ingest,
    "readers": topic.readers,
    "reference": topic.reference,
    "latency": latency,
    "start": start,
    "memory": memory,
    "load": load,
}

LOCAL_ROWS = {
    "stencil": stencil,
    "frames": frames,
    "checkpoint": checkpoint,
    "clients": clients,
    "pictures": pictures,
}


def run_program(program: Path) -> None:
    ranks = os.environ.get("NP", "1")
    print(f"== {program.name.removeprefix('bench_')}", flush=True)
    subprocess.run([*MPIRUN, "-np", ranks, str(program)], stdin=subprocess.DEVNULL, check=True)


def run_scaling() -> list[Measured]:
    print("== scaling", flush=True)
    with tempfile.TemporaryDirectory(prefix="hs-bench-") as name:
        return scaling.scaling(Path(name))


def run_topic_rows(names: list[str]) -> list[Measured]:
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="hs-bench-") as name:
        path = Path(name)
        kafka = Kafka(start_broker(path / "broker"))
        broker = int((path / "broker" / "pid").read_text())
        try:
            for row in names:
                print(f"== {row}", flush=True)
                place = topic.Place(path / row, kafka, broker)
                found = TOPIC_ROWS[row](place)
                print("\n".join(one.line() for one in found), flush=True)
                measured += found
        finally:
            stop_broker(path / "broker")
    return measured


def run_local_rows(names: list[str]) -> list[Measured]:
    measured: list[Measured] = []
    for row in names:
        with tempfile.TemporaryDirectory(prefix="hs-bench-") as name:
            print(f"== {row}", flush=True)
            found = LOCAL_ROWS[row](Path(name))
            print("\n".join(one.line() for one in found), flush=True)
            measured += found
    return measured


def main(programs: Path, out: Path, row: str) -> int:
    found = {p.name.removeprefix("bench_"): p for p in programs.glob("bench_*") if not p.suffix}
    rows = [*sorted(found), "scaling", *LOCAL_ROWS, *TOPIC_ROWS]
    if row and row not in rows:
        print(f"no row {row}; there are {' '.join(rows)}", file=sys.stderr)
        return 2
    for name in sorted(found):
        if row in ("", name):
            run_program(found[name])
    names = [name for name in TOPIC_ROWS if row in ("", name)]
    measured = run_scaling() if row in ("", "scaling") else []
    measured += run_local_rows([name for name in LOCAL_ROWS if row in ("", name)])
    measured += run_topic_rows(names) if names else []
    if measured:
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps([one.as_json() for one in measured], indent=1)
        (out / "bench.json").write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""))

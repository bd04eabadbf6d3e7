"""The notebooks of analysis/ run from their first cell to their last, over a run made by them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from .program import BINARY, ROOT

NOTEBOOKS = sorted((ROOT / "analysis/notebooks").glob("*.ipynb"))


def load(path: Path) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text())
    assert notebook["nbformat"] == 4
    return list(notebook["cells"])


@pytest.fixture
def figures(tmp_path: Path) -> Iterator[list[Path]]:
    """Where the figures of a notebook go that it shows: one picture each, in order."""
    made: list[Path] = []

    def show(*_: object, **__: object) -> None:
        for number in plt.get_fignums():
            made.append(tmp_path / f"figure{len(made)}.png")
            plt.figure(number).savefig(made[-1])
        plt.close("all")

    with pytest.MonkeyPatch.context() as patch, mpl.rc_context():
        mpl.use("agg")
        patch.setattr(plt, "show", show)
        yield made
    plt.close("all")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs_in_order(
    path: Path, tmp_path: Path, figures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("HEATSTREAM", str(BINARY))
    monkeypatch.setenv("ENERGY_OUT", str(tmp_path))
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(load(path)):
        if cell["cell_type"] == "code":
            code = compile("".join(cell["source"]), f"{path.name}, cell {number}", "exec")
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                exec(code, names)
    assert len(figures) > 0
    assert names["from_run"].size == 12
    assert {p.name for p in (tmp_path / "energy").glob("*.png")} == {"hottest.png", "regions.png"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_is_kept_in_the_file(path: Path) -> None:
    code = [cell for cell in load(path) if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert len({cell["id"] for cell in load(path)}) == len(load(path))

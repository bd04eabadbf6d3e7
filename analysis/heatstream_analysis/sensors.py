"""Reads a table of sensors, the one of `stream.sensors`, to look at the cells where they sit."""

from pathlib import Path

import pandas as pd
import xarray as xr

from heatstream_analysis.reading import RunError


def read_sensors(file: str | Path, nx: int, ny: int) -> xr.Dataset:
    """Return column, row and whatever else the table has, along `sensor`.

    RunError: the file cannot be read, lacks a column, has an id twice or a cell outside the grid.
    """
    try:
        table = pd.read_csv(file, dtype={"id": str})
    except (OSError, ValueError) as error:
        raise RunError(f"{file}: the table of sensors cannot be read: {error}") from error
    missing = [name for name in ("id", "x", "y") if name not in table]
    if missing:
        raise RunError(f"{file}: the table of sensors lacks {', '.join(missing)}")
    twice = table["id"][table["id"].duplicated()]
    if len(twice):
        raise RunError(f"{file}: the sensor {twice.iloc[0]} is there twice")
    for name, count in (("x", nx), ("y", ny)):
        _check_cells(file, table, name, count)
    table = table.rename(columns={"id": "sensor", "x": "column", "y": "row"})
    return xr.Dataset.from_dataframe(table.set_index("sensor"))


def _check_cells(file: str | Path, table: pd.DataFrame, name: str, count: int) -> None:
    cells = table[name]
    whole = pd.api.types.is_integer_dtype(cells)
    bad = table[(cells < 0) | (cells >= count)] if whole else table
    if len(bad):
        sensor, cell = bad["id"].iloc[0], bad[name].iloc[0]
        raise RunError(f"{file}: sensor {sensor}: {name} = {cell} is no cell of 0..{count - 1}")

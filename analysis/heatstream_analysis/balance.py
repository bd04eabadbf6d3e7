"""Whether the heat adds up: what came in and went out against what is there."""

import numpy as np
import pandas as pd
import xarray as xr

from heatstream_analysis.reading import RunError

NEEDED = ("heat_content", "heat_in", "heat_out", "heat_residual")


def energy_balance(series: xr.Dataset) -> pd.DataFrame:
    """Return a row a frame, by time.

    window          number of the window
    heat_content    of the plate at the window's end
    heat_in         generated since the frame before
    heat_out        that left through the sides since the frame before
    residual        as stored: change of heat_content, less heat_in, plus heat_out
    recomputed      the same from the columns here; NaN in the first row, before which nothing is
                    stored
    ratio           |residual| by the largest of the heats around it: rounding is about 1e-15

    Units: temperature times area, as in the attributes of the series.
    """
    missing = [name for name in NEEDED if name not in series]
    if missing:
        raise RunError(f"the run does not tell its {', '.join(missing)}")
    table = series[["window", *NEEDED]].to_dataframe().rename(columns={"heat_residual": "residual"})
    content = table["heat_content"]
    before = content.shift()
    change = content - before
    table["recomputed"] = change - (table["heat_in"] - table["heat_out"])
    heats = pd.concat([before, content, table["heat_in"], table["heat_out"]], axis=1).abs()
    largest = heats.max(axis=1).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(largest > 0, table["residual"].abs() / largest, 0.0)
    table["ratio"] = ratio
    return table[
        ["window", "heat_content", "heat_in", "heat_out", "residual", "recomputed", "ratio"]
    ]

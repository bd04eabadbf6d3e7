"""What VTK's netCDF reader, which is ParaView's, sees of a frames file: a JSON object.

For Debian's python3 with python3-vtk9, without any other package: vtk_frames.py FILE
"""

import json
import sys

from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline as Pipeline
from vtkmodules.vtkIONetCDF import vtkNetCDFCFReader


def frame_at(reader: vtkNetCDFCFReader, time: float) -> list[float]:
    """Return the values of a step, x fastest."""
    reader.UpdateTimeStep(time)
    field = reader.GetOutput().GetPointData().GetArray("temperature")
    return [field.GetValue(i) for i in range(field.GetNumberOfTuples())]


def look(path: str) -> dict[str, object]:
    """Read everything."""
    reader = vtkNetCDFCFReader()
    reader.SetFileName(path)
    reader.SphericalCoordinatesOff()
    reader.UpdateInformation()
    about = reader.GetOutputInformation(0)
    steps = Pipeline.TIME_STEPS()
    times = [about.Get(steps, i) for i in range(about.Length(steps))]
    return {
        "arrays": [
            reader.GetVariableArrayName(i) for i in range(reader.GetNumberOfVariableArrays())
        ],
        "times": times,
        "units": reader.GetTimeUnits(),
        "frames": [frame_at(reader, time) for time in times],
        "cells": list(reader.GetOutput().GetDimensions()),
        "bounds": list(reader.GetOutput().GetBounds()),
    }


print(json.dumps(look(sys.argv[1])))

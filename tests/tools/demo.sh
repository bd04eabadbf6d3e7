#!/bin/bash
# The main job on two ranks, from an in-process broker to a picture.
#     demo.sh HEATSTREAM PYTHON
set -euo pipefail

heatstream=$1 python=$2
out=out run=out/demo

jobs/mpirun-local.sh -np 2 "$heatstream" run input/demo.yaml --restart=none --until end \
    --out "$out" -D run.id=demo </dev/null
picture=$("$python" -m heatstream_analysis picture "$run")
echo "run directory: $PWD/$run"
echo "picture:       $PWD/$picture"

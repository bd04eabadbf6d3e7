#!/bin/bash
# mpirun on a workstation or in a container: allowed as root, with more ranks than cores, and
# without binding every job to the same cores. Takes mpirun's arguments; what the environment
# already sets stays.
#     jobs/mpirun-local.sh -np 4 build/release/heatstream run input/demo.yaml
set -euo pipefail

if [ "$(id -u)" -eq 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMPI_MCA_rmaps_base_oversubscribe="${OMPI_MCA_rmaps_base_oversubscribe:-1}"
export OMPI_MCA_mpi_yield_when_idle="${OMPI_MCA_mpi_yield_when_idle:-1}"
export OMPI_MCA_hwloc_base_binding_policy="${OMPI_MCA_hwloc_base_binding_policy:-none}"
exec mpirun "$@"

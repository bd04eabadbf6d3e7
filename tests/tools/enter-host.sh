#!/bin/bash
# What mpirun takes for ssh: runs a command on one of the hosts of tests/system/hosts.py, which are
# namespaces; $HS_TEST_HOSTS holds the process id of each one's holder.
#     enter-host.sh HOST COMMAND...
set -euo pipefail

holder=$(<"$HS_TEST_HOSTS/$1.pid")
shift
exec nsenter --target "$holder" --net --uts --mount -- sh -c "$*"

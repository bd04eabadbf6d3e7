#!/bin/bash
# Proves that the tools of this folder can fail: a failing program, a hanging one, a forbidden
# include.
set -euo pipefail

tools=$(dirname "$0")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

must_fail() {
    local what=$1
    shift
    if "$@" >/dev/null 2>&1; then
        echo "selftest: $what went unnoticed" >&2
        exit 1
    fi
}

lint_snippet() {
    python3 - "$tools" "$1" "$2" <<'END'
import pathlib
import sys

sys.path.insert(0, sys.argv[1])
import lint_sources

sys.exit(1 if list(lint_sources.check_file(pathlib.PurePath(sys.argv[2]), sys.argv[3])) else 0)
END
}

must_fail 'a failing test program' "$tools/run-tests.sh" unit /bin/true /bin/false /bin/true
must_fail 'a failing MPI program' env NP=1 "$tools/run-tests.sh" mpi /bin/false
printf '#!/bin/sh\nexec sleep 60\n' >"$scratch/hang" && chmod +x "$scratch/hang"
must_fail 'a test program that hangs' \
    env TEST_TIMEOUT=0.2 "$tools/run-tests.sh" unit "$scratch/hang"
must_fail 'an empty list of tests' "$tools/run-tests.sh" unit
must_fail 'an upward include' lint_snippet src/grid/halo.c '#include "solve/solver.h"'
must_fail 'a sibling include' lint_snippet src/store/frames.c '#include "ingest/source.h"'
must_fail 'a library in the wrong room' lint_snippet src/run/loop.c '#include <hdf5.h>'
must_fail 'a long function' lint_snippet src/run/loop.c "$(printf '{\n' && seq 61 && printf '}\n')"
lint_snippet src/run/loop.c '#include "store/frames.h"'
"$tools/run-tests.sh" unit /bin/true >/dev/null

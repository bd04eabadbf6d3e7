#!/bin/bash
# Runs pytest and closes with `STAGE: N passed, N failed`; a skipped test is named and counts as
# neither.
#     run-pytest.sh STAGE RESULTS.xml PYTHON [PYTEST ARGUMENT...]
set -euo pipefail

stage=$1 results=$2 python=$3
shift 3

status=0
rm -f "$results"
"$python" -m pytest -q -rs --junitxml="$results" "$@" </dev/null || status=$?
"$python" - "$stage" "$results" "$status" <<'END'
import pathlib
import sys
import xml.etree.ElementTree as tree

stage, results, status = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
tests = failed = skipped = 0
if results.exists():
    for suite in tree.parse(results).iter("testsuite"):
        tests += int(suite.get("tests"))
        failed += int(suite.get("failures")) + int(suite.get("errors"))
        skipped += int(suite.get("skipped"))
failed = max(failed, 1 if status else 0)
print(f"test-{stage}: {max(tests - failed - skipped, 0)} passed, {failed} failed")
sys.exit(1 if failed else 0)
END

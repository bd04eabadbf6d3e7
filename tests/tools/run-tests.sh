#!/bin/bash
# Runs test programs, shows the output of those that fail, and closes with
# `STAGE: N passed, N failed`.
#     run-tests.sh unit PROGRAM...
#     run-tests.sh mpi PROGRAM...       each with the rank counts in NP (default 1 2 3 4 6)
# Exits non-zero when anything failed or nothing ran. The last line of a program that reads
# `name: N passed, N failed` is added up; any other program counts as one test.
set -euo pipefail

stage=$1
shift
tools=$(dirname "$0")
passed=0 failed=0

count() {
    local title=$1 status=$2 output=$3 good=0 bad=0 line
    line=$(tail -n 1 <<<"$(grep -E ': [0-9]+ passed, [0-9]+ failed$' <<<"$output" || true)")
    if [[ $line =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        good=${BASH_REMATCH[1]} bad=${BASH_REMATCH[2]}
    fi
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    elif [ "$status" -eq 0 ] && [ "$good" -eq 0 ]; then
        good=1
    fi
    passed=$((passed + good)) failed=$((failed + bad))
    if [ "$status" -eq 0 ] && [ "$bad" -eq 0 ]; then
        echo "ok   $title ($good)"
    else
        echo "FAIL $title: exit status $status$([ "$status" -ne 124 ] || echo ' (time-out)')"
        printf '     %s\n' "${output//$'\n'/$'\n     '}"
    fi
}

run() {
    local title=$1 status=0 output
    shift
    output=$(timeout -k 5 "${TEST_TIMEOUT:-300}" "$@" 2>&1 </dev/null) || status=$?
    count "$title" "$status" "$output"
}

for program in "$@"; do
    if [ "$stage" = mpi ]; then
        for ranks in ${NP:-1 2 3 4 6}; do
            run "$(basename "$program") on $ranks ranks" \
                "$tools/../../jobs/mpirun-local.sh" -np "$ranks" "$program"
        done
    else
        run "$(basename "$program")" "$program"
    fi
done

echo "test-$stage: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

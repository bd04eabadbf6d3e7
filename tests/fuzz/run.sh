#!/bin/bash
# run.sh SECONDS PROGRAM…: fuzzes with each program for so long, as many at once as there are
# processors, beginning with its committed corpus. What is found beyond it goes to corpus/ beside
# the program, and what makes it fail too.
set -euo pipefail
seconds=$1
shift
here=$(dirname "$0")

fuzz() {
    local program=$1 name found log failed=0
    name=$(basename "$program")
    found=$(dirname "$program")/corpus/$name
    log=$found.log
    mkdir -p "$found"
    if ! "$program" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$found.crash-" -dict="$here/events.dict" \
        "$found" "$here/corpus/$name" >"$log" 2>&1; then
        failed=1
        tail -n 40 "$log" >&2
    fi
    awk -v name="$name" '/number_of_executed_units/ { print name ": " $2 " executions" }' "$log"
    return "$failed"
}

failed=0 running=0
for program in "$@"; do
    if [ "$running" -ge "$(nproc)" ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
    fuzz "$program" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
exit "$failed"

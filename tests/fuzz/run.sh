#!/bin/bash
# run.sh SECONDS PROGRAM…: fuzzes with each program for so long, beginning with its committed
# corpus. What is found beyond it goes to corpus/ beside the program, and what makes it fail too.
set -euo pipefail
seconds=$1
shift
here=$(dirname "$0")
failed=0
for program in "$@"; do
    name=$(basename "$program")
    found=$(dirname "$program")/corpus/$name
    mkdir -p "$found"
    log=$found.log
    if ! "$program" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$found.crash-" -dict="$here/events.dict" \
        "$found" "$here/corpus/$name" >"$log" 2>&1; then
        failed=1
        tail -n 40 "$log" >&2
    fi
    awk -v name="$name" '/number_of_executed_units/ { print name ": " $2 " executions" }' "$log"
done
exit "$failed"

#!/bin/bash
# run.sh PROGRAM [write]: counts the instructions of each hot path under callgrind, the same in
# every run whatever else the machine does, and compares them with budget.txt beside this script:
# more than 3 % above fails. `write` puts what was counted there. They are those of Debian 12's
# compiler.
set -euo pipefail

program=$1 mode=${2:-compare}
budget=$(dirname "$0")/budget.txt
scratch=$(mktemp -d)
log=$scratch/log
trap 'rm -rf "$scratch"' EXIT
status=0
written=""

# Instructions a unit.
count() {
    local units collected
    units=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=profiled \
        "$program" "$1" "$scratch" 2>"$log") || { cat "$log" >&2; return 1; }
    collected=$(sed -nE 's/.*Collected : ([0-9]+)$/\1/p' "$log")
    awk -v units="$units" -v collected="$collected" 'BEGIN { printf "%.4g", collected / units }'
}

while read -r name allowed unit; do
    if [[ $name =~ ^(avx2|frame)$ ]] && ! grep -qw avx2 /proc/cpuinfo; then
        echo "NOT COUNTED: $name, it needs AVX2, which this processor has not"
        continue
    fi
    counted=$(count "$name") || { echo "FAIL $name: it does not run"; status=1; continue; }
    written+="$name $counted $unit"$'\n'
    verdict=$(awk -v counted="$counted" -v allowed="$allowed" 'BEGIN {
        print (counted > 1.03 * allowed) ? "FAIL" : (counted < 0.97 * allowed) ? "less" : "ok" }')
    printf '%-4s %-9s %6s instructions %s, budget %s\n' \
        "$verdict" "$name" "$counted" "$unit" "$allowed"
    [ "$verdict" != FAIL ] || status=1
done <"$budget"

if [ "$mode" = write ]; then
    printf '%s' "$written" >"$budget"
    status=0
fi
exit "$status"

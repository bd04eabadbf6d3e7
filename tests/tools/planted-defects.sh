#!/bin/bash
# Proves that the simulation of event time can fail: plants one defect at a time into a copy of the
# window room, builds the simulation against it, and demands that it fails. Says which seed did.
#     planted-defects.sh [COMPILER]
set -euo pipefail

compiler=${1:-gcc}
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
caught=0 missed=0

compile() {
    "$compiler" -std=c11 -D_POSIX_C_SOURCE=200809L -O1 -ffp-contract=off -fno-strict-aliasing \
        -I"$scratch/include" -c "$1" -o "$scratch/objects/$(basename "$1" .c).o"
}

link() {
    "$compiler" "$scratch"/objects/*.o -lcunit -lm -o "$scratch/simulation"
}

simulate() {
    SIMULATION_SEEDS=${SIMULATION_SEEDS:-2000} timeout -k 5 300 "$scratch/simulation" 2>&1
}

# The text to replace must be there: a defect that no longer fits is not planted in silence.
plant() {
    local what=$1 file=$scratch/src/window/$2 good=$3 bad=$4 output status=0
    cp "$file" "$scratch/good"
    GOOD=$good BAD=$bad python3 - "$file" <<'END'
import os
import pathlib
import sys

path = pathlib.Path(sys.argv[1])
text = path.read_text(encoding="utf-8")
good = os.environ["GOOD"]
if text.count(good) != 1:
    sys.exit(f"planted-defects: {path.name} does not hold once: {good}")
path.write_text(text.replace(good, os.environ["BAD"]), encoding="utf-8")
END
    compile "$file" && link
    output=$(simulate) || status=$?
    cp "$scratch/good" "$file" && compile "$file"
    if [ "$status" -eq 0 ]; then
        echo "MISSED $what"
        missed=$((missed + 1))
    else
        local seeds
        seeds=$(sed -n 's/^repeat with: SIMULATION_SEED=\([0-9]*\) .*/\1/p' <<<"$output" | xargs)
        echo "caught $what: ${seeds:+at seeds $seeds, }exit status $status"
        caught=$((caught + 1))
    fi
}

mkdir "$scratch/tests" "$scratch/objects"
cp -r "$root/src" "$root/include" "$scratch"
cp -r "$root/tests/unit" "$scratch/tests"
for source in "$scratch"/src/window/*.c "$scratch"/src/base/{buffer,memory,status}.c \
    "$scratch/tests/unit/test_windows_simulation.c"; do
    compile "$source"
done
link
SIMULATION_SEEDS=100 simulate

plant 'a clock moved by a dead letter' classify.c \
    'refuse(windows, part, record, record->verdict);' \
    '(refuse(windows, part, record, record->verdict),
      clock_jump(part->clock, record->time_ms), windows_follow_clock(windows, part));'
plant 'a window closed by clocks that have not passed its end' windows.c \
    'part->passed <= windows->open' 'part->passed < windows->open'
plant 'events added up in order of arrival' event_set.c \
    'return by_time(a, b);' 'return 0;'
plant 'a jump believed of a single sensor' candidates.c \
    'int pair = quorum > 2 ? quorum : 2;' 'int pair = quorum;'
plant 'a horizon that is one window short' classify.c \
    'window < windows->open - config->horizon_windows' \
    'window <= windows->open - config->horizon_windows'
plant 'the window of the event before for the first event of the next' classify.c \
    'windows->recent_since_ms >= (uint64_t)config->window_ms' \
    'windows->recent_since_ms > (uint64_t)config->window_ms'
plant 'a quorum of the sensors of the block before' clock.c \
    'leaders[i].spoke = false;
    clock->quorum = count_quorum(clock);' 'leaders[i].spoke = false;'
plant 'a correction that begins at the changed window itself' close.c \
    'changed - changed % windows->config.snapshot_spacing' 'changed'
plant 'a correction with rates held from later windows' close.c \
    'rates_forget(windows->rates);' ''
plant 'a correction by a late duplicate' close.c \
    'if (merge_late(windows, window))' 'if (merge_late(windows, window) || true)'
plant 'a provisional correction that is called final' close.c \
    'set->provisional = windows->provisional;' ''
plant 'the last of duplicates counting' event_set.c \
    'return left_sensor < right_sensor ? -1 : 1;
    return by_place(a, b);' \
    'return left_sensor < right_sensor ? -1 : 1;
    return by_place(b, a);'
plant 'events saved in order of arrival' panes.c \
    'event_set_sort(&panes->list[i].events, cells, &panes->scratch);' '(void)cells;'
plant 'too few windows kept for the rates of a correction' close.c \
    'first_replayable(config, open) - windows_memory(config)' 'first_replayable(config, open)'

echo "test-planted: $caught passed, $missed failed"
[ "$missed" -eq 0 ]

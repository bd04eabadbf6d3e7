#include "window/event.h"

#include <assert.h>

const char *fate_name(enum fate fate)
{
    static const char *const name[FATE_COUNT] = {
        [FATE_ON_TIME] = "on_time",
        [FATE_LATE] = "late",
        [FATE_DUPLICATE] = "duplicate",
        [FATE_CANDIDATE] = "candidate",
        [FATE_FUTURE] = "future",
        [FATE_TOO_LATE] = "too_late",
        [FATE_BEFORE_START] = "before_start",
        [FATE_UNDECODABLE] = "undecodable",
        [FATE_UNKNOWN_SENSOR] = "unknown_sensor",
        [FATE_OUT_OF_RANGE] = "out_of_range",
        [FATE_NOT_FINITE] = "not_finite",
        [FATE_SKIPPED] = "skipped",
        [FATE_LOST] = "lost",
    };
    assert(fate >= 0 && fate < FATE_COUNT);
    return name[fate];
}

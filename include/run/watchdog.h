/* Ends a run whose ranks have lost each other. Over TCP a cut cable, a host without power or a rank
 * that stands still is no error to MPI: the others wait in a call for ever. A thread of each rank
 * looks at the pulse of its exchanges, and when no beat has come for a time, says what was waited
 * for and leaves the process with the exit code of STATUS_LOST.
 *
 * That is no worse than a kill: what is committed stays, and the run directory is claimed anew by
 * the next start. Rank 0 speaks two seconds before the others, for its words are those that reach
 * the log. Time in which the process itself was stopped does not count. */
#ifndef HEATSTREAM_RUN_WATCHDOG_H
#define HEATSTREAM_RUN_WATCHDOG_H

#include "base/status.h"
#include "grid/pulse.h"

struct watchdog;

/* Local. `pulse` is borrowed; it must beat at least every patience_s while all is well. STATUS_BUG:
 * no thread can be had. */
enum status watchdog_start(const struct pulse *pulse, int rank, double patience_s,
                           struct watchdog **watchdog, struct error *err) MUST_CHECK;

/* Nobody looks any more when this returns; accepts NULL. */
void watchdog_stop(struct watchdog *watchdog);

#endif

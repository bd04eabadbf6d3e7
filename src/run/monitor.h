/* What others see of a run while it goes on. Rank 0; for a run that nobody watches, everything here
 * does nothing, at the price of a comparison. */
#ifndef HEATSTREAM_RUN_MONITOR_H
#define HEATSTREAM_RUN_MONITOR_H

#include "base/status.h"
#include "watch/metrics.h"

struct run;
struct root;
struct frame_row;

/* Opens what the deck asks for, the page and the file of metrics. Sets root->monitor, NULL when it
 * is neither. STATUS_CANNOT_CREATE when the address or the file cannot be had, STATUS_BAD_DECK as
 * by page_open(). */
enum status monitor_open(struct run *run, struct error *err) MUST_CHECK;

/* The run ends: shows how, whenever it was shown last. monitor_close() frees what there is. */
void monitor_finish(struct run *run);
void monitor_close(struct root *root);

/* The time from monitor_begin() to monitor_end() belongs to a phase of the present window. */
double monitor_begin(const struct run *run);
void monitor_end(struct run *run, enum metrics_phase phase, double began_s);

/* A window was stepped, its heat scattered. */
void monitor_step(struct run *run, double scatter_s, double solver_s, double halo_s);

/* A frame was written; a checkpoint is complete. */
void monitor_frame(struct run *run, const struct frame_row *row);
void monitor_checkpoint(struct run *run);

/* A frame was judged: what its regions and alerts are at. `readings`: [regions][stats]. */
struct watch_view;
void monitor_judged(struct run *run, int64_t window, const double *readings, int stats,
                    const struct watch_view *view);

/* A window has closed, and all that follows from it is done, or is once the next one is stepped: it
 * waits. Windows that are stepped together took the same time each. */
void monitor_window(struct run *run, bool waits);

/* Shows what there is if it was not shown a moment ago; to be called while waiting, too. */
void monitor_show(struct run *run);

#endif

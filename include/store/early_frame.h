/* The provisional picture of the open window: early.h5 in the run directory, a frames file of one
 * row, whole at any time and replaced by the next. Its root says how many partition clocks there
 * are (`clocks`) and how many of them have passed the window (`clocks_passed`); /series says the
 * rest, `final` and `complete` 0. Nothing relies on it, so nothing of it is synced. */
#ifndef HEATSTREAM_STORE_EARLY_FRAME_H
#define HEATSTREAM_STORE_EARLY_FRAME_H

#include "store/frames.h"

struct early_frame;

/* Rank 0: removes a picture that a killed run has left. `staging` as in frames.h. */
void early_frame_discard(const char *directory, const char *staging);

/* Collective, and discards. The domain is borrowed; of the config
 * what the layout of a frame needs, as by frames_open(). */
enum status early_frame_open(const struct domain *domain, const struct frames_config *config,
                             struct early_frame **early, struct error *err) MUST_CHECK;

/* Collective; removes the picture. Accepts NULL. */
void early_frame_close(struct early_frame *early);

/* Collective. `row`, but for its digest, and the clocks are read on rank 0. */
enum status early_frame_write(struct early_frame *early, const struct field *field,
                              const struct frame_row *row, int clocks, int clocks_passed,
                              struct error *err) MUST_CHECK;

/* Rank 0: its window has closed. Does nothing where there is no picture. */
void early_frame_remove(struct early_frame *early);

/* What early.h5 of a run directory says; no MPI. STATUS_NO_INPUT when there is none. */
struct early_view {
    int64_t window, event_time_ms, events, clocks, clocks_passed;
    double t_min, t_max;
};
enum status early_frame_view(const char *directory, struct early_view *view,
                             struct error *err) MUST_CHECK;

#endif

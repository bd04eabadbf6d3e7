/* How regions, relations and alerts of two runs differ, by their names. As frames_read.h: local,
 * without MPI, in a process of its own. */
#ifndef HEATSTREAM_STORE_GROUPS_COMPARE_H
#define HEATSTREAM_STORE_GROUPS_COMPARE_H

#include "frames_set.h"
#include "store/frames_compare.h"

struct groups_compare;

struct groups_compare *groups_compare_create(void);
void groups_compare_destroy(struct groups_compare *compare); /* accepts NULL */

/* A window that both sides have, in the order of the windows: its row of the file that the set has
 * open. STATUS_BAD_DATA when the regions cannot be read. */
struct compared_row {
    const struct frames_set *set;
    const struct frames_reader *reader;
    int64_t local, window;
};
enum status groups_compare_rows(struct groups_compare *compare, const struct compared_row rows[2],
                                struct error *err) MUST_CHECK;

/* What differed in any of them, and what only one side has. */
void groups_compare_tell(const struct groups_compare *compare,
                         void (*tell)(void *context, const struct compare_thing *thing),
                         void *context);

#endif

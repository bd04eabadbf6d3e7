/* What a frames file says of its regions, relations and alerts. Local, without MPI; as
 * frames_read.h called in a process of its own. */
#ifndef HEATSTREAM_STORE_GROUPS_READ_H
#define HEATSTREAM_STORE_GROUPS_READ_H

#include "h5.h"
#include "store/frames_groups.h"

/* /regions, /relations and /alerts, as far as there are such; panels in order of their names. */
struct groups_read;

/* STATUS_BAD_DATA when a group is not as frames_groups.h has it, or has more panels than there can
 * be. */
enum status groups_read_open(hid_t file, const char *path, struct groups_read **read,
                             struct error *err) MUST_CHECK;
void groups_read_close(struct groups_read *read); /* accepts NULL */

struct frames_groups groups_read_groups(const struct groups_read *read); /* borrowed */

/* True when both say the same of names, texts, boxes and panels. */
bool groups_read_equal(const struct groups_read *a, const struct groups_read *b);

#endif

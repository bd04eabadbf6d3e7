/* Symbolic links in a run directory. Internal to store/. */
#ifndef HEATSTREAM_STORE_RUNDIR_LINKS_H
#define HEATSTREAM_STORE_RUNDIR_LINKS_H

#include "base/status.h"

/* STATUS_CANNOT_CREATE names a symbolic link among the entries of `folder`: what is written there
 * would end up in a place that somebody else has chosen. A folder that is missing has none; it may
 * be a link itself. */
enum status rundir_refuse_links(const char *folder, struct error *err) MUST_CHECK;

#endif

/* The short queue of parcels between the ingest thread, which fills them, and the main thread. */
#ifndef HEATSTREAM_RUN_PARCELS_H
#define HEATSTREAM_RUN_PARCELS_H

#include "run/feed.h"

struct parcels;

/* Where up to `together` windows are stepped at once, room for more to come meanwhile: not so
 * much that more steps of them, or more frames, would be on their way than of FEED_PARCELS. */
struct parcels *parcels_create(int partitions, int together);
void parcels_destroy(struct parcels *parcels); /* accepts NULL; no thread waits in it any more */

/* Ingest thread: an empty parcel, waiting for one; NULL after parcels_stop(). parcels_end() hands
 * it over. */
struct parcel *parcels_begin(struct parcels *parcels);
void parcels_end(struct parcels *parcels);

/* Ingest thread: nothing is on its way, the main thread waits. */
bool parcels_all_done(struct parcels *parcels);

/* Ingest thread: how many windows a parcel may have, so that it keeps the main thread for about a
 * millisecond only: at least one, at most PARCEL_WINDOWS. */
int parcels_row_limit(struct parcels *parcels);

/* Main thread: feed_next() and feed_done(). */
struct parcel *parcels_next(struct parcels *parcels, int timeout_ms);
void parcels_done(struct parcels *parcels, struct parcel *parcel);

/* Main thread: the ingest thread is to wait no longer. */
void parcels_stop(struct parcels *parcels);

#endif

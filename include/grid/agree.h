/* Collective decisions: after rank-local work that can fail, all ranks learn the worst outcome
 * before the next collective call, and none is left waiting. */
#ifndef HEATSTREAM_GRID_AGREE_H
#define HEATSTREAM_GRID_AGREE_H

#include "base/status.h"
#include "grid/domain.h"
#include "grid/patience.h"

/* Collective. Returns the status of the lowest rank that failed, STATUS_OK when none did; err
 * becomes that rank's text on every rank. */
enum status agree(const struct domain *domain, enum status mine, struct error *err) MUST_CHECK;

/* Collective. Broadcasts rank 0's bytes. Ranks that wait for long give the processor away instead
 * of spinning, so that a stream may be silent for hours. */
void agree_broadcast(const struct domain *domain, void *data, int size);

/* The same, doing something else meanwhile. */
void agree_broadcast_meanwhile(const struct domain *domain, void *data, int size,
                               const struct meanwhile *meanwhile);

#endif

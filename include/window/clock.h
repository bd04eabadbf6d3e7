/* The clock of one partition: how far event time has come there, whatever single sensors claim.
 *
 *     mx = max(mx, q-th largest over the remembered sensors of their newest times)
 *     q  = min(K, ceil(n / 2)), n = number of remembered sensors
 *
 * A sensor is remembered from when it speaks until a whole block of E records passes without it. A
 * sensor whose newest time is at most mx cannot move mx, and at most q - 1 sensors are beyond it;
 * so the clock keeps those few, and of the others only the identities of the first 2K heard in the
 * current and in the previous block, which is enough to know min(n, 2K). */
#ifndef HEATSTREAM_WINDOW_CLOCK_H
#define HEATSTREAM_WINDOW_CLOCK_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/status.h"

struct clock;

/* K = `sensors` >= 2, E = `expiry` >= 1 records; mx begins at start_ms. */
struct clock *clock_create(int sensors, int64_t expiry, int64_t start_ms);
void clock_destroy(struct clock *clock); /* accepts NULL */

/* mx in milliseconds. */
int64_t clock_time_ms(const struct clock *clock);

/* q: how many sensors must be at a time for the clock to believe it. */
int clock_quorum(const struct clock *clock);

/* Moves mx to time_ms if that is later, and then returns true: enough sensors agreed on a jump. */
bool clock_jump(struct clock *clock, int64_t time_ms);

/* A record of this sensor with this time; the record that completes a block still sees the sensors
 * the block found, the next one no longer those that were silent in it. True when mx has moved. */
bool clock_hear(struct clock *clock, int64_t sensor, int64_t time_ms);

void clock_save(const struct clock *clock, struct buffer *state);

/* Into a clock created with the same K and E; STATUS_BAD_DATA when it cannot be such a clock's
 * state. */
enum status clock_load(struct clock *clock, struct buffer_reader *state,
                       struct error *err) MUST_CHECK;

#endif

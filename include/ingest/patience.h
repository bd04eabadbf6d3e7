/* How long a call may wait for a broker: as long as its caller has nothing better to do. */
#ifndef HEATSTREAM_INGEST_PATIENCE_H
#define HEATSTREAM_INGEST_PATIENCE_H

#include <stdbool.h>
#include <stddef.h>

/* `is_over` is asked again and again on the thread that waits, at least ten times a second. Once it
 * says true the call fails with STATUS_STOPPED, and what was not delivered is given up. */
struct patience {
    bool (*is_over)(void *context);
    void *context;
};

/* NULL: endless. */
static inline bool patience_is_over(const struct patience *patience)
{
    return patience && patience->is_over(patience->context);
}

#endif

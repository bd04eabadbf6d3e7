/* Carries blocks of records from the ranks that read to rank 0, and rank 0's orders back, by MPI
 * on the main threads. Nothing here ever waits for another rank but relay_close(): what can be
 * moved is moved whenever a main thread has nothing to do, which is while rank 0 waits for a window
 * to close and the others for its order. While windows are stepped and written, readers and ingest
 * thread go on with the blocks they have. */
#ifndef HEATSTREAM_RUN_RELAY_H
#define HEATSTREAM_RUN_RELAY_H

#include <stdbool.h>

#include "grid/domain.h"
#include "ingest/share.h"

struct relay;

/* The rank of reader i of n on so many ranks: 0 is rank 0, the others are spread evenly, so that
 * they lie on different nodes where ranks are placed node by node. */
int relay_rank(int reader, int readers, int ranks);

/* Collective over the domain's ranks; all fail alike. 2 <= readers <= ranks. `share` is rank 0's,
 * borrowed and begun, NULL elsewhere. */
enum status relay_create(const struct domain *domain, int readers, struct share *share,
                         struct relay **relay, struct error *err) MUST_CHECK;

/* Local. Moves what can be moved now; true when something was. `relay` may be NULL. */
bool relay_move(struct relay *relay);

/* Collective: ends the readers and whatever is under way. Accepts NULL, then on all ranks. */
void relay_close(struct relay *relay);

#endif

/* The ledger of a run against its dead letters, its journal and the offsets of its frames. */
#ifndef HEATSTREAM_CLI_VERIFY_LEDGER_H
#define HEATSTREAM_CLI_VERIFY_LEDGER_H

#include "store/manifest.h"
#include "store/verify.h"

/* After verify_checkpoints(). Counts differences in `verify`. The ledger is that of the finished
 * run, or else of the newest checkpoint that was proven; what was written after it is not judged.
 * *partitions is 0 when there is neither. */
enum status verify_ledger(struct verify *verify, const struct manifest *manifest, int *partitions,
                          struct error *err) MUST_CHECK;

/* CRCs and sense of the journal. `partitions` as told above. */
enum status verify_journal(struct verify *verify, int partitions, struct error *err) MUST_CHECK;

#endif

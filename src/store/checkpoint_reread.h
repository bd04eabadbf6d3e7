/* Whether a checkpoint that was written and sealed holds what it should. */
#ifndef HEATSTREAM_STORE_CHECKPOINT_REREAD_H
#define HEATSTREAM_STORE_CHECKPOINT_REREAD_H

#include "checkpoint_file.h"
#include "store/digest.h"

/* Opens the file anew and compares the digests of all it holds with those of `written`: each rank
 * reads its own columns, in pieces, for there may be no room for a second field; rank 0 the rest.
 * Collective; STATUS_IO on any rank is the outcome on all. Every rank opens the file by itself: one
 * that cannot keeps nobody waiting. */
enum status checkpoint_reread(const struct domain *domain, struct digester *digester,
                              const char *path, const struct checkpoint_head *written,
                              struct error *err) MUST_CHECK;

#endif

/* The way of a frame from memory (columns, y fastest, f64) to the file (rows, x fastest, f32 or
 * f64). */
#ifndef HEATSTREAM_STORE_STAGE_H
#define HEATSTREAM_STORE_STAGE_H

#include "segment.h"
#include "store/digest.h"

struct stage;

/* Local. NULL when memory is short. */
struct stage *stage_create(const struct domain *domain, bool f64);
void stage_destroy(struct stage *stage); /* accepts NULL */

/* Collective: converts and transposes the field; returns the digest of the values as they are
 * stored, column by column. */
struct digest stage_field(struct stage *stage, struct digester *digester,
                          const struct field *field);

/* What stage_field() made, borrowed. */
struct segment_slab stage_slab(const struct stage *stage);

/* Local: *most becomes the largest |new - old| between what stage_field() made and what this rank's
 * slab of a row holds in the file. */
enum status stage_compare(struct stage *stage, struct segment *segment, int64_t row, double *most,
                          struct error *err) MUST_CHECK;

#endif

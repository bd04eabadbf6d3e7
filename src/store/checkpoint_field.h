/* The parallel half of a checkpoint file: the fields in it, each rank its own columns. */
#ifndef HEATSTREAM_STORE_CHECKPOINT_FIELD_H
#define HEATSTREAM_STORE_CHECKPOINT_FIELD_H

#include "grid/field.h"
#include "store/digest.h"

/* A field within a file. */
struct checkpoint_place {
    const char *path, *dataset;
};

/* Collective; the outcome is the same on every rank: STATUS_IO of writing and verifying,
 * STATUS_NO_INPUT of reading. Verifying reads the stored field in pieces and compares its
 * digest. */
enum status checkpoint_field_write(const struct domain *domain,
                                   const struct checkpoint_place *place, const struct field *field,
                                   struct error *err) MUST_CHECK;
enum status checkpoint_field_read(const struct domain *domain, const struct checkpoint_place *place,
                                  struct field *field, struct error *err) MUST_CHECK;
enum status checkpoint_field_verify(const struct domain *domain, struct digester *digester,
                                    const struct checkpoint_place *place, struct digest expected,
                                    struct error *err) MUST_CHECK;

#endif

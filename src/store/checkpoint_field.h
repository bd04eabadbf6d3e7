/* The parallel half of a checkpoint file: the fields in it, each rank its own columns. */
#ifndef HEATSTREAM_STORE_CHECKPOINT_FIELD_H
#define HEATSTREAM_STORE_CHECKPOINT_FIELD_H

#include "checkpoint_file.h"
#include "grid/field.h"
#include "store/digest.h"

/* A field within a file. */
struct checkpoint_place {
    const char *path, *dataset;
};

/* Collective; the outcome is the same on every rank: STATUS_IO of writing and verifying,
 * STATUS_NO_INPUT of reading. Of a checkpoint without a past there is no second field, nor is there
 * one in `fields`. What was written is not on the disk by then, but on its way. Verifying reads
 * the stored fields in pieces and compares their digests with those of the seal. */
enum status checkpoint_fields_write(const struct domain *domain, const char *path,
                                    const struct field *const fields[CHECKPOINT_TIMES],
                                    struct error *err) MUST_CHECK;
enum status checkpoint_fields_verify(const struct domain *domain, struct digester *digester,
                                     const char *path, const struct checkpoint_seal *seal,
                                     struct error *err) MUST_CHECK;
enum status checkpoint_field_read(const struct domain *domain, const struct checkpoint_place *place,
                                  struct field *field, struct error *err) MUST_CHECK;

#endif

/* The parallel half of a checkpoint file: the fields in it, of several ranks, each its own
 * columns. */
#ifndef HEATSTREAM_STORE_CHECKPOINT_FIELD_H
#define HEATSTREAM_STORE_CHECKPOINT_FIELD_H

#include "checkpoint_file.h"
#include "grid/field.h"

/* A field within a file. */
struct checkpoint_place {
    const char *path, *dataset;
};

/* Collective; the outcome is the same on every rank: STATUS_IO of writing, STATUS_NO_INPUT of
 * reading. Of a checkpoint without a past there is no second field in `fields`. What was written is
 * not on the disk by then, but on its way. */
enum status checkpoint_fields_write(const struct domain *domain, const char *path,
                                    const struct field *const fields[CHECKPOINT_TIMES],
                                    struct error *err) MUST_CHECK;
enum status checkpoint_field_read(const struct domain *domain, const struct checkpoint_place *place,
                                  struct field *field, struct error *err) MUST_CHECK;

#endif

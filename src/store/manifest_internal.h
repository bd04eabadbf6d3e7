/* What the files of the manifest share. */
#ifndef HEATSTREAM_STORE_MANIFEST_INTERNAL_H
#define HEATSTREAM_STORE_MANIFEST_INTERNAL_H

#include <limits.h>

#include "manifest_facts.h"

struct manifest {
    char path[PATH_MAX];
    struct linelog *log; /* NULL: read only */
    struct manifest_facts facts;
};

/* STATUS_BAD_DATA with the line when it is none of a manifest. */
enum status manifest_parse(const char *path, const char *text, struct manifest_line *line,
                           struct error *err) MUST_CHECK;

/* Reads the file into the empty facts and opens it for appending if it is to be written. */
enum status manifest_load(struct manifest *manifest, bool writable, struct error *err) MUST_CHECK;

#endif

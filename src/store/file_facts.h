/* What a frames file says of its run beside its rows: enough to lay out another file that says the
 * same. Local, without MPI; as frames_read.h called in a process of its own. */
#ifndef HEATSTREAM_STORE_FILE_FACTS_H
#define HEATSTREAM_STORE_FILE_FACTS_H

#include "frames_read.h"
#include "groups_read.h"
#include "layout.h"

enum fact_text {
    FACT_RUN_ID,
    FACT_TITLE,
    FACT_HISTORY,
    FACT_VERSION,
    FACT_GIT_ID,
    FACT_COMPILER,
    FACT_FLAGS,
    FACT_MPI,
    FACT_HDF5,
    FACT_LIBRDKAFKA,
    FACT_HOST,
    FACT_SLURM_JOB,
    FACT_ARGV,
    FACT_CONFIG,
    FACT_TOPIC,
    FACT_TEXTS
};

/* Zero-initialised is valid; everything is owned. Texts end with a 0. */
struct file_facts {
    struct buffer texts[FACT_TEXTS];
    int64_t ranks, nodes, cores, run_epoch; /* as in struct provenance */
    int64_t epoch_ms;                       /* of /time */
    struct groups_read *groups;
    struct buffer offsets; /* first, next and lost: [3][partitions] of int64_t */
    int64_t partitions;    /* of /kafka, 0: it has none */
    struct provenance provenance;
};

/* STATUS_BAD_DATA when the file does not say all of it, or its first row is not written. */
enum status file_facts_read(struct frames_reader *reader, const char *path,
                            struct file_facts *facts, struct error *err) MUST_CHECK;
void file_facts_release(struct file_facts *facts);

/* Appends first, next and lost offsets; returns the number of partitions, 0 without /kafka. */
int64_t file_facts_offsets(struct h5_scope *scope, hid_t file, struct buffer *values);

/* For a file of the same run and shape; borrows the facts. `segments` is the caller's to set. */
struct layout file_facts_layout(struct file_facts *facts, const struct frames_shape *shape);

#endif

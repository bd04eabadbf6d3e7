/* All rows of a frames file, each with the digest of what its cells are, read in a process of its
 * own: the file may be damaged in any way. */
#ifndef HEATSTREAM_STORE_FRAMES_SCAN_H
#define HEATSTREAM_STORE_FRAMES_SCAN_H

#include "frames_read.h"

/* One row; of an unwritten one (window -1) only the series. */
struct scanned_row {
    int64_t row;
    struct series_record series;
    struct digest cells;
    bool unreadable; /* nothing but `row` and `reason` is known */
    char reason[512];
    int64_t group_faults;  /* values of regions, relations and alerts that are not as written */
    char group_fault[256]; /* the first of them in words; also why they could not be read */
};

/* What a file is, before its rows. */
struct scanned_file {
    struct frames_shape shape;
    char time_units[64];
    int64_t partitions; /* of /kafka, 0: it has none */
    const int64_t *first_offsets, *next_offsets, *lost_offsets;
};

struct frames_scan {
    void (*file)(void *context, const struct scanned_file *file);
    void (*row)(void *context, const struct scanned_row *row);
    void *context;
};

/* Calls `file` once, then `row` for each row in order; either may be NULL. As frames_reader_open(),
 * and as isolated_run(): then the rows that were not told are not known. */
enum status frames_scan(const char *path, const struct frames_scan *scan,
                        struct error *err) MUST_CHECK;

/* What is wrong with a row by itself, in words; NULL when its values are those that were written:
 * cells, stored_digest and row_digest agree, and in f64 the digest of the field, too. */
const char *scanned_row_fault(const struct scanned_row *row, bool f64, char text[256]);

#endif

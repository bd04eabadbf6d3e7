/* Event files as a source: file i is partition i, record number (from 0) is the offset. */
#ifndef HEATSTREAM_INGEST_SOURCE_FILE_H
#define HEATSTREAM_INGEST_SOURCE_FILE_H

#include "ingest/source.h"

/* `paths` are opened now. NDJSON is the form: LF ends a record, a last line without LF is a record, an
 * empty line is a record. CSV files (told apart by a first line that is not a JSON object but a header
 * naming the fields) deliver their data lines as records; the header is not one.
 * STATUS_NO_INPUT names the file that cannot be opened. */
enum status source_open_files(const char *const *paths, int count, struct source **source,
                              struct error *err) MUST_CHECK;

/* The header line of the CSV file that is partition p, or NULL when it is NDJSON. */
const char *source_file_header(const struct source *source, int partition);

#endif

/* Files of events as a source: lines, where file i is partition i and record number (from 0) is the
 * offset, or one event log. */
#ifndef HEATSTREAM_INGEST_SOURCE_FILE_H
#define HEATSTREAM_INGEST_SOURCE_FILE_H

#include "ingest/source.h"

/* `paths` are opened and their lines counted now. LF ends a record, a last line without LF is a
 * record, an empty line is a record. Of a CSV file (told apart by a first line of at least four
 * names, or by being called *.csv) the first line is the header and no record. An event log
 * (event_log_is()) must be the only file: STATUS_BAD_DECK, see source_open_log().
 * STATUS_NO_INPUT names the file that cannot be opened, or is not a regular one. */
enum status source_open_files(const char *const *paths, int count, struct source **source,
                              struct error *err) MUST_CHECK;

/* The header line of the CSV file that is partition p, or NULL when it is no CSV. */
const char *source_file_header(const struct source *source, int partition);

#endif

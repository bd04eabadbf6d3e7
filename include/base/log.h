/* The log: lines on standard error and, once a run directory exists, in its `log` file.
 *
 * What is written and where to are the only mutable globals of this module. All but the file are
 * set on one thread before others start. Lines are written whole by one write(2), so threads do not
 * interleave. */
#ifndef HEATSTREAM_BASE_LOG_H
#define HEATSTREAM_BASE_LOG_H

#include <stdint.h>

#include "base/status.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_HUMAN, LOG_JSON };

void log_configure(enum log_level level, enum log_format format);

/* Ranks other than 0 write nothing but errors, and warnings once they have been let, with their
 * rank: one that does what the others do not has something of its own to tell. */
void log_set_rank(int rank);
void log_let_warn(void);

/* Appends every later line to the file as well, with a time stamp, in the place of the one before.
 * Fails with STATUS_CANNOT_CREATE. */
enum status log_open_file(const char *path, struct error *err) MUST_CHECK;
void log_close_file(void);

/* How many bytes the file has; 0 without one. */
int64_t log_file_size(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A progress line: rewritten in place with \r when standard error is a terminal, an ordinary line
 * otherwise. Any other line first ends a pending progress line. */
void log_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

/* One file of lines: counted once, then read in blocks from any line on. */
#ifndef HEATSTREAM_WIRE_LINE_FILE_H
#define HEATSTREAM_WIRE_LINE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Lines longer than this are handed over cut, one byte longer than this. */
enum { LINE_BYTES_MAX = 64 << 20 };

struct line {
    const uint8_t *text; /* without LF */
    size_t size;
};

struct line_file;

/* Opens and counts. A first line that is a CSV header (csv_is_header(), or any first line of a file
 * named *.csv) is taken off; the lines after it count from 0. STATUS_NO_INPUT when it cannot be
 * opened. */
enum status line_file_open(const char *path, struct line_file **file, struct error *err) MUST_CHECK;
void line_file_close(struct line_file *file); /* accepts NULL */

const char *line_file_header(const struct line_file *file); /* NULL when there is none */
int64_t line_file_count(const struct line_file *file);
int64_t line_file_next(const struct line_file *file); /* the line read next */

/* 0 <= line <= count. */
enum status line_file_seek(struct line_file *file, int64_t line, struct error *err) MUST_CHECK;

/* Hands over 1..max of the next lines, none after the last. They are valid until the next call. */
enum status line_file_read(struct line_file *file, int max, struct line *lines, int *count,
                           struct error *err) MUST_CHECK;

#endif

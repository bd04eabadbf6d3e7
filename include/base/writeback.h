/* Having the disk begin early, so that it writes while the program goes on. */
#ifndef HEATSTREAM_BASE_WRITEBACK_H
#define HEATSTREAM_BASE_WRITEBACK_H

/* Asks the system to begin writing to the disk what it keeps of an open file, and does not wait for
 * that. Local. A hint only: what counts, and tells of failures, is the fsync(2) that follows. */
void writeback_begin(int fd);

/* The same of a file by its name. */
void writeback_begin_of(const char *path);

#endif

/* HDF5 with one outcome per piece of work: identifiers are owned by a scope, the first failure is
 * kept with the library's reason, later calls on its invalid identifiers are harmless, and
 * h5_end() closes everything and reports. Only src/store sees this header. */
#ifndef HEATSTREAM_STORE_H5_H
#define HEATSTREAM_STORE_H5_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"
#include "grid/domain.h"

enum { H5_SCOPE_IDS = 96 };

/* Written by the functions below only. */
struct h5_scope {
    hid_t ids[H5_SCOPE_IDS];
    int count;
    bool failed;
    char reason[512];
};

/* An empty scope; from now on HDF5 prints nothing itself. */
struct h5_scope h5_begin(void);

/* Takes over an identifier (file, dataset, group, space, list, type) to be closed; returns it. */
hid_t h5_own(struct h5_scope *scope, hid_t id);

/* Keeps the failure of a call that returns a negative value; returns the value. */
hid_t h5_check(struct h5_scope *scope, hid_t result);

/* Passes a failure of an inner scope on. */
void h5_take_failure(struct h5_scope *scope, const struct h5_scope *inner);

/* Closes what was taken over after the first `mark` identifiers, newest first. A file that was
 * written and cannot be closed ends the job, with STATUS_IO's exit code. */
void h5_close_to(struct h5_scope *scope, int mark);

/* Closes everything. STATUS_OK, or `status` with the text and the reason of the first failure. */
enum status h5_end(struct h5_scope *scope, enum status status, struct error *err,
                   const char *format, ...) __attribute__((format(printf, 4, 5))) MUST_CHECK;

/* File access lists: of one rank for files that are new or only read, of one rank for changing a
 * file that others read, and collective. */
hid_t h5_access_serial(struct h5_scope *scope);
hid_t h5_access_in_place(struct h5_scope *scope);
hid_t h5_access_parallel(struct h5_scope *scope, const struct domain *domain);

/* Collective, owned by the scope. One of several ranks that cannot open the file would leave the
 * others waiting within the call, so it ends the job, with STATUS_IO's exit code. */
hid_t h5_open_parallel(struct h5_scope *scope, const char *path, unsigned flags,
                       const struct domain *domain);

/* A transfer list in which every rank joins the call and then writes or reads its own part itself.
 * HDF5's other collective mode hands data to a few ranks through OMPIO, and when one of those
 * fails (disk full) the others wait for it for ever. */
hid_t h5_transfer(struct h5_scope *scope);

/* A fixed-length string type of `size` bytes (at least 1), null-padded, UTF-8. */
hid_t h5_string_type(struct h5_scope *scope, size_t size);

/* A group that keeps no time stamps. */
hid_t h5_group(struct h5_scope *scope, hid_t parent, const char *name);

void h5_put_text(struct h5_scope *scope, hid_t object, const char *name, const char *text);
void h5_put_int64(struct h5_scope *scope, hid_t object, const char *name, int64_t value);

/* A scalar string dataset, for texts that may outgrow an attribute. */
void h5_put_long_text(struct h5_scope *scope, hid_t group, const char *name, const char *text);

/* Fails the scope when missing or of another kind; `text` (appended to) gets no final 0. */
void h5_get_text(struct h5_scope *scope, hid_t object, const char *name, struct buffer *text);
void h5_get_int64(struct h5_scope *scope, hid_t object, const char *name, int64_t *value);
void h5_get_long_text(struct h5_scope *scope, hid_t group, const char *name, struct buffer *text);

#endif

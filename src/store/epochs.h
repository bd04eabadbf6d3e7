/* The directories epoch.<number> of a run directory, as claims see each other's. */
#ifndef HEATSTREAM_STORE_EPOCHS_H
#define HEATSTREAM_STORE_EPOCHS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum { EPOCH_OWNER_BYTES = 512, EPOCH_UNIQUE_BYTES = 128 };

/* The files in it: who claimed it, under whose lock; that it has been left; the beats. The staging
 * directory of its run is in it, too, by a name that no other process has. */
#define EPOCH_OWNER "owner"
#define EPOCH_RELEASED "released"
#define EPOCH_BEAT "beat"

/* "<root>/epoch.<number>" */
enum status epoch_path(const char *root, int64_t number, char path[PATH_MAX],
                       struct error *err) MUST_CHECK;

/* The newest epoch below `limit`, 0: none. */
enum status epoch_newest(const char *root, int64_t limit, int64_t *number,
                         struct error *err) MUST_CHECK;

/* Who claimed it, two lines, of which the second makes it unlike all others; "" when there is no
 * such epoch or it is just being removed. */
void epoch_owner(const char *root, int64_t number, char owner[EPOCH_OWNER_BYTES]);

/* A name that no other process has, on whatever host. */
void epoch_unique(char unique[EPOCH_UNIQUE_BYTES]);

/* What this process writes as the owner. Only of one that has the lock others on this host may take
 * the lock for an answer. */
void epoch_identity(const char *unique, bool locked, char owner[EPOCH_OWNER_BYTES]);

/* True when its run is certainly dead or has left it. */
bool epoch_is_over(const char *root, int64_t number);

enum epoch_verdict {
    EPOCH_OVER,   /* as above, or no longer there */
    EPOCH_SILENT, /* no sign of life for `patience_s` */
    EPOCH_ALIVE
};

/* Looks until one of these is certain. */
enum epoch_verdict epoch_watch(const char *root, int64_t number, double patience_s);

/* Nothing more can be published through it on return. */
enum status epoch_remove(const char *root, int64_t number, struct error *err) MUST_CHECK;

/* Removes what starts have left that were killed before they had an epoch, or while they removed
 * one. The directory `own` has just been changed: by it the age of others is known. */
void epoch_tidy(const char *root, const char *own);

/* A directory and all in it; false with errno when something of it is still there. */
bool epoch_remove_directory(const char *path);

#endif

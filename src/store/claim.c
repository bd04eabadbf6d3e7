#include "store/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/monotonic.h"
#include "base/thread.h"
#include "epoch_marks.h"
#include "epochs.h"

enum { BEAT_MS = 500, BEAT_BYTES = 21, LEAVE_MS = 10000 };

struct claim {
    char root[PATH_MAX];
    char directory[PATH_MAX];        /* the epoch's; before there is one, the candidate for it */
    char staging[PATH_MAX];          /* in it, by a name that no other process ever has */
    char unique[EPOCH_UNIQUE_BYTES]; /* that name */
    char owner[EPOCH_OWNER_BYTES], name[EPOCH_OWNER_BYTES]; /* all of it; its first line */
    int64_t epoch;
    int lock_fd; /* of the file `owner` */
    bool sole;
    bool spread; /* settled, but for what processes on other hosts may leave */
    pthread_t thread;
    bool beating;
    pthread_mutex_t mutex; /* of `stop` */
    pthread_cond_t stopped;
    bool stop;
    atomic_bool lost;
};

static enum status write_beat(const struct claim *claim, int64_t number, int flags,
                              struct error *err)
{
    char path[PATH_MAX], text[BEAT_BYTES + 1];
    TRY(path_join(path, sizeof path, claim->staging, EPOCH_BEAT, err));
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
    if (fd < 0)
        return error_set(err, errno == ENOENT || errno == ESTALE ? STATUS_NO_INPUT : STATUS_IO,
                         "opening %s: %s", path, strerror(errno));
    snprintf(text, sizeof text, "%020lld\n", (long long)number);
    enum status status = durable_write_all(fd, path, text, BEAT_BYTES, err);
    close(fd);
    return status;
}

static void pause_between_beats(struct claim *claim)
{
    struct timespec until = monotonic_after_ms(BEAT_MS);
    pthread_cond_timedwait(&claim->stopped, &claim->mutex, &until);
}

static enum status replaced(const char *root, struct error *err)
{
    char owner[EPOCH_OWNER_BYTES] = "";
    struct error ignored;
    int64_t newest = 0;
    if (epoch_newest(root, INT64_MAX, &newest, &ignored) == STATUS_OK)
        epoch_owner(root, newest, owner);
    return error_set(err, STATUS_CANNOT_CREATE,
                     "another run has taken over %s while this one gave no sign of life: it is "
                     "%.*s (epoch %lld); this run leaves, and nothing it did since then counts",
                     root, owner[0] ? (int)strcspn(owner, "\n") : 18,
                     owner[0] ? owner : "an unknown process", (long long)newest);
}

/* The main thread of a replaced run may stand in a call that all ranks make together, and in which
 * some of them found the file gone: no error leads out of that. */
static void leave_at_last(struct claim *claim)
{
    struct error err;
    for (int waited_ms = 0; !claim->stop && waited_ms < LEAVE_MS; waited_ms += BEAT_MS)
        pause_between_beats(claim);
    if (claim->stop)
        return;
    (void)!replaced(claim->root, &err);
    log_error("%s", err.text);
    _exit(status_exit_code(STATUS_CANNOT_CREATE));
}

/* A beat that cannot be written for want of a disk is no reason to stop: others may take this run
 * for dead, and it will find that out. */
static void *beat_main(void *argument)
{
    struct claim *claim = argument;
    struct error ignored;
    pthread_mutex_lock(&claim->mutex);
    for (int64_t number = 1; !claim->stop && !atomic_load(&claim->lost); number++) {
        pthread_mutex_unlock(&claim->mutex);
        if (write_beat(claim, number, 0, &ignored) == STATUS_NO_INPUT)
            atomic_store(&claim->lost, true);
        pthread_mutex_lock(&claim->mutex);
        if (!claim->stop)
            pause_between_beats(claim);
    }
    if (atomic_load(&claim->lost))
        leave_at_last(claim);
    pthread_mutex_unlock(&claim->mutex);
    return NULL;
}

static enum status start_beating(struct claim *claim, struct error *err)
{
    int failed = thread_start(&claim->thread, beat_main, claim);
    claim->beating = failed == 0;
    return failed ? error_set(err, STATUS_BUG, "starting the thread of the run directory: %s",
                              strerror(failed))
                  : STATUS_OK;
}

static void stop_beating(struct claim *claim)
{
    if (!claim->beating)
        return;
    pthread_mutex_lock(&claim->mutex);
    claim->stop = true;
    pthread_cond_signal(&claim->stopped);
    pthread_mutex_unlock(&claim->mutex);
    pthread_join(claim->thread, NULL);
    claim->beating = false;
}

/* The lock is taken where no other can see it, so that nobody finds an owner without one. */
static enum status sign(struct claim *claim, struct error *err)
{
    char path[PATH_MAX];
    TRY(path_join(path, sizeof path, claim->directory, EPOCH_OWNER, err));
    claim->lock_fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (claim->lock_fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "creating %s: %s", path, strerror(errno));
    bool locked = flock(claim->lock_fd, LOCK_EX | LOCK_NB) == 0;
    if (!locked)
        log_debug("%s cannot be locked: %s; a crash will be waited for", path, strerror(errno));
    epoch_identity(claim->unique, locked, claim->owner);
    snprintf(claim->name, sizeof claim->name, "%.*s", (int)strcspn(claim->owner, "\n"),
             claim->owner);
    TRY(durable_write_all(claim->lock_fd, path, claim->owner, strlen(claim->owner), err));
    if (fsync(claim->lock_fd) != 0)
        return error_set(err, STATUS_CANNOT_CREATE, "syncing %s: %s", path, strerror(errno));
    return STATUS_OK;
}

/* Others see the beat in the directory; the run writes it by the name that only it has. */
static enum status show_beat(struct claim *claim, struct error *err)
{
    char beat[PATH_MAX], shown[PATH_MAX];
    TRY(write_beat(claim, 0, O_CREAT, err));
    TRY(path_join(beat, sizeof beat, claim->staging, EPOCH_BEAT, err));
    TRY(path_join(shown, sizeof shown, claim->directory, EPOCH_BEAT, err));
    return epoch_link(beat, shown, err);
}

/* What is to become the directory of an epoch. The place may be read-only, or full. */
static enum status make_candidate(struct claim *claim, struct error *err)
{
    char name[sizeof claim->unique + 16];
    epoch_unique(claim->unique);
    snprintf(name, sizeof name, "epoch.new.%s", claim->unique);
    TRY(path_join(claim->directory, sizeof claim->directory, claim->root, name, err));
    TRY(path_join(claim->staging, sizeof claim->staging, claim->directory, claim->unique, err));
    TRY(durable_make_directories(claim->staging, err));
    TRY(sign(claim, err));
    return show_beat(claim, err);
}

/* The answer to a rename may be lost on its way from a file server: what counts is who is there. */
static enum status raise_to(struct claim *claim, int64_t number, bool *raised, struct error *err)
{
    char path[PATH_MAX], staging[PATH_MAX], owner[EPOCH_OWNER_BYTES];
    TRY(epoch_path(claim->root, number, path, err));
    TRY(path_join(staging, sizeof staging, path, claim->unique, err));
    int failed = rename(claim->directory, path) == 0 ? 0 : errno;
    epoch_owner(claim->root, number, owner);
    *raised = strcmp(owner, claim->owner) == 0;
    if (*raised) {
        strcpy(claim->directory, path);
        strcpy(claim->staging, staging);
        claim->epoch = number;
    }
    if (!*raised && failed && failed != EEXIST && failed != ENOTEMPTY)
        return error_set(err, STATUS_CANNOT_CREATE, "renaming %s to %s: %s", claim->directory, path,
                         strerror(failed));
    return STATUS_OK;
}

static enum status in_use(const struct claim *claim, int64_t number, struct error *err)
{
    char owner[EPOCH_OWNER_BYTES];
    epoch_owner(claim->root, number, owner);
    return error_set(err, STATUS_CANNOT_CREATE,
                     "another run is writing to this directory: %.*s holds %s (epoch %lld)",
                     owner[0] ? (int)strcspn(owner, "\n") : 18,
                     owner[0] ? owner : "an unknown process", claim->root, (long long)number);
}

/* Waits until the run of epoch `number` can be replaced. */
static enum status await_end(const struct claim *claim, int64_t number, double patience_s,
                             struct error *err)
{
    char owner[EPOCH_OWNER_BYTES];
    epoch_owner(claim->root, number, owner);
    switch (epoch_watch(claim->root, number, patience_s)) {
    case EPOCH_ALIVE:
        return in_use(claim, number, err);
    case EPOCH_SILENT:
        log_warn("%.*s has shown no sign of life in %s for %g s: this run replaces it, and nothing "
                 "that it may still do counts",
                 (int)strcspn(owner, "\n"), owner, claim->root, patience_s);
        break;
    case EPOCH_OVER:
        break;
    }
    return STATUS_OK;
}

static enum status win(struct claim *claim, double patience_s, struct error *err)
{
    for (bool raised = false; !raised;) {
        int64_t newest;
        TRY(epoch_newest(claim->root, INT64_MAX, &newest, err));
        if (newest > 0)
            TRY(await_end(claim, newest, patience_s, err));
        TRY(raise_to(claim, newest + 1, &raised, err));
    }
    return STATUS_OK;
}

/* A run that was stopped on its way in may find that another has removed all it had made. */
static enum status explain(const struct claim *claim, enum status failed, struct error *err)
{
    int64_t newest = 0;
    struct error ignored;
    bool gone = access(claim->directory, F_OK) != 0 && errno == ENOENT;
    if (failed == STATUS_OK || !gone ||
        epoch_newest(claim->root, INT64_MAX, &newest, &ignored) != STATUS_OK ||
        newest <= claim->epoch)
        return failed;
    return replaced(claim->root, err);
}

/* That of a dead one, too, may be about files which a run before it has open. What is known of an
 * epoch must be with this one before that is removed. */
static enum status replace(struct claim *claim, int64_t number, struct error *err)
{
    bool certain = epoch_is_over(claim->root, number) && !epoch_is_unclean(claim->root, number);
    if (claim->sole && !certain)
        TRY(epoch_tell_unclean(claim->directory, claim->staging, err));
    claim->sole = claim->sole && certain;
    return epoch_remove(claim->root, number, err);
}

/* A run that was slow to raise its candidate may find that newer ones have come and gone: then the
 * number it has is one of the past, and goes with it unless it tells others something. */
static enum status replace_older(struct claim *claim, struct error *err)
{
    int64_t number;
    struct error ignored;
    claim->sole = true;
    for (;;) {
        TRY(epoch_newest(claim->root, claim->epoch, &number, err));
        if (number == 0)
            break;
        TRY(explain(claim, replace(claim, number, err), err));
    }
    TRY(epoch_newest(claim->root, INT64_MAX, &number, err));
    if (number == claim->epoch)
        return durable_sync(claim->root, err);
    if (claim->sole)
        (void)!epoch_remove(claim->root, claim->epoch, &ignored);
    return in_use(claim, number, err);
}

static enum status take(struct claim *claim, double patience_s, struct error *err)
{
    TRY(make_candidate(claim, err));
    TRY(win(claim, patience_s, err));
    TRY(replace_older(claim, err));
    TRY(explain(claim, epoch_show_lock(claim->root, claim->directory, claim->staging, err), err));
    epoch_tidy(claim->root, claim->directory);
    return start_beating(claim, err);
}

enum status claim_take(const char *root, double patience_s, struct claim **out, struct error *err)
{
    struct claim *claim = memory_zeroed(1, sizeof *claim);
    claim->lock_fd = -1;
    pthread_mutex_init(&claim->mutex, NULL);
    monotonic_condition(&claim->stopped);
    enum status status = STATUS_OK;
    if (strlen(root) >= sizeof claim->root)
        status = error_set(err, STATUS_CANNOT_CREATE, "path too long: %s", root);
    else
        strcpy(claim->root, root);
    if (status == STATUS_OK)
        status = take(claim, patience_s, err);
    if (status == STATUS_OK)
        *out = claim;
    else
        claim_release(claim);
    return status;
}

void claim_release(struct claim *claim)
{
    if (!claim)
        return;
    stop_beating(claim);
    struct error ignored;
    if (claim->spread)
        (void)!epoch_tell_clean(claim->directory, claim->staging, &ignored);
    if (claim->epoch > 0)
        epoch_tell_end(claim->directory, claim->staging);
    if (claim->epoch == 0 && claim->directory[0])
        (void)epoch_remove_directory(claim->directory);
    if (claim->lock_fd >= 0)
        close(claim->lock_fd);
    pthread_cond_destroy(&claim->stopped);
    pthread_mutex_destroy(&claim->mutex);
    free(claim);
}

int64_t claim_epoch(const struct claim *claim)
{
    return claim->epoch;
}

const char *claim_owner(const struct claim *claim)
{
    return claim->name;
}

const char *claim_staging(const struct claim *claim)
{
    return claim->staging;
}

bool claim_is_sole(const struct claim *claim)
{
    return claim->sole;
}

enum status claim_settle(struct claim *claim, bool spread, struct error *err)
{
    if (!claim)
        return STATUS_OK;
    claim->spread = spread;
    return spread ? epoch_tell_unclean(claim->directory, claim->staging, err)
                  : epoch_tell_clean(claim->directory, claim->staging, err);
}

bool claim_is_lost(const struct claim *claim)
{
    return claim && atomic_load(&claim->lost);
}

enum status claim_check(const struct claim *claim, struct error *err)
{
    char path[PATH_MAX];
    if (!claim)
        return STATUS_OK;
    TRY(path_join(path, sizeof path, claim->staging, EPOCH_BEAT, err));
    int fd = open(path, O_RDONLY | O_CLOEXEC); /* opening asks the server, stat() maybe a cache */
    if (fd >= 0) {
        close(fd);
        return STATUS_OK;
    }
    if (errno == ENOENT || errno == ESTALE)
        return replaced(claim->root, err);
    return error_set(err, STATUS_IO, "opening %s: %s", path, strerror(errno));
}

bool claim_explains(const char *staged, struct error *err)
{
    char path[PATH_MAX];
    if (strlen(staged) >= sizeof path)
        return false;
    strcpy(path, staged);
    const char *directory = dirname(path);
    if (!strstr(directory, "/epoch.") || durable_exists(directory))
        return false;
    (void)!replaced(dirname(dirname(path)), err);
    return true;
}

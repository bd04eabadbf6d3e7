#include "store/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/durable.h"
#include "rundir_links.h"

/* The names below made->root. */
static enum status name_files(struct rundir *made, struct error *err)
{
    const struct {
        char *path;
        const char *name;
    } names[] = {
        {made->config, "config.yaml"},
        {made->manifest, "manifest"},
        {made->journal, "journal"},
        {made->dead_letters, "dead_letters.ndjson"},
        {made->log, "log"},
        {made->stop, "STOP"},
        {made->lock, "lock"},
        {made->frames, "frames"},
        {made->master, "frames.h5"},
        {made->checkpoints, "ckpt"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        TRY(path_join(names[i].path, PATH_MAX, made->root, names[i].name, err));
    return STATUS_OK;
}

enum status rundir_paths(const char *out, const char *run_id, struct rundir *rundir,
                         struct error *err)
{
    struct rundir made = {.lock_fd = -1};
    if (!run_id[0] || run_id[0] == '.' || strchr(run_id, '/'))
        return error_set(err, STATUS_CANNOT_CREATE,
                         "run id '%s' cannot name a directory: it is empty, begins with a dot or "
                         "has a slash",
                         run_id);
    TRY(path_join(made.root, sizeof made.root, out, run_id, err));
    TRY(name_files(&made, err));
    *rundir = made;
    return STATUS_OK;
}

enum status rundir_paths_of(const char *root, struct rundir *rundir, struct error *err)
{
    struct rundir made = {.lock_fd = -1};
    if (strlen(root) >= sizeof made.root)
        return error_set(err, STATUS_NO_INPUT, "the path %.200s… is too long", root);
    strcpy(made.root, root);
    if (name_files(&made, err) != STATUS_OK)
        return STATUS_NO_INPUT;
    *rundir = made;
    return STATUS_OK;
}

static enum status name_holder(const char *path, struct error *err)
{
    struct buffer holder = {0};
    struct error ignored;
    if (durable_read_file(path, &holder, &ignored) != STATUS_OK || holder.size == 0)
        buffer_printf(&holder, "an unknown process");
    buffer_put_u8(&holder, '\0');
    int length = (int)strcspn((const char *)holder.data, "\n");
    error_set(err, STATUS_CANNOT_CREATE, "another run is writing to this directory: %.*s holds %s",
              length, (const char *)holder.data, path);
    buffer_release(&holder);
    return STATUS_CANNOT_CREATE;
}

/* The ranks of a killed mpirun outlive it by up to a second: a restart at once must not be turned
 * away. */
static bool lock_soon(int fd)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    for (int tries = 0; tries < 60; tries++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK)
            return false;
        nanosleep(&pause, NULL);
    }
    errno = EWOULDBLOCK;
    return false;
}

static enum status sign_lock(const struct rundir *rundir, struct error *err)
{
    char host[256] = "", text[320];
    gethostname(host, sizeof host - 1);
    int length = snprintf(text, sizeof text, "process %ld on %s\n", (long)getpid(), host);
    if (ftruncate(rundir->lock_fd, 0) != 0)
        return error_set(err, STATUS_CANNOT_CREATE, "writing %s: %s", rundir->lock,
                         strerror(errno));
    return durable_write_all(rundir->lock_fd, rundir->lock, text, (size_t)length, err);
}

enum status rundir_open(struct rundir *rundir, struct error *err)
{
    TRY(durable_make_directories(rundir->root, err));
    TRY(rundir_refuse_links(rundir->root, err));
    int fd = open(rundir->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "creating %s: %s", rundir->lock,
                         strerror(errno));
    if (!lock_soon(fd)) {
        int reason = errno;
        close(fd);
        if (reason == EWOULDBLOCK)
            return name_holder(rundir->lock, err);
        return error_set(err, STATUS_CANNOT_CREATE, "locking %s: %s", rundir->lock,
                         strerror(reason));
    }
    rundir->lock_fd = fd;
    enum status status = sign_lock(rundir, err);
    if (status == STATUS_OK)
        status = durable_make_directories(rundir->frames, err);
    if (status == STATUS_OK)
        status = durable_make_directories(rundir->checkpoints, err);
    if (status == STATUS_OK)
        status = rundir_refuse_links(rundir->frames, err);
    if (status == STATUS_OK)
        status = rundir_refuse_links(rundir->checkpoints, err);
    if (status != STATUS_OK)
        rundir_close(rundir);
    return status;
}

/* The file stays: removing it would let two runs lock two files of one name. */
void rundir_close(struct rundir *rundir)
{
    if (rundir->lock_fd < 0)
        return;
    (void)!ftruncate(rundir->lock_fd, 0);
    close(rundir->lock_fd);
    rundir->lock_fd = -1;
}

/* Held for an instant only, which a run that starts waits for. */
bool rundir_is_held(const struct rundir *rundir)
{
    int fd = open(rundir->lock, O_RDONLY | O_CLOEXEC);
    bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    return held;
}

static enum status remove_file(const char *path, struct error *err)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return STATUS_OK;
    return error_set(err, STATUS_IO, "removing %s: %s", path, strerror(errno));
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

/* Removes `prefix`*.h5 and `prefix`*.h5.tmp. */
static enum status remove_series(const char *folder, const char *prefix, struct error *err)
{
    DIR *entries = opendir(folder);
    if (!entries)
        return error_set(err, STATUS_IO, "opening %s: %s", folder, strerror(errno));
    enum status status = STATUS_OK;
    char path[PATH_MAX];
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(entries));) {
        const char *name = entry->d_name;
        if (strncmp(name, prefix, strlen(prefix)) != 0 ||
            !(ends_with(name, ".h5") || ends_with(name, ".h5.tmp")))
            continue;
        status = path_join(path, sizeof path, folder, name, err);
        if (status == STATUS_OK)
            status = remove_file(path, err);
    }
    closedir(entries);
    return status;
}

enum status rundir_clear(struct rundir *rundir, struct error *err)
{
    static const char *const names[] = {"manifest",      "manifest.tmp", "manifest.damaged",
                                        "journal",       "config.yaml",  "dead_letters.ndjson",
                                        "alerts.ndjson", "frames.h5",    "frames.h5.tmp",
                                        "ckpt/latest",   "early.h5",     "early.h5.tmp"};
    char path[PATH_MAX];
    /* The manifest goes first: without it nothing else is believed. */
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        TRY(path_join(path, sizeof path, rundir->root, names[i], err));
        TRY(remove_file(path, err));
    }
    TRY(remove_series(rundir->frames, "seg_", err));
    TRY(remove_series(rundir->checkpoints, "ckpt_", err));
    return durable_sync(rundir->root, err);
}

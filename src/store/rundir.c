#include "store/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/durable.h"
#include "rundir_links.h"
#include "store/letter_files.h"
#include "store/staging.h"

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
        {made->alerts, "alerts.ndjson"},
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
    struct rundir made = {.claim = NULL};
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
    struct rundir made = {.claim = NULL};
    if (strlen(root) >= sizeof made.root)
        return error_set(err, STATUS_NO_INPUT, "the path %.200s… is too long", root);
    strcpy(made.root, root);
    if (name_files(&made, err) != STATUS_OK)
        return STATUS_NO_INPUT;
    *rundir = made;
    return STATUS_OK;
}

static enum status make_room(struct rundir *rundir, struct error *err)
{
    TRY(durable_make_directories(rundir->frames, err));
    TRY(durable_make_directories(rundir->checkpoints, err));
    TRY(rundir_refuse_links(rundir->frames, err));
    return rundir_refuse_links(rundir->checkpoints, err);
}

enum status rundir_open(struct rundir *rundir, double patience_s, struct error *err)
{
    TRY(durable_make_directories(rundir->root, err));
    TRY(rundir_refuse_links(rundir->root, err));
    TRY(claim_take(rundir->root, patience_s, &rundir->claim, err));
    enum status status = make_room(rundir, err);
    if (status != STATUS_OK)
        rundir_close(rundir);
    return status;
}

static const struct {
    const char *name;
    mode_t mode;
} entered[] = {{"manifest", 0644}, {"journal", 0644}, {"alerts.ndjson", 0644}};

enum { ENTERED = sizeof entered / sizeof *entered };

void rundir_close(struct rundir *rundir)
{
    if (!rundir->claim)
        return;
    for (int i = 0; i < ENTERED; i++)
        staging_return(claim_staging(rundir->claim), entered[i].name);
    claim_release(rundir->claim);
    rundir->claim = NULL;
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

static enum status enter(const struct rundir *rundir, int file, char path[PATH_MAX],
                         struct error *err)
{
    const char *staging = claim_staging(rundir->claim), *name = entered[file].name;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, entered[file].mode);
    if (fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "creating %s: %s", path, strerror(errno));
    close(fd);
    if (!claim_is_sole(rundir->claim))
        TRY(staging_renew(staging, path, err));
    TRY(staging_borrow(staging, path, name, err));
    return staging_path(staging, name, path, err);
}

enum status rundir_enter(struct rundir *rundir, struct error *err)
{
    char *const paths[ENTERED] = {rundir->manifest, rundir->journal, rundir->alerts};
    for (int i = 0; i < ENTERED; i++)
        TRY(enter(rundir, i, paths[i], err));
    if (claim_is_sole(rundir->claim))
        return STATUS_OK;
    return letter_files_renew(rundir->root, claim_staging(rundir->claim), err);
}

enum status rundir_publish_manifest(const struct rundir *rundir, struct error *err)
{
    char manifest[PATH_MAX];
    const char *staging = claim_staging(rundir->claim);
    TRY(path_join(manifest, sizeof manifest, rundir->root, "manifest", err));
    TRY(staging_borrow(staging, rundir->manifest, "manifest.new", err));
    return staging_publish(staging, "manifest.new", manifest, true, err);
}

enum status rundir_write_config(const struct rundir *rundir, const char *yaml, struct error *err)
{
    char path[PATH_MAX];
    const char *staging = claim_staging(rundir->claim);
    TRY(staging_path(staging, "config.yaml", path, err));
    TRY(durable_write_file(path, yaml, strlen(yaml), 0644, err));
    return staging_publish(staging, "config.yaml", rundir->config, true, err);
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

static bool is_segment(const char *name)
{
    return strncmp(name, "seg_", 4) == 0 && (ends_with(name, ".h5") || ends_with(name, ".h5.tmp"));
}

static bool is_checkpoint(const char *name)
{
    return strncmp(name, "ckpt_", 5) == 0 && (ends_with(name, ".h5") || ends_with(name, ".h5.tmp"));
}

static bool is_letter_file(const char *name)
{
    return letter_file_start(name) >= 0;
}

static enum status remove_all(const struct rundir *rundir, const char *folder,
                              bool (*is_ours)(const char *name), struct error *err)
{
    DIR *entries = opendir(folder);
    if (!entries)
        return error_set(err, STATUS_IO, "opening %s: %s", folder, strerror(errno));
    enum status status = STATUS_OK;
    char path[PATH_MAX];
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(entries));) {
        if (!is_ours(entry->d_name))
            continue;
        status = path_join(path, sizeof path, folder, entry->d_name, err);
        if (status == STATUS_OK)
            status = staging_remove(claim_staging(rundir->claim), path, err);
    }
    closedir(entries);
    return status;
}

enum status rundir_clear(struct rundir *rundir, struct error *err)
{
    static const char *const names[] = {"manifest",  "manifest.tmp",  "manifest.damaged",
                                        "journal",   "config.yaml",   "alerts.ndjson",
                                        "frames.h5", "frames.h5.tmp", "ckpt/latest",
                                        "early.h5",  "early.h5.tmp"};
    char path[PATH_MAX];
    /* The manifest goes first: without it nothing else is believed. */
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        TRY(path_join(path, sizeof path, rundir->root, names[i], err));
        TRY(staging_remove(claim_staging(rundir->claim), path, err));
    }
    TRY(remove_all(rundir, rundir->root, is_letter_file, err));
    TRY(remove_all(rundir, rundir->frames, is_segment, err));
    TRY(remove_all(rundir, rundir->checkpoints, is_checkpoint, err));
    return durable_sync(rundir->root, err);
}

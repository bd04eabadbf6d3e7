#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/durable.h"
#include "h5.h"
#include "pack_file.h"
#include "pack_seal.h"
#include "segment.h"

static void take_nothing(void *context, const void *message, size_t size)
{
    (void)context;
    (void)message;
    (void)size;
}

static enum status look(void *context, struct isolated *isolated, struct error *err)
{
    const char *path = context;
    struct h5_scope scope = h5_begin();
    (void)isolated;
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDONLY, h5_access_serial(&scope)));
    bool packed = !scope.failed && H5Aexists(file, "heatstream_pack") > 0;
    TRY(h5_end(&scope, STATUS_BAD_DATA, err, "reading %s", path));
    return packed ? STATUS_OK : error_set(err, STATUS_NO_INPUT, "%s is not packed", path);
}

/* One whose end is lost still says what it is. */
bool pack_is(const char *path)
{
    struct stat info;
    struct error ignored;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    return pack_seal_ends(path) || isolated_run("looking at a file", look, take_nothing,
                                                (void *)path, &ignored) == STATUS_OK;
}

struct opening {
    const char *path, *directory;
};

static enum status extract(void *context, struct isolated *isolated, struct error *err)
{
    const struct opening *opening = context;
    TRY(pack_file_check(opening->path, err));
    return pack_file_extract(opening->path, opening->directory, isolated, err);
}

/* Under the names that a run directory has for its frames. */
static enum status name_frames(const struct pack_view *view, const char *target, struct error *err)
{
    char path[PATH_MAX], name[64];
    TRY(path_join(path, sizeof path, view->directory, "frames", err));
    TRY(durable_make_directories(path, err));
    segment_name(0, name);
    TRY(path_join(path, sizeof path, view->directory, name, err));
    if (symlink(target, path) != 0)
        return error_set(err, STATUS_IO, "making %s: %s", path, strerror(errno));
    TRY(path_join(path, sizeof path, view->directory, "frames.h5", err));
    return symlink(target, path) == 0
               ? STATUS_OK
               : error_set(err, STATUS_IO, "making %s: %s", path, strerror(errno));
}

static enum status fill(const struct pack_view *view, const char *path, struct error *err)
{
    char here[PATH_MAX], target[PATH_MAX], what[PATH_MAX + 16];
    struct opening opening = {path, view->directory};
    if (!getcwd(here, sizeof here))
        return error_set(err, STATUS_NO_INPUT, "finding %s: %s", path, strerror(errno));
    TRY(path_join(target, sizeof target, path[0] == '/' ? "" : here, path, err));
    snprintf(what, sizeof what, "unpacking %s", path);
    TRY(isolated_run(what, extract, take_nothing, &opening, err));
    return name_frames(view, target, err);
}

static void remove_files(const char *folder)
{
    char path[PATH_MAX];
    struct error ignored;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        if (path_join(path, sizeof path, folder, entry->d_name, &ignored) == STATUS_OK)
            unlink(path);
    if (entries)
        closedir(entries);
    rmdir(folder);
}

/* The view, and the directory that was made for it. */
static void remove_view(const struct pack_view *view)
{
    char path[PATH_MAX];
    struct error ignored;
    if (path_join(path, sizeof path, view->directory, "frames", &ignored) == STATUS_OK)
        remove_files(path);
    remove_files(view->directory);
    snprintf(path, sizeof path, "%s", view->directory);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

/* In a process that outlives the one that uses the view, however that ends: its end of the pipe is
 * closed then. */
static void guard(const struct pack_view *view, int pipe_end)
{
    char byte;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    while (read(pipe_end, &byte, 1) != 0)
        ;
    remove_view(view);
    _exit(EXIT_SUCCESS);
}

static enum status start_guard(struct pack_view *view, struct error *err)
{
    int ends[2];
    if (pipe(ends) != 0)
        return error_set(err, STATUS_IO, "keeping %s: no pipe: %s", view->directory,
                         strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        close(ends[1]);
        guard(view, ends[0]);
    }
    int reason = errno;
    close(ends[0]);
    if (child < 0) {
        close(ends[1]);
        return error_set(err, STATUS_IO, "keeping %s: no process: %s", view->directory,
                         strerror(reason));
    }
    view->guard[0] = (int)child;
    view->guard[1] = ends[1];
    return STATUS_OK;
}

/* The last part of a path that names a file. */
static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static enum status make_directory(const char *path, struct pack_view *view, struct error *err)
{
    char made[PATH_MAX];
    const char *folder = getenv("TMPDIR");
    TRY(path_join(made, sizeof made, folder && *folder ? folder : "/tmp", "heatstream-pack-XXXXXX",
                  err));
    if (!mkdtemp(made))
        return error_set(err, STATUS_IO, "making a directory %s: %s", made, strerror(errno));
    enum status status =
        path_join(view->directory, sizeof view->directory, made, name_of(path), err);
    if (status == STATUS_OK && mkdir(view->directory, 0700) != 0)
        status = error_set(err, STATUS_IO, "making %s: %s", view->directory, strerror(errno));
    if (status == STATUS_OK)
        status = start_guard(view, err);
    if (status != STATUS_OK) {
        rmdir(view->directory);
        rmdir(made);
    }
    return status;
}

enum status pack_open(const char *path, struct pack_view *view, struct error *err)
{
    TRY(make_directory(path, view, err));
    enum status status = fill(view, path, err);
    if (status != STATUS_OK)
        pack_close(view);
    return status;
}

void pack_close(struct pack_view *view)
{
    close(view->guard[1]);
    while (waitpid(view->guard[0], NULL, 0) < 0 && errno == EINTR)
        ;
}

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
    (void)isolated;
    return pack_file_extract(opening->path, opening->directory, err);
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

enum status pack_open(const char *path, struct pack_view *view, struct error *err)
{
    const char *folder = getenv("TMPDIR");
    TRY(path_join(view->directory, sizeof view->directory, folder && *folder ? folder : "/tmp",
                  "heatstream-pack-XXXXXX", err));
    if (!mkdtemp(view->directory))
        return error_set(err, STATUS_IO, "making a directory %s: %s", view->directory,
                         strerror(errno));
    enum status status = fill(view, path, err);
    if (status != STATUS_OK)
        pack_close(view);
    return status;
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

void pack_close(struct pack_view *view)
{
    char path[PATH_MAX];
    struct error ignored;
    if (!view->directory[0])
        return;
    if (path_join(path, sizeof path, view->directory, "frames", &ignored) == STATUS_OK)
        remove_files(path);
    remove_files(view->directory);
    view->directory[0] = '\0';
}

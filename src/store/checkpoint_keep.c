#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/durable.h"
#include "store/checkpoint.h"
#include "store/manifest.h"
#include "store/staging.h"

static enum status remove_file(const char *directory, const char *staging, const char *name,
                               struct error *err)
{
    char path[PATH_MAX];
    TRY(path_join(path, sizeof path, directory, name, err));
    return staging_remove(staging, path, err);
}

int64_t checkpoint_window(const char *name, bool *unfinished)
{
    long long window;
    int end = 0;
    if (sscanf(name, "ckpt_%lld.h5%n", &window, &end) != 1 || end == 0 || window < 0)
        return -1;
    *unfinished = strcmp(name + end, ".tmp") == 0;
    return *unfinished || name[end] == '\0' ? window : -1;
}

/* Checkpoints newer than the manifest's newest are not ours to judge. */
static bool is_kept(const struct manifest *manifest, int64_t window)
{
    const struct manifest_checkpoint *list;
    int count = manifest_checkpoints(manifest, &list);
    if (count == 0 || window > list[count - 1].window)
        return true;
    for (int i = 0; i < count; i++)
        if (list[i].window == window)
            return true;
    return false;
}

/* Those the manifest does not keep, or without one all that are newer than `newest`. */
static enum status remove_others(const char *directory, const char *staging,
                                 const struct manifest *manifest, int64_t newest, struct error *err)
{
    DIR *entries = opendir(directory);
    if (!entries)
        return error_set(err, STATUS_IO, "opening %s: %s", directory, strerror(errno));
    enum status status = STATUS_OK;
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(entries));) {
        bool unfinished;
        int64_t window = checkpoint_window(entry->d_name, &unfinished);
        bool kept = manifest ? is_kept(manifest, window) : window <= newest;
        if (window >= 0 && (unfinished || !kept))
            status = remove_file(directory, staging, entry->d_name, err);
    }
    closedir(entries);
    return status;
}

enum status checkpoint_remove_old(const char *directory, const char *staging,
                                  const struct manifest *manifest, struct error *err)
{
    return remove_others(directory, staging, manifest, 0, err);
}

enum status checkpoint_remove_newer(const char *directory, const char *staging, int64_t newest,
                                    struct error *err)
{
    return remove_others(directory, staging, NULL, newest, err);
}

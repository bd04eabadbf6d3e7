#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "store/manifest.h"

static enum status remove_file(const char *directory, const char *name, struct error *err)
{
    char path[PATH_MAX];
    TRY(path_join(path, sizeof path, directory, name, err));
    if (unlink(path) == 0 || errno == ENOENT)
        return STATUS_OK;
    return error_set(err, STATUS_IO, "removing %s: %s", path, strerror(errno));
}

static enum status remove_unfinished(const char *directory, struct error *err)
{
    DIR *entries = opendir(directory);
    if (!entries)
        return error_set(err, STATUS_IO, "opening %s: %s", directory, strerror(errno));
    enum status status = STATUS_OK;
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(entries));) {
        long long window;
        int end = 0;
        if (sscanf(entry->d_name, "ckpt_%lld.h5.tmp%n", &window, &end) == 1 && end &&
            entry->d_name[end] == '\0')
            status = remove_file(directory, entry->d_name, err);
    }
    closedir(entries);
    return status;
}

enum status checkpoint_remove_old(const char *directory, const struct manifest *manifest, int keep,
                                  struct error *err)
{
    const struct manifest_checkpoint *list;
    int count = manifest_checkpoints(manifest, &list), settled = count - 1;
    while (settled >= 0 && list[settled].provisional)
        settled--;
    for (int i = 0; i < count - keep; i++) {
        char name[32];
        checkpoint_name(list[i].window, name);
        if (i != settled)
            TRY(remove_file(directory, name, err));
    }
    return remove_unfinished(directory, err);
}

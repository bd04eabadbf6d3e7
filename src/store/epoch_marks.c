#include "epoch_marks.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "epochs.h"
#include "store/staging.h"

static const char unclean[] = "unclean";

enum status epoch_link(const char *from, const char *to, struct error *err)
{
    if (link(from, to) != 0)
        return error_set(err, STATUS_CANNOT_CREATE,
                         "linking %s to %s: %s; a run directory needs a file system with hard "
                         "links",
                         from, to, strerror(errno));
    return STATUS_OK;
}

/* Makes the owner known as `to`, too. */
static enum status publish_owner(const char *directory, const char *staging, const char *to,
                                 struct error *err)
{
    char owner[PATH_MAX], shown[PATH_MAX];
    TRY(path_join(owner, sizeof owner, directory, EPOCH_OWNER, err));
    TRY(path_join(shown, sizeof shown, staging, "owner", err));
    TRY(epoch_link(owner, shown, err));
    if (rename(shown, to) != 0)
        return error_set(err, STATUS_CANNOT_CREATE, "renaming %s to %s: %s", shown, to,
                         strerror(errno));
    return STATUS_OK;
}

enum status epoch_show_lock(const char *root, const char *directory, const char *staging,
                            struct error *err)
{
    char lock[PATH_MAX];
    TRY(path_join(lock, sizeof lock, root, "lock", err));
    return publish_owner(directory, staging, lock, err);
}

void epoch_tell_end(const char *directory, const char *staging)
{
    char released[PATH_MAX];
    struct error ignored;
    if (path_join(released, sizeof released, directory, EPOCH_RELEASED, &ignored) == STATUS_OK)
        (void)!publish_owner(directory, staging, released, &ignored);
}

enum status epoch_tell_unclean(const char *directory, const char *staging, struct error *err)
{
    char made[PATH_MAX], mark[PATH_MAX];
    TRY(path_join(mark, sizeof mark, directory, unclean, err));
    TRY(staging_path(staging, unclean, made, err));
    TRY(durable_write_file(made, "", 0, 0644, err));
    return staging_publish(staging, unclean, mark, true, err);
}

enum status epoch_tell_clean(const char *directory, const char *staging, struct error *err)
{
    char mark[PATH_MAX];
    TRY(path_join(mark, sizeof mark, directory, unclean, err));
    return staging_remove(staging, mark, err);
}

bool epoch_is_unclean(const char *root, int64_t number)
{
    char directory[PATH_MAX], mark[PATH_MAX];
    struct error ignored;
    struct stat info;
    if (epoch_path(root, number, directory, &ignored) != STATUS_OK ||
        path_join(mark, sizeof mark, directory, unclean, &ignored) != STATUS_OK)
        return true;
    return stat(mark, &info) == 0 || errno != ENOENT;
}

#include "rundir_links.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static enum status check_entry(int folder_fd, const char *folder, const char *name,
                               struct error *err)
{
    struct stat info;
    if (fstatat(folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISLNK(info.st_mode))
        return STATUS_OK; /* what has gone meanwhile is no link */
    return error_set(err, STATUS_CANNOT_CREATE,
                     "%s/%s is a symbolic link: a run writes to files of its own directory only. "
                     "Link the directory itself, or what is above it",
                     folder, name);
}

enum status rundir_refuse_links(const char *folder, struct error *err)
{
    DIR *entries = opendir(folder);
    if (!entries && errno == ENOENT)
        return STATUS_OK;
    if (!entries)
        return error_set(err, STATUS_CANNOT_CREATE, "opening %s: %s", folder, strerror(errno));
    enum status status = STATUS_OK;
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(entries));)
        status = check_entry(dirfd(entries), folder, entry->d_name, err);
    closedir(entries);
    return status;
}

#include "store/log_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/durable.h"
#include "store/staging.h"

enum { NAME_BYTES = 32 };

static void name_of(int64_t number, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "log.%06lld", (long long)number);
}

/* 0: another file. */
static int64_t number_of(const char *name)
{
    long long number = 0;
    char same[NAME_BYTES];
    if (sscanf(name, "log.%18lld", &number) != 1 || number <= 0)
        return 0;
    name_of(number, same);
    return strcmp(name, same) == 0 ? number : 0;
}

static enum status path_of(const char *root, int64_t number, char path[PATH_MAX], struct error *err)
{
    char name[NAME_BYTES];
    name_of(number, name);
    return path_join(path, PATH_MAX, root, name, err);
}

static enum status newest_number(const char *root, int64_t *newest, struct error *err)
{
    DIR *entries = opendir(root);
    if (!entries)
        return error_set(err, STATUS_IO, "opening %s: %s", root, strerror(errno));
    *newest = 0;
    for (struct dirent *entry; (entry = readdir(entries));)
        *newest = max_int64(*newest, number_of(entry->d_name));
    closedir(entries);
    return STATUS_OK;
}

/* A run that was killed between two steps has left the newest numbered file under both names. */
static bool is_numbered(const char *root, const char *log, int64_t newest)
{
    char path[PATH_MAX];
    struct stat present, numbered;
    struct error ignored;
    return newest > 0 && path_of(root, newest, path, &ignored) == STATUS_OK &&
           stat(log, &present) == 0 && stat(path, &numbered) == 0 &&
           present.st_dev == numbered.st_dev && present.st_ino == numbered.st_ino;
}

static enum status give_number(const char *root, const char *staging, const char *log,
                               int64_t *newest, struct error *err)
{
    char path[PATH_MAX];
    if (is_numbered(root, log, *newest))
        return STATUS_OK;
    TRY(path_of(root, *newest + 1, path, err));
    TRY(staging_borrow(staging, log, "log_full", err));
    TRY(staging_publish(staging, "log_full", path, false, err));
    ++*newest;
    return STATUS_OK;
}

static enum status make_empty(const char *staging, const char *log, struct error *err)
{
    char path[PATH_MAX];
    TRY(staging_path(staging, "log", path, err));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "creating %s: %s", path, strerror(errno));
    close(fd);
    return staging_publish(staging, "log", log, false, err);
}

static enum status remove_older(const char *root, const char *staging, int64_t newest_to_go,
                                struct error *err)
{
    DIR *entries = opendir(root);
    char path[PATH_MAX];
    if (!entries)
        return error_set(err, STATUS_IO, "opening %s: %s", root, strerror(errno));
    enum status status = STATUS_OK;
    for (struct dirent *entry; status == STATUS_OK && (entry = readdir(entries));) {
        int64_t number = number_of(entry->d_name);
        if (number == 0 || number > newest_to_go)
            continue;
        status = path_of(root, number, path, err);
        if (status == STATUS_OK)
            status = staging_remove(staging, path, err);
    }
    closedir(entries);
    return status;
}

enum status log_files_turn(const char *root, const char *staging, int64_t keep, struct error *err)
{
    char log[PATH_MAX];
    int64_t newest = 0;
    TRY(path_join(log, sizeof log, root, "log", err));
    TRY(newest_number(root, &newest, err));
    TRY(give_number(root, staging, log, &newest, err));
    TRY(make_empty(staging, log, err));
    return remove_older(root, staging, newest - (keep - 1), err);
}

#include "store/letter_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "store/staging.h"

static const char first_name[] = "dead_letters.ndjson";

void letter_file_name(int64_t start, char name[LETTER_FILE_NAME])
{
    if (start == 0)
        strcpy(name, first_name);
    else
        snprintf(name, LETTER_FILE_NAME, "dead_letters_%015lld.ndjson", (long long)start);
}

int64_t letter_file_start(const char *name)
{
    long long start = 0;
    char same[LETTER_FILE_NAME];
    if (strcmp(name, first_name) == 0)
        return 0;
    if (sscanf(name, "dead_letters_%18lld.ndjson", &start) != 1 || start <= 0)
        return -1;
    letter_file_name(start, same);
    return strcmp(name, same) == 0 ? start : -1;
}

static int by_position(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

enum status letter_files_list(const char *root, struct buffer *starts, struct error *err)
{
    DIR *entries = opendir(root);
    if (!entries)
        return error_set(err, STATUS_IO, "opening %s: %s", root, strerror(errno));
    for (struct dirent *entry; (entry = readdir(entries));) {
        int64_t start = letter_file_start(entry->d_name);
        if (start >= 0)
            buffer_append(starts, &start, sizeof start);
    }
    closedir(entries);
    if (starts->size > 0)
        qsort(starts->data, starts->size / sizeof(int64_t), sizeof(int64_t), by_position);
    return STATUS_OK;
}

static enum status path_of(const char *root, int64_t start, char path[PATH_MAX], struct error *err)
{
    char name[LETTER_FILE_NAME];
    letter_file_name(start, name);
    return path_join(path, PATH_MAX, root, name, err);
}

static enum status remove_file(const char *root, const char *staging, int64_t start,
                               struct error *err)
{
    char path[PATH_MAX];
    TRY(path_of(root, start, path, err));
    return staging_remove(staging, path, err);
}

enum status letter_files_renew(const char *root, const char *staging, struct error *err)
{
    char path[PATH_MAX];
    struct buffer list = {0};
    enum status status = letter_files_list(root, &list, err);
    const int64_t *starts = (const void *)list.data;
    if (status == STATUS_OK && list.size > 0)
        status = path_of(root, starts[list.size / sizeof *starts - 1], path, err);
    if (status == STATUS_OK && list.size > 0)
        status = staging_renew(staging, path, err);
    buffer_release(&list);
    return status;
}

/* From the newest on: what a crash leaves are files that follow each other. */
static enum status remove_from(const char *root, const char *staging, int64_t size,
                               const struct buffer *list, int64_t *left, struct error *err)
{
    const int64_t *starts = (const void *)list->data;
    size_t count = list->size / sizeof *starts;
    while (count > 0 && starts[count - 1] > 0 && starts[count - 1] >= size)
        TRY(remove_file(root, staging, starts[--count], err));
    *left = count > 0 ? starts[count - 1] : -1;
    return STATUS_OK;
}

static enum status borrow(const char *root, const char *staging, int64_t start,
                          char staged[PATH_MAX], struct error *err)
{
    char path[PATH_MAX], name[LETTER_FILE_NAME];
    letter_file_name(start, name);
    TRY(path_of(root, start, path, err));
    TRY(staging_path(staging, name, staged, err));
    return staging_borrow(staging, path, name, err);
}

enum status letter_files_cut(const char *root, const char *staging, int64_t size, int64_t *start,
                             char staged[PATH_MAX], struct error *err)
{
    struct buffer list = {0};
    int64_t left = -1;
    enum status status = letter_files_list(root, &list, err);
    if (status == STATUS_OK)
        status = remove_from(root, staging, size, &list, &left, err);
    buffer_release(&list);
    TRY(status);
    if (left < 0 && size > 0)
        return error_set(err, STATUS_BAD_DATA,
                         "%s has no file of dead letters that begins before byte %lld, up to which "
                         "the checkpoint counts on them",
                         root, (long long)size);
    *start = left < 0 ? 0 : left;
    return left < 0 ? letter_files_begin(root, staging, 0, staged, err)
                    : borrow(root, staging, left, staged, err);
}

enum status letter_files_begin(const char *root, const char *staging, int64_t start,
                               char staged[PATH_MAX], struct error *err)
{
    char path[PATH_MAX], name[LETTER_FILE_NAME];
    letter_file_name(start, name);
    TRY(path_of(root, start, path, err));
    TRY(staging_path(staging, name, staged, err));
    TRY(durable_make_private(staged, err));
    TRY(staging_borrow(staging, staged, "letters_shown", err));
    return staging_publish(staging, "letters_shown", path, true, err);
}

void letter_files_return(const char *staging, int64_t start)
{
    char name[LETTER_FILE_NAME];
    letter_file_name(start, name);
    staging_return(staging, name);
}

enum status letter_files_remove_old(const char *root, const char *staging, int64_t position,
                                    int64_t keep, struct error *err)
{
    struct buffer list = {0};
    enum status status = letter_files_list(root, &list, err);
    const int64_t *starts = (const void *)list.data;
    int64_t count = (int64_t)(list.size / sizeof *starts);
    /* a file that ends at the position may be appended to when the run goes back to it */
    for (int64_t i = 0; status == STATUS_OK && i < count - keep && starts[i + 1] < position; i++)
        status = remove_file(root, staging, starts[i], err);
    buffer_release(&list);
    return status;
}

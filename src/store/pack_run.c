#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "pack_file.h"
#include "segment.h"

static void take_progress(void *context, const void *message, size_t size)
{
    struct pack_file *file = context;
    const struct pack_watch *watch = file->watch;
    if (size != sizeof file->done)
        return;
    memcpy(&file->done, message, size);
    if (watch->progress)
        watch->progress(watch->context, file->done, file->rows);
    if (watch->stopped && watch->stopped(watch->context))
        (void)!write(file->stop[1], "", 1);
}

enum status pack_file_run(struct pack_file *file, struct error *err)
{
    char what[PATH_MAX + 16];
    if (pipe(file->stop) != 0)
        return error_set(err, STATUS_IO, "packing %s: no pipe: %s", file->source, strerror(errno));
    snprintf(what, sizeof what, "%s %s", file->command_line ? "packing" : "unfolding",
             file->source);
    file->done = 0;
    enum status status = isolated_run(what, pack_file_make, take_progress, file, err);
    close(file->stop[0]);
    close(file->stop[1]);
    return status;
}

enum status pack_unfold(const char *path, const struct pack_view *view,
                        const struct pack_watch *watch, struct error *err)
{
    char name[64], segment[PATH_MAX], made[PATH_MAX];
    struct pack_file file = {.source = path, .path = made, .watch = watch};
    segment_name(0, name);
    TRY(path_join(segment, sizeof segment, view->directory, name, err));
    TRY(path_join(made, sizeof made, view->directory, "unfolded.h5", err));
    TRY(pack_file_run(&file, err));
    if (rename(made, segment) != 0)
        return error_set(err, STATUS_IO, "naming %s: %s", segment, strerror(errno));
    return STATUS_OK;
}

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/durable.h"
#include "base/memory.h"
#include "sink_ops.h"

enum { FULL = 256 << 10 };

struct output {
    int fd;
    char *name;
    struct buffer lines; /* not yet written */
};

/* Either one output a partition, or a single one for all. */
struct sink_file {
    struct sink base;
    struct output *outputs;
    int count;
    bool owns_fds;
};

static enum status write_lines(struct output *output, struct error *err)
{
    TRY(durable_write_all(output->fd, output->name, output->lines.data, output->lines.size, err));
    buffer_clear(&output->lines);
    return STATUS_OK;
}

static enum status file_put(struct sink *base, const struct sink_record *record, struct error *err)
{
    struct sink_file *sink = (struct sink_file *)base;
    struct output *output = &sink->outputs[sink->count > 1 ? record->partition : 0];
    buffer_append(&output->lines, record->value, record->value_size);
    buffer_put_u8(&output->lines, '\n');
    return output->lines.size < FULL ? STATUS_OK : write_lines(output, err);
}

static enum status file_push(struct sink *base, struct error *err)
{
    struct sink_file *sink = (struct sink_file *)base;
    for (int i = 0; i < sink->count; i++)
        TRY(write_lines(&sink->outputs[i], err));
    return STATUS_OK;
}

static enum status file_flush(struct sink *base, struct error *err)
{
    struct sink_file *sink = (struct sink_file *)base;
    TRY(file_push(base, err));
    for (int i = 0; sink->owns_fds && i < sink->count; i++) {
        struct output *output = &sink->outputs[i];
        int fd = output->fd;
        output->fd = -1;
        if (close(fd) != 0)
            return error_set(err, STATUS_IO, "closing %s: %s", output->name, strerror(errno));
    }
    return STATUS_OK;
}

static void file_destroy(struct sink *base)
{
    struct sink_file *sink = (struct sink_file *)base;
    for (int i = 0; i < sink->count; i++) {
        if (sink->owns_fds && sink->outputs[i].fd >= 0)
            close(sink->outputs[i].fd);
        buffer_release(&sink->outputs[i].lines);
        free(sink->outputs[i].name);
    }
    free(sink->outputs);
    free(sink);
}

static const struct sink_ops file_ops = {
    .put = file_put, .push = file_push, .flush = file_flush, .destroy = file_destroy};

static struct sink_file *make_sink(int count, bool owns_fds)
{
    struct sink_file *sink = memory_zeroed(1, sizeof *sink);
    sink->outputs = memory_zeroed(count, sizeof *sink->outputs);
    sink->base.ops = &file_ops;
    sink->count = count;
    sink->owns_fds = owns_fds;
    for (int i = 0; i < count; i++)
        sink->outputs[i].fd = -1;
    return sink;
}

static char *copy_name(const char *name)
{
    char *copy = memory_text(name);
    return copy;
}

static enum status open_output(struct output *output, const char *prefix, int partition,
                               struct error *err)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s.%d.ndjson", prefix, partition);
    if (length < 0 || (size_t)length >= sizeof path)
        return error_set(err, STATUS_CANNOT_CREATE, "path too long: %s.%d.ndjson", prefix,
                         partition);
    output->name = copy_name(path);
    output->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (output->fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "creating %s: %s", path, strerror(errno));
    return STATUS_OK;
}

enum status sink_open_files(const char *prefix, int partitions, struct sink **opened,
                            struct error *err)
{
    struct sink_file *sink = make_sink(partitions, true);
    for (int p = 0; p < partitions; p++) {
        enum status status = open_output(&sink->outputs[p], prefix, p, err);
        if (status != STATUS_OK) {
            file_destroy(&sink->base);
            return status;
        }
    }
    *opened = &sink->base;
    return STATUS_OK;
}

enum status sink_open_stream(int fd, const char *name, struct sink **opened, struct error *err)
{
    struct sink_file *sink = make_sink(1, false);
    (void)err;
    sink->outputs[0].fd = fd;
    sink->outputs[0].name = copy_name(name);
    *opened = &sink->base;
    return STATUS_OK;
}

#include "wire/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "wire/csv.h"

enum { BLOCK = 256 << 10, INDEX_EVERY = 16384 };

struct line_file {
    char *path, *header;
    int fd;
    int64_t count, next;
    int64_t begin;       /* where line 0 begins in the file */
    struct buffer index; /* int64: where lines 0, INDEX_EVERY, 2 * INDEX_EVERY, … begin */
    struct buffer block; /* what has been read and not handed over, from `at` on */
    size_t at;
    int64_t position; /* in the file, behind the block */
    bool ended;       /* the block reaches the end of the file */
    bool cut;         /* the rest of an overlong line is still to be passed over */
};

static enum status fail(const struct line_file *file, const char *what, struct error *err)
{
    return error_set(err, STATUS_IO, "%s %s: %s", what, file->path, strerror(errno));
}

static enum status read_more(struct line_file *file, struct error *err)
{
    size_t left = file->block.size - file->at;
    if (file->at > 0 && left > 0)
        memmove(file->block.data, file->block.data + file->at, left);
    file->block.size = left;
    file->at = 0;
    size_t room = left > BLOCK ? left : BLOCK, most = (size_t)LINE_BYTES_MAX + 1 - left;
    room = room < most ? room : most;
    uint8_t *end = buffer_reserve(&file->block, room);
    ssize_t got;
    do
        got = pread(file->fd, end, room, (off_t)file->position);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail(file, "reading", err);
    file->ended = got == 0;
    file->block.size += (size_t)got;
    file->position += got;
    return STATUS_OK;
}

static void rewind_to(struct line_file *file, int64_t line, int64_t position)
{
    buffer_clear(&file->block);
    file->at = 0;
    file->ended = file->cut = false;
    file->next = line;
    file->position = position;
}

/* Takes a line out of the block; false when it holds no whole one. */
static bool take_line(struct line_file *file, struct line *line)
{
    const uint8_t *begin = file->block.data + file->at;
    size_t left = file->block.size - file->at;
    const uint8_t *feed = left ? memchr(begin, '\n', left) : NULL;
    if (!feed && left > LINE_BYTES_MAX) {
        *line = (struct line){begin, LINE_BYTES_MAX + 1};
        file->cut = true;
    } else if (feed || (file->ended && left > 0)) {
        *line = (struct line){begin, feed ? (size_t)(feed - begin) : left};
    } else {
        return false;
    }
    file->at += line->size + (feed != NULL);
    file->next++;
    return true;
}

static enum status pass_rest_of_cut_line(struct line_file *file, struct error *err)
{
    while (file->cut) {
        size_t left = file->block.size - file->at;
        const uint8_t *begin = file->block.data + file->at;
        const uint8_t *feed = left ? memchr(begin, '\n', left) : NULL;
        file->at = feed ? (size_t)(feed + 1 - file->block.data) : file->block.size;
        file->cut = !feed && !file->ended;
        if (file->cut)
            TRY(read_more(file, err));
    }
    return STATUS_OK;
}

enum status line_file_read(struct line_file *file, int max, struct line *lines, int *count,
                           struct error *err)
{
    int taken = 0;
    int64_t left = file->count - file->next;
    TRY(pass_rest_of_cut_line(file, err));
    while (taken < max && taken < left && !file->cut) {
        if (take_line(file, &lines[taken])) {
            taken++;
            continue;
        }
        if (taken > 0)
            break;
        if (file->ended)
            return error_set(err, STATUS_IO, "%s has become shorter: line %lld of %lld is gone",
                             file->path, (long long)file->next, (long long)file->count);
        TRY(read_more(file, err));
    }
    *count = taken;
    return STATUS_OK;
}

enum status line_file_seek(struct line_file *file, int64_t line, struct error *err)
{
    struct line passed;
    int64_t sample = line / INDEX_EVERY, position = file->begin;
    int got = 1;
    if ((size_t)sample * sizeof position < file->index.size)
        memcpy(&position, file->index.data + (size_t)sample * sizeof position, sizeof position);
    rewind_to(file, sample * INDEX_EVERY, position);
    while (file->next < line && got > 0)
        TRY(line_file_read(file, 1, &passed, &got, err));
    return STATUS_OK;
}

/* Counts the lines from `begin` on and notes where every INDEX_EVERY-th begins. */
static enum status count_lines(struct line_file *file, struct error *err)
{
    int64_t line_begin = file->begin, lines = 0;
    rewind_to(file, 0, file->begin);
    for (;;) {
        file->at = file->block.size;
        TRY(read_more(file, err));
        if (file->block.size == 0)
            break;
        const uint8_t *data = file->block.data, *end = data + file->block.size, *feed;
        int64_t data_begin = file->position - (int64_t)file->block.size;
        for (const uint8_t *at = data; (feed = memchr(at, '\n', (size_t)(end - at)));
             at = feed + 1) {
            if (lines++ % INDEX_EVERY == 0)
                buffer_put_i64(&file->index, line_begin);
            line_begin = data_begin + (feed + 1 - data);
        }
    }
    if (file->position > line_begin && lines++ % INDEX_EVERY == 0)
        buffer_put_i64(&file->index, line_begin);
    file->count = lines;
    rewind_to(file, 0, file->begin);
    return STATUS_OK;
}

static bool is_named_csv(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && (strcmp(dot, ".csv") == 0 || strcmp(dot, ".CSV") == 0);
}

/* Headers fit a block: a first line that does not is data. */
static enum status take_header(struct line_file *file, struct error *err)
{
    struct line line = {0};
    TRY(read_more(file, err));
    const uint8_t *feed =
        file->block.size ? memchr(file->block.data, '\n', file->block.size) : NULL;
    line.text = file->block.data;
    line.size = feed ? (size_t)(feed - line.text) : file->block.size;
    if ((!feed && file->block.size == BLOCK) || memchr(line.text, 0, line.size))
        return STATUS_OK;
    if (!is_named_csv(file->path) && !csv_is_header(line.text, line.size))
        return STATUS_OK;
    file->header = memory_checked(strndup((const char *)line.text, line.size));
    file->begin = (int64_t)line.size + (feed != NULL);
    return STATUS_OK;
}

static enum status open_regular(struct line_file *file, struct error *err)
{
    struct stat info;
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0 || fstat(file->fd, &info) != 0)
        return error_set(err, STATUS_NO_INPUT, "opening event file %s: %s", file->path,
                         strerror(errno));
    if (!S_ISREG(info.st_mode))
        return error_set(err, STATUS_NO_INPUT,
                         "event file %s is not a regular file, so it cannot be read again after a "
                         "restart",
                         file->path);
    return STATUS_OK;
}

enum status line_file_open(const char *path, struct line_file **opened, struct error *err)
{
    struct line_file *file = memory_zeroed(1, sizeof *file);
    file->path = memory_text(path);
    file->fd = -1;
    enum status status = open_regular(file, err);
    if (status == STATUS_OK)
        status = take_header(file, err);
    if (status == STATUS_OK)
        status = count_lines(file, err);
    if (status != STATUS_OK) {
        line_file_close(file);
        return status;
    }
    *opened = file;
    return STATUS_OK;
}

void line_file_close(struct line_file *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    buffer_release(&file->block);
    buffer_release(&file->index);
    free(file->header);
    free(file->path);
    free(file);
}

const char *line_file_header(const struct line_file *file)
{
    return file->header;
}

int64_t line_file_count(const struct line_file *file)
{
    return file->count;
}

int64_t line_file_next(const struct line_file *file)
{
    return file->next;
}

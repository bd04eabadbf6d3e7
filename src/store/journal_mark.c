#include "store/journal_mark.h"

#include <string.h>
#include <zlib.h>

#include "base/linelog.h"

struct marking {
    int64_t most;
    struct journal_mark mark;
};

static enum status visit(void *context, const char *line, struct error *err)
{
    struct marking *marking = context;
    struct journal_mark *mark = &marking->mark;
    (void)err;
    if (mark->lines == marking->most)
        return STATUS_OK;
    mark->lines++;
    mark->crc =
        (int64_t)crc32_z((uLong)mark->crc, (const Bytef *)(const void *)line, strlen(line) + 1);
    return STATUS_OK;
}

enum status journal_mark_of(const char *path, int64_t most, struct journal_mark *mark,
                            struct error *err)
{
    struct marking marking = {.most = most};
    TRY(linelog_read(path, visit, &marking, NULL, err));
    *mark = marking.mark;
    return STATUS_OK;
}

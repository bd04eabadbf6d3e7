#include "committed.h"

#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"

static enum status note(const struct manifest *manifest, const struct manifest_frame *frame,
                        struct committed *committed, struct error *err)
{
    struct committed_row *row = &committed->row[frame->row];
    if (row->window >= 0 && row->window != frame->window)
        return error_set(err, STATUS_BAD_DATA,
                         "the manifest says of row %lld that it holds window %lld and window %lld",
                         (long long)frame->row, (long long)row->window, (long long)frame->window);
    row->window = frame->window;
    if (manifest_is_last_said(manifest, frame))
        row->frame = frame;
    committed->rows = max_int64(committed->rows, frame->row + 1);
    return STATUS_OK;
}

enum status committed_of(const struct manifest *manifest, struct committed *committed,
                         struct error *err)
{
    const struct manifest_frame *frames;
    int64_t count = manifest_frames(manifest, &frames);
    struct committed made = {.row = memory_zeroed(max_int64(count, 1), sizeof *made.row)};
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < count; i++)
        made.row[i].window = -1;
    for (int64_t i = 0; i < count && status == STATUS_OK; i++) {
        if (frames[i].row >= count) /* every row has a line */
            status = error_set(err, STATUS_BAD_DATA,
                               "the manifest has %lld frame lines, one of them of row %lld",
                               (long long)count, (long long)frames[i].row);
        else
            status = note(manifest, &frames[i], &made, err);
    }
    if (status != STATUS_OK)
        committed_release(&made);
    else
        *committed = made;
    return status;
}

void committed_release(struct committed *committed)
{
    free(committed->row);
    *committed = (struct committed){0};
}

int64_t committed_held(const struct committed *committed)
{
    int64_t rows = committed->rows;
    while (rows > 0 && !committed->row[rows - 1].frame)
        rows--;
    return rows;
}

#include <limits.h>

#include "base/arith.h"
#include "base/durable.h"
#include "segment.h"
#include "verify_walk.h"

enum status verify_segment_path(const struct verify *verify, int64_t number, char path[PATH_MAX],
                                struct error *err)
{
    char name[64];
    if (verify->packed)
        return path_join(path, PATH_MAX, verify->packed[0] == '/' ? "" : ".", verify->packed, err);
    segment_name(number, name);
    return path_join(path, PATH_MAX, verify->directory, name, err);
}

static void take_shape(void *context, const struct scanned_file *file)
{
    struct verify_walk *walk = context;
    walk->shape = file->shape;
}

/* The first segment that can be read, of those of which each has the rows that the deck gives to
 * the first ones, says how large all are. */
static enum status find_shape(struct verify_walk *walk, struct error *err)
{
    struct frames_scan scan = {.file = take_shape, .context = walk};
    struct error reason = {""};
    for (int64_t number = 0; number < (walk->verify->packed ? 1 : 100) && walk->shape.gnx == 0;
         number++) {
        char path[PATH_MAX];
        TRY(verify_segment_path(walk->verify, number, path, err));
        if (durable_exists(path) && frames_scan(path, &scan, &reason) == STATUS_IO)
            return error_set(err, STATUS_IO, "%s", reason.text);
    }
    if (walk->shape.gnx > 0) {
        int64_t cells = walk->shape.gnx * walk->shape.gny;
        walk->segments = segments_of(max_int64(walk->shape.most_rows, 1),
                                     cells * frame_cell_bytes(walk->shape.f64));
        walk->verify->shape = (struct verify_shape){.gnx = walk->shape.gnx,
                                                    .gny = walk->shape.gny,
                                                    .per_segment = walk->segments.per_segment,
                                                    .f64 = walk->shape.f64};
        return STATUS_OK;
    }
    int64_t held = committed_held(&walk->committed);
    if (held > 0)
        verify_differs(walk->verify,
                       "frames/ has no segment that can be read: %lld rows are lost%s%s",
                       (long long)held, reason.text[0] ? ": " : "", reason.text);
    return STATUS_OK;
}

/* All rows of a packed file are in one; those that were left out are told at its end. */
static enum status walk_packed(struct verify_walk *walk, struct error *err)
{
    int64_t rows = walk->shape.rows;
    if (walk->committed.rows > rows)
        walk->verify->counts.rewriting = walk->committed.rows - rows;
    return walk->shape.gnx > 0 ? verify_segment(walk, 0, err) : STATUS_OK;
}

static enum status walk_segments(struct verify_walk *walk, struct error *err)
{
    TRY(find_shape(walk, err));
    if (walk->verify->packed)
        return walk_packed(walk, err);
    for (int64_t number = 0; walk->shape.gnx > 0; number++) {
        if (segments_start(&walk->segments, number) >= walk->committed.rows)
            return STATUS_OK;
        TRY(verify_segment(walk, number, err));
    }
    return STATUS_OK;
}

static void check_finish(const struct verify_walk *walk)
{
    struct verify *verify = walk->verify;
    const struct committed *committed = &walk->committed;
    struct manifest_finish finish;
    verify->shape.finished = manifest_finished(*walk->manifest, &finish);
    if (!verify->shape.finished)
        return;
    if (verify->counts.rewriting > 0)
        verify_differs(verify, "the run finished, but %lld rows are announced as being rewritten",
                       (long long)verify->counts.rewriting);
    for (int64_t row = committed->rows - 1; row >= 0; row--) {
        const struct manifest_frame *frame = committed->row[row].frame;
        if (frame && frame->window == finish.window && !digest_equal(frame->digest, finish.digest))
            verify_differs(verify, "the manifest has two digests of the last window, %lld",
                           (long long)finish.window);
    }
}

enum status verify_frames(struct verify *verify, struct manifest **manifest, struct error *err)
{
    struct verify_walk walk = {.verify = verify, .manifest = manifest};
    struct error reason;
    verify->counts.last_window = -1;
    if (committed_of(*manifest, &walk.committed, &reason) != STATUS_OK) {
        verify_differs(verify, "%s", reason.text);
        return STATUS_OK;
    }
    enum status status = walk_segments(&walk, err);
    verify->shape.held = committed_held(&walk.committed);
    if (status == STATUS_OK)
        check_finish(&walk);
    committed_release(&walk.committed);
    return status;
}

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "base/isolated.h"
#include "file_facts.h"
#include "master.h"
#include "segment.h"
#include "store/repair.h"

/* A master to be written by what one segment says of the run. */
struct mending {
    const struct repair *repair;
    const struct verify *verify;
    const char *segment;
};

static struct segments segments_in(const struct verify *verify)
{
    const struct verify_shape *shape = &verify->shape;
    return segments_of(shape->per_segment > 0 ? shape->per_segment : 1,
                       shape->gnx * shape->gny * frame_cell_bytes(shape->f64));
}

static enum status write_master(const struct mending *mending, struct file_facts *facts,
                                const struct frames_shape *shape, struct error *err)
{
    char path[PATH_MAX];
    const struct verify *verify = mending->verify;
    const struct verify_offsets *offsets = &verify->offsets;
    struct layout layout = file_facts_layout(facts, shape);
    layout.segments = segments_in(verify);
    if (layout.offsets.topic && offsets->partitions == layout.offsets.partitions) {
        layout.offsets.first = offsets->first;
        layout.offsets.next = offsets->next;
        layout.offsets.lost = offsets->lost;
    }
    TRY(path_join(path, sizeof path, verify->directory, "frames.h5", err));
    const struct repair *repair = mending->repair;
    const struct master_place place = {
        .staging = repair->staging ? repair->staging : repair->directory, .path = path};
    return master_write(&layout, &place, verify->shape.held, true, err);
}

static enum status work(void *context, struct isolated *isolated, struct error *err)
{
    const struct mending *mending = context;
    struct frames_reader *reader;
    struct file_facts facts = {0};
    (void)isolated;
    TRY(frames_reader_open(mending->segment, &reader, err));
    struct frames_shape shape = frames_reader_shape(reader);
    enum status status = file_facts_read(reader, mending->segment, &facts, err);
    if (status == STATUS_OK)
        status = write_master(mending, &facts, &shape, err);
    frames_reader_close(reader);
    file_facts_release(&facts);
    return status;
}

static void take_nothing(void *context, const void *message, size_t size)
{
    (void)context;
    (void)message;
    (void)size;
}

/* STATUS_BAD_DATA: this segment does not say enough. */
static enum status mend_by(struct mending *mending, int64_t number, struct error *err)
{
    char path[PATH_MAX], name[64], what[PATH_MAX + 64];
    segment_name(number, name);
    TRY(path_join(path, sizeof path, mending->verify->directory, name, err));
    if (!durable_exists(path))
        return error_set(err, STATUS_BAD_DATA, "%s is missing", path);
    mending->segment = path;
    snprintf(what, sizeof what, "making frames.h5 by %s", path);
    return isolated_run(what, work, take_nothing, mending, err);
}

enum status repair_master(struct repair *repair, const struct verify *verify, struct error *err)
{
    struct mending mending = {.repair = repair, .verify = verify};
    struct segments segments = segments_in(verify);
    struct error reason; /* verify names every segment that cannot be read */
    enum status status = STATUS_BAD_DATA;
    for (int64_t number = 0; status == STATUS_BAD_DATA && verify->shape.gnx > 0 &&
                             segments_start(&segments, number) < verify->shape.held;
         number++)
        status = mend_by(&mending, number, &reason);
    if (status == STATUS_BAD_DATA)
        return error_set(err, status, "%s: no segment says what frames.h5 is to say",
                         verify->directory);
    if (status != STATUS_OK)
        return error_set(err, status, "%s", reason.text);
    char text[128];
    snprintf(text, sizeof text, "frames.h5: made anew over %lld rows",
             (long long)verify->shape.held);
    repair->tell(repair->context, text);
    return STATUS_OK;
}

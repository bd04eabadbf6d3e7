/* Regions, relations and alerts of a run: measured on all ranks, judged on rank 0. Every function
 * accepts NULL for a deck that has none. */
#ifndef HEATSTREAM_RUN_WATCHING_H
#define HEATSTREAM_RUN_WATCHING_H

#include "base/buffer.h"
#include "base/unsynced.h"
#include "store/frames.h"

struct run;
struct watching;

/* Collective: what rank 0's deck says, on every rank. */
struct watching *watching_create(const struct run *run);
void watching_destroy(struct watching *watching);

/* What the frames file has of it; borrowed. */
struct frames_groups watching_groups(const struct watching *watching);

/* Rank 0: alerts.ndjson is proven to be as the checkpoint knows it; it is cut back to that, once
 * nothing refuses to go on; it is on the disk. */
enum status watching_open_log(struct run *run, struct error *err) MUST_CHECK;
enum status watching_begin_log(struct run *run, struct error *err) MUST_CHECK;
enum status watching_sync(struct run *run, struct unsynced *later, struct error *err) MUST_CHECK;

/* Collective: the present field is that of the frame `row`, which only rank 0 has and which gets
 * its panels. What is new of alerts is written, unless the frame is only put back. A failure of it
 * is rank 0's, noted. */
void watching_look(struct run *run, bool restored, struct frame_row *row);

/* Rank 0: of a checkpoint. */
void watching_save(const struct watching *watching, struct buffer *out);
enum status watching_load(struct watching *watching, struct buffer_reader *reader,
                          struct error *err) MUST_CHECK;

#endif

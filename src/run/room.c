/* Room on the disk for the last checkpoint: a run that sees too little left writes it while it can,
 * and ends. What free space does not tell, a quota or another program that takes all at once, ends
 * it at the last periodic checkpoint. */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/log.h"
#include "run_internal.h"
#include "store/segments.h"

enum { ASK_EVERY_S = 1, SLACK_BYTES = 1 << 18, SMALL_ROWS_BYTES = 1 << 24 };

/* The windows on their way to a stop: many only while they are small. */
static int64_t rows_bytes(const struct room *room)
{
    int64_t least = (FEED_PARCELS + 2) * room->row_bytes;
    int64_t most = (int64_t)FEED_PARCELS * PARCEL_WINDOWS * room->row_bytes;
    return max_int64(least, min_int64(most, SMALL_ROWS_BYTES));
}

static int64_t needed_bytes(const struct room *room)
{
    return rows_bytes(room) + room->checkpoint_bytes + SLACK_BYTES;
}

/* A checkpoint has two fields; what else is in it, the newest tells. */
void room_init(struct run *run)
{
    struct room *room = &run->root->room;
    int64_t cells = run->plan.gnx * run->plan.gny;
    room->row_bytes = cells * frame_cell_bytes(run->plan.f64);
    room->checkpoint_bytes = 2 * 8 * cells;
}

void room_take_row(struct root *root)
{
    root->room.taken_bytes += root->room.row_bytes;
}

void room_note_checkpoint(struct run *run, int64_t window)
{
    char name[32], path[PATH_MAX];
    struct error unused;
    struct stat info;
    struct room *room = &run->root->room;
    checkpoint_name(window, name);
    if (path_join(path, sizeof path, run->plan.checkpoints, name, &unused) == STATUS_OK &&
        stat(path, &info) == 0)
        room->checkpoint_bytes = max_int64(room->checkpoint_bytes, info.st_size);
}

/* Asks the file system now and then, and before what is written since could have filled it. */
static bool is_time_to_ask(const struct room *room, double now_s)
{
    return now_s - room->asked_s >= ASK_EVERY_S ||
           room->left_bytes - room->taken_bytes < 2 * needed_bytes(room);
}

bool room_is_low(struct root *root)
{
    struct room *room = &root->room;
    struct statvfs disk;
    double now_s = stop_clock_s();
    if (room->low || !is_time_to_ask(room, now_s) || statvfs(root->rundir.root, &disk) != 0)
        return room->low;
    room->asked_s = now_s;
    room->taken_bytes = 0;
    room->left_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    room->low = room->left_bytes < needed_bytes(room);
    if (room->low)
        log_warn("the disk of %s is nearly full, %.1f MiB are left: writing a checkpoint, then "
                 "stopping",
                 root->rundir.root, (double)room->left_bytes / 1048576);
    return room->low;
}

/* What lies between the main thread and the ingest thread of rank 0 when several ranks read. */
#ifndef HEATSTREAM_INGEST_SHARE_LANES_H
#define HEATSTREAM_INGEST_SHARE_LANES_H

#include <pthread.h>

#include "ingest/share.h"

/* A partition that another rank reads. */
struct share_lane {
    struct record_block *first, *last; /* under the lock, as the next two: have come */
    int due;                           /* blocks done with, of which the reader knows nothing yet */
    int64_t known_end;                 /* as the newest block has it */
    struct record_block *open;         /* the rest is the ingest thread's: being taken */
    size_t at;                         /* in it */
    struct message *messages;          /* [SHARE_CHUNK] */
    struct record *records;            /* [SHARE_CHUNK] */
};

struct share_remote {            /* a reader on another rank */
    struct buffer orders;        /* under the lock: each its size, then its bytes */
    bool due;                    /* under the lock: worth an READER_AHEAD */
    struct record_block *failed; /* under the lock: why it reads no more; NULL: it does */
};

struct share {
    int batch, readers, partitions, ahead;
    struct buffer decoding;
    pthread_mutex_t lock;
    struct record_block *spare;   /* under the lock */
    struct source *woken;         /* under the lock: when a block has come; NULL: nobody */
    struct share_remote *remotes; /* [readers] */
    struct share_lane *lanes;     /* [partitions] once it is shared out; else NULL */
};

enum { SHARE_CHUNK = 512 }; /* messages handed over at once */

/* The reader of a partition; 0 is rank 0, which reads all of them before share_begin(). */
static inline int share_reader_of(const struct share *share, int partition)
{
    return share->remotes ? partition % share->readers : 0;
}

/* The order's bytes are spent. */
void share_give_order(struct share *share, int reader, struct buffer *order);

/* Why a reader reads no more; STATUS_OK: it does. */
enum status share_failure_of(struct share *share, int reader, struct error *err) MUST_CHECK;

/* The lane's next block becomes the open one. False: none has come. */
bool share_open_block(struct share *share, struct share_lane *lane);

/* The open block is done with. */
void share_close_block(struct share *share, int partition);

#endif

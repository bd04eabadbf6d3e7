/* Requests to stop or to checkpoint: signals, the STOP file, the time limit. Rank 0 decides, at
 * window boundaries and while waiting; the other ranks learn it with the next order. */
#ifndef HEATSTREAM_RUN_STOP_H
#define HEATSTREAM_RUN_STOP_H

#include <stdbool.h>

#include "base/status.h"

enum stop_request {
    STOP_NOTHING,
    STOP_CHECKPOINT, /* USR1: checkpoint and go on */
    STOP_SOON,       /* USR2, first INT or TERM, STOP file, time limit: checkpoint and stop */
    STOP_NOW         /* second INT or TERM: close files and leave */
};

/* Installs the handlers on every rank; before MPI_Init. The flag they set is the only global. */
void stop_install(void);

struct stop_watch {
    const char *stop_file;
    const char *task;    /* what is done before a stop; NULL: writing a checkpoint */
    double time_limit_s; /* since the start of the process; below 0: none */
    double looked_at_s;  /* when the STOP file was last looked for */
    bool announced;
    bool at_limit; /* the time limit is why */
};

/* What is asked for now; says so once in the log. `reserve_s` is how long before the time limit a
 * stop must begin to be done in time. Consumes a USR1. */
enum stop_request stop_poll(struct stop_watch *watch, double reserve_s);

/* Seconds since the first call in this process. */
double stop_clock_s(void);

#endif

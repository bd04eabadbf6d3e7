/* One run from deck to finish: opens everything, restarts, loops over windows, closes everything.
 */
#ifndef HEATSTREAM_RUN_RUN_H
#define HEATSTREAM_RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "deck/deck.h"

enum run_restart {
    RUN_RESTART_AUTO,   /* go on where the run directory ends, or begin */
    RUN_RESTART_LATEST, /* go on; STATUS_NO_INPUT when there is nothing to go on from */
    RUN_RESTART_NONE,   /* begin, replacing what the run directory holds */
    RUN_RESTART_FILE    /* go on from this checkpoint of the run directory */
};

enum run_until {
    RUN_UNTIL_STOPPED,
    RUN_UNTIL_END,     /* of the topic, captured at the start */
    RUN_UNTIL_WINDOWS, /* until_value windows */
    RUN_UNTIL_TIME     /* the window that contains until_value, ms since 1970 UTC, is the last */
};

/* Strings are borrowed. Only rank 0's values count. */
struct run_options {
    enum run_restart restart;
    const char *restart_file;
    enum run_until until;
    int64_t until_value;
    double time_limit_s; /* below 0: none */
    const char *from; /* where a new run begins to read: kcat's offset grammar; NULL: beginning */
    bool accept_gap;  /* whatever stream.max_gap_windows says; go on without what is gone */
    bool dry_run;     /* open and check everything that is read, write nothing */
    const char *command_line;
};

/* Collective over MPI_COMM_WORLD, between MPI_Init_thread and MPI_Finalize. `deck` and `options`
 * are rank 0's, NULL elsewhere. Every rank returns the same status and text. */
enum status run_execute(const struct deck *deck, const struct run_options *options,
                        struct error *err) MUST_CHECK;

/* Collective over MPI_COMM_WORLD: rank 0's status and text become everyone's. */
enum status run_share_status(enum status status, struct error *err) MUST_CHECK;

#endif

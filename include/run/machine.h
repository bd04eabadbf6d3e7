/* What a machine takes for the parts of a window, as `heatstream check --calibrate` measured it and
 * keeps it: a JSON file, machine/1. */
#ifndef HEATSTREAM_RUN_MACHINE_H
#define HEATSTREAM_RUN_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"

enum { MACHINE_SIZES = 12, MACHINE_STEPS = 32 };

/* Seconds a time step takes on a slab of so many cells, one step or MACHINE_STEPS in a pass over
 * it; while all ranks that were measured on a node step, or this one alone. */
struct machine_step {
    int64_t cells;
    double single_s, pass_s, alone_single_s, alone_pass_s;
};

/* Between two ranks. Without one bytes_per_s is 0. */
struct machine_link {
    double latency_s;   /* of a small message */
    double bytes_per_s; /* both ways at once, each */
    double message_s;   /* from one small message to the next, sent one after another */
};

/* Seconds of `fixed_s` and bytes / bytes_per_s. */
struct machine_file {
    double fixed_s, bytes_per_s;
};

struct machine {
    char host[64], date[32], program[64];
    int cores; /* of a node */
    int ranks; /* a node, of those that were measured */
    int sizes; /* of step[], from few cells to many */
    struct machine_step step[MACHINE_SIZES];
    struct machine_link shared, network; /* within a node, and between nodes */
    double window_s;                     /* of a window on one rank, without its steps */
    struct machine_file frame, checkpoint;
    double fsync_s;
    int64_t base_bytes; /* of memory, before there is any field */
};

/* Where the machine's constants are kept: in the file `named` by the user, or, where that is NULL,
 * in $XDG_CACHE_HOME/heatstream/HOST.json, or below ~/.cache. Appended with a final 0.
 * STATUS_CANNOT_CREATE without either variable. */
enum status machine_path(const char *named, struct buffer *path, struct error *err) MUST_CHECK;

/* Makes directories that are missing. */
enum status machine_save(const char *path, const struct machine *machine,
                         struct error *err) MUST_CHECK;

/* STATUS_NO_INPUT when there is no such file, STATUS_BAD_DATA when it is not one, or says what
 * cannot be: times below 0, sizes that do not rise. */
enum status machine_load(const char *path, struct machine *machine, struct error *err) MUST_CHECK;

#endif

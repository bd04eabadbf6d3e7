/* The ring of snapshots a late correction goes back to.
 *
 * With horizon H and spacing s, snapshots are taken of the initial field and after every window w
 * with (w + 1) % s == 0. While window k is open, a late event may lie in any window m of k-H ..
 * k-1. The field is put back to the snapshot after window r-1, r = m - m % s, and windows r .. k-1
 * are stepped again: at most H + s - 1 of them, of which s - 1 more than the event asks for.
 *
 * So those are held whose r is a multiple of s from k-H, rounded down, to k, the last one for the
 * windows to come: ceil(H/s) + 1 at most. A spacing beyond H needs the same two that H does.
 *
 * The snapshot of a large slab is the field itself, left behind by the solver when it steps on
 * (solver_leave()). Of a small one, which is in the cache, the cells are copied: the solver would
 * go on in memory that is not. A copy takes as long as 1.8 windows of a single step at 256^2 and
 * 1024^2, 0.24 windows of 16 steps at 1024^2; so s is at least ceil(H/8), and more where the memory
 * does not suffice. With H = 50 and s = 7, of the windows a second of a solver without snapshots:
 *
 *     steps a window             1     2     4    16
 *     256^2   copied          0.85  0.89  0.91  0.95
 *             left            0.91  0.87  0.88  0.93    not done
 *     1024^2  copied          0.83              0.95
 *             left            0.77              1.00    not done
 *     2048^2  copied          0.85  0.90  0.92  0.96    not done
 *             left            0.99  0.99  1.00  1.00
 *
 * and at 1024^2 with 1 % of the events late (tests/bench/bench_correction.c):
 *
 *                                  1 step a window    16 steps
 *     none late                         0.87            0.98
 *     late together once in 50          0.42            0.47
 *     late each by 1 to 50              0.016           0.018    53 windows again at each close
 *
 * Not kept: copying past the cache (1.2 in place of 1.8); stepping only the columns again that heat
 * of late events may have reached (with 105 of them a close, as in the last line, 54 % of the
 * columns for single steps and 85 % for 16, and the field of every window would have to be
 * held). */
#ifndef HEATSTREAM_SOLVE_SNAPSHOTS_H
#define HEATSTREAM_SOLVE_SNAPSHOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "solve/solver.h"

/* The state after a window; written by snapshots_keep(), or by a restart that snapshots_put() gave
 * it to. Ghosts mean nothing. */
struct snapshot {
    int64_t window; /* -1: the initial field */
    struct field *field;
    double *outflow; /* [nx], as of solver_outflow() */
    double heat_in;  /* carried along for the caller */
};

struct snapshots;

/* The spacing, from 1 to the horizon: the least that is at least ceil(horizon_windows / 8) and of
 * which the snapshots, 8 bytes a cell over all ranks without ghosts, fit memory_bytes; the horizon
 * where none does, which may be beyond the memory. Depends on nothing else, so that every number of
 * ranks and every restart has the same. Pure; horizon_windows and cells at least 1. */
int snapshots_spacing(int horizon_windows, int64_t cells, int64_t memory_bytes);

/* How many are held at once: ceil(horizon_windows / spacing) + 1. Pure. */
int snapshots_count(int horizon_windows, int spacing);

/* Whether the snapshots of such a slab are the field left behind, with ghosts as deep as its halo;
 * else copies, with a ghost column a side. Pure. */
bool snapshots_are_left(int64_t columns, int64_t ny);

struct snapshots_config {
    int horizon_windows;
    int spacing;      /* any from 1 on */
    int ghosts;       /* of solver_field() */
    bool always_left; /* small slabs, too */
};

/* Collective. All memory is allocated and touched here; NULL when it is short on any rank. The
 * domain is borrowed. */
struct snapshots *snapshots_create(const struct domain *domain,
                                   const struct snapshots_config *config);
void snapshots_destroy(struct snapshots *snapshots); /* accepts NULL */

/* Local, as are all below. To be called at the start with window -1, and after every window that
 * was stepped, again after one that is stepped again: keeps field and outflow if that window's
 * snapshot belongs to the ring. The solver must not step after the ring is destroyed. */
void snapshots_keep(struct snapshots *snapshots, int64_t window, double heat_in,
                    struct solver *solver);

/* Whether the snapshot of that window belongs to the ring. Pure. */
bool snapshots_wants(const struct snapshots *snapshots, int64_t window);

/* Puts field and outflow back to where they were after `window`, and forgets the snapshots of later
 * windows, which are about to be stepped again. False, and nothing is changed, if that snapshot is
 * not held. */
bool snapshots_restore(struct snapshots *snapshots, int64_t window, struct solver *solver,
                       double *heat_in);

/* The window of the oldest snapshot that a correction may still ask for once `window` is done, so
 * of the one a checkpoint has to carry: r-1, r = s*floor((window+1-H)/s), at least 0. */
int64_t snapshots_base(const struct snapshots *snapshots, int64_t window);

/* That snapshot; not NULL when every window since was kept. Owned by the ring, valid until its next
 * call. */
const struct snapshot *snapshots_oldest_needed(struct snapshots *snapshots, int64_t window);

/* Forgets all snapshots and returns the place of that of `window`, a multiple of the spacing less
 * one, for a restart to fill. Field and outflow are owned by the ring. */
struct snapshot *snapshots_put(struct snapshots *snapshots, int64_t window);

#endif

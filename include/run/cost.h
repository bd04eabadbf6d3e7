/* What a window costs on any number of ranks, from the constants of a machine (machine.h).
 *
 * P ranks; S steps a window, k of them a pass, n windows stepped together, d columns a halo
 * (solve/choice.h); w columns of the widest slab; L, B, m latency, bandwidth and message gap of the
 * link, which is the one between nodes once a node's cores are not enough, and else the one within;
 * log2 rounded up; what is in [] only with P > 1. Without a network P ranks share C cores, and
 * steps and latencies count max(1, P/C) times.
 *
 *     steps        S * t((w + [d-1]) * ny)
 *     halo         [ceil(n*S/d)/n * 2 * (L + 8*d*ny/B) + (d > 1 ? 2*L : 0)]
 *     window       W + [L*log2 P + (P-1)*m + 16*heated/B]
 *     frame        F.fixed + bytes/F.rate + [12*L*log2 P + 4*(P-1)*m + 80*gnx/B]
 *     checkpoint   C.fixed + bytes/C.rate, divided by the windows from one to the next
 *
 * t: by the machine's steps, seconds of one and of MACHINE_STEPS steps a pass interpolated linearly
 * in 1/k, since the memory is passed over S/k times a window; in log-log over the cells, which has
 * caches, memory and what a pass costs by itself in it; linearly between one rank on a node and
 * all. The mean step of a round of d covers d-1 columns of the neighbours beside its own.
 *
 * L + n/B: Hockney, "The communication challenge for MPP" (1994). m: the gap of Culler et al.,
 * "LogP" (1993); Open MPI's MPI_Scatterv and MPI_Gatherv send to and from the root one message a
 * rank. log2 P rounds for broadcasts and reductions of a few bytes: Thakur, Rabenseifner, Gropp,
 * "Optimization of collective communication operations in MPICH" (2005). Of a window it is one, as
 * order and heat leave rank 0 together. The counts, 12 and 4, are those of publish_frame() and
 * frames_write(); 80 bytes a column go to rank 0 there.
 *
 * Left out: reading and decoding events, which rank 0 does meanwhile and which bounds the windows a
 * second by itself, so that fewer come together; corrections; waiting for a rank that the system
 * disturbs. */
#ifndef HEATSTREAM_RUN_COST_H
#define HEATSTREAM_RUN_COST_H

#include "run/machine.h"
#include "solve/solver.h"

/* What of a deck decides the cost. */
struct cost_job {
    int64_t gnx, gny, tile;
    struct solver_config solver; /* the numbers of steps and windows and the halo count */
    int snapshots;
    bool f64, early;           /* frames; pictures of open windows */
    double heated;             /* cells with heat in a window */
    double frames;             /* a window: 1 or less */
    double frame_bytes;        /* in the file */
    double checkpoint_windows; /* from one checkpoint to the next; 0: none by windows */
};

/* Of one window, seconds; bytes of the rank with the most cells. */
struct cost {
    int ranks;
    double steps_s, halo_s, window_s, frame_s, checkpoint_s, total_s;
    double rank_bytes; /* the program, fields, snapshots, heat, a frame on its way to the file */
    double root_bytes; /* what rank 0 has beside, without events */
    double written;    /* bytes a second, to frames and checkpoints */
};

/* Pure, as is all below. False when the machine's file says nothing of links that so many ranks
 * need: it was measured on one rank, and no network is given. */
bool cost_is_known(const struct machine *machine, int ranks);

/* 1 <= ranks <= job->gnx, and known. */
struct cost cost_of(const struct machine *machine, const struct cost_job *job, int ranks);

/* Of the numbers of ranks up to `most`, where they are known, the fastest, and the least that takes
 * no more than 5 % more than it: past that one more ranks do not help. */
struct cost_choice {
    int fastest, enough;
};
struct cost_choice cost_choose(const struct machine *machine, const struct cost_job *job, int most);

#endif

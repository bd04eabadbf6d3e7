/* Forward Euler for u' = k (u_xx + u_yy) + f on one slab.
 *
 *     Cx = (k*tau)/(dx*dx)   Cy = (k*tau)/(dy*dy)   a = (1 - 2*Cx) - 2*Cy
 *     u' = (a*u + Cx*(uW + uE)) + Cy*(uS + uN),  then where f != 0:  u' = u' + tau*f
 *
 * in exactly this order for every cell, without fused multiply-add, denormals flushed to zero: the
 * bits of a cell do not depend on who computes it. The boundary lies one spacing outside the
 * outermost cells: a held value, or the inner neighbour's (no flux). */
#ifndef HEATSTREAM_SOLVE_SOLVER_H
#define HEATSTREAM_SOLVE_SOLVER_H

#include <stdbool.h>

#include "grid/field.h"
#include "grid/halo.h"
#include "grid/scatter.h"
#include "solve/kernel.h"

struct solver_side {
    bool insulated;
    double value;
};

struct solver_config {
    double conductivity, dx, dy;
    double tau_s; /* one step */
    int substeps; /* steps per window */
    double initial;
    struct solver_side left, right, bottom, top;

    /* How steps are computed; never changes a bit. 0: chosen from the sizes. */
    int windows;         /* most that are added before they are stepped; 0: one */
    int steps_per_sweep; /* steps in one pass over memory; at most halo_depth with neighbours */
    int halo_depth;      /* columns exchanged at once; no more than the narrowest slab has */
    int block_rows;      /* rows in work at a time, a multiple of KERNEL_ROWS */
    int64_t cache_bytes; /* larger fields are written past the cache */
    const struct kernel *kernel; /* NULL: the widest this processor has */
};

enum { SOLVER_MOST_STEPS = HALO_DEEPEST }; /* of steps_per_sweep and halo_depth */

struct solver;

/* Collective. The domain is borrowed and must outlive the solver. Sets FTZ and DAZ on the calling
 * thread, which is the one that must step. NULL when memory is short on any rank. */
struct solver *solver_create(const struct domain *domain, const struct solver_config *config);
void solver_destroy(struct solver *solver); /* accepts NULL */

/* What was chosen, with the ranks and the number of substeps in mind. Local. */
struct solver_config solver_chosen(const struct solver *solver);

/* Collective: adds the next window, of constant heat (rising local cell numbers), to those that
 * solver_step() steps, at most solver_chosen().windows of them. Until then the field is the one
 * before them. The windows before the last have no more than solver_heat_room() heated cells
 * together, over all ranks, cells that are heated in several of them counted each time. Allocates
 * nothing, as below. */
void solver_add_window(struct solver *solver, const struct slab_heat *heat, int64_t count);
int64_t solver_heat_room(const struct solver *solver);

/* Collective: steps the windows that were added, one after the other, in as few passes over memory
 * as their steps allow together. */
void solver_step(struct solver *solver);

/* Both for a single window. */
void solver_step_window(struct solver *solver, const struct slab_heat *heat, int64_t count);

/* Seconds that stepping has spent exchanging with neighbour ranks, waiting for them included, since
 * creation; 0 without neighbours. Local. */
double solver_halo_s(const struct solver *solver);

/* The present field, always the same object; owned by the solver. A step changes its cells and
 * where they lie. A restart writes into its owned cells, while nothing waits to be left. */
struct field *solver_field(struct solver *solver);

/* The next pass leaves the field as it is now, without its ghosts, in `spare`, a field of this slab
 * with as many ghosts (field_create_deep()), and goes on in the memory that this had: as good as a
 * copy, and free. Until then `spare` means nothing, as solver_leaving() tells. NULL takes it back.
 */
void solver_leave(struct solver *solver, struct field *spare);
struct field *solver_leaving(const struct solver *solver); /* or NULL */

/* Heat that left through the boundary since the last reset, per owned column [nx], in temperature
 * units times area. Each step adds to outflow[i], with u and ghosts before the step, in this order
 * of operations:
 *
 *     s  = (dx*dy)*Cy * (u[0] - bottom ghost)
 *     s += (dx*dy)*Cy * (u[ny-1] - top ghost)
 *     s += (dx*dy)*Cx * L    L = sum of u[j] - left ghost[j], j = 0 .. ny-1; first column only
 *     s += (dx*dy)*Cx * R    R the same on the right; last column only
 *     outflow[i] += s
 *
 * so it does not depend on the ranks. Insulated sides add exactly 0. Writable, so that a restart
 * can put it back. */
double *solver_outflow(struct solver *solver);
void solver_reset_outflow(struct solver *solver);

#endif

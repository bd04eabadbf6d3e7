#include <math.h>
#include <time.h>

#include "calibrate_parts.h"
#include "grid/agree.h"
#include "solve/solver.h"

/* A slab of a rank that is alone, square. In the caches, in memory, and next to nothing. */
static const int sides[] = {8, 24, 40, 96, 256, 512, 1024, 2048, 4096};

enum { SIDES = sizeof sides / sizeof *sides };
_Static_assert((int)SIDES <= (int)MACHINE_SIZES, "there is room for each");

static const double turn_s = 0.001; /* at least, so that the clock and a call count for nothing */

/* Processor time: a slab that steps waits for nobody, and what other programs take of the processor
 * does not count. */
static double clock_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Large slabs take long enough with a few steps. */
static struct solver_config config_of(int steps_per_sweep, int side)
{
    bool few = steps_per_sweep == 1 && side > 512;
    return (struct solver_config){.conductivity = 1,
                                  .dx = 0.5,
                                  .dy = 0.5,
                                  .tau_s = 0.05,
                                  .substeps = few ? 4 : MACHINE_STEPS,
                                  .steps_per_sweep = steps_per_sweep,
                                  .initial = 1};
}

static double windows_s(struct solver *solver, int windows)
{
    double start_s = clock_s();
    for (int i = 0; i < windows; i++)
        solver_step_window(solver, NULL, 0);
    return clock_s() - start_s;
}

static double fastest_step_s(struct solver *solver)
{
    int windows = 1;
    (void)windows_s(solver, 1); /* touches what there is */
    while (windows_s(solver, windows) < turn_s)
        windows *= 2;
    double fastest_s = INFINITY;
    for (struct calibrate_turns turns = calibrate_begin(); calibrate_another(&turns);)
        fastest_s = fmin(fastest_s, windows_s(solver, windows));
    return fastest_s / windows / solver_chosen(solver).substeps;
}

/* Those who do not measure wait asleep. */
static void wait_for_root(const struct domain *world)
{
    int done = 1;
    agree_broadcast(world, &done, (int)sizeof done);
}

static double alone_s(const struct domain *world, struct solver *solver)
{
    double step_s = world->rank == 0 ? fastest_step_s(solver) : 0.0;
    wait_for_root(world);
    return step_s;
}

/* The slowest rank's, for all wait for it. */
static double together_s(const struct domain *world, struct solver *solver)
{
    MPI_Barrier(world->comm);
    double mine_s = fastest_step_s(solver), most_s;
    MPI_Allreduce(&mine_s, &most_s, 1, MPI_DOUBLE, MPI_MAX, world->comm);
    return most_s;
}

static enum status measure_way(const struct domain *world, const struct domain *slab, int steps,
                               double *alone, double *together, struct error *err)
{
    const struct solver_config config = config_of(steps, slab->nx);
    struct solver *solver = solver_create(slab, &config);
    enum status status = STATUS_OK;
    if (!solver)
        status = error_set(err, STATUS_IO, "measuring steps of %d x %d cells: out of memory",
                           slab->nx, slab->ny);
    status = agree(world, status, err);
    if (status == STATUS_OK) {
        *alone = alone_s(world, solver);
        *together = world->ranks > 1 ? together_s(world, solver) : *alone;
    }
    solver_destroy(solver);
    return status;
}

static enum status measure_side(const struct domain *world, int side, struct machine_step *step,
                                struct error *err)
{
    struct domain *slab;
    step->cells = (int64_t)side * side;
    TRY(domain_create(MPI_COMM_SELF, side, side, 0, &slab, err));
    enum status status = measure_way(world, slab, 1, &step->alone_single_s, &step->single_s, err);
    if (status == STATUS_OK)
        status = measure_way(world, slab, MACHINE_STEPS, &step->alone_pass_s, &step->pass_s, err);
    domain_destroy(slab);
    return status;
}

enum status calibrate_steps(const struct domain *world, struct machine *machine, struct error *err)
{
    for (int i = 0; i < (int)SIDES; i++)
        TRY(measure_side(world, sides[i], &machine->step[i], err));
    machine->sizes = (int)SIDES;
    return STATUS_OK;
}

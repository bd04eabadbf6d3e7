/* Windows without frames, under mpirun, beside what the constants in the file MACHINE predict for
 * so many ranks. A window is the order of rank 0, a scattered heat of one cell in a thousand, and
 * its steps; of the turns of some SECONDS a case the fastest counts, as it does for the constants.
 *
 *     part_window MACHINE SECONDS
 *
 * prints lines of grid, ranks, and seconds: measured, predicted, of which steps, of which links. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "grid/agree.h"
#include "run/cost.h"

enum { SUBSTEPS = 16, HEATED = 1000, LEAST_TURNS = 5 };

static const double turn_s = 0.002;

struct subject {
    struct domain *domain;
    struct solver *solver;
    struct scatter *scatter;
    struct slab_heat *heat; /* [count] on rank 0 */
    int64_t count;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void prepare(int64_t gnx, int64_t gny, struct subject *subject)
{
    struct error err;
    const struct solver_config config = {
        .conductivity = 1, .dx = 1, .dy = 1, .tau_s = 0.1, .substeps = SUBSTEPS, .initial = 1};
    if (domain_create(MPI_COMM_WORLD, gnx, gny, 256, &subject->domain, &err) != STATUS_OK ||
        !(subject->solver = solver_create(subject->domain, &config)))
        MPI_Abort(MPI_COMM_WORLD, 1);
    subject->scatter = scatter_create(subject->domain, SCATTER_MOST);
    subject->count = gnx * gny / HEATED;
    subject->heat = memory_zeroed(subject->count, sizeof *subject->heat);
    for (int64_t i = 0; i < subject->count; i++)
        subject->heat[i] = (struct slab_heat){i * HEATED, 0.01};
}

static void release(struct subject *subject)
{
    scatter_destroy(subject->scatter);
    solver_destroy(subject->solver);
    domain_destroy(subject->domain);
    free(subject->heat);
}

/* Seconds of one window; the ranks begin together. */
static double windows_s(struct subject *subject, int windows)
{
    const struct slab_heat *mine;
    char order[40] = "";
    MPI_Barrier(subject->domain->comm);
    double start_s = now_s();
    for (int i = 0; i < windows; i++) {
        agree_broadcast(subject->domain, order, (int)sizeof order);
        int64_t count = scatter_heat(subject->scatter, subject->heat, subject->count, &mine);
        solver_step_window(subject->solver, mine, count);
    }
    double mine_s = (now_s() - start_s) / windows, most_s;
    MPI_Allreduce(&mine_s, &most_s, 1, MPI_DOUBLE, MPI_MAX, subject->domain->comm);
    return most_s;
}

static double fastest_window_s(struct subject *subject, double guess_s, double budget_s)
{
    int windows = (int)fmax(1, turn_s / guess_s);
    double fastest_s = windows_s(subject, windows), start_s = now_s();
    for (int turn = 0, another = 1; another; turn++) {
        fastest_s = fmin(fastest_s, windows_s(subject, windows));
        another = turn < LEAST_TURNS || now_s() - start_s < budget_s;
        MPI_Bcast(&another, 1, MPI_INT, 0, subject->domain->comm);
    }
    return fastest_s;
}

/* What is compared: a grid, with a name. */
struct grid {
    const char *name;
    int64_t gnx, gny;
};

static void compare(const struct machine *machine, const struct grid *grid, double budget_s)
{
    struct subject subject;
    const struct cost_job job = {.gnx = grid->gnx,
                                 .gny = grid->gny,
                                 .tile = 256,
                                 .solver = {.substeps = SUBSTEPS},
                                 .heated = (double)(grid->gnx * grid->gny / HEATED)};
    prepare(grid->gnx, grid->gny, &subject);
    int ranks = subject.domain->ranks;
    struct cost cost = cost_of(machine, &job, ranks);
    double measured_s = fastest_window_s(&subject, cost.total_s, budget_s);
    if (subject.domain->rank == 0)
        printf("%s %d %.4g %.4g %.4g %.4g\n", grid->name, ranks, measured_s, cost.total_s,
               cost.steps_s, cost.total_s - cost.steps_s);
    fflush(stdout);
    release(&subject);
}

int main(int argc, char **argv)
{
    struct machine machine;
    struct error err = {""};
    int ranks;
    MPI_Init(&argc, &argv);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const struct grid grids[] = {
        {"40^2", 40, 40},
        {"512^2", 512, 512},
        {"2048^2", 2048, 2048},
        {"1024^2-a-rank", (int64_t)ranks * 1024, 1024},
    };
    if (argc != 3 || machine_load(argv[1], &machine, &err) != STATUS_OK ||
        !cost_is_known(&machine, ranks)) {
        fprintf(stderr, "part_window MACHINE SECONDS: %s\n", err.text);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    for (int i = 0; i < 4; i++)
        compare(&machine, &grids[i], atof(argv[2]));
    MPI_Finalize();
    return 0;
}

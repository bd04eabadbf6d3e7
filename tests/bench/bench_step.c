/* Cell updates a second of solver_step_window(), without heat and with every cell heated, against a
 * plain double loop over the same cells on the same number of ranks, which exchanges nothing. */
#include <stdio.h>
#include <stdlib.h>

#include "solve/solver.h"

enum { REPEATS = 15, WAYS = 3 };
static const double UPDATES_PER_RUN = 1e7;

static const struct solver_config config = {
    .conductivity = 1, .dx = 0.5, .dy = 0.5, .tau_s = 0.05, .substeps = 1, .initial = 1};

struct subject {
    const struct domain *domain;
    struct solver *solver;
    struct slab_heat *heat;
    int heat_count;
    double *plain[2]; /* [nx + 2][ny + 2] */
};

static void plain_steps(struct subject *subject, int steps)
{
    const int nx = subject->domain->nx, ny = subject->domain->ny, pitch = ny + 2;
    const double cx = 0.2, cy = 0.2, a = (1 - 2 * cx) - 2 * cy;
    for (int step = 0; step < steps; step++) {
        const double *u = subject->plain[step % 2];
        double *next = subject->plain[1 - step % 2];
        for (ptrdiff_t i = 1; i <= nx; i++)
            for (ptrdiff_t at = i * pitch + 1; at <= i * pitch + ny; at++)
                next[at] = (a * u[at] + cx * (u[at - pitch] + u[at + pitch])) +
                           cy * (u[at - 1] + u[at + 1]);
    }
}

static void solver_steps(struct subject *subject, int steps)
{
    for (int step = 0; step < steps; step++)
        solver_step_window(subject->solver, NULL, 0);
}

static void heated_steps(struct subject *subject, int steps)
{
    for (int step = 0; step < steps; step++)
        solver_step_window(subject->solver, subject->heat, subject->heat_count);
}

static double seconds_of(struct subject *subject, void (*run)(struct subject *, int), int steps)
{
    MPI_Barrier(subject->domain->comm);
    double start = MPI_Wtime();
    run(subject, steps);
    MPI_Barrier(subject->domain->comm);
    return MPI_Wtime() - start;
}

/* The best cell updates a second of all ranks together, the ways taking turns so that a disturbance
 * from outside hits all alike. */
static void measure_ways(struct subject *subject, double best[WAYS])
{
    static void (*const ways[WAYS])(struct subject *, int) = {plain_steps, solver_steps,
                                                              heated_steps};
    double cells = (double)subject->domain->gnx * (double)subject->domain->gny;
    int steps = (int)(UPDATES_PER_RUN / cells) + 2;
    for (int repeat = 0; repeat < REPEATS; repeat++)
        for (int way = 0; way < WAYS; way++) {
            double per_second = cells * steps / seconds_of(subject, ways[way], steps);
            best[way] = per_second > best[way] ? per_second : best[way];
        }
}

static void prepare(struct subject *subject, const struct domain *domain)
{
    size_t cells = (size_t)domain->nx * (size_t)domain->ny;
    size_t with_ghosts = ((size_t)domain->nx + 2) * ((size_t)domain->ny + 2);
    *subject = (struct subject){
        .domain = domain,
        .solver = solver_create(domain, &config),
        .heat = malloc(cells * sizeof(struct slab_heat)),
        .heat_count = (int)cells,
        .plain = {calloc(with_ghosts, sizeof(double)), calloc(with_ghosts, sizeof(double))},
    };
    if (!subject->solver || !subject->heat || !subject->plain[0] || !subject->plain[1])
        MPI_Abort(MPI_COMM_WORLD, 1);
    for (size_t i = 0; i < with_ghosts; i++)
        subject->plain[0][i] = 1.0;
    for (size_t cell = 0; cell < cells; cell++)
        subject->heat[cell] = (struct slab_heat){(int64_t)cell, 0.01};
}

static void measure_grid(int side)
{
    struct domain *domain;
    struct error err;
    if (domain_create(MPI_COMM_WORLD, side, side, 256, &domain, &err) != STATUS_OK)
        return;
    struct subject subject;
    prepare(&subject, domain);
    double best[WAYS] = {0};
    measure_ways(&subject, best);
    if (domain->rank == 0)
        printf("step %4d^2, %d ranks: %.2e cell updates/s, %.2f of a plain loop's %.2e; "
               "all cells heated %.2e\n",
               side, domain->ranks, best[1], best[1] / best[0], best[0], best[2]);
    solver_destroy(subject.solver);
    free(subject.heat);
    free(subject.plain[0]);
    free(subject.plain[1]);
    domain_destroy(domain);
}

int main(int argc, char **argv)
{
    static const int sides[] = {40, 256, 1024, 4096};
    MPI_Init(&argc, &argv);
    for (int i = 0; i < 4; i++)
        measure_grid(sides[i]);
    MPI_Finalize();
    return 0;
}

/* One turn of the stencil's race on a square of SIDE cells: seconds a step of the solver in several
 * ways, and of a plain double loop that exchanges a column with its
 * neighbours by MPI_Sendrecv every step, on the same cells and ranks.
 *
 *     part_step SIDE
 *
 * prints lines of seconds a step, steps a sweep, kernel ("-" of the plain loop), and, measured just
 * before, what bounds them, of all ranks together: updates a second of the kernel alone, bytes a
 * second of the memory, seconds of an exchange (0: there is none); then the way. */
#include <stdio.h>
#include <stdlib.h>

#include "bounds.h"
#include "solve/solver.h"

enum { WAY_COUNT = 7, HEATED_PER_THOUSAND = 10 };

static const struct {
    const char *name;
    int substeps, windows; /* that are stepped together */
    int steps_per_sweep;
    bool heated;
} WAYS[WAY_COUNT] = {{"1 step a window", 1, 1, 0, false},
                     {"1 step a window, 8 together", 1, 8, 8, false},
                     {"1 step a window, 1 % heated", 1, 1, 0, true},
                     {"1 step a window, 8 together, 1 % heated", 1, 8, 8, true},
                     {"32 steps, 1 a sweep", 32, 1, 1, false},
                     {"32 steps", 32, 1, 0, false},
                     {"32 steps, 1 % heated", 32, 1, 0, true}};

struct subject {
    const struct domain *domain;
    struct solver *solver; /* of the way at hand */
    struct slab_heat *heat;
    int heat_count;
    double *plain[2]; /* [nx + 2][ny + 2] */
    struct bounds_room room;
};

static void plain_exchange(const struct domain *domain, double *u)
{
    const int ny = domain->ny;
    const size_t pitch = (size_t)ny + 2, nx = (size_t)domain->nx;
    MPI_Sendrecv(u + pitch + 1, ny, MPI_DOUBLE, domain->left, 0, u + (nx + 1) * pitch + 1, ny,
                 MPI_DOUBLE, domain->right, 0, domain->comm, MPI_STATUS_IGNORE);
    MPI_Sendrecv(u + nx * pitch + 1, ny, MPI_DOUBLE, domain->right, 0, u + 1, ny, MPI_DOUBLE,
                 domain->left, 0, domain->comm, MPI_STATUS_IGNORE);
}

static void plain_steps(struct subject *subject, int steps)
{
    const int nx = subject->domain->nx, ny = subject->domain->ny, pitch = ny + 2;
    const double cx = 0.2, cy = 0.2, a = (1 - 2 * cx) - 2 * cy;
    for (int step = 0; step < steps; step++) {
        double *restrict next = subject->plain[1 - step % 2];
        const double *restrict u = subject->plain[step % 2];
        plain_exchange(subject->domain, subject->plain[step % 2]);
        for (ptrdiff_t i = 1; i <= nx; i++)
            for (ptrdiff_t at = i * pitch + 1; at <= i * pitch + ny; at++)
                next[at] = (a * u[at] + cx * (u[at - pitch] + u[at + pitch])) +
                           cy * (u[at - 1] + u[at + 1]);
    }
}

static void solver_steps(struct subject *subject, int way, int steps)
{
    int windows = steps / WAYS[way].substeps;
    for (int window = 1; window <= windows; window++) {
        solver_add_window(subject->solver, subject->heat,
                          WAYS[way].heated ? subject->heat_count : 0);
        if (window % WAYS[way].windows == 0)
            solver_step(subject->solver);
    }
}

/* Way -1 is the plain loop. */
static double seconds_a_step(struct subject *subject, int way, int steps)
{
    MPI_Barrier(subject->domain->comm);
    double start = MPI_Wtime();
    if (way < 0)
        plain_steps(subject, steps);
    else
        solver_steps(subject, way, steps);
    MPI_Barrier(subject->domain->comm);
    return (MPI_Wtime() - start) / steps;
}

static struct solver *create_solver(const struct domain *domain, int way)
{
    struct solver_config config = {.conductivity = 1,
                                   .dx = 0.5,
                                   .dy = 0.5,
                                   .tau_s = 0.05,
                                   .initial = 1,
                                   .substeps = WAYS[way].substeps,
                                   .windows = WAYS[way].windows,
                                   .steps_per_sweep = WAYS[way].steps_per_sweep};
    struct solver *solver = solver_create(domain, &config);
    if (!solver || solver_chosen(solver).windows != WAYS[way].windows)
        MPI_Abort(MPI_COMM_WORLD, 1);
    return solver;
}

static void measure_plain(struct subject *subject, int steps)
{
    double seconds = seconds_a_step(subject, -1, steps > 32 ? steps / 4 : 4);
    if (subject->domain->rank == 0)
        printf("%.6e 1 - 0 0 0 plain loop\n", seconds);
}

static void measure_way(struct subject *subject, int way, int steps)
{
    const struct domain *domain = subject->domain;
    subject->solver = create_solver(domain, way);
    struct solver_config chosen = solver_chosen(subject->solver);
    double kernel_rate = bounds_kernel(chosen.kernel, domain->ny);
    double memory_rate = bounds_memory(&subject->room);
    double exchange_s =
        domain->ranks > 1 ? bounds_exchange(domain, &subject->room, chosen.steps_per_sweep) : 0;
    solver_steps(subject, way, 32); /* touches what there is */
    double seconds = seconds_a_step(subject, way, steps);
    if (domain->rank == 0)
        printf("%.6e %d %s %.6e %.6e %.6e %s\n", seconds, chosen.steps_per_sweep,
               chosen.kernel->name, kernel_rate, memory_rate, exchange_s, WAYS[way].name);
    solver_destroy(subject->solver);
}

static void measure_ways(struct subject *subject)
{
    double cells = (double)subject->domain->gnx * (double)subject->domain->gny;
    int steps = ((int)(5e7 / cells) / 32 + 1) * 32;
    measure_plain(subject, steps);
    for (int way = 0; way < WAY_COUNT; way++)
        measure_way(subject, way, steps);
}

static double *ones(size_t count)
{
    double *values = malloc(count * sizeof *values);
    if (!values)
        MPI_Abort(MPI_COMM_WORLD, 1);
    for (size_t i = 0; i < count; i++)
        values[i] = 1;
    return values;
}

static void prepare(struct subject *subject, const struct domain *domain)
{
    size_t cells = (size_t)domain->nx * (size_t)domain->ny;
    size_t with_ghosts = ((size_t)domain->nx + 2) * ((size_t)domain->ny + 2);
    size_t room = cells < BOUNDS_MOST_COUNT ? cells : BOUNDS_MOST_COUNT;
    *subject = (struct subject){
        .domain = domain,
        .heat = malloc((cells / 100 + 1) * sizeof(struct slab_heat)),
        .plain = {ones(with_ghosts), ones(with_ghosts)},
        .room = {.count = room, .a = ones(room), .b = ones(room), .c = ones(room)}};
    if (!subject->heat)
        MPI_Abort(MPI_COMM_WORLD, 1);
    for (size_t cell = 0; cell < cells; cell++)
        if (cell * 2654435761u % 4294967296u / 65536 * 1000 / 65536 < HEATED_PER_THOUSAND &&
            (size_t)subject->heat_count < cells / 100 + 1)
            subject->heat[subject->heat_count++] = (struct slab_heat){(int64_t)cell, 0.01};
}

static void measure_grid(int side)
{
    struct domain *domain;
    struct error err;
    if (domain_create(MPI_COMM_WORLD, side, side, 256, &domain, &err) != STATUS_OK)
        MPI_Abort(MPI_COMM_WORLD, 1);
    struct subject subject;
    prepare(&subject, domain);
    measure_ways(&subject);
    free(subject.heat);
    free(subject.plain[0]);
    free(subject.plain[1]);
    free(subject.room.a);
    free(subject.room.b);
    free(subject.room.c);
    domain_destroy(domain);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    if (argc != 2 || atoi(argv[1]) < 1) {
        fprintf(stderr, "part_step SIDE\n");
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    measure_grid(atoi(argv[1]));
    MPI_Finalize();
    return 0;
}

#include "solve/solver.h"

#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "grid/halo.h"
#include "solve/boundary.h"
#include "solve/denormals.h"
#include "solve/stencil.h"

struct solver {
    const struct domain *domain;
    struct solver_config config;
    struct stencil stencil;
    double loss_x, loss_y; /* heat through one edge cell in one step, per unit of u - ghost */
    struct field *now, *next;
    double *outflow;     /* [nx] */
    int64_t *heat_start; /* [nx + 1]: heat entries of column i begin at heat_start[i] */
};

static bool allocate(struct solver *solver)
{
    size_t nx = (size_t)solver->domain->nx;
    solver->now = field_create(solver->domain, solver->config.initial);
    solver->next = field_create_second(solver->domain, solver->config.initial);
    if (!solver->now || !solver->next)
        return false;
    solver->outflow = calloc(nx, sizeof *solver->outflow);
    solver->heat_start = calloc(nx + 1, sizeof *solver->heat_start);
    return solver->outflow && solver->heat_start;
}

struct solver *solver_create(const struct domain *domain, const struct solver_config *config)
{
    denormals_flush();
    struct solver *solver = calloc(1, sizeof *solver);
    int ready = solver != NULL, all_ready;
    if (ready) {
        solver->domain = domain;
        solver->config = *config;
        solver->stencil = stencil_of(config->conductivity, config->dx, config->dy, config->tau_s);
        solver->loss_x = (config->dx * config->dy) * solver->stencil.cx;
        solver->loss_y = (config->dx * config->dy) * solver->stencil.cy;
        ready = allocate(solver);
    }
    MPI_Allreduce(&ready, &all_ready, 1, MPI_INT, MPI_MIN, domain->comm);
    if (all_ready)
        return solver;
    solver_destroy(solver);
    return NULL;
}

void solver_destroy(struct solver *solver)
{
    if (!solver)
        return;
    field_destroy(solver->now);
    field_destroy(solver->next);
    free(solver->outflow);
    free(solver->heat_start);
    free(solver);
}

static void index_heat(struct solver *solver, const struct slab_heat *heat, int count)
{
    int64_t ny = solver->domain->ny;
    int entry = 0;
    for (int i = 0; i < solver->domain->nx; i++) {
        solver->heat_start[i] = entry;
        while (entry < count && heat[entry].cell < (i + 1) * ny)
            entry++;
    }
    assert(entry == count);
    solver->heat_start[solver->domain->nx] = count;
}

static void fill_end_columns(struct solver *solver)
{
    struct field *now = solver->now;
    if (solver->domain->left == MPI_PROC_NULL)
        boundary_fill_column(field_column(now, -1), field_column(now, 0), now->ny,
                             &solver->config.left);
    if (solver->domain->right == MPI_PROC_NULL)
        boundary_fill_column(field_column(now, now->nx), field_column(now, now->nx - 1), now->ny,
                             &solver->config.right);
}

static double outflow_of_column(const struct solver *solver, int i)
{
    const struct field *now = solver->now;
    const double *column = field_column(now, i);
    int ny = now->ny;
    double outflow = solver->loss_y * (column[0] - column[-1]);
    outflow += solver->loss_y * (column[ny - 1] - column[ny]);
    if (i == 0 && solver->domain->left == MPI_PROC_NULL)
        outflow += solver->loss_x * boundary_column_excess(column, field_column(now, -1), ny);
    if (i == now->nx - 1 && solver->domain->right == MPI_PROC_NULL)
        outflow += solver->loss_x * boundary_column_excess(column, field_column(now, now->nx), ny);
    return outflow;
}

static void step_column(struct solver *solver, int i, const struct slab_heat *heat)
{
    struct field *now = solver->now;
    int ny = now->ny;
    double *column = field_column(now, i), *next = field_column(solver->next, i);
    boundary_fill_rows(column, ny, &solver->config.bottom, &solver->config.top);
    solver->outflow[i] += outflow_of_column(solver, i);
    stencil_column(&solver->stencil, field_column(now, i - 1), column, field_column(now, i + 1),
                   next, ny);
    int64_t first = solver->heat_start[i], end = solver->heat_start[i + 1];
    if (end > first)
        stencil_heat_column(next, heat + first, (int)(end - first), (int64_t)i * ny, ny,
                            solver->config.tau_s);
}

/* The structs change contents, so that solver_field() stays the same object. */
static void swap_fields(struct solver *solver)
{
    struct field stepped = *solver->next;
    *solver->next = *solver->now;
    *solver->now = stepped;
}

void solver_step_window(struct solver *solver, const struct slab_heat *heat, int count)
{
    index_heat(solver, heat, count);
    for (int step = 0; step < solver->config.substeps; step++) {
        halo_exchange(solver->domain, solver->now);
        fill_end_columns(solver);
        for (int i = 0; i < solver->domain->nx; i++)
            step_column(solver, i, heat);
        swap_fields(solver);
    }
}

struct field *solver_field(struct solver *solver)
{
    return solver->now;
}

double *solver_outflow(struct solver *solver)
{
    return solver->outflow;
}

void solver_reset_outflow(struct solver *solver)
{
    memset(solver->outflow, 0, (size_t)solver->domain->nx * sizeof *solver->outflow);
}

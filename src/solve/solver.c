#include "solve/solver.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/monotonic.h"
#include "grid/halo.h"
#include "solve/choice.h"
#include "solve/denormals.h"
#include "solve/sweep.h"

/* After so many cell updates, some milliseconds of them, neighbours are waited for in patience. */
enum { PATIENT_UPDATES = 1 << 24 };

struct solver {
    const struct domain *domain;
    struct solver_config config; /* nothing left to choose */
    struct field *now, *next;
    struct field *leaving; /* borrowed; NULL: nobody wants the field before the next pass */
    struct outflow *outflow;
    struct heat_map *heat;
    struct halo_heat halo_heat;
    struct sweep *sweep;
    int added; /* windows, not yet stepped */
    double halo_s;
};

static struct outflow *create_outflow(const struct solver *solver, const struct stencil *stencil,
                                      int halo)
{
    const struct solver_config *config = &solver->config;
    return outflow_create(
        &(struct outflow_config){.nx = solver->domain->nx,
                                 .halo = halo,
                                 .levels = config->steps_per_sweep,
                                 .block_rows = config->block_rows,
                                 .loss_x = (config->dx * config->dy) * stencil->cx,
                                 .loss_y = (config->dx * config->dy) * stencil->cy,
                                 .left = config->left,
                                 .right = config->right,
                                 .bottom = config->bottom,
                                 .top = config->top,
                                 .has_left = solver->domain->left == MPI_PROC_NULL,
                                 .has_right = solver->domain->right == MPI_PROC_NULL});
}

static struct sweep *create_sweep(const struct solver *solver, const struct stencil *stencil)
{
    const struct solver_config *config = &solver->config;
    return sweep_create(&(struct sweep_config){.kernel = config->kernel,
                                               .stencil = *stencil,
                                               .nx = solver->domain->nx,
                                               .ny = solver->domain->ny,
                                               .substeps = config->substeps,
                                               .levels = config->steps_per_sweep,
                                               .block_rows = config->block_rows,
                                               .cache_bytes = config->cache_bytes,
                                               .left = config->left,
                                               .right = config->right,
                                               .bottom = config->bottom,
                                               .top = config->top,
                                               .has_left = solver->domain->left == MPI_PROC_NULL,
                                               .has_right = solver->domain->right == MPI_PROC_NULL},
                        solver->outflow, solver->heat);
}

static bool allocate_halo_heat(struct solver *solver)
{
    size_t columns = (size_t)solver->config.halo_depth - 1;
    if (solver->domain->ranks == 1 || columns == 0)
        return true;
    size_t cells = columns * (size_t)solver->domain->ny;
    solver->halo_heat.left = malloc(cells * sizeof(struct slab_heat));
    solver->halo_heat.right = malloc(cells * sizeof(struct slab_heat));
    return solver->halo_heat.left && solver->halo_heat.right;
}

static struct heat_map *create_heat_map(const struct solver *solver, int ghosts)
{
    const struct solver_config *config = &solver->config;
    return heat_map_create(
        &(struct heat_map_config){.nx = solver->domain->nx,
                                  .ny = solver->domain->ny,
                                  .ghosts = ghosts,
                                  .windows = config->windows,
                                  .block_rows = config->block_rows,
                                  .reach = (int)kernel_round_up(config->steps_per_sweep)});
}

static bool allocate(struct solver *solver)
{
    const struct domain *domain = solver->domain;
    const struct solver_config *config = &solver->config;
    struct stencil stencil =
        stencil_of(config->conductivity, config->dx, config->dy, config->tau_s);
    int ghosts = domain->ranks == 1 ? 1 : config->halo_depth;
    solver->now = field_create_deep(domain, config->initial, ghosts, FIELD_FIRST);
    solver->next = field_create_deep(domain, config->initial, ghosts, FIELD_SECOND);
    if (!solver->now || !solver->next)
        return false;
    solver->outflow = create_outflow(solver, &stencil, ghosts);
    solver->heat = create_heat_map(solver, ghosts);
    if (!solver->outflow || !solver->heat)
        return false;
    solver->sweep = create_sweep(solver, &stencil);
    return solver->sweep && allocate_halo_heat(solver);
}

struct solver *solver_create(const struct domain *domain, const struct solver_config *config)
{
    denormals_flush();
    struct solver *solver = calloc(1, sizeof *solver);
    int ready = solver != NULL, all_ready;
    if (ready) {
        solver->domain = domain;
        solver->config = choice_complete(domain, config);
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
    sweep_destroy(solver->sweep);
    outflow_destroy(solver->outflow);
    heat_map_destroy(solver->heat);
    free(solver->halo_heat.left);
    free(solver->halo_heat.right);
    field_destroy(solver->now);
    field_destroy(solver->next);
    free(solver);
}

struct solver_config solver_chosen(const struct solver *solver)
{
    return solver->config;
}

double solver_halo_s(const struct solver *solver)
{
    return solver->halo_s;
}

static void exchange(struct solver *solver, int depth)
{
    if (solver->domain->ranks == 1)
        return;
    double began_s = monotonic_s();
    if (halo_narrowest(solver->domain) * (int64_t)solver->domain->ny * depth >= PATIENT_UPDATES)
        halo_meet(solver->domain);
    halo_exchange(solver->domain, solver->now, depth);
    solver->halo_s += monotonic_s() - began_s;
}

int64_t solver_heat_room(const struct solver *solver)
{
    const struct domain *domain = solver->domain;
    int64_t narrowest = domain->ranks == 1 ? domain->nx : halo_narrowest(domain);
    return narrowest * domain->ny / HEAT_MAP_WHOLE_FROM;
}

void solver_add_window(struct solver *solver, const struct slab_heat *heat, int64_t count)
{
    struct halo_heat *halo = &solver->halo_heat;
    assert(solver->added < solver->config.windows);
    if (halo->left)
        halo_exchange_heat(solver->domain, heat, count, solver->config.halo_depth - 1, halo);
    if (solver->added++ == 0)
        heat_map_clear(solver->heat);
    const struct heat_part parts[] = {
        {halo->left, halo->left_count}, {heat, count}, {halo->right, halo->right_count}};
    heat_map_add_window(solver->heat, parts, 3, solver->config.tau_s);
}

/* The structs change contents, so that solver_field() stays the same object. */
static void swap_fields(struct solver *solver)
{
    struct field stepped = *solver->next;
    *solver->next = *solver->now;
    *solver->now = stepped;
    if (solver->leaving)
        field_give(solver->next, solver->leaving);
    solver->leaving = NULL;
}

/* The next `levels` steps after `before`; `beyond`: valid columns of the halo that are wanted
 * afterwards. */
static void step_pass(struct solver *solver, int before, int levels, int beyond)
{
    const struct domain *domain = solver->domain;
    struct pass pass = {.now = solver->now,
                        .next = solver->next,
                        .before = before,
                        .levels = levels,
                        .first = domain->left == MPI_PROC_NULL ? 0 : -beyond,
                        .end = domain->right == MPI_PROC_NULL ? domain->nx : domain->nx + beyond};
    sweep_run(solver->sweep, &pass);
    swap_fields(solver);
}

/* The next part of `left` when it is cut into as few parts of at most `most` as even as
 * possible. */
static int next_part(int left, int most)
{
    int parts = (left - 1) / most + 1;
    return (left - 1) / parts + 1;
}

void solver_step(struct solver *solver)
{
    const struct solver_config *config = &solver->config;
    int steps = solver->added * config->substeps;
    for (int done = 0; done < steps;) {
        int round = next_part(steps - done, config->halo_depth);
        exchange(solver, round);
        while (round > 0) {
            int levels = next_part(round, config->steps_per_sweep);
            round -= levels;
            step_pass(solver, done, levels, round);
            done += levels;
        }
    }
    solver->added = 0;
}

void solver_step_window(struct solver *solver, const struct slab_heat *heat, int64_t count)
{
    solver_add_window(solver, heat, count);
    solver_step(solver);
}

struct field *solver_field(struct solver *solver)
{
    return solver->now;
}

void solver_leave(struct solver *solver, struct field *spare)
{
    solver->leaving = spare;
}

struct field *solver_leaving(const struct solver *solver)
{
    return solver->leaving;
}

double *solver_outflow(struct solver *solver)
{
    return solver->outflow->total;
}

void solver_reset_outflow(struct solver *solver)
{
    memset(solver->outflow->total, 0, (size_t)solver->domain->nx * sizeof(double));
}

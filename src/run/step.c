#include "run_internal.h"

double step_heat_of(const struct run *run, const struct heat *heat, int64_t count)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; i++)
        sum += heat[i].rate;
    double seconds = run->plan.solver.tau_s * run->plan.solver.substeps;
    return sum * (seconds * run->plan.solver.dx * run->plan.solver.dy);
}

bool step_may_wait(const struct run *run, const struct closed_window *closed)
{
    const struct root *root = run->root;
    bool last = root->waiting + 1 >= solver_chosen(run->solver).windows;
    bool fits = root->waiting_cells + closed->heat_count <= solver_heat_room(run->solver);
    return !last && fits && !run_has_row(run, closed->window) &&
           !snapshots_wants(run->snapshots, closed->window);
}

void step_field(struct run *run, const struct heat *heat, int64_t count, bool waits)
{
    _Static_assert(sizeof(struct heat) == sizeof(struct slab_heat), "scattered as they are");
    const struct slab_heat *mine;
    double began_s = monitor_begin(run), halo_s = solver_halo_s(run->solver);
    int64_t mine_count = scatter_heat(run->scatter, (const void *)heat, count, &mine);
    double scattered_s = monitor_begin(run);
    solver_add_window(run->solver, mine, mine_count);
    if (!waits)
        solver_step(run->solver);
    monitor_step(run, scattered_s - began_s, monitor_begin(run) - scattered_s,
                 solver_halo_s(run->solver) - halo_s);
}

void step_window(struct run *run, int64_t window, bool waits)
{
    const struct heat *heat = NULL;
    int64_t count = 0;
    if (run->root) {
        heat = run->root->closed->heat;
        count = run->root->closed->heat_count;
        run->state.heat_in += step_heat_of(run, heat, count);
        run->root->waiting = waits ? run->root->waiting + 1 : 0;
        run->root->waiting_cells = waits ? run->root->waiting_cells + count : 0;
    }
    step_field(run, heat, count, waits);
    run->window = window;
}

void step_pass(struct run *run)
{
    if (!run_has_row(run, run->window))
        return;
    run->state.heat_in = 0.0;
    solver_reset_outflow(run->solver);
}

void step_keep(struct run *run)
{
    snapshots_keep(run->snapshots, run->window, run->state.heat_in, run->solver);
}

enum status step_back(struct run *run, int64_t window, struct error *err)
{
    if (!snapshots_restore(run->snapshots, window, run->solver, &run->state.heat_in))
        return error_set(err, STATUS_BUG, "the field after window %lld is not held any more",
                         (long long)window);
    run->window = window;
    return STATUS_OK;
}

#include "solve/snapshots.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"

enum {
    HORIZON_PARTS = 8, /* a snapshot more often than so many times a horizon costs too much time */
    LEAVE_BYTES = 16 << 20,
    EMPTY = -2 /* the window of no snapshot */
};

struct snapshots {
    const struct domain *domain;
    struct solver *solver; /* that the newest is left by; NULL: there is none */
    int horizon, spacing;
    bool leaves; /* else they are copied */
    int count;
    struct snapshot *slot; /* [count]; the one after window r-1 at (r / spacing) % count */
};

static int64_t divide_up(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

int snapshots_spacing(int horizon_windows, int64_t cells, int64_t memory_bytes)
{
    int64_t affordable = memory_bytes / (int64_t)sizeof(double) / cells;
    int64_t by_time = divide_up(horizon_windows, HORIZON_PARTS);
    if (affordable < 2)
        return horizon_windows;
    int64_t by_memory = divide_up(horizon_windows, affordable - 1);
    return narrow_to_int(max_int64(by_time, by_memory));
}

bool snapshots_are_left(int64_t columns, int64_t ny)
{
    return columns * ny >= LEAVE_BYTES / (int64_t)sizeof(double);
}

int snapshots_count(int horizon_windows, int spacing)
{
    return narrow_to_int(divide_up(horizon_windows, spacing) + 1);
}

/* What was never written shows. */
static bool allocate_slot(struct snapshot *slot, const struct domain *domain, int ghosts)
{
    *slot = (struct snapshot){
        .window = EMPTY,
        .field = field_create_deep(domain, NAN, ghosts, FIELD_FIRST),
        .outflow = calloc((size_t)domain->nx, sizeof *slot->outflow),
    };
    return slot->field && slot->outflow;
}

static bool allocate(struct snapshots *snapshots, int ghosts)
{
    snapshots->slot = calloc((size_t)snapshots->count, sizeof *snapshots->slot);
    bool ready = snapshots->slot != NULL;
    for (int i = 0; ready && i < snapshots->count; i++)
        ready = allocate_slot(&snapshots->slot[i], snapshots->domain, ghosts);
    return ready;
}

struct snapshots *snapshots_create(const struct domain *domain,
                                   const struct snapshots_config *config)
{
    struct snapshots *snapshots = calloc(1, sizeof *snapshots);
    int ready = snapshots != NULL, all_ready;
    if (ready) {
        *snapshots = (struct snapshots){
            .domain = domain,
            .horizon = config->horizon_windows,
            .spacing = config->spacing,
            .leaves = config->always_left || snapshots_are_left(domain->nx, domain->ny),
            .count = snapshots_count(config->horizon_windows, config->spacing)};
        ready = allocate(snapshots, snapshots->leaves ? config->ghosts : 1);
    }
    MPI_Allreduce(&ready, &all_ready, 1, MPI_INT, MPI_MIN, domain->comm);
    if (all_ready)
        return snapshots;
    snapshots_destroy(snapshots);
    return NULL;
}

void snapshots_destroy(struct snapshots *snapshots)
{
    if (!snapshots)
        return;
    for (int i = 0; snapshots->slot && i < snapshots->count; i++) {
        field_destroy(snapshots->slot[i].field);
        free(snapshots->slot[i].outflow);
    }
    free(snapshots->slot);
    free(snapshots);
}

/* Those that may be asked for are neighbours in the ring, so that no two of them share a place. */
static struct snapshot *slot_of(const struct snapshots *snapshots, int64_t window)
{
    return &snapshots->slot[(window + 1) / snapshots->spacing % snapshots->count];
}

static struct snapshot *find(const struct snapshots *snapshots, int64_t window)
{
    if (window < -1)
        return NULL;
    struct snapshot *slot = slot_of(snapshots, window);
    return slot->window == window ? slot : NULL;
}

/* The one that the next step would leave in this field; NULL: there is none. */
static const struct field *leaving(const struct snapshots *snapshots)
{
    return snapshots->solver ? solver_leaving(snapshots->solver) : NULL;
}

/* What the next step would have left is copied instead. */
static void settle(struct snapshots *snapshots)
{
    struct solver *solver = snapshots->solver;
    if (!leaving(snapshots))
        return;
    field_copy(solver_leaving(solver), solver_field(solver));
    solver_leave(solver, NULL);
}

bool snapshots_wants(const struct snapshots *snapshots, int64_t window)
{
    return (window + 1) % snapshots->spacing == 0;
}

void snapshots_keep(struct snapshots *snapshots, int64_t window, double heat_in,
                    struct solver *solver)
{
    if (!snapshots_wants(snapshots, window))
        return;
    struct snapshot *slot = slot_of(snapshots, window);
    snapshots->solver = solver;
    settle(snapshots);
    solver_leave(solver, slot->field);
    if (!snapshots->leaves)
        settle(snapshots);
    memcpy(slot->outflow, solver_outflow(solver),
           (size_t)snapshots->domain->nx * sizeof *slot->outflow);
    slot->heat_in = heat_in;
    slot->window = window;
}

static void forget(struct snapshots *snapshots, struct snapshot *slot)
{
    if (leaving(snapshots) == slot->field)
        solver_leave(snapshots->solver, NULL);
    slot->window = EMPTY;
}

static void forget_after(struct snapshots *snapshots, int64_t window)
{
    for (int i = 0; i < snapshots->count; i++)
        if (snapshots->slot[i].window > window)
            forget(snapshots, &snapshots->slot[i]);
}

bool snapshots_restore(struct snapshots *snapshots, int64_t window, struct solver *solver,
                       double *heat_in)
{
    const struct snapshot *slot = find(snapshots, window);
    if (!slot)
        return false;
    if (leaving(snapshots) == slot->field)
        settle(snapshots);
    field_copy(solver_field(solver), slot->field);
    memcpy(solver_outflow(solver), slot->outflow,
           (size_t)snapshots->domain->nx * sizeof *slot->outflow);
    *heat_in = slot->heat_in;
    forget_after(snapshots, window);
    return true;
}

int64_t snapshots_base(const struct snapshots *snapshots, int64_t window)
{
    int64_t reach = max_int64(0, window + 1 - snapshots->horizon);
    return reach - reach % snapshots->spacing - 1;
}

const struct snapshot *snapshots_oldest_needed(struct snapshots *snapshots, int64_t window)
{
    struct snapshot *slot = find(snapshots, snapshots_base(snapshots, window));
    if (slot && leaving(snapshots) == slot->field)
        settle(snapshots);
    return slot;
}

struct snapshot *snapshots_put(struct snapshots *snapshots, int64_t window)
{
    assert(window >= -1 && (window + 1) % snapshots->spacing == 0);
    forget_after(snapshots, EMPTY);
    struct snapshot *slot = slot_of(snapshots, window);
    slot->window = window;
    return slot;
}

#include "solve/snapshots.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"

enum {
    HORIZON_PARTS = 8, /* a snapshot more often than so many times a horizon costs too much time */
    EMPTY = -2         /* the window of no snapshot */
};

struct snapshots {
    const struct domain *domain;
    int horizon, spacing;
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

int snapshots_count(int horizon_windows, int spacing)
{
    return narrow_to_int(divide_up(horizon_windows, spacing) + 1);
}

/* What was never written shows. */
static bool allocate_slot(struct snapshot *slot, const struct domain *domain)
{
    *slot = (struct snapshot){
        .window = EMPTY,
        .field = field_create_deep(domain, NAN, 0, FIELD_FIRST),
        .outflow = calloc((size_t)domain->nx, sizeof *slot->outflow),
    };
    return slot->field && slot->outflow;
}

static bool allocate(struct snapshots *snapshots)
{
    snapshots->slot = calloc((size_t)snapshots->count, sizeof *snapshots->slot);
    bool ready = snapshots->slot != NULL;
    for (int i = 0; ready && i < snapshots->count; i++)
        ready = allocate_slot(&snapshots->slot[i], snapshots->domain);
    return ready;
}

struct snapshots *snapshots_create(const struct domain *domain, int horizon_windows, int spacing)
{
    struct snapshots *snapshots = calloc(1, sizeof *snapshots);
    int ready = snapshots != NULL, all_ready;
    if (ready) {
        *snapshots = (struct snapshots){.domain = domain,
                                        .horizon = horizon_windows,
                                        .spacing = spacing,
                                        .count = snapshots_count(horizon_windows, spacing)};
        ready = allocate(snapshots);
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
    field_copy(slot->field, solver_field(solver));
    memcpy(slot->outflow, solver_outflow(solver),
           (size_t)snapshots->domain->nx * sizeof *slot->outflow);
    slot->heat_in = heat_in;
    slot->window = window;
}

static void forget_after(struct snapshots *snapshots, int64_t window)
{
    for (int i = 0; i < snapshots->count; i++)
        if (snapshots->slot[i].window > window)
            snapshots->slot[i].window = EMPTY;
}

bool snapshots_restore(struct snapshots *snapshots, int64_t window, struct solver *solver,
                       double *heat_in)
{
    const struct snapshot *slot = find(snapshots, window);
    if (!slot)
        return false;
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

const struct snapshot *snapshots_oldest_needed(const struct snapshots *snapshots, int64_t window)
{
    return find(snapshots, snapshots_base(snapshots, window));
}

struct snapshot *snapshots_put(struct snapshots *snapshots, int64_t window)
{
    assert(window >= -1 && (window + 1) % snapshots->spacing == 0);
    forget_after(snapshots, EMPTY);
    struct snapshot *slot = slot_of(snapshots, window);
    slot->window = window;
    return slot;
}

#include "watching.h"

#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/memory.h"
#include "deck/regions.h"
#include "grid/regions.h"
#include "run_internal.h"
#include "watch/watch.h"
#include "watch_groups.h"
#include "watch_rules.h"

/* What every rank needs to know. */
struct shape {
    int regions, relations, alerts, percentiles;
    int percentile[DECK_PERCENTILES_KEPT];
    int64_t runs; /* of all regions */
};

struct watching {
    struct shape shape;
    struct regions *meter;
    struct watch_groups *groups;

    /* Rank 0. */
    struct deck_watch deck;
    struct watch *watch;
    struct buffer news;
};

static struct shape shape_of(const struct deck *deck)
{
    int percentiles[DECK_PERCENTILES_MAX];
    struct shape shape;
    memset(&shape, 0, sizeof shape); /* it travels as bytes */
    shape.regions = deck->regions.count;
    shape.relations = deck->relations.count;
    shape.alerts = deck->alerts.count;
    shape.percentiles = deck_percentiles(deck, percentiles);
    memcpy(shape.percentile, percentiles, (size_t)shape.percentiles * sizeof(int));
    return shape;
}

/* Rank 0: the cells of all regions one after the other; counts[regions]. */
static void collect_runs(const struct deck *deck, struct buffer *runs, int64_t *counts)
{
    _Static_assert(sizeof(struct deck_run) == sizeof(struct cell_run), "taken as they are");
    for (int i = 0; i < deck->regions.count; i++) {
        size_t before = runs->size;
        deck_region_runs(deck, &deck_regions(deck)[i], runs);
        counts[i] = (int64_t)((runs->size - before) / sizeof(struct cell_run));
    }
}

static struct regions *create_meter(const struct run *run, struct shape *shape)
{
    struct buffer runs = {0};
    int64_t *counts = memory_zeroed(shape->regions, sizeof *counts);
    struct region_cells *cells = memory_zeroed(shape->regions, sizeof *cells);
    if (run->root)
        collect_runs(run->root->deck, &runs, counts);
    int64_t bytes = (int64_t)runs.size;
    agree_broadcast(run->domain, &bytes, (int)sizeof bytes);
    agree_broadcast(run->domain, counts, narrow_to_int(shape->regions * (int64_t)sizeof *counts));
    if (!run->root)
        buffer_reserve(&runs, (size_t)bytes);
    agree_broadcast(run->domain, runs.data, narrow_to_int(bytes));
    const struct cell_run *next = (const void *)runs.data;
    for (int i = 0; i < shape->regions; next += counts[i++])
        cells[i] = (struct region_cells){next, counts[i]};
    const struct regions_config config = {.regions = cells,
                                          .count = shape->regions,
                                          .percentiles = shape->percentile,
                                          .percentile_count = shape->percentiles};
    struct regions *meter = regions_create(run->domain, &config);
    buffer_release(&runs);
    free(counts);
    free(cells);
    return meter;
}

/* Rank 0. Corrections reach `horizon_windows` back, a restart puts rows back as far. */
static void create_watch(const struct run *run, struct watching *watching)
{
    int64_t kept = run->plan.horizon_windows / run->plan.frames_every + 2;
    deck_watch_create(run->root->deck, &watching->deck);
    watching->watch = watch_create(&watching->deck.rules, kept);
}

struct watching *watching_create(const struct run *run)
{
    struct shape shape = {0};
    if (run->root)
        shape = shape_of(run->root->deck);
    agree_broadcast(run->domain, &shape, (int)sizeof shape);
    if (shape.regions == 0)
        return NULL;
    struct watching *watching = memory_zeroed(1, sizeof *watching);
    watching->shape = shape;
    watching->meter = create_meter(run, &shape);
    if (run->root)
        create_watch(run, watching);
    const struct watch_groups_config config = {.regions = shape.regions,
                                               .relations = shape.relations,
                                               .alerts = shape.alerts,
                                               .percentiles = shape.percentiles,
                                               .percentile = shape.percentile,
                                               .deck = run->root ? run->root->deck : NULL};
    watching->groups = watch_groups_create(&config);
    return watching;
}

void watching_destroy(struct watching *watching)
{
    if (!watching)
        return;
    regions_destroy(watching->meter);
    watch_groups_destroy(watching->groups);
    watch_destroy(watching->watch);
    deck_watch_release(&watching->deck);
    buffer_release(&watching->news);
    free(watching);
}

struct frames_groups watching_groups(const struct watching *watching)
{
    return watching ? watch_groups_of(watching->groups) : (struct frames_groups){0};
}

enum status watching_open_log(struct run *run, struct error *err)
{
    char path[PATH_MAX];
    struct root *root = run->root;
    if (!run->watching || run->watching->shape.alerts == 0)
        return STATUS_OK;
    TRY(path_join(path, sizeof path, root->rundir.root, "alerts.ndjson", err));
    return announcer_open(root->deck, path, &run->state.alerts, &root->alerts, err);
}

enum status watching_begin_log(struct run *run, struct error *err)
{
    struct root *root = run->root;
    if (!root->alerts)
        return STATUS_OK;
    return announcer_begin(root->alerts, root->rundir.alerts, run->state.alerts.size, err);
}

enum status watching_sync(struct run *run, struct unsynced *later, struct error *err)
{
    return announcer_sync(run->root->alerts, &run->state.alerts, later, err);
}

/* Rank 0: a frame and what it tells. */
static struct watch_view take(struct run *run, const struct frame_row *row, const double *readings)
{
    struct root *root = run->root;
    struct watching *watching = run->watching;
    const struct watch_frame frame = {.window = row->window,
                                      .end_ms = row->event_time_ms,
                                      .revision = row->revision,
                                      .final = row->final,
                                      .readings = readings};
    buffer_clear(&watching->news);
    struct watch_view view = watch_take(watching->watch, &frame, &watching->news);
    struct error err;
    if (watching->news.size > 0)
        root_note(root, announcer_tell(root->alerts, &watching->news, &err), &err);
    return view;
}

void watching_look(struct run *run, bool restored, struct frame_row *row)
{
    struct watching *watching = run->watching;
    const double *readings;
    if (!watching)
        return;
    regions_measure(watching->meter, solver_field(run->solver), &readings);
    if (!run->root)
        return;
    struct watch_view view =
        restored ? watch_recall(watching->watch, row->window) : take(run, row, readings);
    row->panels = watch_groups_fill(watching->groups, readings, &view);
    monitor_judged(run, row->window, readings, watching->deck.rules.stats, &view);
}

void watching_save(const struct watching *watching, struct buffer *out)
{
    if (watching)
        watch_save(watching->watch, out);
}

enum status watching_load(struct watching *watching, struct buffer_reader *reader,
                          struct error *err)
{
    return watching ? watch_load(watching->watch, reader, err) : STATUS_OK;
}

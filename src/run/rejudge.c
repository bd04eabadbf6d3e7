#include "rejudge.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "base/log.h"
#include "base/memory.h"
#include "deck/judged.h"
#include "deck/regions.h"
#include "grid/regions.h"
#include "remeasure.h"
#include "solve/denormals.h"
#include "watch_rules.h"

enum { NOT_STORED = -1, STATS_MAX = REGION_PERCENTILES + DECK_PERCENTILES_KEPT };

struct rejudge {
    const struct stored *stored;
    struct deck *own, *deck; /* own: of the run; NULL when it cannot be read */
    struct deck_watch watched;
    struct watch *watch;
    char paths[STATS_MAX][ROW_PANEL_PATH]; /* "" of a statistic that is not stored */
    int *source;                           /* [regions] position among the run's, or NOT_STORED */
    bool *measured;                        /* [regions] */
    struct remeasure *remeasure;           /* of these; NULL: none */
    double *panel;                         /* [regions of the run] */
    double *readings;                      /* [regions][stats] */
    int64_t judged_window;                 /* the last one, -1: none */
};

const struct deck *rejudge_deck(const struct rejudge *rejudge)
{
    return rejudge->deck;
}

static bool same_cells(const struct deck *a, int i, const struct deck *b, int j)
{
    struct buffer first = {0}, second = {0};
    deck_region_runs(a, &deck_regions(a)[i], &first);
    deck_region_runs(b, &deck_regions(b)[j], &second);
    bool same = first.size == second.size && memcmp(first.data, second.data, first.size) == 0;
    buffer_release(&first);
    buffer_release(&second);
    return same;
}

static int find_source(const struct rejudge *rejudge, int region)
{
    for (int i = 0; rejudge->own && i < rejudge->own->regions.count; i++)
        if (same_cells(rejudge->deck, region, rejudge->own, i))
            return i;
    return NOT_STORED;
}

static void name_panels(struct rejudge *rejudge)
{
    static const char *const names[] = {"min", "mean", "max"};
    int percentiles[DECK_PERCENTILES_MAX];
    int count = deck_percentiles(rejudge->deck, percentiles);
    for (int i = 0; i < REGION_PERCENTILES + count; i++) {
        char name[8];
        if (i < REGION_PERCENTILES)
            snprintf(name, sizeof name, "%s", names[i]);
        else
            snprintf(name, sizeof name, "p%d", percentiles[i - REGION_PERCENTILES] % 100);
        bool has_any = rejudge->own && rejudge->own->regions.count > 0;
        if (has_any && deck_stat_find(rejudge->own, name) >= 0)
            snprintf(rejudge->paths[i], ROW_PANEL_PATH, "regions/stats/%s", name);
    }
}

/* Where each statistic of each region is to come from. */
static enum status find_sources(struct rejudge *rejudge, struct error *err)
{
    int regions = rejudge->deck->regions.count, missing = 0;
    bool all = true;
    name_panels(rejudge);
    for (int i = 0; i < rejudge->watched.rules.stats; i++)
        all = all && rejudge->paths[i][0];
    for (int i = 0; i < regions; i++) {
        rejudge->source[i] = find_source(rejudge, i);
        rejudge->measured[i] = !all || rejudge->source[i] == NOT_STORED;
        missing += rejudge->measured[i];
    }
    if (missing == 0)
        return STATUS_OK;
    return remeasure_create(rejudge->stored, rejudge->deck, rejudge->measured, &rejudge->remeasure,
                            err);
}

static enum status check_number(const struct deck *deck, const char *key, double given,
                                double found, struct error *err)
{
    if (given == found)
        return STATUS_OK;
    return deck_error(deck, key, err,
                      "is %.17g, but %.17g of the frames: rules are judged over "
                      "the frames that are there",
                      given, found);
}

static enum status check_shape(const struct stored *stored, const struct deck *deck,
                               struct error *err)
{
    const struct row_place *shape = &stored->shape;
    TRY(check_number(deck, "grid.nx", (double)deck->grid.nx, (double)shape->gnx, err));
    TRY(check_number(deck, "grid.ny", (double)deck->grid.ny, (double)shape->gny, err));
    if (stored->window_ms == 0)
        return STATUS_OK;
    TRY(check_number(deck, "time.window_ms", (double)deck->time.window_ms,
                     (double)stored->window_ms, err));
    return check_number(deck, "output.frames.every", (double)deck->frames.every,
                        (double)stored->frames_every, err);
}

/* Of the cells as they were stored, the lowest is the lowest of before, rounded: rounding keeps
 * order. */
static bool is_rounded(const struct stored *stored, double exact, double found)
{
    volatile float rounded = (float)exact;
    return found == (stored->shape.f64 ? exact : (double)rounded);
}

static enum status check_mask(const struct rejudge *rejudge, int region, int64_t row,
                              const double *measured, struct error *err)
{
    const struct deck_region *mask = &deck_regions(rejudge->own)[region];
    double *values = memory_block((size_t)rejudge->own->regions.count * sizeof *values);
    enum status status = STATUS_OK;
    bool same = true;
    for (int stat = REGION_MIN; stat <= REGION_MAX && status == STATUS_OK; stat += 2) {
        status = row_reader_panel(rejudge->stored->reader, row,
                                  stat == REGION_MIN ? "regions/stats/min" : "regions/stats/max",
                                  rejudge->own->regions.count, values, err);
        same = same &&
               (status != STATUS_OK || is_rounded(rejudge->stored, values[region], measured[stat]));
    }
    free(values);
    if (status == STATUS_OK && !same)
        return error_set(err, STATUS_BAD_DATA,
                         "region `%s`: %s is not the mask that %s was made with", mask->name,
                         mask->mask, rejudge->stored->directory);
    return status;
}

static enum status check_mask_rows(const struct rejudge *rejudge, int region, struct error *err)
{
    const struct stored *stored = rejudge->stored;
    const int64_t rows[] = {stored->first_row, (stored->first_row + stored->rows) / 2,
                            stored->rows - 1};
    struct remeasure *remeasure = NULL;
    const double *measured;
    bool *wanted = memory_zeroed(rejudge->own->regions.count, sizeof *wanted);
    wanted[region] = true;
    enum status status = remeasure_create(stored, rejudge->own, wanted, &remeasure, err);
    for (int i = 0; i < 3 && status == STATUS_OK; i++) {
        status = remeasure_row(remeasure, rows[i], &measured, err);
        if (status == STATUS_OK)
            status = check_mask(rejudge, region, rows[i], measured, err);
    }
    remeasure_destroy(remeasure);
    free(wanted);
    return status;
}

/* A mask lies in a file of its own, which may have been drawn anew since. */
static enum status check_masks(const struct rejudge *rejudge, struct error *err)
{
    for (int i = 0; i < rejudge->deck->regions.count; i++) {
        int source = rejudge->source[i];
        if (source != NOT_STORED && deck_regions(rejudge->own)[source].mask)
            TRY(check_mask_rows(rejudge, source, err));
    }
    return STATUS_OK;
}

static enum status load(struct rejudge *rejudge, const struct rejudge_rules *rules,
                        struct error *err)
{
    char config[PATH_MAX];
    struct error reason;
    TRY(path_join(config, sizeof config, rejudge->stored->directory, "config.yaml", err));
    TRY(deck_load_judged(config, rules->deck, rules->overrides, rules->override_count,
                         &rejudge->deck, err));
    if (deck_load_judged(config, NULL, NULL, 0, &rejudge->own, &reason) != STATUS_OK)
        log_warn("what %s stored of regions is not used: %s", rejudge->stored->name, reason.text);
    return STATUS_OK;
}

static enum status prepare(struct rejudge *rejudge, const struct rejudge_rules *rules,
                           struct error *err)
{
    denormals_flush();
    TRY(load(rejudge, rules, err));
    TRY(check_shape(rejudge->stored, rejudge->deck, err));
    deck_watch_create(rejudge->deck, &rejudge->watched);
    int regions = rejudge->deck->regions.count;
    rejudge->source = memory_zeroed(regions, sizeof *rejudge->source);
    rejudge->measured = memory_zeroed(regions, sizeof *rejudge->measured);
    rejudge->readings =
        memory_zeroed((int64_t)regions * rejudge->watched.rules.stats, sizeof(double));
    rejudge->panel = memory_zeroed(rejudge->own ? rejudge->own->regions.count : 0, sizeof(double));
    rejudge->watch = watch_create(&rejudge->watched.rules, 1);
    TRY(find_sources(rejudge, err));
    return check_masks(rejudge, err);
}

enum status rejudge_create(const struct stored *stored, const struct rejudge_rules *rules,
                           struct rejudge **made, struct error *err)
{
    struct rejudge *rejudge = memory_zeroed(1, sizeof *rejudge);
    rejudge->stored = stored;
    rejudge->judged_window = -1;
    enum status status = prepare(rejudge, rules, err);
    if (status == STATUS_OK)
        *made = rejudge;
    else
        rejudge_destroy(rejudge);
    return status;
}

void rejudge_destroy(struct rejudge *rejudge)
{
    if (!rejudge)
        return;
    watch_destroy(rejudge->watch);
    deck_watch_release(&rejudge->watched);
    deck_destroy(rejudge->own);
    deck_destroy(rejudge->deck);
    remeasure_destroy(rejudge->remeasure);
    free(rejudge->source);
    free(rejudge->measured);
    free(rejudge->panel);
    free(rejudge->readings);
    free(rejudge);
}

static enum status take_stored(struct rejudge *rejudge, int64_t row, struct error *err)
{
    int regions = rejudge->deck->regions.count, stats = rejudge->watched.rules.stats;
    for (int stat = 0; stat < stats; stat++) {
        if (!rejudge->paths[stat][0])
            continue;
        TRY(row_reader_panel(rejudge->stored->reader, row, rejudge->paths[stat],
                             rejudge->own->regions.count, rejudge->panel, err));
        for (int i = 0; i < regions; i++)
            if (rejudge->source[i] != NOT_STORED)
                rejudge->readings[i * stats + stat] = rejudge->panel[rejudge->source[i]];
    }
    return STATUS_OK;
}

static enum status take_measured(struct rejudge *rejudge, int64_t row, struct error *err)
{
    int stats = rejudge->watched.rules.stats;
    const double *next;
    if (!rejudge->remeasure)
        return STATUS_OK;
    TRY(remeasure_row(rejudge->remeasure, row, &next, err));
    for (int i = 0; i < rejudge->deck->regions.count; i++) {
        if (!rejudge->measured[i])
            continue;
        for (int stat = 0; stat < stats; stat++, next++)
            if (rejudge->source[i] == NOT_STORED || !rejudge->paths[stat][0])
                rejudge->readings[i * stats + stat] = *next;
    }
    return STATUS_OK;
}

/* What belongs to one revision: the record is the same afterwards. */
static enum status read_row(struct rejudge *rejudge, int64_t row, struct watch_row *record,
                            struct error *err)
{
    struct watch_row after;
    for (;;) {
        TRY(stored_row(rejudge->stored, row, record, err));
        if (rejudge->deck->regions.count > 0) {
            TRY(take_stored(rejudge, row, err));
            TRY(take_measured(rejudge, row, err));
        }
        TRY(stored_row(rejudge->stored, row, &after, err));
        if (after.revision == record->revision && after.window == record->window)
            return STATUS_OK;
    }
}

enum status rejudge_read(struct rejudge *rejudge, int64_t row, const double **readings, int *stats,
                         struct error *err)
{
    struct watch_row record;
    TRY(read_row(rejudge, row, &record, err));
    *readings = rejudge->readings;
    *stats = rejudge->watched.rules.stats;
    return STATUS_OK;
}

enum status rejudge_take(struct rejudge *rejudge, int64_t row, struct watch_view *view,
                         struct buffer *news, struct error *err)
{
    struct watch_row record;
    TRY(read_row(rejudge, row, &record, err));
    if (record.window <= rejudge->judged_window)
        return error_set(err, STATUS_BAD_DATA,
                         "row %lld of %s holds window %lld, the row before it window %lld",
                         (long long)row, rejudge->stored->directory, (long long)record.window,
                         (long long)rejudge->judged_window);
    rejudge->judged_window = record.window;
    const struct watch_frame frame = {.window = record.window,
                                      .end_ms = record.event_time_ms,
                                      .revision = record.revision,
                                      .final = record.final,
                                      .readings = rejudge->readings};
    *view = watch_take(rejudge->watch, &frame, news);
    return STATUS_OK;
}

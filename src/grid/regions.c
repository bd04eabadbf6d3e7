#include "grid/regions.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"

enum { DIGIT_BITS = 8, BUCKETS = 1 << DIGIT_BITS, KEY_BITS = 64 };

/* One column of one region on its way to rank 0. */
struct column_stats {
    double min, max, sum;
    int64_t region;
};

/* A run on this rank, x counted from the slab's first column. */
struct own_run {
    int region, x, y0, y1;
    int part; /* the column of the region that it belongs to, of those of this rank */
};

/* A percentile of a region that is being narrowed down. */
struct search {
    uint64_t prefix; /* the leading bits of its key that are known */
    int64_t rank;    /* how many values with that prefix are below it */
};

struct regions {
    const struct domain *domain;
    int count, stats; /* regions, and statistics of each */
    int percentile_count;
    int *percentiles;
    struct own_run *runs;
    int64_t run_count;
    struct column_stats *parts; /* of this rank's columns, by region, then x */
    int part_count;
    MPI_Datatype part;
    struct search *searches; /* [count][percentile_count] */
    int64_t *histogram;      /* [count][percentile_count][BUCKETS] */

    /* Rank 0. */
    int *counts, *starts;     /* [ranks] parts of each rank */
    struct column_stats *all; /* in order of the ranks */
    int all_count;
    int64_t *cells; /* [count] */
    int64_t *sums;  /* as `histogram`, over all ranks */
    double *values; /* [count][stats] */
};

/* Without MPI: what would be gathered is here already. */
static bool is_alone(const struct regions *regions)
{
    return regions->domain->comm == MPI_COMM_NULL;
}

static void take_runs(struct regions *regions, const struct region_cells *cells, int region)
{
    const struct domain *domain = regions->domain;
    int64_t before = -1;
    for (int64_t i = 0; i < cells->count; i++) {
        const struct cell_run *run = &cells->runs[i];
        if (run->x < domain->x0 || run->x >= domain->x0 + domain->nx)
            continue;
        regions->part_count += run->x != before;
        before = run->x;
        regions->runs[regions->run_count++] = (struct own_run){.region = region,
                                                               .x = (int)(run->x - domain->x0),
                                                               .y0 = (int)run->y0,
                                                               .y1 = (int)run->y1,
                                                               .part = regions->part_count - 1};
    }
}

static int64_t count_cells(const struct region_cells *cells)
{
    int64_t count = 0;
    for (int64_t i = 0; i < cells->count; i++)
        count += cells->runs[i].y1 - cells->runs[i].y0;
    return count;
}

/* Collective: rank 0 learns how much comes from which rank. */
static void expect_parts(struct regions *regions, const struct regions_config *config)
{
    const struct domain *domain = regions->domain;
    bool root = domain->rank == 0;
    int64_t total = 0;
    regions->counts = memory_zeroed(root ? domain->ranks : 0, sizeof(int));
    regions->starts = memory_zeroed(root ? domain->ranks : 0, sizeof(int));
    if (is_alone(regions))
        regions->counts[0] = regions->part_count;
    else
        MPI_Gather(&regions->part_count, 1, MPI_INT, regions->counts, 1, MPI_INT, 0, domain->comm);
    if (!root)
        return;
    for (int rank = 0; rank < domain->ranks; rank++) {
        regions->starts[rank] = narrow_to_int(total);
        total += regions->counts[rank];
    }
    regions->all_count = narrow_to_int(total);
    regions->all = memory_zeroed(total, sizeof *regions->all);
    regions->values = memory_zeroed((int64_t)regions->count * regions->stats, sizeof(double));
    regions->cells = memory_zeroed(config->count, sizeof(int64_t));
    for (int r = 0; r < config->count; r++)
        regions->cells[r] = count_cells(&config->regions[r]);
}

struct regions *regions_create(const struct domain *domain, const struct regions_config *config)
{
    struct regions *regions = memory_zeroed(1, sizeof *regions);
    int64_t runs = 0, searches = (int64_t)config->count * config->percentile_count;
    for (int r = 0; r < config->count; r++)
        runs += config->regions[r].count;
    regions->domain = domain;
    regions->count = config->count;
    regions->stats = REGION_PERCENTILES + config->percentile_count;
    regions->percentile_count = config->percentile_count;
    regions->percentiles = memory_zeroed(config->percentile_count, sizeof(int));
    memcpy(regions->percentiles, config->percentiles,
           (size_t)config->percentile_count * sizeof(int));
    regions->runs = memory_zeroed(runs, sizeof *regions->runs);
    for (int r = 0; r < config->count; r++)
        take_runs(regions, &config->regions[r], r);
    regions->parts = memory_zeroed(regions->part_count, sizeof *regions->parts);
    regions->searches = memory_zeroed(searches, sizeof *regions->searches);
    regions->histogram = memory_zeroed(searches * BUCKETS, sizeof(int64_t));
    if (!is_alone(regions)) {
        MPI_Type_contiguous((int)sizeof(struct column_stats), MPI_BYTE, &regions->part);
        MPI_Type_commit(&regions->part);
    }
    expect_parts(regions, config);
    if (domain->rank == 0)
        regions->sums = memory_zeroed(searches * BUCKETS, sizeof(int64_t));
    return regions;
}

void regions_destroy(struct regions *regions)
{
    if (!regions)
        return;
    if (!is_alone(regions))
        MPI_Type_free(&regions->part);
    free(regions->percentiles);
    free(regions->runs);
    free(regions->parts);
    free(regions->searches);
    free(regions->histogram);
    free(regions->counts);
    free(regions->starts);
    free(regions->all);
    free(regions->cells);
    free(regions->sums);
    free(regions->values);
    free(regions);
}

static void measure_parts(struct regions *regions, const struct field *field)
{
    int before = -1;
    for (int64_t i = 0; i < regions->run_count; i++) {
        const struct own_run *run = &regions->runs[i];
        const double *cells = field_column(field, run->x);
        struct column_stats *part = &regions->parts[run->part];
        if (run->part != before)
            *part = (struct column_stats){INFINITY, -INFINITY, 0.0, run->region};
        before = run->part;
        for (int j = run->y0; j < run->y1; j++) {
            part->min = cells[j] < part->min ? cells[j] : part->min;
            part->max = cells[j] > part->max ? cells[j] : part->max;
            part->sum += cells[j];
        }
    }
}

/* Ranks own columns from left to right, so the parts of a region come in order of x. */
static void combine(struct regions *regions)
{
    for (int r = 0; r < regions->count; r++) {
        double *values = regions->values + (ptrdiff_t)r * regions->stats;
        values[REGION_MIN] = INFINITY;
        values[REGION_MAX] = -INFINITY;
        values[REGION_MEAN] = 0.0;
    }
    for (int64_t i = 0; i < regions->all_count; i++) {
        const struct column_stats *part = &regions->all[i];
        double *values = regions->values + (ptrdiff_t)part->region * regions->stats;
        values[REGION_MIN] = part->min < values[REGION_MIN] ? part->min : values[REGION_MIN];
        values[REGION_MAX] = part->max > values[REGION_MAX] ? part->max : values[REGION_MAX];
        values[REGION_MEAN] += part->sum;
    }
    for (int r = 0; r < regions->count; r++)
        regions->values[(ptrdiff_t)r * regions->stats + REGION_MEAN] /= (double)regions->cells[r];
}

/* Unsigned numbers in the order of the doubles; -0 comes before 0. */
static uint64_t key_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static double value_of(uint64_t key)
{
    double value;
    uint64_t bits = key >> 63 ? key & ~((uint64_t)1 << 63) : ~key;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* `known` leading bits of each search's key are known. */
static void count_digits(struct regions *regions, const struct field *field, int known)
{
    int searches = regions->percentile_count, shift = KEY_BITS - known - DIGIT_BITS;
    size_t all = (size_t)regions->count * (size_t)searches;
    memset(regions->histogram, 0, all * BUCKETS * sizeof(int64_t));
    for (int64_t i = 0; i < regions->run_count; i++) {
        const struct own_run *run = &regions->runs[i];
        const double *cells = field_column(field, run->x);
        for (int j = run->y0; j < run->y1; j++) {
            uint64_t key = key_of(cells[j]);
            for (int s = run->region * searches; s < (run->region + 1) * searches; s++)
                if (known == 0 || key >> (KEY_BITS - known) == regions->searches[s].prefix)
                    regions->histogram[s * BUCKETS + (int)((key >> shift) & (BUCKETS - 1))]++;
        }
    }
}

/* Rank 0: the next digit of every search. */
static void take_digits(struct regions *regions)
{
    for (int s = 0; s < regions->count * regions->percentile_count; s++) {
        struct search *search = &regions->searches[s];
        const int64_t *bucket = regions->sums + (ptrdiff_t)s * BUCKETS;
        unsigned digit = 0;
        while (search->rank >= bucket[digit])
            search->rank -= bucket[digit++];
        search->prefix = search->prefix << DIGIT_BITS | digit;
    }
}

static void begin_searches(struct regions *regions)
{
    for (int r = 0; r < regions->count; r++)
        for (int p = 0; p < regions->percentile_count; p++) {
            struct search *search = &regions->searches[r * regions->percentile_count + p];
            int64_t cells = regions->domain->rank == 0 ? regions->cells[r] : 0;
            *search = (struct search){.rank = (regions->percentiles[p] * cells + 99) / 100 - 1};
        }
}

static void add_histograms(struct regions *regions, int searches)
{
    if (is_alone(regions))
        memcpy(regions->sums, regions->histogram, (size_t)searches * BUCKETS * sizeof(int64_t));
    else
        MPI_Reduce(regions->histogram, regions->sums, searches * BUCKETS, MPI_INT64_T, MPI_SUM, 0,
                   regions->domain->comm);
}

static void tell_searches(struct regions *regions, int searches)
{
    if (!is_alone(regions))
        MPI_Bcast(regions->searches, searches * (int)sizeof *regions->searches, MPI_BYTE, 0,
                  regions->domain->comm);
}

static void find_percentiles(struct regions *regions, const struct field *field)
{
    int searches = regions->count * regions->percentile_count;
    begin_searches(regions);
    for (int known = 0; known < KEY_BITS; known += DIGIT_BITS) {
        count_digits(regions, field, known);
        add_histograms(regions, searches);
        if (regions->domain->rank == 0)
            take_digits(regions);
        tell_searches(regions, searches);
    }
    for (int s = 0; s < searches && regions->domain->rank == 0; s++) {
        int region = s / regions->percentile_count, p = s % regions->percentile_count;
        regions->values[region * regions->stats + REGION_PERCENTILES + p] =
            value_of(regions->searches[s].prefix);
    }
}

void regions_measure(struct regions *regions, const struct field *field, const double **stats)
{
    measure_parts(regions, field);
    if (is_alone(regions))
        memcpy(regions->all, regions->parts, (size_t)regions->part_count * sizeof *regions->parts);
    else
        MPI_Gatherv(regions->parts, regions->part_count, regions->part, regions->all,
                    regions->counts, regions->starts, regions->part, 0, regions->domain->comm);
    if (regions->domain->rank == 0)
        combine(regions);
    if (regions->percentile_count > 0)
        find_percentiles(regions, field);
    *stats = regions->values;
}

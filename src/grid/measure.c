#include "grid/measure.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "grid/columns.h"

enum { LANES = 8 };

/* What a rank tells about one column. */
struct column_measure {
    double min, max, sum;
    int64_t bad_y; /* first cell that is not finite, or -1 */
    double bad_value;
};

struct measurer {
    const struct domain *domain;
    struct column_measure *mine; /* [nx] */
    struct column_measure *all;  /* [gnx] on rank 0 */
    double *all_values;          /* [gnx] on rank 0 */
    struct columns *measures, *values;
};

struct measurer *measurer_create(const struct domain *domain)
{
    struct measurer *measurer = memory_zeroed(1, sizeof *measurer);
    int64_t gathered = domain->rank == 0 ? domain->gnx : 0;
    *measurer = (struct measurer){
        .domain = domain,
        .mine = memory_zeroed(domain->nx, sizeof(struct column_measure)),
        .all = memory_zeroed(gathered, sizeof(struct column_measure)),
        .all_values = memory_zeroed(gathered, sizeof(double)),
        .measures = columns_create(domain, sizeof(struct column_measure)),
        .values = columns_create(domain, sizeof(double)),
    };
    return measurer;
}

void measurer_destroy(struct measurer *measurer)
{
    if (!measurer)
        return;
    columns_destroy(measurer->measures);
    columns_destroy(measurer->values);
    free(measurer->mine);
    free(measurer->all);
    free(measurer->all_values);
    free(measurer);
}

static int64_t first_bad_cell(const double *cells, int ny)
{
    for (int j = 0; j < ny; j++)
        if (!isfinite(cells[j]))
            return j;
    return -1;
}

struct lanes {
    double min[LANES], max[LANES], sum[LANES];
};

/* A loop that stays one becomes vectors; unrolled, it becomes single cells that go through
 * memory, which takes twice as long. */
static void take(struct lanes *restrict lanes, const double *restrict cells, int count)
{
#pragma GCC unroll 1
    for (int k = 0; k < count; k++) {
        lanes->min[k] = cells[k] < lanes->min[k] ? cells[k] : lanes->min[k];
        lanes->max[k] = cells[k] > lanes->max[k] ? cells[k] : lanes->max[k];
        lanes->sum[k] += cells[k];
    }
}

static double sum_of(double sum[LANES])
{
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int k = 0; k < half; k++)
            sum[k] += sum[k + half];
    return sum[0];
}

/* A lane takes every LANES-th cell, so that none waits for the one below it. The lanes are part of
 * what the sum is, whatever the width of the vectors they are kept in. */
static struct column_measure measure_column(const double *cells, int ny)
{
    struct lanes lanes;
    for (int k = 0; k < LANES; k++) {
        lanes.min[k] = lanes.max[k] = cells[0];
        lanes.sum[k] = 0.0;
    }
    int whole = ny - ny % LANES;
    for (int j = 0; j < whole; j += LANES)
        take(&lanes, cells + j, LANES);
    take(&lanes, cells + whole, ny - whole);
    struct column_measure found = {
        .min = lanes.min[0], .max = lanes.max[0], .sum = sum_of(lanes.sum), .bad_y = -1};
    for (int k = 1; k < LANES; k++) {
        found.min = lanes.min[k] < found.min ? lanes.min[k] : found.min;
        found.max = lanes.max[k] > found.max ? lanes.max[k] : found.max;
    }
    if (!isfinite(found.sum))
        found.bad_y = first_bad_cell(cells, ny);
    if (found.bad_y >= 0)
        found.bad_value = cells[found.bad_y];
    return found;
}

void measure_take(struct measurer *measurer, const struct field *field, int i)
{
    measurer->mine[i] = measure_column(field_column(field, i), field->ny);
}

static struct measure combine(const struct column_measure *columns, int64_t gnx)
{
    struct measure measure;
    memset(&measure, 0, sizeof measure); /* it travels as bytes, padding included */
    measure.min = columns[0].min;
    measure.max = columns[0].max;
    measure.finite = true;
    measure.bad_x = measure.bad_y = -1;
    for (int64_t x = 0; x < gnx; x++) {
        measure.min = fmin(measure.min, columns[x].min);
        measure.max = fmax(measure.max, columns[x].max);
        measure.sum += columns[x].sum;
        if (measure.finite && columns[x].bad_y >= 0) {
            measure.finite = false;
            measure.bad_x = x;
            measure.bad_y = columns[x].bad_y;
            measure.bad_value = columns[x].bad_value;
        }
    }
    return measure;
}

struct measure measure_combine(struct measurer *measurer)
{
    const struct domain *domain = measurer->domain;
    columns_gather(measurer->measures, measurer->mine, measurer->all);
    struct measure measure;
    if (domain->rank == 0)
        measure = combine(measurer->all, domain->gnx);
    MPI_Bcast(&measure, (int)sizeof measure, MPI_BYTE, 0, domain->comm);
    return measure;
}

struct measure measure_field(struct measurer *measurer, const struct field *field)
{
    for (int i = 0; i < field->nx; i++)
        measure_take(measurer, field, i);
    return measure_combine(measurer);
}

double measure_columns(struct measurer *measurer, const double *columns)
{
    const struct domain *domain = measurer->domain;
    columns_gather(measurer->values, columns, measurer->all_values);
    double sum = 0.0;
    if (domain->rank == 0)
        for (int64_t x = 0; x < domain->gnx; x++)
            sum += measurer->all_values[x];
    MPI_Bcast(&sum, 1, MPI_DOUBLE, 0, domain->comm);
    return sum;
}

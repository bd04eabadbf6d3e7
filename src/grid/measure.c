#include "grid/measure.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "grid/columns.h"

enum { TOGETHER = 4 };

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

/* `count` neighbouring columns at a time, a constant of the caller: a sum in order waits for each
 * of its additions, those of several columns do not wait for each other. */
static inline __attribute__((always_inline)) void measure_columns_of(const double *cells,
                                                                     ptrdiff_t pitch, int ny,
                                                                     int count,
                                                                     struct column_measure *found)
{
    double min[TOGETHER], max[TOGETHER], sum[TOGETHER];
    for (int i = 0; i < count; i++) {
        min[i] = max[i] = cells[i * pitch];
        sum[i] = 0.0;
    }
    for (int j = 0; j < ny; j++)
        for (int i = 0; i < count; i++) {
            double cell = cells[i * pitch + j];
            min[i] = cell < min[i] ? cell : min[i];
            max[i] = cell > max[i] ? cell : max[i];
            sum[i] += cell;
        }
    for (int i = 0; i < count; i++) {
        const double *column = cells + i * pitch;
        int64_t bad_y = isfinite(sum[i]) ? -1 : first_bad_cell(column, ny);
        found[i] =
            (struct column_measure){min[i], max[i], sum[i], bad_y, bad_y < 0 ? 0.0 : column[bad_y]};
    }
}

static void measure_slab(const struct field *field, struct column_measure *found)
{
    int i = 0;
    for (; i + TOGETHER <= field->nx; i += TOGETHER)
        measure_columns_of(field_column(field, i), field->pitch, field->ny, TOGETHER, found + i);
    for (; i < field->nx; i++)
        measure_columns_of(field_column(field, i), field->pitch, field->ny, 1, found + i);
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

struct measure measure_field(struct measurer *measurer, const struct field *field)
{
    const struct domain *domain = measurer->domain;
    measure_slab(field, measurer->mine);
    columns_gather(measurer->measures, measurer->mine, measurer->all);
    struct measure measure;
    if (domain->rank == 0)
        measure = combine(measurer->all, domain->gnx);
    MPI_Bcast(&measure, (int)sizeof measure, MPI_BYTE, 0, domain->comm);
    return measure;
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

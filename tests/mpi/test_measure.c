#include "grid/measure.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "draw.h"
#include "mpi_unit.h"

/* Thirty orders of magnitude and both signs: any other order of summing shows in the bits. */
static double wild(uint64_t seed, int64_t cell)
{
    return ldexp(draw_unit(seed, cell) - 0.5, draw_below(seed + 1, cell, 100) - 50);
}

struct setup {
    struct domain *domain;
    struct field *field;
    struct measurer *measurer;
};

static struct setup begin(int64_t gnx, int64_t gny, uint64_t seed)
{
    struct setup s = {NULL, NULL, NULL};
    struct error err;
    if (domain_create(MPI_COMM_WORLD, gnx, gny, 4, &s.domain, &err) != STATUS_OK)
        abort();
    s.field = field_create(s.domain, NAN); /* ghosts must not be measured */
    s.measurer = measurer_create(s.domain);
    for (int i = 0; i < s.domain->nx; i++)
        for (int j = 0; j < s.domain->ny; j++)
            field_column(s.field, i)[j] = wild(seed, (s.domain->x0 + i) * gny + j);
    return s;
}

static void end(struct setup *s)
{
    measurer_destroy(s->measurer);
    field_destroy(s->field);
    domain_destroy(s->domain);
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static struct measure measure_serially(int64_t gnx, int64_t gny, uint64_t seed)
{
    struct measure serial = {.min = INFINITY, .max = -INFINITY, .finite = true};
    for (int64_t x = 0; x < gnx; x++) {
        double sum[8] = {0.0};
        for (int64_t y = 0; y < gny; y++) {
            double value = wild(seed, x * gny + y);
            sum[y % 8] += value;
            serial.min = fmin(serial.min, value);
            serial.max = fmax(serial.max, value);
        }
        serial.sum +=
            ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
    }
    return serial;
}

static void sums_and_extremes_have_the_bits_of_one_rank(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int64_t shapes[][2] = {{ranks, 1}, {ranks, 5}, {23, 17}, {41, 1}, {64, 129}};
    for (int i = 0; i < 5; i++) {
        int64_t gnx = shapes[i][0], gny = shapes[i][1];
        struct setup s = begin(gnx, gny, (uint64_t)i);
        struct measure serial = measure_serially(gnx, gny, (uint64_t)i);
        struct measure measure = measure_field(s.measurer, s.field);
        CU_ASSERT(same_bits(measure.sum, serial.sum));
        CU_ASSERT(same_bits(measure.min, serial.min));
        CU_ASSERT(same_bits(measure.max, serial.max));
        CU_ASSERT(measure.finite);
        CU_ASSERT_EQUAL(measure.bad_x, -1);
        CU_ASSERT_EQUAL(measure.bad_y, -1);
        end(&s);
    }
}

static void column_sums_are_added_from_left_to_right(void)
{
    struct setup s = begin(29, 1, 3);
    double columns[29], serial = 0.0;
    for (int i = 0; i < s.domain->nx; i++)
        columns[i] = wild(8, s.domain->x0 + i);
    for (int x = 0; x < 29; x++)
        serial += wild(8, x);
    CU_ASSERT(same_bits(measure_columns(s.measurer, columns), serial));
    end(&s);
}

static void put(struct setup *s, int64_t x, int y, double value)
{
    if (domain_owner(s->domain, x) == s->domain->rank)
        field_column(s->field, (int)(x - s->domain->x0))[y] = value;
}

static void the_first_cell_that_is_not_finite_is_found(void)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    for (int64_t x = 0; x < 11; x++)
        for (int y = 0; y < 9; y += 4)
            for (int kind = 0; kind < 3; kind++) {
                struct setup s = begin(11, 9, 5);
                put(&s, x, y, bad[kind]);
                put(&s, 10, 8, bad[kind]);
                struct measure measure = measure_field(s.measurer, s.field);
                CU_ASSERT_FALSE(measure.finite);
                CU_ASSERT_EQUAL(measure.bad_x, x);
                CU_ASSERT_EQUAL(measure.bad_y, y);
                CU_ASSERT_EQUAL(memcmp(&measure.bad_value, &bad[kind], sizeof(double)), 0);
                end(&s);
            }
}

static void the_leftmost_bad_column_comes_before_the_lowest_row(void)
{
    struct setup s = begin(11, 9, 5);
    put(&s, 3, 8, NAN);
    put(&s, 7, 0, NAN);
    struct measure measure = measure_field(s.measurer, s.field);
    CU_ASSERT_EQUAL(measure.bad_x, 3);
    CU_ASSERT_EQUAL(measure.bad_y, 8);
    end(&s);
}

static void a_sum_that_overflows_is_not_a_bad_cell(void)
{
    struct setup s = begin(11, 9, 5);
    for (int y = 0; y < 9; y++)
        put(&s, 6, y, DBL_MAX);
    struct measure measure = measure_field(s.measurer, s.field);
    CU_ASSERT(measure.finite);
    CU_ASSERT_EQUAL(measure.bad_x, -1);
    CU_ASSERT_EQUAL(measure.max, DBL_MAX);
    end(&s);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(sums_and_extremes_have_the_bits_of_one_rank),
        UNIT_TEST(column_sums_are_added_from_left_to_right),
        UNIT_TEST(the_first_cell_that_is_not_finite_is_found),
        UNIT_TEST(the_leftmost_bad_column_comes_before_the_lowest_row),
        UNIT_TEST(a_sum_that_overflows_is_not_a_bad_cell),
    };
    return mpi_unit_run(&argc, &argv, "measure", tests, UNIT_COUNT(tests));
}

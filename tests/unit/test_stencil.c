#include "solve/stencil.h"

#include <math.h>
#include <string.h>

#include "grid/field.h"
#include "solve/boundary.h"
#include "solve/denormals.h"
#include "unit.h"

static void coefficients_are_rounded_as_the_contract_says(void)
{
    double k = 0.7, dx = 0.3, dy = 0.41, tau = 0.0123;
    struct stencil stencil = stencil_of(k, dx, dy, tau);
    volatile double ktau = k * tau, dx2 = dx * dx, dy2 = dy * dy;
    volatile double cx = ktau / dx2, cy = ktau / dy2, less = 1.0 - 2.0 * cx;
    CU_ASSERT_EQUAL(stencil.cx, cx);
    CU_ASSERT_EQUAL(stencil.cy, cy);
    CU_ASSERT_EQUAL(stencil.a, less - 2.0 * cy);
}

static void ghosts_are_the_held_value_or_the_inner_neighbour(void)
{
    struct solver_side held = {.value = -7.5}, insulated = {.insulated = true, .value = 99.0};
    double column[5] = {NAN, 1.0, 2.0, 3.0, NAN};
    boundary_fill_rows(column + 1, 3, &held, &insulated);
    CU_ASSERT_EQUAL(column[0], -7.5);
    CU_ASSERT_EQUAL(column[4], 3.0);
    boundary_fill_rows(column + 1, 3, &insulated, &held);
    CU_ASSERT_EQUAL(column[0], 1.0);
    CU_ASSERT_EQUAL(column[4], -7.5);
    double ghost[3];
    boundary_fill_column(ghost, column + 1, 3, &insulated);
    CU_ASSERT_EQUAL(memcmp(ghost, column + 1, sizeof ghost), 0);
    CU_ASSERT_EQUAL(boundary_column_excess(column + 1, ghost, 3), 0.0);
    boundary_fill_column(ghost, column + 1, 3, &held);
    CU_ASSERT_EQUAL(boundary_column_excess(column + 1, ghost, 3), 8.5 + 9.5 + 10.5);
}

static void columns_are_aligned_apart_and_never_a_page_apart(void)
{
    for (int ny = 1; ny < 5000; ny = ny < 1100 ? ny + 1 : ny + 97) {
        struct domain domain = {.nx = 2, .ny = ny};
        struct field *field = field_create(&domain, 3.5),
                     *second = field_create_deep(&domain, 1, 1, FIELD_SECOND);
        size_t page_offset = (size_t)field->cells % 4096, other = (size_t)second->cells % 4096;
        bool good = (size_t)field_column(field, 0) % 64 == 0 &&
                    (size_t)field_column(field, 1) % 64 == 0 && field->pitch >= ny + 2 &&
                    field->pitch * 8 % 4096 != 0 && second->pitch == field->pitch &&
                    (page_offset + 2048) % 4096 == other;
        for (int i = -1; i <= 2; i++)
            for (int j = -1; j <= ny; j++)
                good = good && field_column(field, i)[j] == 3.5;
        CU_ASSERT(good);
        field_destroy(field);
        field_destroy(second);
    }
}

static void a_field_beyond_all_memory_is_refused(void)
{
    struct domain domain = {.nx = INT32_MAX, .ny = INT32_MAX - 2};
    CU_ASSERT_PTR_NULL(field_create(&domain, 0.0));
    field_destroy(NULL);
}

static void denormals_are_flushed_in_results_and_operands(void)
{
    volatile double smallest = 0x1p-1022, denormal = 0x1p-1060;
    denormals_flush();
    CU_ASSERT_EQUAL(smallest * 0.5, 0.0);
    CU_ASSERT_EQUAL(denormal * 0x1p100, 0.0);
    CU_ASSERT_NOT_EQUAL(smallest * 2.0, 0.0);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(coefficients_are_rounded_as_the_contract_says),
        UNIT_TEST(ghosts_are_the_held_value_or_the_inner_neighbour),
        UNIT_TEST(columns_are_aligned_apart_and_never_a_page_apart),
        UNIT_TEST(a_field_beyond_all_memory_is_refused),
        UNIT_TEST(denormals_are_flushed_in_results_and_operands),
    };
    return unit_run("stencil", tests, UNIT_COUNT(tests));
}

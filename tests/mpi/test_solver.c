#include "solve/solver.h"

#include "mpi_unit.h"
#include "solver_setup.h"

static int count_differences(int gnx, int gny, uint64_t seed, int windows)
{
    static const int per_cents[] = {0, 100, 3, 50, 97, 20};
    struct solver_config config = draw_config(seed);
    struct setup s = begin(gnx, gny, &config);
    int different = 0;
    for (int window = 0; window < windows; window++) {
        draw_heat(&s, seed * 1000 + (uint64_t)window, per_cents[(seed + (uint64_t)window) % 6]);
        step_both(&s);
        different += count_columns_that_differ(&s);
    }
    end(&s);
    return different;
}

/* Each rank judges its slab against the serial solution, so that all rank counts agree as well. */
static void every_cell_and_outflow_has_the_bits_of_the_serial_solution(void)
{
    int ranks = world_size();
    const int shapes[][2] = {{ranks, 1}, {ranks, 2}, {ranks, 9},      {ranks + 1, 5}, {7, 1},
                             {13, 3},    {17, 23},   {2 * ranks, 64}, {40, 40},       {31, 131}};
    for (int shape = 0; shape < 10; shape++)
        for (uint64_t seed = 0; seed < 24; seed++)
            CU_ASSERT_EQUAL(count_differences(shapes[shape][0], shapes[shape][1], seed, 12), 0);
}

static void all_mixes_of_held_and_insulated_sides_have_the_serial_bits(void)
{
    for (int mix = 0; mix < 16; mix++) {
        struct solver_config config = draw_config(500 + (uint64_t)mix);
        config.left.insulated = mix & 1;
        config.right.insulated = mix & 2;
        config.bottom.insulated = mix & 4;
        config.top.insulated = mix & 8;
        struct setup s = begin(world_size(), 5, &config);
        draw_heat(&s, (uint64_t)mix, 30);
        for (int window = 0; window < 20; window++)
            step_both(&s);
        CU_ASSERT_EQUAL(count_columns_that_differ(&s), 0);
        end(&s);
    }
}

static void a_front_spreads_without_denormals(void)
{
    struct solver_config config = {
        .conductivity = 1, .dx = 1, .dy = 1, .tau_s = 1e-4, .substeps = 1};
    struct setup s = begin(90, 90, &config);
    set_cell(&s, 3, 3, 1e-3);
    int denormal = 0;
    for (int window = 0; window < 120; window++)
        step_both(&s);
    CU_ASSERT_EQUAL(count_columns_that_differ(&s), 0);
    for (int i = 0; i < s.domain->nx; i++)
        for (int j = 0; j < s.domain->ny; j++) {
            uint64_t bits;
            memcpy(&bits, field_column(solver_field(s.solver), i) + j, sizeof bits);
            denormal += (bits << 1) != 0 && (bits >> 52 & 0x7ff) == 0;
        }
    CU_ASSERT_EQUAL(denormal, 0);
    end(&s);
}

/* A restart writes the owned cells and the outflow into a new solver. */
static void a_field_put_into_a_new_solver_goes_on_with_the_same_bits(void)
{
    for (uint64_t seed = 40; seed < 48; seed++) {
        struct solver_config config = draw_config(seed);
        struct setup s = begin(11, 7, &config);
        draw_heat(&s, seed, 40);
        for (int window = 0; window < 5; window++)
            step_both(&s);
        struct solver *restarted = solver_create(s.domain, &config);
        for (int i = 0; i < s.domain->nx; i++) {
            memcpy(field_column(solver_field(restarted), i),
                   field_column(solver_field(s.solver), i), 7 * sizeof(double));
            solver_outflow(restarted)[i] = solver_outflow(s.solver)[i];
        }
        solver_destroy(s.solver);
        s.solver = restarted;
        for (int window = 0; window < 5; window++)
            step_both(&s);
        CU_ASSERT_EQUAL(count_columns_that_differ(&s), 0);
        end(&s);
    }
}

static void the_field_object_stays_the_same_over_odd_and_even_steps(void)
{
    struct solver_config config = draw_config(3);
    config.substeps = 1;
    struct setup s = begin(9, 4, &config);
    const struct field *field = solver_field(s.solver);
    for (int window = 0; window < 3; window++) {
        step_both(&s);
        CU_ASSERT_PTR_EQUAL(solver_field(s.solver), field);
    }
    end(&s);
}

static void outflow_starts_anew_after_a_reset(void)
{
    struct solver_config config = draw_config(4);
    struct setup s = begin(9, 4, &config);
    step_both(&s);
    solver_reset_outflow(s.solver);
    memset(s.serial.outflow, 0, 9 * sizeof(double));
    step_both(&s);
    CU_ASSERT_EQUAL(count_columns_that_differ(&s), 0);
    end(&s);
}

static void memory_short_on_one_rank_is_known_to_all(void)
{
    struct solver_config config = draw_config(5);
    struct domain *domain;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(domain_create(MPI_COMM_WORLD, 12, 4, 0, &domain, &err), STATUS_OK);
    struct domain vast = *domain;
    if (domain->rank == domain->ranks - 1)
        vast.nx = vast.ny = INT32_MAX - 2;
    CU_ASSERT_PTR_NULL(solver_create(&vast, &config));
    domain_destroy(domain);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_cell_and_outflow_has_the_bits_of_the_serial_solution),
        UNIT_TEST(all_mixes_of_held_and_insulated_sides_have_the_serial_bits),
        UNIT_TEST(a_front_spreads_without_denormals),
        UNIT_TEST(a_field_put_into_a_new_solver_goes_on_with_the_same_bits),
        UNIT_TEST(the_field_object_stays_the_same_over_odd_and_even_steps),
        UNIT_TEST(outflow_starts_anew_after_a_reset),
        UNIT_TEST(memory_short_on_one_rank_is_known_to_all),
    };
    return mpi_unit_run(&argc, &argv, "solver", tests, UNIT_COUNT(tests));
}

/* The heat balance of a solver that is right, and of one that is wrong by one part in a million. */
#include "watch/balance.h"

#include <math.h>
#include <stdlib.h>

#include "grid/measure.h"
#include "mpi_unit.h"
#include "solver_setup.h"

enum { GNX = 31, GNY = 19, WINDOWS = 60, PLANTED_FROM = 40 };

enum fault { NO_FAULT, FAULT_HEAT, FAULT_STENCIL, FAULT_BOUNDARY };

static double heat_of(const struct setup *s)
{
    double sum = 0.0;
    for (int cell = 0; cell < GNX * GNY; cell++)
        sum += s->heat[cell];
    double seconds = s->config.tau_s * s->config.substeps;
    return sum * (seconds * s->config.dx * s->config.dy);
}

/* Every cell loses a millionth of its heat, as with a coefficient that is off. */
static void lose_heat(struct setup *s)
{
    for (int i = 0; i < s->domain->nx; i++)
        for (int j = 0; j < s->domain->ny; j++)
            field_column(solver_field(s->solver), i)[j] *= 1 - 1e-6;
}

/* The largest ratio before and from PLANTED_FROM on. */
static void run_with(enum fault fault, uint64_t seed, double *clean, double *planted)
{
    struct solver_config config = {.conductivity = 0.9,
                                   .dx = 0.5,
                                   .dy = 0.4,
                                   .tau_s = 0.02,
                                   .substeps = 3,
                                   .initial = 0.25,
                                   .left.value = 0.5,
                                   .right.insulated = true};
    struct setup s = begin(GNX, GNY, &config);
    struct measurer *measurer = measurer_create(s.domain);
    double area = config.dx * config.dy;
    struct balance *balance = balance_create(4, balance_uniform(GNX, GNY, config.initial, area));
    *clean = *planted = 0.0;
    for (int window = 0; window < WINDOWS; window++) {
        bool wrong = window >= PLANTED_FROM;
        draw_heat(&s, seed + (uint64_t)window, 30);
        for (int i = 0; wrong && fault == FAULT_HEAT && i < s.mine_count; i++)
            s.mine[i].rate *= 1 + 1e-6;
        solver_step_window(s.solver, s.mine, s.mine_count);
        if (wrong && fault == FAULT_STENCIL)
            lose_heat(&s);
        double out = measure_columns(measurer, solver_outflow(s.solver));
        out *= wrong && fault == FAULT_BOUNDARY ? 1 + 1e-6 : 1;
        solver_reset_outflow(s.solver);
        const struct balance_row row = {
            .row = window,
            .content = measure_field(measurer, solver_field(s.solver)).sum * area,
            .in = heat_of(&s),
            .out = out};
        double ratio = balance_take(balance, &row).ratio;
        if (wrong)
            *planted = fmax(*planted, ratio);
        else
            *clean = fmax(*clean, ratio);
    }
    balance_destroy(balance);
    measurer_destroy(measurer);
    end(&s);
}

static void the_heat_of_a_right_solver_adds_up(void)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        double clean, later;
        run_with(NO_FAULT, 100 * seed, &clean, &later);
        /* 3 steps of 589 cells, each rounding to 2^-53 of itself at most ten times */
        CU_ASSERT(clean < 3 * 10 * 0x1p-53 && later < 3 * 10 * 0x1p-53);
    }
}

static void an_error_of_a_millionth_stands_out(void)
{
    for (enum fault fault = FAULT_HEAT; fault <= FAULT_BOUNDARY; fault++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            double clean, planted;
            run_with(fault, 100 * seed, &clean, &planted);
            CU_ASSERT(planted > 1000 * clean);
        }
}

/* As a correction writes rows again, and as a restart goes on. */
static void rows_written_again_have_the_residuals_of_before(void)
{
    struct error err;
    struct buffer state = {0};
    struct balance *balance = balance_create(4, 7.5), *again = balance_create(4, 0);
    double first[9];
    for (int r = 0; r < 9; r++)
        first[r] = balance_take(balance, &(struct balance_row){r, 1.1 * r, 0.3, 0.7}).residual;
    balance_save(balance, &state);
    struct buffer_reader reader = {.data = state.data, .size = state.size};
    CU_ASSERT_EQUAL(balance_load(again, &reader, &err), STATUS_OK);
    for (int r = 5; r < 9; r++) {
        struct balance_row row = {r, 1.1 * r, 0.3, 0.7};
        CU_ASSERT_EQUAL(balance_take(balance, &row).residual, first[r]);
        CU_ASSERT_EQUAL(balance_take(again, &row).residual, first[r]);
    }
    reader = (struct buffer_reader){.data = state.data, .size = state.size - 1};
    CU_ASSERT_EQUAL(balance_load(again, &reader, &err), STATUS_BAD_DATA);
    balance_destroy(balance);
    balance_destroy(again);
    buffer_release(&state);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(the_heat_of_a_right_solver_adds_up),
        UNIT_TEST(an_error_of_a_millionth_stands_out),
        UNIT_TEST(rows_written_again_have_the_residuals_of_before),
    };
    return mpi_unit_run(&argc, &argv, "balance", tests, UNIT_COUNT(tests));
}

#include <float.h>
#include <math.h>

#include "draw_config.h"
#include "grid/measure.h"
#include "mpi_unit.h"

static const double PI = 3.14159265358979323846;

struct setup {
    struct domain *domain;
    struct solver *solver;
    struct measurer *measurer;
    struct solver_config config;
    struct slab_heat *heat; /* this rank's */
    int heat_count;
    double heat_per_window; /* of all ranks, in temperature units times area */
};

static struct setup begin(int gnx, int gny, const struct solver_config *config)
{
    struct setup s = {.config = *config};
    struct error err;
    if (domain_create(MPI_COMM_WORLD, gnx, gny, 4, &s.domain, &err) != STATUS_OK)
        abort();
    s.solver = solver_create(s.domain, config);
    s.measurer = measurer_create(s.domain);
    s.heat = calloc((size_t)s.domain->nx * (size_t)gny, sizeof *s.heat);
    if (!s.solver || !s.heat)
        abort();
    return s;
}

static void end(struct setup *s)
{
    measurer_destroy(s->measurer);
    solver_destroy(s->solver);
    domain_destroy(s->domain);
    free(s->heat);
}

static void set_cells(struct setup *s, double (*value)(int x, int y, int gnx, int gny))
{
    int gnx = (int)s->domain->gnx, gny = (int)s->domain->gny;
    for (int i = 0; i < s->domain->nx; i++)
        for (int y = 0; y < gny; y++)
            field_column(solver_field(s->solver), i)[y] =
                value((int)s->domain->x0 + i, y, gnx, gny);
}

static void draw_heat(struct setup *s, uint64_t seed)
{
    int64_t gny = s->domain->gny, first = s->domain->x0 * gny;
    double sum = 0.0;
    s->heat_count = 0;
    for (int64_t cell = 0; cell < s->domain->gnx * gny; cell++) {
        if (draw_below(seed, cell, 10) >= 3)
            continue;
        double rate = draw_unit(seed + 1, cell) * 10 - 4;
        sum += rate;
        if (domain_owner(s->domain, cell / gny) == s->domain->rank)
            s->heat[s->heat_count++] = (struct slab_heat){cell - first, rate};
    }
    s->heat_per_window = sum * s->config.tau_s * s->config.substeps * s->config.dx * s->config.dy;
}

/* Error of `steps` steps of a mode against factor^steps: every step rounds a cell by a few eps of
 * the present amplitude <= 1, and a stable scheme does not amplify it. */
static double mode_error(struct setup *s, double factor, double (*mode)(int, int, int, int),
                         int steps)
{
    int gnx = (int)s->domain->gnx, gny = (int)s->domain->gny;
    set_cells(s, mode);
    for (int step = 0; step < steps; step++)
        solver_step_window(s->solver, NULL, 0);
    double amplitude = pow(factor, steps), worst = 0.0;
    for (int i = 0; i < s->domain->nx; i++)
        for (int y = 0; y < gny; y++) {
            double exact = amplitude * mode((int)s->domain->x0 + i, y, gnx, gny);
            worst = fmax(worst, fabs(field_column(solver_field(s->solver), i)[y] - exact));
        }
    return worst;
}

enum { MODE_X = 2, MODE_Y = 3, MODE_STEPS = 200 };
static const double MODE_TOLERANCE = 4 * MODE_STEPS * DBL_EPSILON;

static double sine_mode(int x, int y, int gnx, int gny)
{
    return sin(PI * MODE_X * (x + 1) / (gnx + 1)) * sin(PI * MODE_Y * (y + 1) / (gny + 1));
}

static double cosine_mode(int x, int y, int gnx, int gny)
{
    return cos(PI * MODE_X * (x + 0.5) / gnx) * cos(PI * MODE_Y * (y + 0.5) / gny);
}

static double factor_of(const struct solver_config *config, double angle_x, double angle_y)
{
    double cx = config->conductivity * config->tau_s / (config->dx * config->dx);
    double cy = config->conductivity * config->tau_s / (config->dy * config->dy);
    return 1 - 4 * cx * pow(sin(angle_x / 2), 2) - 4 * cy * pow(sin(angle_y / 2), 2);
}

static const struct solver_config mode_config = {
    .conductivity = 1.3, .dx = 0.5, .dy = 0.7, .tau_s = 0.05, .substeps = 1};

static void a_sine_mode_decays_by_its_exact_factor_between_cold_walls(void)
{
    struct setup s = begin(37, 29, &mode_config);
    double factor = factor_of(&mode_config, PI * MODE_X / 38, PI * MODE_Y / 30);
    double worst = mode_error(&s, factor, sine_mode, MODE_STEPS);
    CU_ASSERT(pow(factor, MODE_STEPS) > 1e-4); /* something is left to compare */
    CU_ASSERT(worst <= MODE_TOLERANCE);
    end(&s);
}

static void a_cosine_mode_decays_by_its_exact_factor_between_insulated_walls(void)
{
    struct solver_config config = mode_config;
    config.left.insulated = config.right.insulated = true;
    config.bottom.insulated = config.top.insulated = true;
    struct setup s = begin(37, 29, &config);
    double factor = factor_of(&config, PI * MODE_X / 37, PI * MODE_Y / 29);
    double worst = mode_error(&s, factor, cosine_mode, MODE_STEPS);
    CU_ASSERT(pow(factor, MODE_STEPS) > 1e-4);
    CU_ASSERT(worst <= MODE_TOLERANCE);
    end(&s);
}

static double content(struct setup *s)
{
    return measure_field(s->measurer, solver_field(s->solver)).sum * s->config.dx * s->config.dy;
}

static void heat_in_less_heat_out_is_the_change_of_content(void)
{
    double largest_share_out = 0.0;
    for (uint64_t seed = 60; seed < 92; seed++) {
        struct solver_config config = draw_config(seed);
        struct setup s = begin(19, 13, &config);
        double before = content(&s), in = 0.0, magnitude = fabs(before);
        for (int window = 0; window < 25; window++) {
            draw_heat(&s, seed * 100 + (uint64_t)window);
            solver_step_window(s.solver, s.heat, s.heat_count);
            in += s.heat_per_window;
            magnitude += fabs(s.heat_per_window);
        }
        double out = measure_columns(s.measurer, solver_outflow(s.solver));
        CU_ASSERT(fabs(in - out - (content(&s) - before)) <= 1e-12 * magnitude);
        largest_share_out = fmax(largest_share_out, fabs(out) / magnitude);
        end(&s);
    }
    CU_ASSERT(largest_share_out > 0.1); /* there was something to balance */
}

static double noise(int x, int y, int gnx, int gny)
{
    return draw_unit((uint64_t)gnx, (int64_t)x * gny + y);
}

static void insulation_everywhere_keeps_the_heat(void)
{
    struct solver_config config = draw_config(7);
    config.left.insulated = config.right.insulated = true;
    config.bottom.insulated = config.top.insulated = true;
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    struct setup s = begin(ranks + 6, 17, &config);
    set_cells(&s, noise);
    struct measure before = measure_field(s.measurer, solver_field(s.solver));
    for (int window = 0; window < 500; window++)
        solver_step_window(s.solver, NULL, 0);
    struct measure after = measure_field(s.measurer, solver_field(s.solver));
    CU_ASSERT(fabs(after.sum - before.sum) <= 1e-12 * before.sum);
    CU_ASSERT(after.max - after.min < 0.5 * (before.max - before.min));
    CU_ASSERT_EQUAL(measure_columns(s.measurer, solver_outflow(s.solver)), 0.0);
    end(&s);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_sine_mode_decays_by_its_exact_factor_between_cold_walls),
        UNIT_TEST(a_cosine_mode_decays_by_its_exact_factor_between_insulated_walls),
        UNIT_TEST(heat_in_less_heat_out_is_the_change_of_content),
        UNIT_TEST(insulation_everywhere_keeps_the_heat),
    };
    return mpi_unit_run(&argc, &argv, "physics", tests, UNIT_COUNT(tests));
}

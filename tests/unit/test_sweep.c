#include "solve/sweep.h"

#include <string.h>

#include "../mpi/draw_config.h"
#include "../mpi/serial_heat.h"
#include "unit.h"

enum { PASSES = 2 };

struct slab {
    struct domain domain;
    struct solver_config config;
    struct field *now, *next;
    struct outflow *outflow;
    struct heat_map *heat;
    struct sweep *sweep;
};

static struct outflow *create_outflow(const struct slab *slab, const struct stencil *stencil)
{
    const struct solver_config *c = &slab->config;
    struct outflow_config config = {.nx = slab->domain.nx,
                                    .levels = c->steps_per_sweep,
                                    .block_rows = c->block_rows,
                                    .loss_x = c->dx * c->dy * stencil->cx,
                                    .loss_y = c->dx * c->dy * stencil->cy,
                                    .left = c->left,
                                    .right = c->right,
                                    .bottom = c->bottom,
                                    .top = c->top,
                                    .has_left = true,
                                    .has_right = true};
    return outflow_create(&config);
}

/* That the passes touch, the last one perhaps in part. */
static int windows_of(const struct solver_config *config)
{
    return (PASSES * config->steps_per_sweep - 1) / config->substeps + 1;
}

static void create(struct slab *slab, int nx, int ny, const struct solver_config *c)
{
    *slab = (struct slab){.domain = {.nx = nx, .ny = ny, .gnx = nx, .gny = ny}, .config = *c};
    struct stencil stencil = stencil_of(c->conductivity, c->dx, c->dy, c->tau_s);
    slab->now = field_create_deep(&slab->domain, c->initial, 1, FIELD_FIRST);
    slab->next = field_create_deep(&slab->domain, c->initial, 1, FIELD_SECOND);
    slab->outflow = create_outflow(slab, &stencil);
    slab->heat = heat_map_create(
        &(struct heat_map_config){.nx = nx,
                                  .ny = ny,
                                  .ghosts = 1,
                                  .windows = windows_of(c),
                                  .block_rows = c->block_rows,
                                  .reach = (int)kernel_round_up(c->steps_per_sweep)});
    struct sweep_config config = {.kernel = c->kernel,
                                  .stencil = stencil,
                                  .nx = nx,
                                  .ny = ny,
                                  .substeps = c->substeps,
                                  .levels = c->steps_per_sweep,
                                  .block_rows = c->block_rows,
                                  .cache_bytes = c->cache_bytes,
                                  .left = c->left,
                                  .right = c->right,
                                  .bottom = c->bottom,
                                  .top = c->top,
                                  .has_left = true,
                                  .has_right = true};
    slab->sweep = sweep_create(&config, slab->outflow, slab->heat);
}

static void destroy(struct slab *slab)
{
    sweep_destroy(slab->sweep);
    heat_map_destroy(slab->heat);
    outflow_destroy(slab->outflow);
    field_destroy(slab->now);
    field_destroy(slab->next);
}

static void draw_state(struct slab *slab, struct serial *serial, uint64_t seed)
{
    for (int i = 0; i < serial->nx; i++)
        for (int j = 0; j < serial->ny; j++) {
            double value = draw_unit(seed, i * serial->ny + j) * 8 - 4;
            field_column(slab->now, i)[j] = value;
            *at(serial, serial->now, i, j) = value;
        }
}

/* Of several windows those before the last share what heat a map has room for. */
static int per_cent_of(uint64_t seed, int window, int windows)
{
    static const int per_cents[] = {0, 2, 11, 40, 100};
    bool sparse = window < windows - 1;
    return sparse ? draw_below(seed, window, 10 / (windows - 1) + 1)
                  : per_cents[draw_below(seed, window, 5)];
}

static void draw_window(struct slab *slab, double *rates, uint64_t seed, int per_cent)
{
    int cells = slab->domain.nx * slab->domain.ny;
    struct slab_heat *heat = malloc((size_t)cells * sizeof *heat);
    int count = 0;
    for (int cell = 0; cell < cells; cell++) {
        bool heated = draw_below(seed, cell, 100) < per_cent;
        rates[cell] = heated ? draw_unit(seed + 1, cell) * 10 - 4 : 0.0;
        if (heated)
            heat[count++] = (struct slab_heat){cell, rates[cell]};
    }
    heat_map_add_window(slab->heat, &(struct heat_part){heat, count}, 1, slab->config.tau_s);
    free(heat);
}

/* rates: [windows][cells] */
static void draw_heat(struct slab *slab, double *rates, uint64_t seed)
{
    ptrdiff_t cells = (ptrdiff_t)slab->domain.nx * slab->domain.ny;
    int windows = windows_of(&slab->config);
    heat_map_clear(slab->heat);
    for (int window = 0; window < windows; window++)
        draw_window(slab, rates + window * cells, seed + 1000 * (uint64_t)window,
                    per_cent_of(seed, window, windows));
}

static void run_passes(struct slab *slab)
{
    int levels = slab->config.steps_per_sweep;
    for (int i = 0; i < PASSES; i++) {
        struct pass pass = {.now = i % 2 ? slab->next : slab->now,
                            .next = i % 2 ? slab->now : slab->next,
                            .before = i * levels,
                            .levels = levels,
                            .end = slab->domain.nx};
        sweep_run(slab->sweep, &pass);
    }
}

static void run_serially(struct serial *serial, const struct solver_config *config,
                         const double *rates)
{
    ptrdiff_t cells = (ptrdiff_t)serial->nx * serial->ny;
    for (int step = 0; step < PASSES * config->steps_per_sweep; step++)
        serial_step(serial, config, rates + step / config->substeps * cells);
}

/* The passes, then cells and outflow against as many serial steps. */
static bool passes_have_the_serial_bits(int nx, int ny, uint64_t seed,
                                        const struct solver_config *config)
{
    struct slab slab;
    create(&slab, nx, ny, config);
    struct serial serial = serial_create(nx, ny);
    size_t cells = (size_t)nx * (size_t)ny;
    double *rates = calloc((size_t)windows_of(config) * cells, sizeof *rates);
    draw_state(&slab, &serial, seed);
    draw_heat(&slab, rates, seed);
    run_passes(&slab);
    run_serially(&serial, config, rates);
    bool same = memcmp(slab.outflow->total, serial.outflow, (size_t)nx * sizeof(double)) == 0;
    for (int i = 0; i < nx; i++)
        same = same && memcmp(field_column(slab.now, i), at(&serial, serial.now, i, 0),
                              (size_t)ny * sizeof(double)) == 0;
    serial_destroy(&serial);
    free(rates);
    destroy(&slab);
    return same;
}

static void every_number_of_steps_and_windows_has_the_serial_bits_in_every_width_and_block(void)
{
    static const int blocks[] = {8, 16, 40, 512};
    const struct kernel *kernel;
    for (int k = 0; (kernel = kernel_at(k)); k++)
        for (int steps = 1; steps <= 34; steps += steps < 17 ? 1 : 5)
            for (uint64_t draw = 0; draw < 20; draw++) {
                uint64_t seed = (uint64_t)steps * 100 + draw;
                struct solver_config config = draw_config(seed);
                config.kernel = kernel;
                config.steps_per_sweep = steps;
                config.substeps = draw % 2 ? 1 + draw_below(seed, 9, steps) : PASSES * steps;
                config.block_rows = blocks[draw % 4];
                config.cache_bytes = draw % 3 == 0 ? 1 : INT64_MAX;
                int nx = 1 + draw_below(seed, 7, 40), ny = 1 + draw_below(seed, 8, 100);
                CU_ASSERT(passes_have_the_serial_bits(nx, ny, seed, &config));
            }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_number_of_steps_and_windows_has_the_serial_bits_in_every_width_and_block),
    };
    return unit_run("sweep", tests, UNIT_COUNT(tests));
}

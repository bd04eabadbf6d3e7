/* A field that goes back to a snapshot and is stepped again has the bits of one that had that heat
 * from the start: judged by the serial solution with all of its past. */
#include "solve/snapshots.h"

#include "mpi_unit.h"
#include "solver_setup.h"

enum { MOST_WINDOWS = 64, FRAME_EVERY = 3 };

/* What the caller of solver and snapshots keeps, and the past of the serial solution. */
struct run {
    struct setup s;
    struct snapshots *snapshots;
    int horizon, spacing;
    double heat_in;              /* since the last frame */
    uint64_t salt[MOST_WINDOWS]; /* what the heat of a window is drawn from */
    double *past[MOST_WINDOWS + 1], *past_outflow[MOST_WINDOWS + 1];
};

static size_t serial_bytes(const struct run *run)
{
    const struct serial *serial = &run->s.serial;
    return ((size_t)serial->nx + 2) * ((size_t)serial->ny + 2) * sizeof(double);
}

static void keep_serial(struct run *run, int window)
{
    size_t outflow = (size_t)run->s.serial.nx * sizeof(double);
    memcpy(run->past[window + 1], run->s.serial.now, serial_bytes(run));
    memcpy(run->past_outflow[window + 1], run->s.serial.outflow, outflow);
}

static void restore_serial(struct run *run, int window)
{
    size_t outflow = (size_t)run->s.serial.nx * sizeof(double);
    memcpy(run->s.serial.now, run->past[window + 1], serial_bytes(run));
    memcpy(run->s.serial.outflow, run->past_outflow[window + 1], outflow);
}

/* Copied, or left by the solver, in turns. */
static struct snapshots *create_ring(const struct run *run)
{
    static bool left;
    left = !left;
    struct snapshots *ring = snapshots_create(
        run->s.domain, &(struct snapshots_config){.horizon_windows = run->horizon,
                                                  .spacing = run->spacing,
                                                  .ghosts = solver_field(run->s.solver)->ghosts,
                                                  .always_left = left});
    if (!ring)
        abort();
    return ring;
}

static struct run begin_run(int gnx, int gny, const struct solver_config *config, int horizon,
                            int spacing)
{
    struct run run = {.s = begin(gnx, gny, config), .horizon = horizon, .spacing = spacing};
    run.snapshots = create_ring(&run);
    for (int i = 0; i <= MOST_WINDOWS; i++) {
        run.past[i] = malloc(serial_bytes(&run));
        run.past_outflow[i] = malloc((size_t)gnx * sizeof(double));
    }
    for (int i = 0; i < MOST_WINDOWS; i++)
        run.salt[i] = (uint64_t)(i + 1) * 10;
    keep_serial(&run, -1);
    snapshots_keep(run.snapshots, -1, 0.0, run.s.solver);
    return run;
}

static void end_run(struct run *run)
{
    snapshots_destroy(run->snapshots);
    for (int i = 0; i <= MOST_WINDOWS; i++) {
        free(run->past[i]);
        free(run->past_outflow[i]);
    }
    end(&run->s);
}

static void draw_heat_of(struct run *run, int window)
{
    static const int per_cents[] = {0, 3, 30, 100};
    uint64_t salt = run->salt[window];
    draw_heat(&run->s, salt, per_cents[draw_below(salt, 7, 4)]);
}

static void step(struct run *run, int window)
{
    draw_heat_of(run, window);
    if (window % FRAME_EVERY == 0) {
        solver_reset_outflow(run->s.solver);
        run->heat_in = 0.0;
    }
    solver_step_window(run->s.solver, run->s.mine, run->s.mine_count);
    run->heat_in += (double)run->salt[window];
    snapshots_keep(run->snapshots, window, run->heat_in, run->s.solver);
}

static void step_serial(struct run *run, int window)
{
    draw_heat_of(run, window);
    if (window % FRAME_EVERY == 0)
        memset(run->s.serial.outflow, 0, (size_t)run->s.serial.nx * sizeof(double));
    for (int i = 0; i < run->s.config.substeps; i++)
        serial_step(&run->s.serial, &run->s.config, run->s.heat);
    keep_serial(run, window);
}

static double heat_in_after(const struct run *run, int window)
{
    double sum = 0.0;
    for (int i = window - window % FRAME_EVERY; i <= window; i++)
        sum += (double)run->salt[i];
    return sum;
}

static int count_wrong(struct run *run, int window)
{
    return count_columns_that_differ(&run->s) + (run->heat_in != heat_in_after(run, window));
}

static int first_restepped(const struct run *run, int touched)
{
    return touched - touched % run->spacing;
}

static void correct(struct run *run, int touched, int open)
{
    int first = first_restepped(run, touched);
    CU_ASSERT(snapshots_restore(run->snapshots, first - 1, run->s.solver, &run->heat_in));
    for (int window = first; window < open; window++)
        step(run, window);
}

static int draw_touched(const struct run *run, uint64_t seed, int open)
{
    int reach = open < run->horizon ? open : run->horizon;
    return open - 1 - draw_below(seed, open, reach);
}

static void change_heat(struct run *run, uint64_t seed, int touched, int open)
{
    run->salt[touched] += 1;
    for (int window = touched + 1; window < open; window++)
        run->salt[window] += (uint64_t)draw_below(seed, window, 2);
    restore_serial(run, touched - 1);
    for (int window = touched; window < open; window++)
        step_serial(run, window);
}

/* Windows one after the other, most of them after a correction; what a restart does at times. */
struct course {
    int windows;
    bool changes, restarts;
};

/* Solver and ring anew, from what a checkpoint carries. */
static void restart(struct run *run, int open)
{
    const struct domain *domain = run->s.domain;
    struct snapshots *ring = create_ring(run);
    const struct snapshot *from = snapshots_oldest_needed(run->snapshots, open - 1);
    if (!from)
        abort();
    struct snapshot *to = snapshots_put(ring, from->window);
    for (int i = 0; i < domain->nx; i++)
        memcpy(field_column(to->field, i), field_column(from->field, i),
               (size_t)domain->ny * sizeof(double));
    memcpy(to->outflow, from->outflow, (size_t)domain->nx * sizeof(double));
    to->heat_in = from->heat_in;
    int first = (int)from->window + 1;
    snapshots_destroy(run->snapshots);
    solver_destroy(run->s.solver);
    run->snapshots = ring;
    run->s.solver = solver_create(domain, &run->s.config);
    correct(run, first, open);
}

static int count_wrong_in_course(struct run *run, uint64_t seed, const struct course *course)
{
    int wrong = 0;
    for (int open = 0; open < course->windows; open++) {
        if (course->restarts && open > 0 && draw_below(seed + 1, open, 4) == 0) {
            restart(run, open);
            wrong += count_wrong(run, open - 1);
        }
        if (open > 0 && draw_below(seed + 2, open, 3) > 0) {
            int touched = draw_touched(run, seed, open);
            if (course->changes)
                change_heat(run, seed, touched, open);
            correct(run, touched, open);
            wrong += count_wrong(run, open - 1);
        }
        step(run, open);
        step_serial(run, open);
        wrong += count_wrong(run, open);
    }
    return wrong;
}

static int count_wrong_of_all(uint64_t seed, bool changes, bool restarts)
{
    static const int horizons[] = {2, 3, 5, 9}, depths[] = {0, 1, 2, 5};
    int wrong = 0;
    for (int h = 0; h < 4; h++)
        for (int spacing = 1; spacing <= horizons[h] + 1; spacing++, seed++) {
            struct solver_config config = draw_config(seed);
            config.halo_depth = depths[draw_below(seed, 200, 4)];
            config.substeps = 1 + draw_below(seed, 201, 7);
            int gnx = world_size() * (1 + draw_below(seed, 202, 6)) + draw_below(seed, 203, 4);
            int gny = 1 + (int)(seed % 11);
            struct run run = begin_run(gnx, gny, &config, horizons[h], spacing);
            struct course course = {2 * horizons[h] + 8, changes, restarts};
            wrong += count_wrong_in_course(&run, seed, &course);
            end_run(&run);
        }
    return wrong;
}

static void windows_stepped_again_with_the_same_heat_have_the_same_bits(void)
{
    CU_ASSERT_EQUAL(count_wrong_of_all(100, false, false), 0);
}

static void windows_stepped_again_with_other_heat_have_the_bits_of_that_heat_from_the_start(void)
{
    CU_ASSERT_EQUAL(count_wrong_of_all(200, true, false), 0);
}

static void a_ring_rebuilt_from_its_oldest_needed_snapshot_serves_all_later_corrections(void)
{
    CU_ASSERT_EQUAL(count_wrong_of_all(300, true, true), 0);
}

static struct run begin_small_run(int horizon, int spacing)
{
    struct solver_config config = {
        .conductivity = 1, .dx = 1, .dy = 1, .tau_s = 0.1, .substeps = 1};
    return begin_run(world_size(), 1, &config, horizon, spacing);
}

/* The snapshot says in its only cell which window it is of. */
static void mark_and_keep(struct run *run, int window)
{
    solver_step_window(run->s.solver, NULL, 0);
    field_column(solver_field(run->s.solver), 0)[0] = window;
    snapshots_keep(run->snapshots, window, window, run->s.solver);
}

static int count_lost(struct run *run, int open)
{
    int lost = 0, reach = open < run->horizon ? open : run->horizon;
    for (int touched = open - reach; touched < open; touched++) {
        int first = first_restepped(run, touched);
        double heat_in = 0.0;
        bool held = snapshots_restore(run->snapshots, first - 1, run->s.solver, &heat_in);
        lost += !held || heat_in != first - 1 ||
                field_column(solver_field(run->s.solver), 0)[0] != first - 1;
        for (int window = first; window < open; window++)
            mark_and_keep(run, window);
    }
    return lost;
}

static void every_window_of_the_horizon_can_be_corrected_at_every_close(void)
{
    int lost = 0;
    for (int horizon = 2; horizon <= 17; horizon++)
        for (int spacing = 1; spacing <= horizon + 2; spacing++) {
            struct run run = begin_small_run(horizon, spacing);
            mark_and_keep(&run, -1);
            for (int open = 0; open <= 3 * horizon + 2; open++) {
                lost += count_lost(&run, open);
                const struct snapshot *oldest = snapshots_oldest_needed(run.snapshots, open - 1);
                int reach = open < horizon ? 0 : open - horizon;
                lost += !oldest || oldest->window != first_restepped(&run, reach) - 1;
                mark_and_keep(&run, open);
            }
            end_run(&run);
        }
    CU_ASSERT_EQUAL(lost, 0);
}

/* Its own, or with that of the solver, which leaves it fields. */
static void the_ring_uses_the_same_memory_for_good(void)
{
    enum { HORIZON = 9, SPACING = 2 };
    for (int way = 0; way < 2; way++) {
        struct run run = begin_small_run(HORIZON, SPACING);
        const void *places[MOST_WINDOWS];
        int count = 0;
        for (int window = 0; window < 10 * HORIZON; window++) {
            mark_and_keep(&run, window);
            const void *place = snapshots_oldest_needed(run.snapshots, window)->field->memory;
            int i = 0;
            while (i < count && places[i] != place)
                i++;
            if (i == count && count < MOST_WINDOWS)
                places[count++] = place;
        }
        CU_ASSERT(count <= snapshots_count(HORIZON, SPACING) + 2);
        end_run(&run);
    }
}

static void a_snapshot_that_is_not_held_leaves_everything_as_it_is(void)
{
    static const int64_t windows[] = {INT64_MIN, -2,  -1,           0, 2, 4, 6, 10, 12, 14,
                                      17,        300, INT64_MAX - 1};
    struct run run = begin_small_run(4, 3);
    for (int window = -1; window <= 12; window++)
        mark_and_keep(&run, window);
    field_column(solver_field(run.s.solver), 0)[0] = 99;
    for (int i = 0; i < (int)(sizeof windows / sizeof *windows); i++) {
        double heat_in = 7;
        CU_ASSERT_FALSE(snapshots_restore(run.snapshots, windows[i], run.s.solver, &heat_in));
        CU_ASSERT_EQUAL(heat_in, 7);
    }
    CU_ASSERT_EQUAL(field_column(solver_field(run.s.solver), 0)[0], 99);
    end_run(&run);
}

static void snapshots_of_windows_about_to_be_stepped_again_are_forgotten(void)
{
    struct run run = begin_small_run(6, 2);
    double heat_in;
    for (int window = -1; window <= 7; window++)
        mark_and_keep(&run, window);
    CU_ASSERT(snapshots_restore(run.snapshots, 3, run.s.solver, &heat_in));
    CU_ASSERT_FALSE(snapshots_restore(run.snapshots, 5, run.s.solver, &heat_in));
    CU_ASSERT_FALSE(snapshots_restore(run.snapshots, 7, run.s.solver, &heat_in));
    CU_ASSERT(snapshots_restore(run.snapshots, 1, run.s.solver, &heat_in));
    snapshots_put(run.snapshots, 5)->heat_in = 8;
    CU_ASSERT_FALSE(snapshots_restore(run.snapshots, 1, run.s.solver, &heat_in));
    CU_ASSERT(snapshots_restore(run.snapshots, 5, run.s.solver, &heat_in));
    CU_ASSERT_EQUAL(heat_in, 8);
    end_run(&run);
}

static void memory_short_on_one_rank_is_known_to_all(void)
{
    struct domain *domain;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(domain_create(MPI_COMM_WORLD, 12, 4, 0, &domain, &err), STATUS_OK);
    struct domain vast = *domain;
    const struct snapshots_config config = {.horizon_windows = 10, .spacing = 2, .ghosts = 1};
    if (domain->rank == domain->ranks - 1)
        vast.nx = vast.ny = INT32_MAX - 2;
    CU_ASSERT_PTR_NULL(snapshots_create(&vast, &config));
    domain_destroy(domain);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(windows_stepped_again_with_the_same_heat_have_the_same_bits),
        UNIT_TEST(windows_stepped_again_with_other_heat_have_the_bits_of_that_heat_from_the_start),
        UNIT_TEST(a_ring_rebuilt_from_its_oldest_needed_snapshot_serves_all_later_corrections),
        UNIT_TEST(every_window_of_the_horizon_can_be_corrected_at_every_close),
        UNIT_TEST(the_ring_uses_the_same_memory_for_good),
        UNIT_TEST(a_snapshot_that_is_not_held_leaves_everything_as_it_is),
        UNIT_TEST(snapshots_of_windows_about_to_be_stepped_again_are_forgotten),
        UNIT_TEST(memory_short_on_one_rank_is_known_to_all),
    };
    return mpi_unit_run(&argc, &argv, "snapshots", tests, UNIT_COUNT(tests));
}

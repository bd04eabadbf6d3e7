/* Three sensors report the vertices of a pulsating triangle, 100 times a second, in an order that
 * is random altogether. Each window's rate estimates a vertex at the middle of the window; how far
 * is the area of the triangle so estimated from the true one? The table is printed. */
#include <math.h>

#include "unit.h"

#include "window/windows_state.h"

enum { VERTICES = 3, SECONDS = 360, STEP_MS = 10, SAMPLES = SECONDS * 1000 / STEP_MS + 1 };
enum { PANE = 15, PHASE_MS = 7 };

struct motion {
    const char *name;
    double period_s[VERTICES];
};

static const struct motion motions[] = {{"slow", {90, 15, 45}}, {"fast", {30, 5, 15}}};

struct point {
    double x, y;
};

/* How far out a vertex is at a time: the value that its sensor sends. */
static double excursion(const struct motion *motion, int vertex, double time_s)
{
    return 0.5 * cos(2 * acos(-1.0) * time_s / motion->period_s[vertex]);
}

static struct point place(int vertex, double z)
{
    const double c = sqrt(3.0) / 2, s = 0.5;
    const struct point rest[VERTICES] = {{0, 0}, {1, 0}, {0.5, c}};
    const struct point out[VERTICES] = {{-c, -s}, {c, -s}, {0, 1}};
    return (struct point){rest[vertex].x + z * out[vertex].x, rest[vertex].y + z * out[vertex].y};
}

static double area(const double *z)
{
    struct point a = place(0, z[0]), b = place(1, z[1]), c = place(2, z[2]);
    return fabs((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)) / 2;
}

static double true_area(const struct motion *motion, double time_s)
{
    double z[VERTICES];
    for (int vertex = 0; vertex < VERTICES; vertex++)
        z[vertex] = excursion(motion, vertex, time_s);
    return area(z);
}

struct trial {
    const struct motion *motion;
    enum estimate estimate;
    int64_t phase_ms;
    int64_t pane; /* only the first so many samples of each vertex in each window, 0: all */
};

static uint64_t random_state;

static int64_t below(int64_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((random_state >> 33) % (uint64_t)limit);
}

static void shuffle(int64_t *order)
{
    for (int64_t i = 0; i < SAMPLES; i++)
        order[i] = i;
    for (int64_t i = SAMPLES - 1; i > 0; i--) {
        int64_t j = below(i + 1), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

static void take(const struct trial *trial, struct windows *windows, int vertex, int64_t sample,
                 int64_t *offset)
{
    static int64_t heard[VERTICES][SECONDS + 1];
    struct error err;
    int64_t time_ms = sample * STEP_MS + trial->phase_ms;
    if (*offset == 0)
        for (int i = 0; i < VERTICES * (SECONDS + 1); i++)
            heard[i / (SECONDS + 1)][i % (SECONDS + 1)] = 0;
    if (trial->pane > 0 && heard[vertex][time_ms / 1000]++ >= trial->pane)
        return;
    struct record record = {.verdict = FATE_ON_TIME,
                            .offset = (*offset)++,
                            .has_time = true,
                            .time_ms = time_ms,
                            .cell = vertex,
                            .sensor = vertex,
                            .rate = excursion(trial->motion, vertex, (double)time_ms / 1000)};
    CU_ASSERT_EQUAL_FATAL(windows_take(windows, &record, &err), STATUS_OK);
}

static void deliver(const struct trial *trial, struct windows *windows)
{
    static int64_t order[VERTICES][SAMPLES];
    int64_t offset = 0;
    random_state = 7;
    for (int vertex = 0; vertex < VERTICES; vertex++)
        shuffle(order[vertex]);
    for (int64_t i = 0; i < SAMPLES; i++)
        for (int vertex = 0; vertex < VERTICES; vertex++)
            take(trial, windows, vertex, order[vertex][i], &offset);
    windows_finish(windows, 0, offset);
}

/* Of the windows that the samples fill. */
static double largest_error(const struct trial *trial, struct windows *windows)
{
    double largest = 0.0;
    for (int64_t window = 0; window < SECONDS; window++) {
        struct closed_window closed;
        CU_ASSERT_FATAL(windows_can_close(windows));
        windows_close(windows, &closed);
        CU_ASSERT_EQUAL(closed.window, window);
        double z[VERTICES] = {0};
        for (int64_t i = 0; i < closed.heat_count; i++)
            z[closed.heat[i].cell] = closed.heat[i].rate;
        double truth = true_area(trial->motion, (double)window + 0.5);
        largest = fmax(largest, fabs(area(z) - truth) / truth);
    }
    return largest;
}

static double error_of(const struct trial *trial)
{
    static const int64_t first[1];
    struct windows_config config = {.partitions = 1,
                                    .gnx = VERTICES,
                                    .gny = 1,
                                    .window_ms = 1000,
                                    .disorder_ms = 720000,
                                    .horizon_windows = 2,
                                    .clock_sensors = 2,
                                    .clock_expiry = 1000,
                                    .jump_ms = 1000,
                                    .max_open_events = VERTICES * SAMPLES,
                                    .estimate = trial->estimate,
                                    .span = 1,
                                    .snapshot_spacing = 1,
                                    .gen_scale = 1.0};
    struct windows *windows = windows_create(&config, first);
    deliver(trial, windows);
    double largest = largest_error(trial, windows);
    windows_destroy(windows);
    return largest;
}

struct errors {
    double mean, linear, cubic;
};

static struct errors errors_of(const struct motion *motion, int64_t phase_ms, int64_t pane)
{
    struct trial trial = {.motion = motion, .phase_ms = phase_ms, .pane = pane};
    trial.estimate = ESTIMATE_MEAN;
    double mean = error_of(&trial);
    trial.estimate = ESTIMATE_LINEAR;
    double linear = error_of(&trial);
    trial.estimate = ESTIMATE_CUBIC;
    struct errors errors = {mean, linear, error_of(&trial)};
    printf("  %s %7lld ms  %-10s %9.3g %9.3g %9.3g\n", motion->name, (long long)phase_ms,
           pane > 0 ? "first pane" : "complete", mean, linear, errors.cubic);
    return errors;
}

static void the_triangle_is_that_of_the_reference(void)
{
    CU_ASSERT_DOUBLE_EQUAL(true_area(&motions[0], 0.5), 1.496165, 5e-7);
    CU_ASSERT_DOUBLE_EQUAL(true_area(&motions[1], 0.5), 1.406506, 5e-7);
}

/* A sample lies on the middle of each window: interpolation gives it back, up to the rounding of
 * the two areas. The mean flattens the motion, by as much as it does in the reference. */
static void samples_on_the_middle_are_interpolated_exactly(void)
{
    static const double mean[] = {0.028, 0.249};
    for (int i = 0; i < 2; i++) {
        struct errors errors = errors_of(&motions[i], 0, 0);
        CU_ASSERT(errors.linear <= 1e-12);
        CU_ASSERT(errors.cubic <= 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(errors.mean, mean[i], 0.0005);
    }
}

static void off_the_grid_cubic_beats_linear_beats_the_mean(void)
{
    for (int i = 0; i < 2; i++) {
        struct errors errors = errors_of(&motions[i], PHASE_MS, 0);
        CU_ASSERT(0 < errors.cubic);
        CU_ASSERT(errors.cubic < errors.linear / 1000);
        CU_ASSERT(errors.linear < errors.mean / 1000);
    }
}

/* The largest of 360 windows of 15 random samples each: another draw moves it by a fifth or so. */
static void the_first_samples_alone_tell_about_as_much_as_in_the_reference(void)
{
    static const double mean[] = {0.086, 0.35}, linear[] = {0.005, 0.061};
    for (int i = 0; i < 2; i++) {
        struct errors errors = errors_of(&motions[i], 0, PANE);
        CU_ASSERT(errors.mean < 1.2 * mean[i]);
        CU_ASSERT(errors.linear < 1.2 * linear[i]);
        CU_ASSERT(errors.cubic < errors.linear);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(the_triangle_is_that_of_the_reference),
        UNIT_TEST(samples_on_the_middle_are_interpolated_exactly),
        UNIT_TEST(off_the_grid_cubic_beats_linear_beats_the_mean),
        UNIT_TEST(the_first_samples_alone_tell_about_as_much_as_in_the_reference),
    };
    printf("largest relative error of the area      mean    linear     cubic\n");
    return unit_run("triangle", tests, UNIT_COUNT(tests));
}

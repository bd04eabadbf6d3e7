/* Windows a second while a run crosses a gap in its stream, hours of event time without events,
 * against the solver alone, which steps as many windows on the same cells and ranks. What a run
 * costs without a gap is measured and taken off. The ways take turns, so that a disturbance from
 * outside hits all alike; each ratio is the median of those of single turns. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "median.h"
#include "run/run.h"
#include "run/stop.h"
#include "solve/solver.h"

enum { TURNS = 5, WAYS = 2, SENSORS = 10, SPOKEN = 20, WINDOW_MS = 100, SUBSTEPS = 2 };

static const struct grid {
    int side;
    int64_t windows; /* of the gap where no frame is written, and of the solver alone */
} GRIDS[] = {{40, 360000}, {256, 36000}};

static const struct {
    const char *name;
    int64_t frames_every, gap_divisor;
} WAYS_OF[WAYS] = {{"no frame", 1000000, 1}, {"a frame each", 1, 20}};

struct subject {
    struct grid grid;
    bool first; /* rank 0 */
    char directory[64];
    struct domain *domain;
    struct solver *solver;
};

static void give_up(const char *what)
{
    fprintf(stderr, "bench_gap: %s: %s\n", what, strerror(errno));
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static FILE *create(const struct subject *subject, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", subject->directory, name);
    FILE *file = fopen(path, "w");
    if (!file)
        give_up(path);
    return file;
}

/* Sensors speak in some windows, then in as many `gap` windows later. */
static void write_events(const struct subject *subject, int64_t gap)
{
    FILE *file = create(subject, "events.ndjson");
    for (int64_t i = 0; i < 2 * SPOKEN * SENSORS; i++) {
        int64_t window = i / SENSORS, sensor = i % SENSORS;
        window += window < SPOKEN ? 0 : gap;
        fprintf(file, "{\"time\":%lld,\"gridX\":%lld,\"gridY\":%lld,\"gen\":4}\n",
                (long long)(window * WINDOW_MS + sensor), (long long)sensor,
                (long long)(3 * sensor));
    }
    fclose(file);
}

static void write_deck(const struct subject *subject, int64_t frames_every)
{
    FILE *file = create(subject, "gap.yaml");
    fprintf(file,
            "run: {out: %s}\n"
            "grid: {nx: %d, ny: %d}\n"
            "time: {window_ms: %d, substeps: %d, t0: 0}\n"
            "stream: {source: file, files: [events.ndjson]}\n"
            "output: {frames: {every: %lld}}\n"
            "checkpoint: {every_windows: 0, every_wall_s: 0}\n",
            subject->directory, subject->grid.side, subject->grid.side, WINDOW_MS, SUBSTEPS,
            (long long)frames_every);
    fclose(file);
}

static void execute(const struct subject *subject)
{
    char path[128];
    struct deck *deck = NULL;
    struct error err;
    const struct run_options options = {
        .restart = RUN_RESTART_NONE, .time_limit_s = -1, .command_line = "bench_gap"};
    snprintf(path, sizeof path, "%s/gap.yaml", subject->directory);
    enum status status = STATUS_OK;
    if (subject->first)
        status = deck_load(path, NULL, 0, &deck, &err);
    status = run_share_status(status, &err);
    if (status == STATUS_OK)
        status = run_execute(deck, subject->first ? &options : NULL, &err);
    deck_destroy(deck);
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "bench_gap: %s\n", err.text);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static double seconds_of_run(const struct subject *subject, int64_t frames_every, int64_t gap)
{
    if (subject->first) {
        write_events(subject, gap);
        write_deck(subject, frames_every);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    execute(subject);
    MPI_Barrier(MPI_COMM_WORLD);
    return MPI_Wtime() - start;
}

static double seconds_of_solver(const struct subject *subject)
{
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    for (int64_t window = 0; window < subject->grid.windows; window++)
        solver_step_window(subject->solver, NULL, 0);
    MPI_Barrier(MPI_COMM_WORLD);
    return MPI_Wtime() - start;
}

static void measure_ways(const struct subject *subject)
{
    double bare[TURNS], speed[WAYS][TURNS], ratio[WAYS][TURNS];
    for (int turn = 0; turn < TURNS; turn++) {
        bare[turn] = (double)subject->grid.windows / seconds_of_solver(subject);
        for (int way = 0; way < WAYS; way++) {
            int64_t every = WAYS_OF[way].frames_every;
            int64_t windows = subject->grid.windows / WAYS_OF[way].gap_divisor;
            double without = seconds_of_run(subject, every, 0);
            double with = seconds_of_run(subject, every, windows);
            speed[way][turn] = (double)windows / (with - without);
            ratio[way][turn] = speed[way][turn] / bare[turn];
        }
    }
    if (!subject->first)
        return;
    printf("gap, %4d^2, %d ranks, %d steps a window: solver alone %.2e windows/s\n",
           subject->grid.side, subject->domain->ranks, SUBSTEPS, median(bare, TURNS));
    for (int way = 0; way < WAYS; way++) {
        double middle = median(ratio[way], TURNS); /* sorts */
        printf("    %-12s %.3f of it (%.3f to %.3f): %.2e windows/s\n", WAYS_OF[way].name, middle,
               ratio[way][0], ratio[way][TURNS - 1], median(speed[way], TURNS));
    }
}

static void remove_directory(const struct subject *subject)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", subject->directory);
    if (system(command) != 0)
        give_up(subject->directory);
}

static void measure_grid(struct grid grid)
{
    struct error err;
    struct subject subject = {.grid = grid, .directory = "/tmp/bench-gap-XXXXXX"};
    if (domain_create(MPI_COMM_WORLD, grid.side, grid.side, 256, &subject.domain, &err) !=
        STATUS_OK)
        return;
    subject.first = subject.domain->rank == 0;
    subject.solver = solver_create(subject.domain, &(struct solver_config){.conductivity = 1,
                                                                           .dx = 0.5,
                                                                           .dy = 0.5,
                                                                           .tau_s = 0.05,
                                                                           .initial = 1,
                                                                           .substeps = SUBSTEPS});
    if (!subject.solver || (subject.first && !mkdtemp(subject.directory)))
        give_up("setting up");
    measure_ways(&subject);
    if (subject.first)
        remove_directory(&subject);
    solver_destroy(subject.solver);
    domain_destroy(subject.domain);
}

int main(int argc, char **argv)
{
    int provided;
    stop_install();
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    log_configure(LOG_ERROR, LOG_HUMAN);
    for (int i = 0; i < 2; i++)
        measure_grid(GRIDS[i]);
    MPI_Finalize();
    return 0;
}

/* What late events cost: windows a second of a run that keeps snapshots, goes back and steps again,
 * without files, against one that only steps. The ways take turns, so that a disturbance from
 * outside hits all alike; each ratio is the median of those of single turns. */
#include <stdio.h>
#include <stdlib.h>

#include "median.h"
#include "solve/snapshots.h"

enum { SIDE = 1024, HORIZON = 50, TURNS = 5, WAYS = 4, PER_CENT_HEATED = 1, PER_CENT_LATE = 1 };
enum { TURN_STEPS = 32 * HORIZON, TURN_STEPS_EACH_LATE = 80 };

static const int64_t MEMORY_BYTES = 256 << 20;

/* Of the events of a window one in a hundred is late. */
enum lateness { NO_SNAPSHOTS, NONE_LATE, LATE_AT_ONCE, EACH_LATE };

static const char *const NAME[WAYS] = {[NO_SNAPSHOTS] = "no snapshots",
                                       [NONE_LATE] = "snapshots, none late",
                                       [LATE_AT_ONCE] = "1 % late, at once every 50",
                                       [EACH_LATE] = "1 % late, each by 1 to 50"};

struct subject {
    const struct domain *domain;
    struct solver *plain, *solver; /* without and with snapshots */
    struct snapshots *snapshots;
    int spacing, substeps;
    int64_t open; /* window of `solver` */
    struct slab_heat *heat;
    int heat_count;
    uint64_t random;
    int64_t stepped_again; /* windows, by the present way */
};

static uint64_t draw(struct subject *subject)
{
    subject->random = subject->random * 6364136223846793005u + 1442695040888963407u;
    return subject->random >> 33;
}

/* By how many windows the latest of a window's late events comes too late. */
static int64_t draw_latest(struct subject *subject)
{
    int64_t events = (int64_t)SIDE * SIDE * PER_CENT_HEATED / 100, latest = 0;
    for (int64_t event = 0; event < events; event++) {
        if (draw(subject) % 100 >= PER_CENT_LATE)
            continue;
        int64_t late = 1 + (int64_t)(draw(subject) % HORIZON);
        latest = late > latest ? late : latest;
    }
    return latest;
}

static void step(struct subject *subject, int64_t window)
{
    solver_step_window(subject->solver, subject->heat, subject->heat_count);
    snapshots_keep(subject->snapshots, window, 0.0, subject->solver);
}

static void correct(struct subject *subject, int64_t late)
{
    int64_t touched = subject->open - late, first = touched - touched % subject->spacing;
    double heat_in;
    if (!snapshots_restore(subject->snapshots, first - 1, subject->solver, &heat_in))
        MPI_Abort(MPI_COMM_WORLD, 1);
    for (int64_t window = first; window < subject->open; window++)
        step(subject, window);
    subject->stepped_again += subject->open - first;
}

static void close_window(struct subject *subject, enum lateness way)
{
    if (way == NO_SNAPSHOTS) {
        solver_step_window(subject->plain, subject->heat, subject->heat_count);
        return;
    }
    if (way == EACH_LATE)
        correct(subject, draw_latest(subject));
    if (way == LATE_AT_ONCE && subject->open % HORIZON == 0)
        correct(subject, HORIZON);
    step(subject, subject->open++);
}

static double windows_a_second(struct subject *subject, enum lateness way)
{
    int windows = (way == EACH_LATE ? TURN_STEPS_EACH_LATE : TURN_STEPS) / subject->substeps;
    MPI_Barrier(subject->domain->comm);
    double start = MPI_Wtime();
    subject->stepped_again = 0;
    for (int window = 0; window < windows; window++)
        close_window(subject, way);
    MPI_Barrier(subject->domain->comm);
    return windows / (MPI_Wtime() - start);
}

static void measure_ways(struct subject *subject)
{
    double speed[WAYS][TURNS], ratio[WAYS][TURNS];
    int64_t again[WAYS];
    for (int turn = 0; turn < TURNS; turn++)
        for (int way = 0; way < WAYS; way++) {
            speed[way][turn] = windows_a_second(subject, (enum lateness)way);
            ratio[way][turn] = speed[way][turn] / speed[NO_SNAPSHOTS][turn];
            again[way] = subject->stepped_again;
        }
    for (int way = 0; subject->domain->rank == 0 && way < WAYS; way++) {
        double middle = median(ratio[way], TURNS); /* sorts */
        int steps = way == EACH_LATE ? TURN_STEPS_EACH_LATE : TURN_STEPS;
        printf("    %-26s %.3f (%.3f to %.3f), %.1f windows/s, %.1f stepped again for each\n",
               NAME[way], middle, ratio[way][0], ratio[way][TURNS - 1], median(speed[way], TURNS),
               (double)(again[way] * subject->substeps) / steps);
    }
}

static void heat_some(struct subject *subject)
{
    size_t cells = (size_t)subject->domain->nx * (size_t)subject->domain->ny;
    subject->heat = malloc(cells * sizeof *subject->heat);
    if (!subject->heat)
        MPI_Abort(MPI_COMM_WORLD, 1);
    for (size_t cell = 0; cell < cells; cell++)
        if (cell * 2654435761u % 4294967296u / 65536 * 100 / 65536 < PER_CENT_HEATED)
            subject->heat[subject->heat_count++] = (struct slab_heat){(int64_t)cell, 0.01};
}

static struct subject prepare(const struct domain *domain, int substeps)
{
    struct solver_config config = {
        .conductivity = 1, .dx = 0.5, .dy = 0.5, .tau_s = 0.05, .initial = 1, .substeps = substeps};
    int spacing = snapshots_spacing(HORIZON, (int64_t)SIDE * SIDE, MEMORY_BYTES);
    struct subject subject = {.domain = domain,
                              .plain = solver_create(domain, &config),
                              .solver = solver_create(domain, &config),
                              .spacing = spacing,
                              .substeps = substeps};
    if (!subject.plain || !subject.solver)
        MPI_Abort(MPI_COMM_WORLD, 1);
    subject.snapshots = snapshots_create(
        domain, &(struct snapshots_config){.horizon_windows = HORIZON,
                                           .spacing = spacing,
                                           .ghosts = solver_field(subject.solver)->ghosts});
    if (!subject.snapshots)
        MPI_Abort(MPI_COMM_WORLD, 1);
    heat_some(&subject);
    snapshots_keep(subject.snapshots, -1, 0.0, subject.solver);
    for (int window = 0; window < HORIZON; window++)
        close_window(&subject, NONE_LATE);
    return subject;
}

static void measure(const struct domain *domain, int substeps)
{
    struct subject subject = prepare(domain, substeps);
    int count = snapshots_count(HORIZON, subject.spacing);
    if (domain->rank == 0)
        printf("%d^2, %d ranks, %d steps a window, horizon %d: a snapshot every %d windows, %d "
               "held, %.0f MiB\n",
               SIDE, domain->ranks, substeps, HORIZON, subject.spacing, count,
               count * 8.0 * SIDE * SIDE / (1 << 20));
    measure_ways(&subject);
    snapshots_destroy(subject.snapshots);
    solver_destroy(subject.solver);
    solver_destroy(subject.plain);
    free(subject.heat);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    struct domain *domain;
    struct error err;
    if (domain_create(MPI_COMM_WORLD, SIDE, SIDE, 256, &domain, &err) != STATUS_OK)
        MPI_Abort(MPI_COMM_WORLD, 1);
    measure(domain, 1);
    measure(domain, 16);
    domain_destroy(domain);
    MPI_Finalize();
    return 0;
}

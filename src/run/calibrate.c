#include "run/calibrate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/build_id.h"
#include "base/log.h"
#include "base/monotonic.h"
#include "calibrate_parts.h"
#include "run/cost.h"
#include "run/launch.h"

enum { LEAST_TURNS = 3 };
static const double budget_s = 0.1; /* of a measurement, that is not longer in its least turns */

struct calibrate_turns calibrate_begin(void)
{
    return (struct calibrate_turns){.start_s = monotonic_s()};
}

bool calibrate_another(struct calibrate_turns *turns)
{
    return turns->count++ < LEAST_TURNS || monotonic_s() - turns->start_s < budget_s;
}

bool calibrate_another_of(MPI_Comm comm, struct calibrate_turns *turns)
{
    int another = calibrate_another(turns);
    MPI_Bcast(&another, 1, MPI_INT, 0, comm);
    return another != 0;
}

/* Resident now. */
static int64_t memory_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (int64_t)sysconf(_SC_PAGESIZE);
}

static void describe(const struct launch *launch, struct machine *machine)
{
    time_t now = time(NULL);
    struct tm date;
    gethostname(machine->host, sizeof machine->host - 1);
    if (gmtime_r(&now, &date))
        strftime(machine->date, sizeof machine->date, "%Y-%m-%dT%H:%M:%SZ", &date);
    snprintf(machine->program, sizeof machine->program, "heatstream %s (%s)", build_version(),
             build_git_id());
    machine->cores = launch->cores / launch->nodes;
    machine->ranks = launch->most;
    machine->base_bytes = memory_bytes();
}

/* Messages between ranks are counted by the formula, not with the file. */
static void take_messages_off(const struct launch *launch, struct machine *machine)
{
    struct machine none = *machine;
    struct cost_job job = {.gnx = launch->ranks, .gny = 1, .solver = {.substeps = 1}, .frames = 1};
    none.frame = (struct machine_file){.fixed_s = 0, .bytes_per_s = 1};
    double messages_s = cost_of(&none, &job, launch->ranks).frame_s;
    if (cost_is_known(machine, launch->ranks))
        machine->frame.fixed_s =
            machine->frame.fixed_s > messages_s ? machine->frame.fixed_s - messages_s : 0;
}

static enum status measure(const struct launch *launch, const char *directory,
                           struct machine *machine, struct error *err)
{
    struct domain *world;
    TRY(domain_create(MPI_COMM_WORLD, launch->ranks, 1, 0, &world, err));
    log_info("measuring time steps");
    enum status status = calibrate_steps(world, machine, err);
    if (status == STATUS_OK) {
        log_info("measuring links between ranks");
        calibrate_links(world, machine);
        log_info("measuring frames and checkpoints in %s", directory);
        status = calibrate_files(world, directory, machine, err);
    }
    domain_destroy(world);
    if (status == STATUS_OK)
        take_messages_off(launch, machine);
    return status;
}

enum status calibrate(const char *directory, struct machine *machine, struct error *err)
{
    struct launch launch;
    struct machine measured = {0};
    launch_look(MPI_COMM_WORLD, &launch);
    TRY(launch_check_size(launch.ranks, err));
    if (launch.spare < 0)
        return error_set(err, STATUS_USAGE,
                         "measuring with more ranks than cores: at most one a core, or what is "
                         "measured is how they take turns");
    describe(&launch, &measured);
    TRY(measure(&launch, directory, &measured, err));
    *machine = measured;
    return STATUS_OK;
}

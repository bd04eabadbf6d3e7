#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "check_cost.h"
#include "check_memory.h"
#include "run/calibrate.h"
#include "run/run.h"

static void print_steps(const struct machine *machine)
{
    printf("steps       cells a slab   1 a pass, alone   together   %d a pass, alone   together\n",
           MACHINE_STEPS);
    for (int i = 0; i < machine->sizes; i++) {
        const struct machine_step *step = &machine->step[i];
        double cell_ns = 1e9 / (double)step->cells;
        printf("          %14lld   %12.3f ns %7.3f ns   %13.3f ns %7.3f ns   a cell\n",
               (long long)step->cells, step->alone_single_s * cell_ns, step->single_s * cell_ns,
               step->alone_pass_s * cell_ns, step->pass_s * cell_ns);
    }
}

static void print_link(const char *name, const struct machine_link *link)
{
    char rate[32];
    if (link->bytes_per_s > 0)
        printf("%-11s %.2f us, %s/s each way, %.2f us from message to message\n", name,
               link->latency_s * 1e6, check_bytes(link->bytes_per_s, rate), link->message_s * 1e6);
}

static void print_file(const char *name, const struct machine_file *file)
{
    char rate[32];
    printf("%-11s %.3f ms and %s/s\n", name, file->fixed_s * 1e3,
           check_bytes(file->bytes_per_s, rate));
}

static void print_constants(const struct machine *machine, const char *path)
{
    char bytes[32];
    print_steps(machine);
    print_link("a node", &machine->shared);
    print_link("network", &machine->network);
    printf("window      %.2f us on one rank, beside its steps\n", machine->window_s * 1e6);
    print_file("frame", &machine->frame);
    print_file("checkpoint", &machine->checkpoint);
    printf("fsync       %.3f ms\n", machine->fsync_s * 1e3);
    printf("memory      %s before there is a field\n",
           check_bytes((double)machine->base_bytes, bytes));
    printf("kept in     %s\n", path);
    if (machine->ranks == 1)
        printf("            on one rank; for links between ranks start one a core:\n"
               "            mpirun -np %d heatstream check --calibrate\n",
               machine->cores);
}

static enum status keep(const struct cli_options *options, const struct machine *machine,
                        struct error *err)
{
    struct buffer path = {0};
    enum status status = machine_path(options->machine, &path, err);
    if (status == STATUS_OK)
        status = machine_save((const char *)path.data, machine, err);
    if (status == STATUS_OK)
        print_constants(machine, (const char *)path.data);
    buffer_release(&path);
    return status;
}

static enum status measure(const struct cli_options *options, struct error *err)
{
    int rank;
    struct machine machine;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    log_set_rank(rank);
    TRY(calibrate(options->calibrate, &machine, err));
    return run_share_status(rank == 0 ? keep(options, &machine, err) : STATUS_OK, err);
}

enum status check_calibrate(const struct cli_options *options, struct error *err)
{
    bool first = cli_is_first_rank(); /* MPI_Init overwrites what the launcher says */
    int provided;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS ||
        provided < MPI_THREAD_FUNNELED)
        return error_set(err, STATUS_BUG, "MPI does not offer MPI_THREAD_FUNNELED");
    enum status status = measure(options, err);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (status != STATUS_OK && rank == 0 && first)
        log_error("%s", err->text);
    err->text[0] = '\0'; /* told before a rank leaves, with which mpirun may end the others */
    fflush(stdout);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return status;
}

#include "check_cost.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arith.h"
#include "check_memory.h"
#include "run/cost.h"
#include "solve/choice.h"
#include "solve/snapshots.h"

enum { MOST_SHOWN = 16 };

static struct cost_job job_of(const struct deck *deck, int substeps, double heated)
{
    int spacing = snapshots_spacing((int)deck->stream.horizon_windows,
                                    deck->grid.nx * deck->grid.ny, deck->solve.snapshot_memory);
    return (struct cost_job){
        .gnx = deck->grid.nx,
        .gny = deck->grid.ny,
        .tile = deck->frames.tile,
        .solver = {.substeps = substeps,
                   .windows = choice_windows(deck->frames.every, spacing),
                   .steps_per_sweep = (int)deck->solve.steps_per_sweep,
                   .halo_depth = (int)deck->solve.halo_depth},
        .snapshots = snapshots_count((int)deck->stream.horizon_windows, spacing),
        .f64 = deck->frames.dtype == DECK_F64,
        .early = deck->stream.early_ms > 0,
        .heated = heated,
        .frames = 1.0 / (double)deck->frames.every,
        .frame_bytes = check_frame_bytes(deck),
        .checkpoint_windows = (double)deck->checkpoint.every_windows,
    };
}

static const char *seconds(double seconds, char *text)
{
    static const char *const unit[] = {"s", "ms", "us", "ns"};
    int i = 0;
    for (; seconds > 0 && seconds < 1 && i < 3; i++)
        seconds *= 1000;
    snprintf(text, 32, "%.3g %s", seconds, seconds > 0 ? unit[i] : "s");
    return text;
}

static void print_row(const struct cost *cost)
{
    char total[32], steps[32], halo[32], window[32], file[32], memory[32], written[32];
    printf("  %7d %9s %9s %9s %9s %9s %11s %11s/s\n", cost->ranks, seconds(cost->total_s, total),
           seconds(cost->steps_s, steps), seconds(cost->halo_s, halo),
           seconds(cost->window_s, window), seconds(cost->frame_s + cost->checkpoint_s, file),
           check_bytes(cost->rank_bytes, memory), check_bytes(cost->written, written));
}

/* The numbers of ranks that are shown, rising. */
struct shown {
    int ranks[MOST_SHOWN];
    int count;
};

static void show(struct shown *shown, int64_t ranks)
{
    int i = shown->count;
    for (int j = 0; j < shown->count; j++)
        if (shown->ranks[j] == ranks)
            return;
    if (shown->count == MOST_SHOWN)
        return;
    for (; i > 0 && shown->ranks[i - 1] > ranks; i--)
        shown->ranks[i] = shown->ranks[i - 1];
    shown->ranks[i] = (int)ranks;
    shown->count++;
}

/* On one machine powers of two as far as it has cores, over a network powers of ten as well. */
static struct shown rows_of(const struct machine *machine, int asked, int most)
{
    struct shown shown = {.count = 0};
    int64_t cores = min_int64(machine->cores, most);
    if (asked > 0)
        show(&shown, asked);
    for (int64_t ranks = 1; ranks <= cores && ranks <= 64; ranks *= 2)
        show(&shown, ranks);
    for (int64_t ranks = 10; ranks <= most && ranks <= 10000; ranks *= 10)
        if (ranks > cores)
            show(&shown, ranks);
    return shown;
}

static void print_machine(const struct machine *machine, bool stated)
{
    char latency[32], rate[32];
    const struct machine_link *network = &machine->network;
    printf("cost        of a window, by what was measured on %s with %d rank%s on %d core%s, %s\n",
           machine->host, machine->ranks, machine->ranks == 1 ? "" : "s", machine->cores,
           machine->cores == 1 ? "" : "s", machine->date);
    if (network->bytes_per_s > 0)
        printf("            network %s, %s/s%s; %d rank%s a node\n",
               seconds(network->latency_s, latency), check_bytes(network->bytes_per_s, rate),
               stated ? ", as stated" : "", machine->cores, machine->cores == 1 ? "" : "s");
}

/* Ranks that can be spoken of: all that the grid has room for, or those of one machine. */
static int most_ranks(const struct machine *machine, const struct cost_job *job)
{
    if (machine->network.bytes_per_s > 0)
        return (int)job->gnx;
    return (int)min_int64(job->gnx, cost_is_known(machine, 2) ? machine->cores : 1);
}

static void print_advice(const struct machine *machine, const struct cost_job *job, int asked,
                         int most)
{
    char here[32], there[32];
    struct cost_choice choice = cost_choose(machine, job, most);
    struct cost fastest = cost_of(machine, job, choice.fastest);
    struct cost enough = cost_of(machine, job, choice.enough);
    printf("            past %d rank%s more do not help: %s a window there", choice.enough,
           choice.enough == 1 ? "" : "s", seconds(enough.total_s, here));
    if (choice.fastest != choice.enough)
        printf(", %s on %d, the fastest", seconds(fastest.total_s, there), choice.fastest);
    printf("%s\n",
           most < job->gnx && most == machine->cores ? "; for more nodes state --network" : "");
    if (asked == 0 || !cost_is_known(machine, asked))
        return;
    struct cost mine = cost_of(machine, job, asked);
    if (asked > choice.fastest && mine.total_s > 1.01 * fastest.total_s)
        printf("            fewer ranks are faster: %s a window on %d, %s on %d\n",
               seconds(fastest.total_s, here), choice.fastest, seconds(mine.total_s, there), asked);
}

static void print_root(const struct cost *cost)
{
    char bytes[32];
    printf("            rank 0 has %s more, and the events (above); reading them bounds the pace "
           "by itself\n",
           check_bytes(cost->root_bytes, bytes));
}

static void print_cost(const struct machine *machine, const struct cost_job *job, int asked,
                       bool stated)
{
    int most = most_ranks(machine, job);
    struct shown shown = rows_of(machine, asked, most);
    print_machine(machine, stated);
    printf("    ranks    window     steps      halo   scatter     files    a rank's    written\n");
    for (int i = 0; i < shown.count; i++)
        if (cost_is_known(machine, shown.ranks[i])) {
            struct cost cost = cost_of(machine, job, shown.ranks[i]);
            print_row(&cost);
        }
    if (asked > 1 && !cost_is_known(machine, asked))
        printf("            of %d ranks nothing is known: measured was a single one\n", asked);
    struct cost last = cost_of(machine, job, asked && cost_is_known(machine, asked) ? asked : 1);
    print_root(&last);
    print_advice(machine, job, asked, most);
}

static enum status load_machine(const struct cli_options *options, struct machine *machine,
                                struct error *err)
{
    struct buffer path = {0};
    enum status status = machine_path(options->machine, &path, err);
    if (status == STATUS_OK)
        status = machine_load((const char *)path.data, machine, err);
    buffer_release(&path);
    return status;
}

/* What is wrong with constants that nobody asked for is no failure. */
static enum status do_without(const struct cli_options *options, enum status status,
                              const struct error *reason, struct error *err)
{
    if (options->machine || options->network.bytes_per_s > 0) {
        *err = *reason;
        return error_prefix(err, status, "predicting from what --calibrate measures");
    }
    if (status == STATUS_BAD_DATA)
        printf("cost        not known: %s\n", reason->text);
    else
        printf("cost        not known: measure this machine once with\n"
               "            mpirun -np CORES heatstream check --calibrate\n");
    return STATUS_OK;
}

enum status check_print_cost(const struct deck *deck, const struct cli_options *options,
                             int substeps, double heated, struct error *err)
{
    struct machine machine;
    struct error reason = {""};
    bool stated = options->network.bytes_per_s > 0;
    enum status status = load_machine(options, &machine, &reason);
    if (status != STATUS_OK)
        return do_without(options, status, &reason, err);
    if (stated) {
        double message_s = machine.shared.message_s;
        machine.network = options->network;
        machine.network.message_s = message_s > 0 ? message_s : options->network.latency_s;
    }
    struct cost_job job = job_of(deck, substeps, heated);
    print_cost(&machine, &job, options->ranks, stated);
    return STATUS_OK;
}

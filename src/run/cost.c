#include "run/cost.h"

#include <math.h>

#include "base/arith.h"
#include "solve/choice.h"
#include "solve/heat_map.h"
#include "solve/memory.h"
#include "store/frames.h"

enum {
    TREES_OF_FRAME = 12,
    GATHERS_OF_FRAME = 4,
    COLUMN_BYTES = 80, /* of a frame, to rank 0 */
    ROOT_COLUMN = 120, /* bytes that rank 0 keeps of each column: measures, digests, outflow */
    ROOT_RANK = 104,   /* and of each rank */
    CELL = sizeof(double)
};

/* What a formula needs to know of one number of ranks. */
struct setting {
    const struct machine *machine;
    const struct cost_job *job;
    int ranks;
    double turns;  /* ranks a core */
    double rounds; /* of a tree over all ranks */
    struct machine_link link;
    struct domain_widths widths;
    struct solver_config solver;
};

static bool leaves_the_node(const struct machine *machine, int ranks)
{
    return ranks > machine->cores && machine->network.bytes_per_s > 0;
}

bool cost_is_known(const struct machine *machine, int ranks)
{
    return ranks == 1 || machine->shared.bytes_per_s > 0 || leaves_the_node(machine, ranks);
}

static struct machine_link link_of(const struct machine *machine, int ranks)
{
    return leaves_the_node(machine, ranks) ? machine->network : machine->shared;
}

static struct setting setting_of(const struct machine *machine, const struct cost_job *job,
                                 int ranks)
{
    struct domain_cut cut = domain_cut(job->gnx, ranks, job->tile);
    struct setting setting = {.machine = machine,
                              .job = job,
                              .ranks = ranks,
                              .turns = 1,
                              .rounds = ceil(log2(ranks)),
                              .link = link_of(machine, ranks),
                              .widths = domain_widths(&cut)};
    struct slabs slabs = {
        .ranks = ranks, .narrowest = (int)setting.widths.narrowest, .ny = (int)job->gny};
    setting.solver = choice_for_slabs(&slabs, &job->solver);
    if (!leaves_the_node(machine, ranks))
        setting.turns = fmax(1, (double)ranks / machine->cores);
    setting.link.latency_s *= setting.turns;
    return setting;
}

/* How far a node is from one busy rank (0) to as many as were measured (1). */
static double crowd_of(const struct machine *machine, int ranks)
{
    double on_node = fmin(ranks, machine->cores);
    return machine->ranks > 1 ? fmin(1, (on_node - 1) / (machine->ranks - 1)) : 0;
}

static double step_at(const struct machine_step *step, double crowd, double passes)
{
    double single = step->alone_single_s + crowd * (step->single_s - step->alone_single_s);
    double pass = step->alone_pass_s + crowd * (step->pass_s - step->alone_pass_s);
    double fraction = (passes - 1.0 / MACHINE_STEPS) / (1 - 1.0 / MACHINE_STEPS);
    return pass + (single - pass) * fmax(0, fraction);
}

/* Beyond the sizes that were measured: a slab is not faster than the smallest, and a cell costs
 * what it does in the largest. */
static double step_seconds(const struct setting *setting, double cells)
{
    const struct machine *machine = setting->machine;
    const struct machine_step *step = machine->step;
    double crowd = crowd_of(machine, setting->ranks);
    double passes = 1.0 / setting->solver.steps_per_sweep;
    int last = machine->sizes - 1, i = 0;
    if (cells <= (double)step[0].cells)
        return step_at(&step[0], crowd, passes);
    if (cells >= (double)step[last].cells)
        return step_at(&step[last], crowd, passes) * cells / (double)step[last].cells;
    while ((double)step[i + 1].cells < cells)
        i++;
    double low = step_at(&step[i], crowd, passes), high = step_at(&step[i + 1], crowd, passes);
    double share =
        log(cells / (double)step[i].cells) / log((double)step[i + 1].cells / (double)step[i].cells);
    return low * pow(high / low, share);
}

static double steps_cost(const struct setting *setting)
{
    const struct solver_config *solver = &setting->solver;
    double beside = setting->ranks > 1 ? solver->halo_depth - 1 : 0;
    double cells = ((double)setting->widths.widest + beside) * (double)setting->job->gny;
    return setting->turns * solver->substeps * step_seconds(setting, cells);
}

static double halo_cost(const struct setting *setting)
{
    const struct machine_link *link = &setting->link;
    int depth = setting->solver.halo_depth;
    if (setting->ranks == 1)
        return 0;
    int windows = setting->solver.windows;
    double exchanges = ceil((double)setting->solver.substeps * windows / depth) / windows;
    double bytes = (double)CELL * depth * (double)setting->job->gny;
    return exchanges * 2 * (link->latency_s + bytes / link->bytes_per_s) +
           (depth > 1 ? 2 * link->latency_s : 0);
}

static double trees(const struct setting *setting, int count)
{
    return count * setting->link.latency_s * setting->rounds;
}

/* `count` times one message between rank 0 and each other rank, `bytes` in all. */
static double stars(const struct setting *setting, int count, double bytes)
{
    if (setting->ranks == 1)
        return 0;
    return count * (setting->ranks - 1) * setting->link.message_s +
           bytes / setting->link.bytes_per_s;
}

static double window_cost(const struct setting *setting)
{
    double bytes = (double)sizeof(struct slab_heat) * setting->job->heated;
    return setting->machine->window_s + trees(setting, 1) + stars(setting, 1, bytes);
}

static double file_cost(const struct machine_file *file, double bytes)
{
    return file->fixed_s + bytes / file->bytes_per_s;
}

static double frame_cost(const struct setting *setting)
{
    const struct cost_job *job = setting->job;
    double gathered = (double)COLUMN_BYTES * (double)job->gnx;
    return job->frames *
           (file_cost(&setting->machine->frame, job->frame_bytes) + trees(setting, TREES_OF_FRAME) +
            stars(setting, GATHERS_OF_FRAME, gathered));
}

/* The part of the room for heat that is touched: half of it is for the windows before the last. */
static double touched_heat(const struct setting *setting)
{
    double cells = (double)setting->job->gnx * (double)setting->job->gny;
    double heated = fmin(1, setting->job->heated / cells);
    int before = setting->solver.windows - 1;
    return before == 0 ? heated : (heated + fmin(before * heated, 1.0 / HEAT_MAP_WHOLE_FROM)) / 2;
}

/* Field and outflow of now and of before. */
static double checkpoint_bytes(const struct cost_job *job)
{
    return 2.0 * CELL * (double)job->gnx * ((double)job->gny + 1);
}

static double rank_bytes(const struct setting *setting)
{
    const struct cost_job *job = setting->job;
    struct domain_cut cut = domain_cut(job->gnx, setting->ranks, job->tile);
    struct solver_memory memory =
        solver_memory_of(&cut, (int)job->gny, &job->solver, job->snapshots);
    double cells = (double)setting->widths.widest * (double)job->gny;
    int64_t widest = setting->widths.widest;
    bool spare = setting->ranks < setting->machine->cores;
    double staged = frames_staging_bytes(widest, job->gny, job->f64, job->tile, spare);
    double picture = frames_staging_bytes(widest, job->gny, job->f64, job->tile, false);
    double early = job->early ? picture + cells * CELL : 0;
    return (double)setting->machine->base_bytes + memory.fields + memory.snapshots +
           touched_heat(setting) * memory.heat + staged + early;
}

struct cost cost_of(const struct machine *machine, const struct cost_job *job, int ranks)
{
    struct setting setting = setting_of(machine, job, ranks);
    struct cost cost = {
        .ranks = ranks,
        .steps_s = steps_cost(&setting),
        .halo_s = halo_cost(&setting),
        .window_s = window_cost(&setting),
        .frame_s = frame_cost(&setting),
        .rank_bytes = rank_bytes(&setting),
        .root_bytes = (double)ROOT_COLUMN * (double)job->gnx + (double)ROOT_RANK * ranks +
                      2.0 * sizeof(struct slab_heat) * job->heated,
    };
    double written = job->frames * job->frame_bytes;
    if (job->checkpoint_windows > 0) {
        cost.checkpoint_s =
            file_cost(&machine->checkpoint, checkpoint_bytes(job)) / job->checkpoint_windows;
        written += checkpoint_bytes(job) / job->checkpoint_windows;
    }
    cost.total_s = cost.steps_s + cost.halo_s + cost.window_s + cost.frame_s + cost.checkpoint_s;
    cost.written = written / cost.total_s;
    return cost;
}

/* Every number up to 64, then a hundredth more each time. */
static int next_ranks(int ranks, int most)
{
    if (ranks == most)
        return most + 1;
    int64_t next = ranks < 64 ? ranks + 1 : (int64_t)ranks + ranks / 100 + 1;
    return (int)min_int64(next, most);
}

static double total_of(const struct machine *machine, const struct cost_job *job, int ranks)
{
    return cost_is_known(machine, ranks) ? cost_of(machine, job, ranks).total_s : INFINITY;
}

struct cost_choice cost_choose(const struct machine *machine, const struct cost_job *job, int most)
{
    struct cost_choice choice = {1, 1};
    double best_s = INFINITY;
    for (int ranks = 1; ranks <= most; ranks = next_ranks(ranks, most)) {
        double total_s = total_of(machine, job, ranks);
        if (total_s < best_s)
            choice.fastest = ranks;
        best_s = fmin(best_s, total_s);
    }
    while (total_of(machine, job, choice.enough) > 1.05 * best_s)
        choice.enough = next_ranks(choice.enough, most);
    return choice;
}

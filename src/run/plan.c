#include "plan.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/build_id.h"
#include "base/memory.h"
#include "deck/timestep.h"
#include "ingest/source_kafka.h"
#include "solve/choice.h"
#include "solve/snapshots.h"
#include "store/rundir.h"

enum { TEXTS = 9 };

static bool is_root(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank == 0;
}

enum status run_share_status(enum status status, struct error *err)
{
    int value = (int)status;
    MPI_Bcast(&value, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (value != STATUS_OK)
        MPI_Bcast(err->text, (int)sizeof err->text, MPI_CHAR, 0, MPI_COMM_WORLD);
    return (enum status)value;
}

static struct solver_side side_of(const struct deck_side *side)
{
    return (struct solver_side){.insulated = side->insulated, .value = side->value};
}

static struct solver_config solver_of(const struct deck *deck)
{
    int64_t substeps = deck->time.substeps;
    if (substeps == 0)
        substeps = timestep_least_substeps(deck->physics.conductivity, deck->grid.dx, deck->grid.dy,
                                           deck->time.window_ms);
    return (struct solver_config){
        .conductivity = deck->physics.conductivity,
        .dx = deck->grid.dx,
        .dy = deck->grid.dy,
        .tau_s = timestep_tau_s(deck->time.window_ms, substeps),
        .substeps = (int)substeps,
        .initial = deck->physics.initial,
        .left = side_of(&deck->physics.left),
        .right = side_of(&deck->physics.right),
        .bottom = side_of(&deck->physics.bottom),
        .top = side_of(&deck->physics.top),
        .steps_per_sweep = (int)deck->solve.steps_per_sweep,
        .halo_depth = (int)deck->solve.halo_depth,
    };
}

static struct cell_box box_of(const struct deck_box *box, const struct deck *deck)
{
    if (box->whole)
        return (struct cell_box){0, 0, deck->grid.nx, deck->grid.ny};
    return (struct cell_box){box->x0, box->y0, box->x1, box->y1};
}

static void put_text(struct buffer *texts, const char *text)
{
    buffer_append(texts, text, strlen(text) + 1);
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

static void collect_texts(const struct deck *deck, const struct run_options *options,
                          struct buffer *texts)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    put_text(texts, build_version());
    put_text(texts, build_git_id());
    put_text(texts, build_compiler());
    put_text(texts, build_flags());
    put_text(texts, host);
    put_text(texts, options->command_line ? options->command_line : "");
    put_text(texts, environment("SLURM_JOB_ID"));
    put_text(texts, source_kafka_library());
    struct buffer yaml = {0};
    deck_print(deck, &yaml);
    buffer_append(texts, yaml.data, yaml.size);
    buffer_put_u8(texts, 0);
    buffer_release(&yaml);
}

static void point_provenance(struct plan *plan)
{
    const char *text[TEXTS];
    const char *next = (const char *)plan->texts.data;
    for (int i = 0; i < TEXTS; i++) {
        text[i] = next;
        next += strlen(next) + 1;
    }
    plan->provenance = (struct provenance){.version = text[0],
                                           .git_id = text[1],
                                           .compiler = text[2],
                                           .flags = text[3],
                                           .host = text[4],
                                           .argv = text[5],
                                           .slurm_job = text[6],
                                           .librdkafka = text[7],
                                           .config = text[8]};
}

static enum status plan_fill(const struct deck *deck, const struct run_options *options,
                             struct plan *plan, struct error *err)
{
    struct rundir *rundir = memory_zeroed(1, sizeof *rundir);
    enum status status = rundir_paths(deck->run.out, deck->run.id, rundir, err);
    int spacing = snapshots_spacing((int)deck->stream.horizon_windows,
                                    deck->grid.nx * deck->grid.ny, deck->solve.snapshot_memory);
    *plan = (struct plan){
        .solver = solver_of(deck),
        .gnx = deck->grid.nx,
        .gny = deck->grid.ny,
        .tile = deck->frames.tile,
        .per_segment = deck->frames.per_segment,
        .frames_every = deck->frames.every,
        .flush_every = deck->frames.flush_every,
        .horizon_windows = deck->stream.horizon_windows,
        .window_ms = deck->time.window_ms,
        .lost_after_s = deck->run.lost_after_s,
        .early_ms = deck->stream.early_ms,
        .snapshot_spacing = spacing,
        .f64 = deck->frames.dtype == DECK_F64,
        .dry_run = options->dry_run,
        .to_topic = deck->temp.topic != NULL,
        .temp_box = box_of(&deck->temp.region, deck),
        .temp_every = deck->temp.every,
    };
    plan->solver.windows = choice_windows(plan->frames_every, spacing);
    strcpy(plan->directory, rundir->root);
    strcpy(plan->checkpoints, rundir->checkpoints);
    strncpy(plan->run_id, deck->run.id, sizeof plan->run_id - 1);
    strncpy(plan->title, deck->run.title, sizeof plan->title - 1);
    free(rundir);
    return status;
}

enum status plan_share(const struct deck *deck, const struct run_options *options,
                       const struct launch *launch, struct plan *plan, struct error *err)
{
    enum status status = STATUS_OK;
    struct buffer texts = {0};
    if (is_root()) {
        status = plan_fill(deck, options, plan, err);
        collect_texts(deck, options, &texts);
    }
    status = run_share_status(status, err);
    MPI_Bcast(plan, (int)sizeof *plan, MPI_BYTE, 0, MPI_COMM_WORLD);
    int64_t size = (int64_t)texts.size;
    MPI_Bcast(&size, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
    buffer_reserve(&texts, (size_t)size);
    if (!is_root())
        texts.size = (size_t)size;
    MPI_Bcast(texts.data, (int)size, MPI_BYTE, 0, MPI_COMM_WORLD);
    plan->texts = texts;
    point_provenance(plan);
    plan->provenance.ranks = launch->ranks;
    plan->provenance.nodes = launch->nodes;
    plan->provenance.cores = launch->cores;
    return status;
}

void plan_release(struct plan *plan)
{
    buffer_release(&plan->texts);
}

struct frames_config plan_frames(const struct plan *plan)
{
    return (struct frames_config){
        .directory = plan->directory,
        .staging = plan->staging,
        .run_id = plan->run_id,
        .title = plan->title,
        .dx = plan->solver.dx,
        .dy = plan->solver.dy,
        .f64 = plan->f64,
        .tile = plan->tile,
        .per_segment = plan->per_segment,
        .horizon_rows = plan->horizon_windows / plan->frames_every + 1,
        .provenance = &plan->provenance,
    };
}

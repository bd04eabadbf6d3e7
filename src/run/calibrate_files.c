#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/linelog.h"
#include "base/monotonic.h"
#include "calibrate_parts.h"
#include "grid/agree.h"
#include "grid/measure.h"
#include "store/checkpoint.h"
#include "store/frames_flush.h"

enum {
    SMALL = 64,
    LARGE = 2048,
    FRAMES = 20,
    LARGE_FRAMES = 4,
    TILE = 256,
    LINES = 20,
    FILE_TURNS = 3
};

static const struct provenance provenance = {.version = "",
                                             .git_id = "",
                                             .compiler = "",
                                             .flags = "",
                                             .librdkafka = "",
                                             .host = "",
                                             .argv = "",
                                             .slurm_job = "",
                                             .config = ""};

/* What frames and checkpoints are made of. */
struct subject {
    const char *directory;
    struct domain *domain;
    struct field *field;
    struct digester *digester;
    struct measurer *measurer;
};

static enum status prepare(MPI_Comm comm, const char *directory, int64_t side,
                           struct subject *subject, struct error *err)
{
    *subject = (struct subject){.directory = directory};
    TRY(domain_create(comm, side, side, TILE, &subject->domain, err));
    subject->field = field_create(subject->domain, 1.0);
    subject->digester = digester_create(subject->domain);
    subject->measurer = measurer_create(subject->domain);
    enum status status = STATUS_OK;
    if (!subject->field || !subject->digester)
        status = error_set(err, STATUS_IO, "measuring files: out of memory");
    return agree(subject->domain, status, err);
}

static void release(struct subject *subject)
{
    field_destroy(subject->field);
    digester_destroy(subject->digester);
    measurer_destroy(subject->measurer);
    domain_destroy(subject->domain);
}

/* As publish_frame() does, and what makes it seen. */
static enum status write_frame(const struct subject *subject, struct frames *frames, int64_t index,
                               struct error *err)
{
    struct frame_row row = {.window = index, .event_time_ms = index};
    struct digest stored;
    struct measure measure;
    row.digest = digest_measure(subject->digester, subject->measurer, subject->field, &measure);
    row.t_min = measure.min;
    row.heat_out = measure_columns(subject->measurer, field_column(subject->field, 0));
    TRY(frames_write(frames, index, subject->field, &row, &stored, err));
    return frames_flush(frames, false, err);
}

/* Seconds a frame: of a few large ones until they are on the disk. A disk is behind many small
 * ones at all times and holds nobody up. */
static enum status frames_s(const struct subject *subject, int count, double *seconds,
                            struct error *err)
{
    struct frames *frames = NULL;
    struct frames_config config = {.directory = subject->directory,
                                   .run_id = "calibrate",
                                   .title = "",
                                   .dx = 1,
                                   .dy = 1,
                                   .tile = TILE,
                                   .per_segment = FRAMES + 1,
                                   .horizon_rows = 1,
                                   .provenance = &provenance};
    TRY(frames_open(subject->domain, &config, 0, &frames, err));
    enum status status = write_frame(subject, frames, 0, err);
    double start_s = monotonic_s();
    for (int64_t i = 1; i <= count && status == STATUS_OK; i++)
        status = write_frame(subject, frames, i, err);
    if (status == STATUS_OK && count == LARGE_FRAMES)
        status = frames_sync(frames, false, err);
    *seconds = (monotonic_s() - start_s) / count;
    struct error closing;
    enum status closed = frames_close(frames, &closing);
    if (status == STATUS_OK && closed != STATUS_OK)
        *err = closing;
    return status == STATUS_OK ? closed : status;
}

static enum status checkpoint_s(const struct subject *subject, double *seconds, struct error *err)
{
    struct checkpoint_config config = {.directory = subject->directory, .provenance = &provenance};
    struct buffer state = {0};
    buffer_put_i64(&state, 0);
    struct checkpoint_content content = {.field = subject->field,
                                         .outflow = field_column(subject->field, 0),
                                         .state = &state,
                                         .summary = "{}"};
    struct checkpoint_seal seal;
    double start_s = monotonic_s();
    enum status status =
        checkpoint_write(subject->domain, subject->digester, &config, &content, &seal, err);
    *seconds = monotonic_s() - start_s;
    buffer_release(&state);
    return status;
}

struct times {
    double frame_s, checkpoint_s;
};

/* The fastest of some turns. */
static enum status measure_side(MPI_Comm comm, const char *directory, int64_t side, int frames,
                                struct times *times, struct error *err)
{
    struct subject subject;
    enum status status = prepare(comm, directory, side, &subject, err);
    *times = (struct times){INFINITY, INFINITY};
    for (int turn = 0; turn < FILE_TURNS && status == STATUS_OK; turn++) {
        struct times now = {0};
        status = frames_s(&subject, frames, &now.frame_s, err);
        if (status == STATUS_OK)
            status = checkpoint_s(&subject, &now.checkpoint_s, err);
        times->frame_s = fmin(times->frame_s, now.frame_s);
        times->checkpoint_s = fmin(times->checkpoint_s, now.checkpoint_s);
    }
    release(&subject);
    return status;
}

/* From the seconds of two sizes. */
static struct machine_file file_of(double small_s, double large_s, double small, double large)
{
    double rate = (large - small) / fmax(large_s - small_s, 1e-9);
    return (struct machine_file){.fixed_s = fmax(0, small_s - small / rate), .bytes_per_s = rate};
}

static double frame_bytes(int64_t side)
{
    int64_t tiles = (side + TILE - 1) / TILE, tile = min_int64(side, TILE);
    return (double)(tiles * tiles * tile * tile) * sizeof(float);
}

static double checkpoint_bytes(int64_t side)
{
    return (double)(side * (side + 1)) * sizeof(double);
}

/* Rank 0: a line of the manifest. */
static enum status measure_fsync(const char *directory, struct machine *machine, struct error *err)
{
    char path[PATH_MAX];
    struct linelog *log;
    TRY(path_join(path, sizeof path, directory, "lines", err));
    TRY(linelog_open(path, &log, err));
    enum status status = STATUS_OK;
    machine->fsync_s = INFINITY;
    for (int i = 0; i < LINES && status == STATUS_OK; i++) {
        double start_s = monotonic_s();
        status = linelog_append(log, true, err, "line %d", i);
        machine->fsync_s = fmin(machine->fsync_s, monotonic_s() - start_s);
    }
    linelog_close(log);
    return status;
}

/* Rank 0: a folder with no folders in it. */
static void remove_folder(const char *folder)
{
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        (void)!unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries)
        closedir(entries);
    rmdir(folder);
}

static enum status make_directory(const struct domain *world, const char *directory, char *own,
                                  struct error *err)
{
    char name[64];
    snprintf(name, sizeof name, ".heatstream-calibrate-%ld", (long)getpid());
    enum status status = STATUS_OK;
    if (world->rank == 0) {
        status = path_join(own, PATH_MAX, directory, name, err);
        if (status == STATUS_OK)
            status = durable_make_directories(own, err);
    }
    agree_broadcast(world, own, PATH_MAX);
    return agree(world, status, err);
}

static enum status measure_all(const struct domain *world, const char *own, struct machine *machine,
                               struct error *err)
{
    struct times small, large;
    int64_t least = max_int64(SMALL, world->ranks), most = max_int64(LARGE, world->ranks);
    TRY(measure_side(world->comm, own, least, FRAMES, &small, err));
    TRY(measure_side(world->comm, own, most, LARGE_FRAMES, &large, err));
    machine->frame = file_of(small.frame_s, large.frame_s, frame_bytes(least), frame_bytes(most));
    machine->checkpoint = file_of(small.checkpoint_s, large.checkpoint_s, checkpoint_bytes(least),
                                  checkpoint_bytes(most));
    enum status status = world->rank == 0 ? measure_fsync(own, machine, err) : STATUS_OK;
    return agree(world, status, err);
}

enum status calibrate_files(const struct domain *world, const char *directory,
                            struct machine *machine, struct error *err)
{
    char own[PATH_MAX] = "", frames[PATH_MAX];
    struct error ignored;
    TRY(make_directory(world, directory, own, err));
    enum status status = measure_all(world, own, machine, err);
    if (world->rank == 0 &&
        path_join(frames, sizeof frames, own, "frames", &ignored) == STATUS_OK) {
        remove_folder(frames);
        remove_folder(own);
    }
    return status;
}

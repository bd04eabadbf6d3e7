/* The hot paths by themselves, for counting their instructions:
 *
 *     profile_work json | binary | avx2 | baseline | frame DIRECTORY
 *
 * does the work in profiled() and prints how many units it was: records taken from their message to
 * their closed window; cell updates of a kernel at 256 x 256, 32 steps a window, 1 % of the cells
 * heated; bytes of a stored frame. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "solve/solver.h"
#include "store/frames.h"
#include "window/windows.h"
#include "wire/decoder.h"
#include "wire/generator.h"

#include "unit/provenance.h"

enum { SIDE = 40, PARTITIONS = 4, WINDOW_MS = 100, EVENTS = 64000 };
enum { CELLS_SIDE = 256, STEPS = 32, WINDOWS = 8, FRAMES = 16 };

struct work {
    int64_t units;
    struct decoder *decoder;
    struct windows *windows;
    struct message messages[PARTITIONS][EVENTS];
    int counts[PARTITIONS];
    struct domain *domain;
    struct solver *solver;
    struct slab_heat heat[CELLS_SIDE * CELLS_SIDE / 100];
    struct digester *digester;
    struct field *field;
    struct frames *frames;
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "profile_work: %s\n", what);
    exit(EXIT_FAILURE);
}

/* What the partition has until its next window waits for the others. */
static int take_from(struct work *work, int partition, int next)
{
    struct record record;
    struct error err;
    for (; next < work->counts[partition] && windows_wants(work->windows, partition); next++) {
        decoder_decode(work->decoder, partition, &work->messages[partition][next], &record);
        must(windows_take(work->windows, &record, &err) == STATUS_OK, "a record is not taken");
    }
    return next;
}

static void take_records(struct work *work)
{
    struct closed_window closed;
    int next[PARTITIONS] = {0};
    for (bool closing = true; closing;) {
        for (int partition = 0; partition < PARTITIONS; partition++)
            next[partition] = take_from(work, partition, next[partition]);
        closing = windows_can_close(work->windows);
        while (windows_can_close(work->windows)) {
            windows_close(work->windows, &closed);
            work->units += closed.events;
        }
    }
}

static void step_windows(struct work *work)
{
    for (int window = 0; window < WINDOWS; window++)
        solver_step_window(work->solver, work->heat, (int)(sizeof work->heat / sizeof *work->heat));
    work->units = (int64_t)WINDOWS * STEPS * CELLS_SIDE * CELLS_SIDE;
}

static void write_frames(struct work *work)
{
    struct error err;
    struct digest stored;
    for (int64_t row = 0; row < FRAMES; row++) {
        struct frame_row facts = {.window = row,
                                  .event_time_ms = row * WINDOW_MS,
                                  .digest = digest_field(work->digester, work->field)};
        must(frames_write(work->frames, row, work->field, &facts, &stored, &err) == STATUS_OK,
             "a frame is not written");
    }
    work->units = (int64_t)FRAMES * CELLS_SIDE * CELLS_SIDE * (int64_t)sizeof(float);
}

/* What is counted, by its name. */
__attribute__((noinline)) void profiled(void (*of)(struct work *), struct work *work);
void profiled(void (*of)(struct work *), struct work *work)
{
    of(work);
}

static void make_messages(struct work *work, enum event_format format)
{
    struct generator *generator =
        generator_create(&(struct generator_config){.gnx = SIDE,
                                                    .gny = SIDE,
                                                    .partitions = PARTITIONS,
                                                    .seed = 1,
                                                    .step_ms = WINDOW_MS,
                                                    .probability = 0.5,
                                                    .value = 1,
                                                    .zeros = true});
    struct generated event;
    struct buffer key = {0}, value = {0};
    for (int i = 0; i < EVENTS; i++) {
        must(generator_next(generator, &event), "there are too few events");
        buffer_clear(&key);
        buffer_clear(&value);
        generator_encode(generator, &event, format, &key, &value);
        int offset = work->counts[event.partition]++;
        work->messages[event.partition][offset] =
            (struct message){.offset = offset,
                             .key = memcpy(malloc(key.size + 1), key.data, key.size),
                             .key_size = key.size,
                             .value = memcpy(malloc(value.size + 1), value.data, value.size),
                             .value_size = value.size};
    }
    buffer_release(&key);
    buffer_release(&value);
    generator_destroy(generator);
}

static void prepare_records(struct work *work, enum event_format format)
{
    static const int64_t first[PARTITIONS];
    make_messages(work, format);
    work->decoder = decoder_create(&(struct decoder_config){.format = format,
                                                            .field_time = "time",
                                                            .field_x = "gridX",
                                                            .field_y = "gridY",
                                                            .field_value = "gen",
                                                            .gnx = SIDE,
                                                            .gny = SIDE,
                                                            .gen_limit = 1e12});
    work->windows = windows_create(&(struct windows_config){.partitions = PARTITIONS,
                                                            .gnx = SIDE,
                                                            .gny = SIDE,
                                                            .window_ms = WINDOW_MS,
                                                            .disorder_ms = WINDOW_MS / 5,
                                                            .horizon_windows = 50,
                                                            .clock_sensors = 3,
                                                            .clock_expiry = 1000,
                                                            .jump_ms = 49 * WINDOW_MS,
                                                            .max_open_events = 10000000,
                                                            .estimate = ESTIMATE_MEAN,
                                                            .span = 1,
                                                            .snapshot_spacing = 1,
                                                            .gen_scale = 1.0},
                                   first);
}

static const struct kernel *find_kernel(const char *name)
{
    const struct kernel *kernel;
    int position = 0;
    while ((kernel = kernel_at(position)) && strcmp(kernel->name, name) != 0)
        position++;
    return kernel;
}

static void prepare_domain(struct work *work)
{
    struct error err;
    MPI_Init(NULL, NULL);
    must(domain_create(MPI_COMM_WORLD, CELLS_SIDE, CELLS_SIDE, 256, &work->domain, &err) ==
             STATUS_OK,
         "no domain");
}

static void prepare_steps(struct work *work, const char *kernel)
{
    prepare_domain(work);
    struct solver_config config = {.conductivity = 1,
                                   .dx = 0.5,
                                   .dy = 0.5,
                                   .tau_s = 0.05,
                                   .initial = 1,
                                   .substeps = STEPS,
                                   .steps_per_sweep = STEPS,
                                   .block_rows = 256,
                                   .cache_bytes = 1 << 20,
                                   .kernel = find_kernel(kernel)};
    must(config.kernel != NULL, "this processor has no such kernel");
    work->solver = solver_create(work->domain, &config);
    must(work->solver != NULL, "no solver");
    for (int i = 0; i < (int)(sizeof work->heat / sizeof *work->heat); i++)
        work->heat[i] = (struct slab_heat){100 * i + i % 7, 0.01};
}

static void prepare_frames(struct work *work, const char *directory)
{
    struct error err;
    prepare_domain(work);
    work->digester = digester_create(work->domain);
    work->field = field_create(work->domain, 300.0);
    struct frames_config config = {.directory = directory,
                                   .run_id = "profile",
                                   .title = "",
                                   .dx = 1,
                                   .dy = 1,
                                   .tile = 256,
                                   .per_segment = 64,
                                   .horizon_rows = 4,
                                   .provenance = &test_provenance};
    must(frames_open(work->domain, &config, 0, &work->frames, &err) == STATUS_OK, "no frames");
}

int main(int argc, char **argv)
{
    static struct work work;
    void (*of)(struct work *) = step_windows;
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "json") == 0 || strcmp(what, "binary") == 0) {
        prepare_records(&work, *what == 'j' ? EVENT_JSON : EVENT_BINARY);
        of = take_records;
    } else if (strcmp(what, "frame") == 0) {
        must(argc > 2, "no directory for frames");
        prepare_frames(&work, argv[2]);
        of = write_frames;
    } else {
        prepare_steps(&work, what);
    }
    profiled(of, &work);
    must(work.units > 0, "nothing was done");
    printf("%lld\n", (long long)work.units);
    fflush(stdout);
    _exit(EXIT_SUCCESS); /* the rest is the system's */
}

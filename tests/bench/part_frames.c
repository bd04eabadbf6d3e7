/* One turn of the race of frames of SIDE x SIDE cells: seconds a frame by frames_write() and
 * frames_flush(), beside pwrite(2) of the same bytes by the same ranks, each its own, at its own
 * place of one file.
 *
 *     part_frames SIDE FRAMES [WAY]
 *
 * prints, of all ways or the one of that number, lines of seconds a frame, those of them that a
 * rank was in the kernel, opening and closing of the file included, and the way's name. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "grid/measure.h"
#include "solve/solver.h"
#include "store/frames_flush.h"
#include "unit/provenance.h"

enum { TILE = 256, STEPS = 16 /* between two frames */ };

static const double VALUE = 1.0 / 3; /* of every cell */

enum way { PLAIN, WRITTEN, SHOWN, AMID_STEPS, MEASURED, PLAIN_SYNCED, WAYS };

static const char *const names[WAYS] = {
    "pwrite",
    "frames_write",
    "frames_write and frames_flush",
    "measure, digest and frames_write amid steps, less the steps",
    "its measure and digest of f64",
    "pwrite, fsync of all in the end"};

/* What a run does to make a frame. */
struct maker {
    struct solver *solver;
    struct measurer *measurer;
    struct digester *digester;
};

struct subject {
    char directory[PATH_MAX - 64];
    struct domain *domain;
    struct field *field;
    float *cells; /* [nx][ny] */
    int frames;
};

static void fail(const char *what)
{
    fprintf(stderr, "part_frames: %s\n", what);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static void make_directory(struct subject *subject)
{
    const char *parent = getenv("TMPDIR");
    int size = (int)sizeof subject->directory;
    snprintf(subject->directory, (size_t)size, "%s/hs-bench-XXXXXX", parent ? parent : "/tmp");
    if (subject->domain->rank == 0 && !mkdtemp(subject->directory))
        fail(subject->directory);
    MPI_Bcast(subject->directory, size, MPI_CHAR, 0, MPI_COMM_WORLD);
}

static void remove_directory(const struct subject *subject)
{
    char command[PATH_MAX];
    snprintf(command, sizeof command, "rm -rf '%s'", subject->directory);
    if (system(command) != 0)
        fail(command);
}

static double plain_s(struct subject *subject, bool sync)
{
    char path[PATH_MAX];
    const struct domain *domain = subject->domain;
    size_t cells = (size_t)domain->nx * (size_t)domain->ny, bytes = cells * sizeof(float);
    int64_t all = domain->gnx * domain->gny, first = domain->x0 * domain->gny;
    snprintf(path, sizeof path, "%s/plain", subject->directory);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    MPI_Barrier(domain->comm);
    double start = MPI_Wtime();
    for (int frame = 0; fd >= 0 && frame < subject->frames; frame++) {
        off_t at = (off_t)((frame * all + first) * (int64_t)sizeof(float));
        if (pwrite(fd, subject->cells, bytes, at) != (ssize_t)bytes)
            fail("pwrite");
    }
    if (fd < 0 || (sync && fsync(fd) != 0))
        fail(path);
    MPI_Barrier(domain->comm);
    double seconds = MPI_Wtime() - start;
    close(fd);
    if (domain->rank == 0)
        unlink(path);
    return seconds;
}

static enum status write_frame(struct frames *frames, int64_t index, const struct field *field,
                               struct error *err)
{
    struct frame_row row = {.window = index, .final = true};
    struct digest stored;
    return frames_write(frames, index, field, &row, &stored, err);
}

static double frames_s(struct subject *subject, enum way way, const struct maker *maker)
{
    struct error err;
    struct frames *frames = NULL;
    struct frames_config config = {.directory = subject->directory,
                                   .run_id = "bench",
                                   .title = "",
                                   .dx = 1,
                                   .dy = 1,
                                   .tile = TILE,
                                   .per_segment = 1000,
                                   .horizon_rows = 50,
                                   .provenance = &test_provenance};
    if (frames_open(subject->domain, &config, 0, &frames, &err) != STATUS_OK)
        fail(err.text);
    MPI_Barrier(subject->domain->comm);
    double start = MPI_Wtime();
    for (int frame = 0; frame < subject->frames; frame++) {
        struct measure measure;
        const struct field *field = maker ? solver_field(maker->solver) : subject->field;
        if (maker)
            (void)digest_measure(maker->digester, maker->measurer, field, &measure);
        enum status status = write_frame(frames, frame, field, &err);
        if (status == STATUS_OK && way == SHOWN)
            status = frames_flush(frames, false, &err);
        else if (status == STATUS_OK && way == AMID_STEPS && !frames_may_wait(frames))
            status = frames_put(frames, &err);
        if (status != STATUS_OK)
            fail(err.text);
        if (maker)
            solver_step_window(maker->solver, NULL, 0);
    }
    if (frames_put(frames, &err) != STATUS_OK)
        fail(err.text);
    MPI_Barrier(subject->domain->comm);
    double seconds = MPI_Wtime() - start;
    if (frames_close(frames, &err) != STATUS_OK)
        fail(err.text);
    return seconds;
}

static struct maker make_maker(const struct domain *domain)
{
    const struct solver_side side = {.value = VALUE};
    const struct solver_config config = {.conductivity = 1,
                                         .dx = 1,
                                         .dy = 1,
                                         .tau_s = 0.2,
                                         .substeps = STEPS,
                                         .initial = VALUE,
                                         .left = side,
                                         .right = side,
                                         .bottom = side,
                                         .top = side};
    struct maker maker = {.solver = solver_create(domain, &config),
                          .measurer = measurer_create(domain),
                          .digester = digester_create(domain)};
    if (!maker.solver || !maker.digester)
        fail("out of memory");
    return maker;
}

static void destroy_maker(struct maker *maker)
{
    solver_destroy(maker->solver);
    measurer_destroy(maker->measurer);
    digester_destroy(maker->digester);
}

static double steps_s(const struct subject *subject, struct solver *solver)
{
    MPI_Barrier(subject->domain->comm);
    double start = MPI_Wtime();
    for (int frame = 0; frame < subject->frames; frame++)
        solver_step_window(solver, NULL, 0);
    MPI_Barrier(subject->domain->comm);
    return MPI_Wtime() - start;
}

/* What frames add to steps, which are timed before and after. */
static double amid_steps_s(struct subject *subject)
{
    struct maker maker = make_maker(subject->domain);
    double alone_s = steps_s(subject, maker.solver);
    double both_s = frames_s(subject, AMID_STEPS, &maker);
    alone_s = (alone_s + steps_s(subject, maker.solver)) / 2;
    destroy_maker(&maker);
    return both_s - alone_s;
}

static double measure_s(struct subject *subject)
{
    struct measurer *measurer = measurer_create(subject->domain);
    struct digester *digester = digester_create(subject->domain);
    if (!digester)
        fail("out of memory");
    MPI_Barrier(subject->domain->comm);
    double start = MPI_Wtime();
    for (int frame = 0; frame < subject->frames; frame++) {
        struct measure measure;
        (void)digest_measure(digester, measurer, subject->field, &measure);
    }
    MPI_Barrier(subject->domain->comm);
    double seconds = MPI_Wtime() - start;
    measurer_destroy(measurer);
    digester_destroy(digester);
    return seconds;
}

static double seconds_a_frame(struct subject *subject, enum way way)
{
    double seconds = 0;
    switch (way) {
    case PLAIN:
    case PLAIN_SYNCED:
        seconds = plain_s(subject, way == PLAIN_SYNCED);
        break;
    case WRITTEN:
    case SHOWN:
        seconds = frames_s(subject, way, NULL);
        break;
    case AMID_STEPS:
        seconds = amid_steps_s(subject);
        break;
    case MEASURED:
    case WAYS:
        seconds = measure_s(subject);
    }
    return seconds / subject->frames;
}

/* Of all ranks, shared out. */
static double system_s(const struct domain *domain)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        fail("getrusage");
    double mine = (double)usage.ru_stime.tv_sec + 1e-6 * (double)usage.ru_stime.tv_usec, all = 0;
    MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, domain->comm);
    return all / domain->ranks;
}

static void measure_way(struct subject *subject, enum way way)
{
    double before_s = system_s(subject->domain);
    double seconds = seconds_a_frame(subject, way);
    double kernel_s = (system_s(subject->domain) - before_s) / subject->frames;
    if (subject->domain->rank == 0)
        printf("%.6e %.6e %s\n", seconds, kernel_s, names[way]);
}

static void measure_grid(int side, int frames, int first, int last)
{
    struct error err;
    struct subject subject = {.frames = frames};
    if (domain_create(MPI_COMM_WORLD, side, side, TILE, &subject.domain, &err) != STATUS_OK)
        fail(err.text);
    subject.field = field_create(subject.domain, VALUE);
    subject.cells =
        memory_zeroed((int64_t)subject.domain->nx * subject.domain->ny, sizeof *subject.cells);
    if (!subject.field)
        fail("out of memory");
    for (int64_t i = 0; i < (int64_t)subject.domain->nx * subject.domain->ny; i++)
        subject.cells[i] = (float)VALUE;
    make_directory(&subject);
    if (first < last)
        (void)plain_s(&subject, false); /* has the system get memory for what is written */
    for (int way = first; way <= last; way++)
        measure_way(&subject, (enum way)way);
    MPI_Barrier(MPI_COMM_WORLD);
    if (subject.domain->rank == 0)
        remove_directory(&subject);
    free(subject.cells);
    field_destroy(subject.field);
    domain_destroy(subject.domain);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int side = argc > 2 ? atoi(argv[1]) : 0, frames = argc > 2 ? atoi(argv[2]) : 0;
    int first = argc > 3 ? atoi(argv[3]) : 0, last = argc > 3 ? first : WAYS - 1;
    if (side < 1 || frames < 1 || first < 0 || last >= WAYS)
        fail("SIDE FRAMES [WAY]");
    measure_grid(side, frames, first, last);
    MPI_Finalize();
    return EXIT_SUCCESS;
}

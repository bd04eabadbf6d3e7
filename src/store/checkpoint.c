#include "store/checkpoint.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/memory.h"
#include "checkpoint_field.h"
#include "checkpoint_reread.h"
#include "grid/agree.h"
#include "grid/columns.h"
#include "grid/gather.h"
#include "h5.h"
#include "store/staging.h"

void checkpoint_name(int64_t window, char name[32])
{
    snprintf(name, 32, "ckpt_%09lld.h5", (long long)window);
}

/* Fields up to so many bytes are gathered, and rank 0 writes them: for two ranks to open the file
 * together takes 0.9 of the 2.6 ms that a run of 40 x 40 would stand still for it. */
enum { GATHERED_BYTES = 1 << 18 };

/* *all: the values of the columns of all ranks in order of x, on rank 0: [gnx]; elsewhere one
 * unused value. Owned by the caller. */
static enum status gather_outflow(const struct domain *domain, const double *mine, double **all,
                                  struct error *err)
{
    double *values = calloc(domain->rank == 0 ? (size_t)domain->gnx : 1, sizeof *values);
    enum status status = STATUS_OK;
    if (!values)
        status = error_set(err, STATUS_IO, "a checkpoint: out of memory");
    status = agree(domain, status, err);
    if (status != STATUS_OK) {
        free(values);
        return status;
    }
    struct columns *columns = columns_create(domain, sizeof *values);
    columns_gather(columns, mine, values);
    columns_destroy(columns);
    *all = values;
    return STATUS_OK;
}

static void scatter_outflow(const struct domain *domain, const void *all, double *mine)
{
    struct columns *columns = columns_create(domain, sizeof *mine);
    columns_scatter(columns, all, mine);
    columns_destroy(columns);
}

/* A checkpoint being written. */
struct writing {
    const struct domain *domain;
    struct digester *digester;
    const struct checkpoint_content *content;
    const struct provenance *provenance;
    const char *path;
    double *outflows[CHECKPOINT_TIMES]; /* owned, [gnx] on rank 0; of the past NULL without one */
    double *fields[CHECKPOINT_TIMES];   /* the same, [gnx][gny], of gathered fields */
    struct checkpoint_head head;
};

static void make_head(struct writing *w)
{
    const struct checkpoint_content *content = w->content;
    struct checkpoint_seal *seal = &w->head.seal;
    size_t size = (size_t)w->domain->gnx * sizeof(double);
    w->head = (struct checkpoint_head){
        .window = content->window, .gnx = w->domain->gnx, .gny = w->domain->gny};
    seal->has_past = content->past.field != NULL;
    seal->field = digest_field(w->digester, content->field);
    if (seal->has_past)
        seal->past_field = digest_field(w->digester, content->past.field);
    if (w->domain->rank == 0) {
        seal->outflow = digest_bytes(w->outflows[CHECKPOINT_NOW], size);
        seal->state = digest_bytes(content->state->data, content->state->size);
        if (seal->has_past)
            seal->past_outflow = digest_bytes(w->outflows[CHECKPOINT_PAST], size);
    }
    agree_broadcast(w->domain, &w->head, (int)sizeof w->head);
}

static bool is_gathered(const struct domain *domain)
{
    return domain->ranks > 1 &&
           domain->gnx * domain->gny * (int64_t)sizeof(double) <= GATHERED_BYTES;
}

static double *gather_field(const struct domain *domain, const struct field *field)
{
    const struct cell_box all = {.x1 = domain->gnx, .y1 = domain->gny};
    int64_t cells = domain->gnx * domain->gny;
    double *values = domain->rank == 0 ? memory_block((size_t)cells * sizeof *values) : NULL;
    struct gather *gather = gather_create(domain, &all, cells);
    gather_piece(gather, 0, field, values);
    gather_destroy(gather);
    return values;
}

static enum status gather_parts(struct writing *w, struct error *err)
{
    const struct checkpoint_content *content = w->content;
    bool has_past = content->past.field != NULL;
    TRY(gather_outflow(w->domain, content->outflow, &w->outflows[CHECKPOINT_NOW], err));
    if (has_past)
        TRY(gather_outflow(w->domain, content->past.outflow, &w->outflows[CHECKPOINT_PAST], err));
    if (!is_gathered(w->domain))
        return STATUS_OK;
    w->fields[CHECKPOINT_NOW] = gather_field(w->domain, content->field);
    if (has_past)
        w->fields[CHECKPOINT_PAST] = gather_field(w->domain, content->past.field);
    return STATUS_OK;
}

/* The file with everything but fields of several ranks that are not gathered. */
static enum status create(struct writing *w, struct error *err)
{
    const struct checkpoint_content *content = w->content;
    TRY(gather_parts(w, err));
    make_head(w);
    enum status mine = STATUS_OK;
    const struct checkpoint_making making = {
        .path = w->path,
        .content = content,
        .outflows = {w->outflows[CHECKPOINT_NOW], w->outflows[CHECKPOINT_PAST]},
        .fields = {w->fields[CHECKPOINT_NOW], w->fields[CHECKPOINT_PAST]},
        .provenance = w->provenance};
    if (w->domain->rank == 0)
        mine = checkpoint_file_create(&w->head, &making, err);
    return agree(w->domain, mine, err);
}

static enum status fill(const struct writing *w, struct error *err)
{
    const struct field *const fields[CHECKPOINT_TIMES] = {w->content->field,
                                                          w->content->past.field};
    if (w->domain->ranks > 1 && !is_gathered(w->domain))
        TRY(checkpoint_fields_write(w->domain, w->path, fields, err));
    return checkpoint_reread(w->domain, w->digester, w->path, &w->head, err);
}

static const char *staging_of(const struct checkpoint_config *config)
{
    return config->staging ? config->staging : config->directory;
}

static enum status staged_path(const struct checkpoint_config *config, int64_t window,
                               char path[PATH_MAX], struct error *err)
{
    char name[32];
    checkpoint_name(window, name);
    return staging_path(staging_of(config), name, path, err);
}

enum status checkpoint_stage(const struct domain *domain, struct digester *digester,
                             const struct checkpoint_config *config,
                             const struct checkpoint_content *content, struct checkpoint_seal *seal,
                             struct error *err)
{
    char path[PATH_MAX];
    struct writing writing = {.domain = domain,
                              .digester = digester,
                              .content = content,
                              .provenance = config->provenance,
                              .path = path};
    assert(!content->past.field == !content->past.outflow);
    TRY(staged_path(config, content->window, path, err));
    enum status status = create(&writing, err);
    for (int time = 0; time < CHECKPOINT_TIMES; time++) {
        free(writing.outflows[time]);
        free(writing.fields[time]);
    }
    if (status == STATUS_OK)
        status = fill(&writing, err);
    if (status == STATUS_OK)
        *seal = writing.head.seal;
    else if (domain->rank == 0)
        unlink(path);
    return status;
}

enum status checkpoint_sync(const struct checkpoint_config *config, int64_t window,
                            struct error *err)
{
    char path[PATH_MAX];
    TRY(staged_path(config, window, path, err));
    return durable_sync(path, err);
}

static enum status write_line(const char *path, const char *line, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "creating %s: %s", path, strerror(errno));
    enum status status = durable_write_all(fd, path, line, strlen(line), err);
    if (close(fd) != 0 && status == STATUS_OK)
        status = error_set(err, STATUS_IO, "closing %s: %s", path, strerror(errno));
    return status;
}

/* For people and their scripts: a restart asks the manifest. */
static enum status name_latest(const char *directory, const char *staging, const char *name,
                               struct error *err)
{
    char latest[PATH_MAX], next[PATH_MAX], line[40];
    snprintf(line, sizeof line, "%s\n", name);
    TRY(path_join(latest, sizeof latest, directory, "latest", err));
    TRY(staging_path(staging, "latest", next, err));
    TRY(write_line(next, line, err));
    return staging_publish(staging, "latest", latest, false, err);
}

/* One sync of the directory is for both names. */
static enum status name_it(const struct checkpoint_config *config, int64_t window,
                           struct error *err)
{
    char name[32], path[PATH_MAX];
    checkpoint_name(window, name);
    TRY(path_join(path, sizeof path, config->directory, name, err));
    TRY(staging_publish(staging_of(config), name, path, false, err));
    TRY(name_latest(config->directory, staging_of(config), name, err));
    return durable_sync(config->directory, err);
}

enum status checkpoint_publish(const struct checkpoint_config *config, int64_t window,
                               struct error *err)
{
    char path[PATH_MAX];
    TRY(staged_path(config, window, path, err));
    enum status status = checkpoint_file_seal(path, err);
    if (status == STATUS_OK)
        status = durable_sync(path, err);
    if (status == STATUS_OK)
        status = name_it(config, window, err);
    if (status != STATUS_OK)
        unlink(path);
    return status;
}

enum status checkpoint_write(const struct domain *domain, struct digester *digester,
                             const struct checkpoint_config *config,
                             const struct checkpoint_content *content, struct checkpoint_seal *seal,
                             struct error *err)
{
    enum status mine = STATUS_OK;
    TRY(checkpoint_stage(domain, digester, config, content, seal, err));
    if (domain->rank != 0)
        mine = checkpoint_sync(config, content->window, err);
    TRY(agree(domain, mine, err));
    if (domain->rank == 0)
        mine = checkpoint_publish(config, content->window, err);
    return agree(domain, mine, err);
}

/* A checkpoint being read; rank 0 reads all of it but the fields. */
struct reading {
    const struct domain *domain;
    struct digester *digester;
    const struct checkpoint_target *target;
    const char *path;
    struct checkpoint_head head;
    struct buffer outflows[CHECKPOINT_TIMES], state;
};

/* Rank 0. */
static enum status read_rest(struct reading *r, const struct checkpoint_seal *seal,
                             struct error *err)
{
    const struct checkpoint_head *head = &r->head;
    struct digest state;
    struct checkpoint_parts parts = {
        .outflows = {&r->outflows[0], &r->outflows[1]}, .state = &r->state, .state_digest = &state};
    TRY(checkpoint_file_verify(r->path, err));
    TRY(checkpoint_file_read(r->path, &r->head, &parts, err));
    if (head->gnx != r->domain->gnx || head->gny != r->domain->gny)
        return error_set(err, STATUS_NO_INPUT,
                         "%s is of a grid of %lld x %lld cells, not %lld x %lld", r->path,
                         (long long)head->gnx, (long long)head->gny, (long long)r->domain->gnx,
                         (long long)r->domain->gny);
    if (seal && !checkpoint_seal_equal(seal, &head->seal))
        return error_set(err, STATUS_NO_INPUT, "%s is not the checkpoint that the manifest names",
                         r->path);
    if (!checkpoint_rest_agrees(head, r->outflows, state))
        return error_set(err, STATUS_NO_INPUT,
                         "%s: its outflow or state does not agree with its digest", r->path);
    if (r->target->past.field && !head->seal.has_past)
        return error_set(err, STATUS_NO_INPUT, "%s holds nothing to correct late events from",
                         r->path);
    return STATUS_OK;
}

static enum status read_time(struct reading *r, int time, struct error *err)
{
    const struct checkpoint_target *target = r->target;
    bool past = time == CHECKPOINT_PAST;
    struct field *field = past ? target->past.field : target->field;
    struct checkpoint_place place = {r->path, checkpoint_field_name(time)};
    scatter_outflow(r->domain, r->outflows[time].data,
                    past ? target->past.outflow : target->outflow);
    TRY(checkpoint_field_read(r->domain, &place, field, err));
    struct digest found = digest_field(r->digester, field);
    const struct checkpoint_seal *seal = &r->head.seal;
    enum status mine = STATUS_OK;
    if (r->domain->rank == 0 && !digest_equal(found, past ? seal->past_field : seal->field))
        mine = error_set(err, STATUS_NO_INPUT, "%s: its field %s does not agree with its digest",
                         r->path, place.dataset);
    return agree(r->domain, mine, err);
}

static enum status read_parts(struct reading *r, const struct checkpoint_seal *seal,
                              struct error *err)
{
    enum status mine = STATUS_OK;
    if (r->domain->rank == 0)
        mine = read_rest(r, seal, err);
    TRY(agree(r->domain, mine, err));
    TRY(read_time(r, CHECKPOINT_NOW, err));
    if (r->target->past.field)
        TRY(read_time(r, CHECKPOINT_PAST, err));
    if (r->domain->rank == 0)
        buffer_append(r->target->state, r->state.data, r->state.size);
    return STATUS_OK;
}

enum status checkpoint_read(const struct domain *domain, struct digester *digester,
                            const char *path, const struct checkpoint_seal *seal,
                            const struct checkpoint_target *target, struct error *err)
{
    struct reading reading = {
        .domain = domain, .digester = digester, .target = target, .path = path};
    assert(!target->past.field == !target->past.outflow);
    enum status status = read_parts(&reading, seal, err);
    for (int time = 0; time < CHECKPOINT_TIMES; time++)
        buffer_release(&reading.outflows[time]);
    buffer_release(&reading.state);
    return status;
}

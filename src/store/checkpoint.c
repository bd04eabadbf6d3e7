#include "store/checkpoint.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/durable.h"
#include "checkpoint_file.h"
#include "grid/agree.h"
#include "h5.h"

void checkpoint_name(int64_t window, char name[32])
{
    snprintf(name, 32, "ckpt_%09lld.h5", (long long)window);
}

/* The columns' values of all ranks in order of x, on rank 0: [gnx], owned by the caller; elsewhere
 * one unused value. NULL when memory is short there. */
static double *allocate_columns(const struct domain *domain)
{
    return calloc(domain->rank == 0 ? (size_t)domain->gnx : 1, sizeof(double));
}

struct column_shares {
    int *counts, *starts; /* [ranks] */
};

static enum status allocate_shares(const struct domain *domain, struct column_shares *shares,
                                   struct error *err)
{
    shares->counts = calloc((size_t)domain->ranks, sizeof(int));
    shares->starts = calloc((size_t)domain->ranks, sizeof(int));
    if (!shares->counts || !shares->starts)
        return error_set(err, STATUS_IO, "a checkpoint: out of memory");
    for (int r = 0; r < domain->ranks; r++) {
        shares->starts[r] = narrow_to_int(domain->edges[r]);
        shares->counts[r] = narrow_to_int(domain->edges[r + 1] - domain->edges[r]);
    }
    return STATUS_OK;
}

static void release_shares(struct column_shares *shares)
{
    free(shares->counts);
    free(shares->starts);
}

/* Collective read or write of /u: owned columns, without ghosts, straight from or to the field. */
static enum status transfer_field(const struct domain *domain, const char *path,
                                  const struct field *field, bool write, struct error *err)
{
    struct h5_scope scope = h5_begin();
    hsize_t start[2] = {(hsize_t)domain->x0, 0}, zero[2] = {0, 0};
    hsize_t count[2] = {(hsize_t)domain->nx, (hsize_t)domain->ny};
    hsize_t memory_dims[2] = {(hsize_t)domain->nx, (hsize_t)field->pitch};
    hid_t access = h5_access_parallel(&scope, domain);
    hid_t file = h5_own(&scope, H5Fopen(path, write ? H5F_ACC_RDWR : H5F_ACC_RDONLY, access));
    hid_t set = h5_own(&scope, H5Dopen2(file, "u", H5P_DEFAULT));
    hid_t space = h5_own(&scope, H5Dget_space(set));
    hid_t memory = h5_own(&scope, H5Screate_simple(2, memory_dims, NULL));
    hid_t transfer = h5_transfer(&scope);
    h5_check(&scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL));
    h5_check(&scope, H5Sselect_hyperslab(memory, H5S_SELECT_SET, zero, NULL, count, NULL));
    enum status opened = scope.failed ? STATUS_IO : STATUS_OK;
    struct error ignored = {""};
    if (agree(domain, opened, &ignored) == STATUS_OK) {
        if (write) {
            h5_check(&scope,
                     H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, transfer, field->cells));
            h5_check(&scope, H5Fflush(file, H5F_SCOPE_LOCAL));
        } else {
            h5_check(&scope,
                     H5Dread(set, H5T_NATIVE_DOUBLE, memory, space, transfer, field->cells));
        }
    }
    return h5_end(&scope, write ? STATUS_IO : STATUS_NO_INPUT, err, "%s the field %s %s",
                  write ? "writing" : "reading", write ? "to" : "from", path);
}

static enum status gather_outflow(const struct domain *domain, const double *mine, double *all,
                                  struct error *err)
{
    struct column_shares shares = {0};
    enum status status = agree(domain, allocate_shares(domain, &shares, err), err);
    if (status == STATUS_OK)
        MPI_Gatherv(mine, domain->nx, MPI_DOUBLE, all, shares.counts, shares.starts, MPI_DOUBLE, 0,
                    domain->comm);
    release_shares(&shares);
    return status;
}

static enum status scatter_outflow(const struct domain *domain, const double *all, double *mine,
                                   struct error *err)
{
    struct column_shares shares = {0};
    enum status status = agree(domain, allocate_shares(domain, &shares, err), err);
    if (status == STATUS_OK)
        MPI_Scatterv(all, shares.counts, shares.starts, MPI_DOUBLE, mine, domain->nx, MPI_DOUBLE, 0,
                     domain->comm);
    release_shares(&shares);
    return status;
}

/* Reads owned columns [i, i + columns) of the stored field into `piece` and takes their digests. */
static void digest_stored(struct h5_scope *scope, const struct domain *domain,
                          struct digester *digester, hid_t set, int i, int columns, double *piece)
{
    int mark = scope->count;
    hsize_t start[2] = {(hsize_t)(domain->x0 + i), 0};
    hsize_t count[2] = {(hsize_t)columns, (hsize_t)domain->ny};
    hid_t space = h5_own(scope, H5Dget_space(set));
    hid_t memory = h5_own(scope, H5Screate_simple(2, count, NULL));
    h5_check(scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL));
    h5_check(scope, H5Dread(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, piece));
    for (int c = 0; c < columns && !scope->failed; c++)
        digest_column(digester, i + c, piece + (size_t)c * (size_t)domain->ny,
                      (size_t)domain->ny * sizeof *piece);
    h5_close_to(scope, mark);
}

/* Reads the stored field back in pieces of bounded size: there may be no room for a second one. */
static enum status verify_field(const struct domain *domain, struct digester *digester,
                                const char *path, struct digest expected, struct error *err)
{
    enum { PIECE = 1 << 20 };
    struct h5_scope scope = h5_begin();
    int64_t width = max_int64(1, min_int64(domain->nx, PIECE / domain->ny));
    double *piece = malloc((size_t)width * (size_t)domain->ny * sizeof *piece);
    hid_t access = h5_access_parallel(&scope, domain);
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDONLY, access));
    hid_t set = h5_own(&scope, H5Dopen2(file, "u", H5P_DEFAULT));
    for (int64_t i = 0; piece && i < domain->nx; i += width)
        digest_stored(&scope, domain, digester, set, (int)i, (int)min_int64(width, domain->nx - i),
                      piece);
    enum status status = h5_end(&scope, STATUS_IO, err, "reading the field back from %s", path);
    if (!piece)
        status = error_set(err, STATUS_IO, "reading %s back: out of memory", path);
    free(piece);
    struct digest found = digest_combine(digester);
    if (status == STATUS_OK && !digest_equal(found, expected))
        status = error_set(err, STATUS_IO, "%s does not hold the field that was written", path);
    return status;
}

/* Rank 0. */
static enum status verify_head(const char *path, const struct checkpoint_head *expected,
                               struct error *err)
{
    struct checkpoint_head head;
    struct buffer outflow = {0}, state = {0};
    enum status status = checkpoint_file_read(path, &head, &outflow, &state, NULL, err);
    if (status == STATUS_OK &&
        !(head.window == expected->window && head.gnx == expected->gnx &&
          head.gny == expected->gny && digest_equal(head.seal.field, expected->seal.field) &&
          digest_equal(digest_bytes(outflow.data, outflow.size), expected->seal.outflow) &&
          digest_equal(digest_bytes(state.data, state.size), expected->seal.state)))
        status = error_set(err, STATUS_IO, "%s does not hold what was written", path);
    buffer_release(&outflow);
    buffer_release(&state);
    return status;
}

static struct checkpoint_head make_head(const struct domain *domain, struct digester *digester,
                                        const struct checkpoint_content *content,
                                        const double *outflow)
{
    struct checkpoint_head head = {
        .window = content->window, .gnx = domain->gnx, .gny = domain->gny};
    head.seal.field = digest_field(digester, content->field);
    if (domain->rank == 0) {
        head.seal.outflow = digest_bytes(outflow, (size_t)domain->gnx * sizeof *outflow);
        head.seal.state = digest_bytes(content->state->data, content->state->size);
    }
    agree_broadcast(domain, &head, (int)sizeof head);
    return head;
}

static enum status write_temporary(const struct domain *domain, struct digester *digester,
                                   const struct checkpoint_content *content,
                                   const struct checkpoint_head *head, const char *path,
                                   struct error *err)
{
    enum status mine = transfer_field(domain, path, content->field, true, err);
    TRY(agree(domain, mine, err));
    if (domain->rank == 0)
        mine = checkpoint_file_seal(path, err);
    TRY(agree(domain, mine, err));
    if (domain->rank == 0)
        mine = verify_head(path, head, err);
    TRY(agree(domain, mine, err));
    return agree(domain, verify_field(domain, digester, path, head->seal.field, err), err);
}

/* Rank 0. */
static enum status publish(const char *directory, const char *temporary, int64_t window,
                           struct error *err)
{
    char name[32], path[PATH_MAX], latest[PATH_MAX], line[40];
    checkpoint_name(window, name);
    TRY(path_join(path, sizeof path, directory, name, err));
    TRY(path_join(latest, sizeof latest, directory, "latest", err));
    TRY(durable_rename(temporary, path, err));
    int length = snprintf(line, sizeof line, "%s\n", name);
    return durable_write_file(latest, line, (size_t)length, 0644, err);
}

enum status checkpoint_write(const struct domain *domain, struct digester *digester,
                             const struct checkpoint_config *config,
                             const struct checkpoint_content *content, struct checkpoint_seal *seal,
                             struct error *err)
{
    char name[32], temporary[PATH_MAX - 8], path[PATH_MAX];
    checkpoint_name(content->window, name);
    TRY(path_join(temporary, sizeof temporary, config->directory, name, err));
    snprintf(path, sizeof path, "%s.tmp", temporary);
    double *outflow = allocate_columns(domain);
    enum status status = agree(
        domain, outflow ? STATUS_OK : error_set(err, STATUS_IO, "writing %s: out of memory", path),
        err);
    if (status == STATUS_OK)
        status = gather_outflow(domain, content->outflow, outflow, err);
    if (status != STATUS_OK) {
        free(outflow);
        return status;
    }
    struct checkpoint_head head = make_head(domain, digester, content, outflow);
    enum status mine = STATUS_OK;
    if (domain->rank == 0)
        mine = checkpoint_file_create(path, &head, content, outflow, config->provenance, err);
    free(outflow);
    status = agree(domain, mine, err);
    if (status == STATUS_OK)
        status = write_temporary(domain, digester, content, &head, path, err);
    if (status == STATUS_OK && domain->rank == 0)
        mine = publish(config->directory, path, content->window, err);
    if (status == STATUS_OK)
        status = agree(domain, mine, err);
    if (status != STATUS_OK && domain->rank == 0)
        unlink(path);
    if (status == STATUS_OK)
        *seal = head.seal;
    return status;
}

static bool seal_equal(const struct checkpoint_seal *a, const struct checkpoint_seal *b)
{
    return digest_equal(a->field, b->field) && digest_equal(a->outflow, b->outflow) &&
           digest_equal(a->state, b->state);
}

/* Everything in a checkpoint but the field. */
struct checkpoint_rest {
    struct checkpoint_head head;
    struct buffer outflow, *state;
};

/* Rank 0: reads and verifies it; both buffers are appended to. */
static enum status read_rest(const struct domain *domain, const char *path,
                             const struct checkpoint_seal *seal, struct checkpoint_rest *rest,
                             struct error *err)
{
    struct checkpoint_head *head = &rest->head;
    struct buffer *outflow = &rest->outflow, *state = rest->state;
    size_t before = state->size;
    TRY(checkpoint_file_verify(path, err));
    TRY(checkpoint_file_read(path, head, outflow, state, NULL, err));
    if (head->gnx != domain->gnx || head->gny != domain->gny)
        return error_set(err, STATUS_NO_INPUT,
                         "%s is of a grid of %lld x %lld cells, not %lld x %lld", path,
                         (long long)head->gnx, (long long)head->gny, (long long)domain->gnx,
                         (long long)domain->gny);
    if (seal && !seal_equal(seal, &head->seal))
        return error_set(err, STATUS_NO_INPUT, "%s is not the checkpoint that the manifest names",
                         path);
    if (outflow->size != (size_t)domain->gnx * sizeof(double) ||
        !digest_equal(digest_bytes(outflow->data, outflow->size), head->seal.outflow) ||
        !digest_equal(digest_bytes(state->data + before, state->size - before), head->seal.state))
        return error_set(err, STATUS_NO_INPUT,
                         "%s: its outflow or state does not agree with its "
                         "digest",
                         path);
    return STATUS_OK;
}

enum status checkpoint_read(const struct domain *domain, struct digester *digester,
                            const char *path, const struct checkpoint_seal *seal,
                            const struct checkpoint_target *target, struct error *err)
{
    struct checkpoint_rest rest = {.state = target->state};
    enum status mine = STATUS_OK;
    if (domain->rank == 0)
        mine = read_rest(domain, path, seal, &rest, err);
    enum status status = agree(domain, mine, err);
    if (status == STATUS_OK)
        status = scatter_outflow(domain, (const double *)(const void *)rest.outflow.data,
                                 target->outflow, err);
    buffer_release(&rest.outflow);
    TRY(status);
    TRY(agree(domain, transfer_field(domain, path, target->field, false, err), err));
    struct digest found = digest_field(digester, target->field);
    if (domain->rank == 0 && !digest_equal(found, rest.head.seal.field))
        mine =
            error_set(err, STATUS_NO_INPUT, "%s: its field does not agree with its digest", path);
    return agree(domain, mine, err);
}

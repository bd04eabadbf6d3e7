#include "checkpoint_reread.h"

#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"
#include "grid/agree.h"

/* What is read stays in the second-level cache for its digests. */
enum { READ_BYTES = 1 << 19 };

/* Owned columns [i, i + columns) of the stored field, read into `piece`. */
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

/* Collective in the end. */
static struct digest digest_of(struct h5_scope *scope, const struct domain *domain,
                               struct digester *digester, hid_t file, const char *dataset)
{
    int64_t fitting = READ_BYTES / ((int64_t)sizeof(double) * domain->ny);
    int64_t width = min_int64(domain->nx, max_int64(1, fitting));
    double *piece = memory_block((size_t)width * (size_t)domain->ny * sizeof *piece);
    int mark = scope->count;
    hid_t set = h5_own(scope, H5Dopen2(file, dataset, H5P_DEFAULT));
    for (int64_t i = 0; i < domain->nx && !scope->failed; i += width)
        digest_stored(scope, domain, digester, set, (int)i, (int)min_int64(width, domain->nx - i),
                      piece);
    free(piece);
    h5_close_to(scope, mark);
    return digest_combine(digester);
}

/* Rank 0: all but the fields. */
static bool holds_rest(struct h5_scope *scope, hid_t file, const struct checkpoint_head *written)
{
    struct checkpoint_head head = {0};
    struct buffer outflows[CHECKPOINT_TIMES] = {0};
    struct digest state = {{0}};
    struct checkpoint_parts parts = {.outflows = {&outflows[0], &outflows[1]},
                                     .state_digest = &state};
    checkpoint_file_get(scope, file, &head, &parts);
    bool same = head.window == written->window && head.gnx == written->gnx &&
                head.gny == written->gny && checkpoint_seal_equal(&head.seal, &written->seal) &&
                checkpoint_rest_agrees(written, outflows, state);
    buffer_release(&outflows[0]);
    buffer_release(&outflows[1]);
    return same;
}

enum status checkpoint_reread(const struct domain *domain, struct digester *digester,
                              const char *path, const struct checkpoint_head *written,
                              struct error *err)
{
    struct h5_scope scope = h5_begin();
    const struct digest fields[CHECKPOINT_TIMES] = {written->seal.field, written->seal.past_field};
    const char *differs = NULL;
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDONLY, h5_access_serial(&scope)));
    if (domain->rank == 0 && !holds_rest(&scope, file, written))
        differs = "head, outflow or state";
    for (int time = 0; time < checkpoint_times(&written->seal); time++) {
        const char *name = checkpoint_field_name(time);
        if (!digest_equal(digest_of(&scope, domain, digester, file, name), fields[time]))
            differs = name;
    }
    enum status status = h5_end(&scope, STATUS_IO, err, "reading %s back", path);
    if (status == STATUS_OK && differs)
        status =
            error_set(err, STATUS_IO, "%s does not hold the %s that was written", path, differs);
    return agree(domain, status, err);
}

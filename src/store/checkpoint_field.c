#include "checkpoint_field.h"

#include <stdlib.h>

#include "base/arith.h"
#include "grid/agree.h"
#include "h5.h"

/* Collective read or write: owned columns, without ghosts, straight from or to the field. */
static enum status transfer(const struct domain *domain, const struct checkpoint_place *place,
                            const struct field *field, bool write, struct error *err)
{
    struct h5_scope scope = h5_begin();
    hsize_t start[2] = {(hsize_t)domain->x0, 0}, zero[2] = {0, 0};
    hsize_t count[2] = {(hsize_t)domain->nx, (hsize_t)domain->ny};
    hsize_t memory_dims[2] = {(hsize_t)domain->nx, (hsize_t)field->pitch};
    hid_t file =
        h5_open_parallel(&scope, place->path, write ? H5F_ACC_RDWR : H5F_ACC_RDONLY, domain);
    hid_t set = h5_own(&scope, H5Dopen2(file, place->dataset, H5P_DEFAULT));
    hid_t space = h5_own(&scope, H5Dget_space(set));
    hid_t memory = h5_own(&scope, H5Screate_simple(2, memory_dims, NULL));
    hid_t list = h5_transfer(&scope);
    h5_check(&scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL));
    h5_check(&scope, H5Sselect_hyperslab(memory, H5S_SELECT_SET, zero, NULL, count, NULL));
    enum status opened = scope.failed ? STATUS_IO : STATUS_OK;
    struct error ignored = {""};
    if (agree(domain, opened, &ignored) == STATUS_OK) {
        if (write) {
            h5_check(&scope, H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, list, field->cells));
            h5_check(&scope, H5Fflush(file, H5F_SCOPE_LOCAL));
        } else {
            h5_check(&scope, H5Dread(set, H5T_NATIVE_DOUBLE, memory, space, list, field->cells));
        }
    }
    return h5_end(&scope, write ? STATUS_IO : STATUS_NO_INPUT, err, "%s the field %s %s %s",
                  write ? "writing" : "reading", place->dataset, write ? "to" : "from",
                  place->path);
}

enum status checkpoint_field_write(const struct domain *domain,
                                   const struct checkpoint_place *place, const struct field *field,
                                   struct error *err)
{
    return agree(domain, transfer(domain, place, field, true, err), err);
}

enum status checkpoint_field_read(const struct domain *domain, const struct checkpoint_place *place,
                                  struct field *field, struct error *err)
{
    return agree(domain, transfer(domain, place, field, false, err), err);
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

/* In pieces of bounded size: there may be no room for a second field. */
enum status checkpoint_field_verify(const struct domain *domain, struct digester *digester,
                                    const struct checkpoint_place *place, struct digest expected,
                                    struct error *err)
{
    enum { PIECE = 1 << 20 };
    struct h5_scope scope = h5_begin();
    int64_t width = max_int64(1, min_int64(domain->nx, PIECE / domain->ny));
    double *piece = malloc((size_t)width * (size_t)domain->ny * sizeof *piece);
    hid_t file = h5_open_parallel(&scope, place->path, H5F_ACC_RDONLY, domain);
    hid_t set = h5_own(&scope, H5Dopen2(file, place->dataset, H5P_DEFAULT));
    for (int64_t i = 0; piece && i < domain->nx; i += width)
        digest_stored(&scope, domain, digester, set, (int)i, (int)min_int64(width, domain->nx - i),
                      piece);
    enum status status =
        h5_end(&scope, STATUS_IO, err, "reading %s back from %s", place->dataset, place->path);
    if (!piece)
        status = error_set(err, STATUS_IO, "reading %s back: out of memory", place->path);
    free(piece);
    struct digest found = digest_combine(digester);
    if (status == STATUS_OK && !digest_equal(found, expected))
        status = error_set(err, STATUS_IO, "%s does not hold the field %s that was written",
                           place->path, place->dataset);
    return agree(domain, status, err);
}

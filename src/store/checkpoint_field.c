#include "checkpoint_field.h"

#include "base/arith.h"
#include "base/writeback.h"
#include "grid/agree.h"
#include "h5.h"

/* A disk that gets pieces of such a size while the next is copied has not much left to write in the
 * end. */
enum { WRITE_BYTES = 1 << 24 };

/* So many columns that they take up to `bytes`. */
static int64_t columns_of(const struct domain *domain, int64_t bytes)
{
    return max_int64(1, bytes / ((int64_t)sizeof(double) * domain->gny));
}

static int64_t widest_slab(const struct domain *domain)
{
    int64_t widest = 0;
    for (int rank = 0; rank < domain->ranks; rank++)
        widest = max_int64(widest,
                           domain_edge(&domain->cut, rank + 1) - domain_edge(&domain->cut, rank));
    return widest;
}

/* A field in an open file. */
struct stored_field {
    const struct domain *domain;
    hid_t set, list;
};

static struct stored_field open_field(struct h5_scope *scope, const struct domain *domain,
                                      hid_t file, const char *dataset)
{
    return (struct stored_field){.domain = domain,
                                 .set = h5_own(scope, H5Dopen2(file, dataset, H5P_DEFAULT)),
                                 .list = h5_transfer(scope)};
}

/* Owned columns of the file and the same of a field in memory, without its ghosts. No columns:
 * nothing, of a call that all ranks join. */
struct slices {
    hid_t file, memory;
};

static struct slices slices_of(struct h5_scope *scope, const struct stored_field *stored,
                               const struct field *field, int64_t first, int64_t columns)
{
    const struct domain *domain = stored->domain;
    hsize_t in_file[2] = {(hsize_t)(domain->x0 + first), 0}, in_memory[2] = {(hsize_t)first, 0};
    hsize_t count[2] = {(hsize_t)columns, (hsize_t)domain->ny};
    hsize_t dims[2] = {(hsize_t)domain->nx, (hsize_t)field->pitch};
    struct slices slices = {.file = h5_own(scope, H5Dget_space(stored->set)),
                            .memory = h5_own(scope, H5Screate_simple(2, dims, NULL))};
    if (columns > 0) {
        h5_check(scope,
                 H5Sselect_hyperslab(slices.file, H5S_SELECT_SET, in_file, NULL, count, NULL));
        h5_check(scope,
                 H5Sselect_hyperslab(slices.memory, H5S_SELECT_SET, in_memory, NULL, count, NULL));
    } else {
        h5_check(scope, H5Sselect_none(slices.file));
        h5_check(scope, H5Sselect_none(slices.memory));
    }
    return slices;
}

/* Straight from the field, collectively, in as many pieces as the widest slab has. */
static void write_field(struct h5_scope *scope, const struct stored_field *stored,
                        const struct field *field, const char *path)
{
    const struct domain *domain = stored->domain;
    int64_t width = columns_of(domain, WRITE_BYTES), end = widest_slab(domain);
    for (int64_t first = 0; first < end; first += width) {
        int mark = scope->count;
        int64_t columns = max_int64(0, min_int64(width, domain->nx - first));
        struct slices slices = slices_of(scope, stored, field, first, columns);
        h5_check(scope, H5Dwrite(stored->set, H5T_NATIVE_DOUBLE, slices.memory, slices.file,
                                 stored->list, field->cells));
        h5_close_to(scope, mark);
        if (columns == width)
            writeback_begin_of(path);
    }
}

enum status checkpoint_fields_write(const struct domain *domain, const char *path,
                                    const struct field *const fields[CHECKPOINT_TIMES],
                                    struct error *err)
{
    struct h5_scope scope = h5_begin();
    struct stored_field stored[CHECKPOINT_TIMES];
    struct error ignored = {""};
    hid_t file = h5_open_parallel(&scope, path, H5F_ACC_RDWR, domain);
    for (int time = 0; time < CHECKPOINT_TIMES && fields[time]; time++)
        stored[time] = open_field(&scope, domain, file, checkpoint_field_name(time));
    bool opened = agree(domain, scope.failed ? STATUS_IO : STATUS_OK, &ignored) == STATUS_OK;
    for (int time = 0; opened && time < CHECKPOINT_TIMES && fields[time]; time++)
        write_field(&scope, &stored[time], fields[time], path);
    return agree(domain, h5_end(&scope, STATUS_IO, err, "writing the fields to %s", path), err);
}

enum status checkpoint_field_read(const struct domain *domain, const struct checkpoint_place *place,
                                  struct field *field, struct error *err)
{
    struct h5_scope scope = h5_begin();
    struct error ignored = {""};
    hid_t file = h5_open_parallel(&scope, place->path, H5F_ACC_RDONLY, domain);
    struct stored_field stored = open_field(&scope, domain, file, place->dataset);
    struct slices slices = slices_of(&scope, &stored, field, 0, domain->nx);
    enum status opened = scope.failed ? STATUS_IO : STATUS_OK;
    if (agree(domain, opened, &ignored) == STATUS_OK)
        h5_check(&scope, H5Dread(stored.set, H5T_NATIVE_DOUBLE, slices.memory, slices.file,
                                 stored.list, field->cells));
    return agree(domain,
                 h5_end(&scope, STATUS_NO_INPUT, err, "reading the field %s from %s",
                        place->dataset, place->path),
                 err);
}

#include <sys/stat.h>

#include "base/arith.h"
#include "h5.h"
#include "pack_file.h"

/* What deflate makes of one byte at most, and what may be small enough to be anything. */
enum { MOST_FROM_A_BYTE = 1040, ALWAYS_FITS = 4096 };

struct look {
    const char *path;
    int64_t left; /* bytes of the file that no dataset has taken yet */
    struct error *err;
    enum status status;
};

/* Bytes of the file that the dataset takes, of those that no other has taken: an index of chunks
 * may name the same ones again and again. */
static int64_t take_bytes(hid_t set, struct look *look)
{
    hsize_t stored = H5Dget_storage_size(set);
    int64_t taken = stored < (hsize_t)look->left ? (int64_t)stored : look->left;
    look->left -= taken;
    return taken;
}

/* Whether there are at most so many values; their number may be beyond any integer. */
static bool is_within(hid_t space, int64_t most)
{
    hsize_t dims[H5S_MAX_RANK];
    int64_t count = 1;
    for (int i = H5Sget_simple_extent_dims(space, dims, NULL) - 1; i >= 0; i--) {
        if (dims[i] == 0)
            return true;
        if (dims[i] > (hsize_t)(most / count))
            return false;
        count *= (int64_t)dims[i];
    }
    return count <= most;
}

/* Data are neither in another file nor put together from other datasets. */
static bool holds_its_data(struct h5_scope *scope, hid_t set)
{
    hid_t list = h5_own(scope, H5Dget_create_plist(set));
    return !scope->failed && H5Pget_external_count(list) == 0 && H5Pget_layout(list) != H5D_VIRTUAL;
}

static enum status check_set(struct h5_scope *scope, hid_t set, const char *name, struct look *look)
{
    bool inside = holds_its_data(scope, set);
    hid_t space = h5_own(scope, H5Dget_space(set)), type = h5_own(scope, H5Dget_type(set));
    if (scope->failed)
        return STATUS_OK; /* told by the scope */
    if (!inside)
        return error_set(look->err, STATUS_BAD_DATA,
                         "%s: /%.200s has its data elsewhere, which no packed file has", look->path,
                         name);
    int64_t size = (int64_t)H5Tget_size(type), taken = take_bytes(set, look);
    if (size > 0 && is_within(space, (taken * MOST_FROM_A_BYTE + ALWAYS_FITS) / size))
        return STATUS_OK;
    return error_set(look->err, STATUS_BAD_DATA,
                     "%s: /%.200s claims more than the %lld bytes of the file that are its own can "
                     "hold",
                     look->path, name, (long long)taken);
}

static enum status check_object(hid_t group, const char *name, struct look *look)
{
    struct h5_scope scope = h5_begin();
    enum status status = STATUS_OK;
    hid_t object = h5_own(&scope, H5Oopen(group, name, H5P_DEFAULT));
    if (!scope.failed && H5Iget_type(object) == H5I_DATASET)
        status = check_set(&scope, object, name, look);
    if (status == STATUS_OK)
        return h5_end(&scope, STATUS_BAD_DATA, look->err, "%s: looking at /%.200s", look->path,
                      name);
    h5_close_to(&scope, 0);
    return status;
}

static herr_t check_link(hid_t group, const char *name, const H5L_info_t *info, void *context)
{
    struct look *look = context;
    if (info->type == H5L_TYPE_HARD)
        look->status = check_object(group, name, look);
    else
        look->status = error_set(look->err, STATUS_BAD_DATA,
                                 "%s: /%.200s is a link to elsewhere, which no packed file has",
                                 look->path, name);
    return look->status == STATUS_OK ? 0 : 1; /* which ends the visit */
}

enum status pack_file_check(const char *path, struct error *err)
{
    struct stat info;
    struct h5_scope scope = h5_begin();
    struct look look = {.path = path, .err = err, .status = STATUS_OK};
    if (stat(path, &info) != 0)
        return error_set(err, STATUS_NO_INPUT, "%s is missing", path);
    look.left = min_int64(info.st_size, INT64_MAX / (2 * MOST_FROM_A_BYTE));
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDONLY, h5_access_serial(&scope)));
    if (!scope.failed)
        h5_check(&scope, H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, check_link, &look));
    if (look.status == STATUS_OK)
        return h5_end(&scope, STATUS_BAD_DATA, err, "reading %s", path);
    h5_close_to(&scope, 0);
    return look.status;
}

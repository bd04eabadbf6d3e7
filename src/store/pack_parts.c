#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/memory.h"
#include "frames_read.h"
#include "pack_file.h"

enum { PIECE_BYTES = 1 << 20 };

struct extraction {
    const char *path, *directory;
    struct isolated *isolated;
    struct error *err;
    enum status status;
};

/* Of a name in the packed file nothing else than a name may come: no folder, nothing hidden. */
static bool is_plain(const char *name)
{
    return name[0] != '.' && name[0] != '\0' && !strchr(name, '/') &&
           strlen(name) < sizeof((struct pack_part *)0)->name;
}

static enum status read_piece(hid_t set, hsize_t start, hsize_t size, void *bytes,
                              struct error *err)
{
    struct h5_scope scope = h5_begin();
    hid_t space = h5_own(&scope, H5Dget_space(set));
    hid_t memory = h5_own(&scope, H5Screate_simple(1, &size, NULL));
    h5_check(&scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &size, NULL));
    h5_check(&scope, H5Dread(set, H5T_STD_U8LE, memory, space, H5P_DEFAULT, bytes));
    return h5_end(&scope, STATUS_BAD_DATA, err, "reading bytes %lld to %lld", (long long)start,
                  (long long)(start + size) - 1);
}

/* A message for every piece: a file may be of any size. */
static enum status write_out(hid_t set, int64_t size, const char *path, struct isolated *isolated,
                             struct error *err)
{
    enum status status = STATUS_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(err, STATUS_IO, "making %s: %s", path, strerror(errno));
    void *piece = memory_block(PIECE_BYTES);
    for (int64_t done = 0; done < size && status == STATUS_OK; done += PIECE_BYTES) {
        int64_t count = min_int64(PIECE_BYTES, size - done);
        status = read_piece(set, (hsize_t)done, (hsize_t)count, piece, err);
        if (status == STATUS_OK)
            status = durable_write_all(fd, path, piece, (size_t)count, err);
        isolated_send(isolated, NULL, 0);
    }
    free(piece);
    close(fd);
    return status;
}

static int64_t size_of(struct h5_scope *scope, hid_t set)
{
    hsize_t dims[1] = {0};
    int mark = scope->count;
    hid_t space = h5_own(scope, H5Dget_space(set)), type = h5_own(scope, H5Dget_type(set));
    bool bytes = !scope->failed && H5Tequal(type, H5T_STD_U8LE) > 0 &&
                 H5Sget_simple_extent_ndims(space) == 1 &&
                 H5Sget_simple_extent_dims(space, dims, NULL) == 1;
    h5_close_to(scope, mark);
    return bytes && dims[0] <= INT64_MAX / 2 ? (int64_t)dims[0] : -1;
}

static enum status extract_one(hid_t folder, const char *name, struct extraction *extraction)
{
    char path[PATH_MAX];
    struct error *err = extraction->err;
    struct h5_scope scope = h5_begin();
    if (!is_plain(name))
        return error_set(err, STATUS_BAD_DATA, "its name is none of a file");
    TRY(path_join(path, sizeof path, extraction->directory, name, err));
    hid_t set = h5_own(&scope, H5Dopen2(folder, name, H5P_DEFAULT));
    int64_t size = scope.failed ? -1 : size_of(&scope, set);
    enum status status =
        size >= 0 ? write_out(set, size, path, extraction->isolated, err) : STATUS_OK;
    TRY(h5_end(&scope, STATUS_BAD_DATA, err, "opening it"));
    return size >= 0 ? status : error_set(err, STATUS_BAD_DATA, "it does not consist of bytes");
}

static herr_t extract_next(hid_t folder, const char *name, const H5L_info_t *info, void *context)
{
    struct extraction *extraction = context;
    (void)info;
    extraction->status = extract_one(folder, name, extraction);
    if (extraction->status == STATUS_OK)
        return 0;
    extraction->status = error_prefix(extraction->err, extraction->status, "%s: /%s/%.60s",
                                      extraction->path, PACK_FOLDER, name);
    return 1; /* ends the iteration */
}

enum status pack_file_extract(const char *path, const char *directory, struct isolated *isolated,
                              struct error *err)
{
    struct h5_scope scope = h5_begin();
    struct extraction extraction = {path, directory, isolated, err, STATUS_OK};
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDONLY, h5_access_serial(&scope)));
    hid_t folder = h5_own(&scope, H5Gopen2(file, PACK_FOLDER, H5P_DEFAULT));
    if (!scope.failed)
        h5_check(&scope,
                 H5Literate(folder, H5_INDEX_NAME, H5_ITER_INC, NULL, extract_next, &extraction));
    enum status closed =
        h5_end(&scope, STATUS_BAD_DATA, extraction.status == STATUS_OK ? err : &(struct error){""},
               "reading %s", path);
    return extraction.status == STATUS_OK ? closed : extraction.status;
}

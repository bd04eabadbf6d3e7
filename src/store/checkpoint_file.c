#include "checkpoint_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/xxh3.h"
#include "layout.h"

enum { USER_BLOCK = 512, CHUNK = 1 << 18 };

#define SCHEMA "checkpoint/1"

static void put_digest(struct h5_scope *scope, hid_t file, const char *name, struct digest digest)
{
    char hex[DIGEST_HEX];
    digest_hex(digest, hex);
    h5_put_text(scope, file, name, hex);
}

/* A contiguous dataset, its space taken at once; `values` may be NULL: to be written later. */
static void put_array(struct h5_scope *scope, hid_t file, const char *name, hid_t type, int rank,
                      const hsize_t *dims, const void *values)
{
    int mark = scope->count;
    hid_t space = h5_own(scope, H5Screate_simple(rank, dims, NULL));
    hid_t list = h5_own(scope, H5Pcreate(H5P_DATASET_CREATE));
    h5_check(scope, H5Pset_obj_track_times(list, false));
    h5_check(scope, H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY));
    h5_check(scope, H5Pset_fill_time(list, H5D_FILL_TIME_NEVER));
    hid_t set = h5_own(scope, H5Dcreate2(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT));
    if (values)
        h5_check(scope, H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
    h5_close_to(scope, mark);
}

static hid_t create_empty(struct h5_scope *scope, const char *path)
{
    hid_t list = h5_own(scope, H5Pcreate(H5P_FILE_CREATE));
    h5_check(scope, H5Pset_userblock(list, USER_BLOCK));
    return h5_own(scope, H5Fcreate(path, H5F_ACC_TRUNC, list, h5_access_serial(scope)));
}

const char *checkpoint_field_name(int time)
{
    return time == CHECKPOINT_PAST ? "past/u" : "u";
}

static void put_past(struct h5_scope *scope, hid_t file, const struct checkpoint_head *head,
                     const double *outflow)
{
    if (!head->seal.has_past)
        return;
    int mark = scope->count;
    hsize_t grid[2] = {(hsize_t)head->gnx, (hsize_t)head->gny};
    hid_t group = h5_group(scope, file, "past");
    put_digest(scope, group, "field_digest", head->seal.past_field);
    put_digest(scope, group, "outflow_digest", head->seal.past_outflow);
    put_array(scope, group, "u", H5T_IEEE_F64LE, 2, grid, NULL);
    put_array(scope, group, "outflow", H5T_IEEE_F64LE, 1, grid, outflow);
    h5_close_to(scope, mark);
}

enum status checkpoint_file_create(const char *path, const struct checkpoint_head *head,
                                   const struct checkpoint_content *content,
                                   const double *const outflows[CHECKPOINT_TIMES],
                                   const struct provenance *provenance, struct error *err)
{
    TRY(durable_make_private(path, err)); /* the state may hold records as they were received */
    struct h5_scope scope = h5_begin();
    hsize_t grid[2] = {(hsize_t)head->gnx, (hsize_t)head->gny};
    hsize_t bytes = content->state->size;
    hid_t file = create_empty(&scope, path);
    h5_put_text(&scope, file, "heatstream_schema", SCHEMA);
    h5_put_int64(&scope, file, "window", head->window);
    h5_put_int64(&scope, file, "rows", content->rows);
    h5_put_int64(&scope, file, "provisional", content->provisional);
    put_digest(&scope, file, "field_digest", head->seal.field);
    put_digest(&scope, file, "outflow_digest", head->seal.outflow);
    put_digest(&scope, file, "state_digest", head->seal.state);
    put_array(&scope, file, "u", H5T_IEEE_F64LE, 2, grid, NULL);
    put_array(&scope, file, "outflow", H5T_IEEE_F64LE, 1, grid, outflows[CHECKPOINT_NOW]);
    put_past(&scope, file, head, outflows[CHECKPOINT_PAST]);
    put_array(&scope, file, "state", H5T_STD_U8LE, 1, &bytes, content->state->data);
    h5_put_long_text(&scope, file, "summary", content->summary);
    provenance_write(&scope, file, provenance);
    return h5_end(&scope, STATUS_IO, err, "creating %s", path);
}

/* Digest and size of what follows the user block. */
static enum status digest_rest(int fd, struct digest *digest, int64_t *size)
{
    XXH3_state_t *state = XXH3_createState();
    char *chunk = malloc(CHUNK);
    ssize_t got = -1;
    int64_t total = 0;
    if (state && chunk && XXH3_128bits_reset(state) == XXH_OK)
        while ((got = pread(fd, chunk, CHUNK, USER_BLOCK + total)) > 0) {
            xxh3_128_add(state, chunk, (size_t)got);
            total += got;
        }
    if (got == 0) {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
        memcpy(digest->bytes, canonical.digest, sizeof digest->bytes);
        *size = total;
    }
    XXH3_freeState(state);
    free(chunk);
    return got == 0 ? STATUS_OK : STATUS_IO;
}

static void make_user_block(struct digest digest, int64_t size, char block[USER_BLOCK])
{
    char hex[DIGEST_HEX];
    digest_hex(digest, hex);
    memset(block, 0, USER_BLOCK);
    snprintf(block, USER_BLOCK,
             "heatstream " SCHEMA " xxh3-128 %s over the %lld bytes from byte %d\n", hex,
             (long long)size, USER_BLOCK);
}

enum status checkpoint_file_seal(const char *path, struct error *err)
{
    char block[USER_BLOCK];
    struct digest digest;
    int64_t size;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, STATUS_IO, "opening %s: %s", path, strerror(errno));
    enum status status = digest_rest(fd, &digest, &size);
    if (status == STATUS_OK) {
        make_user_block(digest, size, block);
        if (pwrite(fd, block, USER_BLOCK, 0) != USER_BLOCK)
            status = STATUS_IO;
    }
    if (status != STATUS_OK)
        error_set(err, status, "sealing %s: %s", path, strerror(errno));
    close(fd);
    return status;
}

/* Newer versions say so in the same place. */
static bool is_newer(const char *block)
{
    static const char ours[] = "heatstream checkpoint/";
    return strncmp(block, ours, sizeof ours - 1) == 0 && atoi(block + sizeof ours - 1) > 1;
}

static enum status verify_open(int fd, const char *path, struct error *err)
{
    char block[USER_BLOCK + 1] = "", expected[USER_BLOCK];
    struct digest digest;
    int64_t size;
    if (pread(fd, block, USER_BLOCK, 0) != USER_BLOCK)
        return error_set(err, STATUS_NO_INPUT, "%s is cut off: not even its seal is there", path);
    if (is_newer(block))
        return error_set(err, STATUS_NO_INPUT, "%s was written by a newer version (%.40s)", path,
                         block);
    if (digest_rest(fd, &digest, &size) != STATUS_OK)
        return error_set(err, STATUS_NO_INPUT, "reading %s: %s", path, strerror(errno));
    make_user_block(digest, size, expected);
    if (memcmp(block, expected, USER_BLOCK) != 0)
        return error_set(err, STATUS_NO_INPUT,
                         "%s is damaged: its %lld bytes do not agree with its seal", path,
                         (long long)size + USER_BLOCK);
    return STATUS_OK;
}

enum status checkpoint_file_verify(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, STATUS_NO_INPUT, "opening %s: %s", path, strerror(errno));
    enum status status = verify_open(fd, path, err);
    close(fd);
    return status;
}

static void get_digest(struct h5_scope *scope, hid_t file, const char *name, struct digest *digest)
{
    struct buffer text = {0};
    h5_get_text(scope, file, name, &text);
    buffer_put_u8(&text, '\0');
    if (!digest_parse((const char *)text.data, digest))
        h5_check(scope, -1);
    buffer_release(&text);
}

static void get_array(struct h5_scope *scope, hid_t file, const char *name, hid_t type,
                      struct buffer *values)
{
    int mark = scope->count;
    hid_t set = h5_own(scope, H5Dopen2(file, name, H5P_DEFAULT));
    hid_t space = h5_own(scope, H5Dget_space(set));
    hssize_t count = H5Sget_simple_extent_npoints(space);
    if (h5_check(scope, count) >= 0) {
        size_t size = (size_t)count * H5Tget_size(type);
        void *start = buffer_reserve(values, size);
        if (h5_check(scope, H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, start)) >= 0)
            values->size += size;
    }
    h5_close_to(scope, mark);
}

static void get_grid(struct h5_scope *scope, hid_t group, int64_t *gnx, int64_t *gny)
{
    hsize_t dims[2] = {0, 0};
    int mark = scope->count;
    hid_t space = h5_own(scope, H5Dget_space(h5_own(scope, H5Dopen2(group, "u", H5P_DEFAULT))));
    if (H5Sget_simple_extent_ndims(space) == 2)
        h5_check(scope, H5Sget_simple_extent_dims(space, dims, NULL));
    *gnx = (int64_t)dims[0];
    *gny = (int64_t)dims[1];
    h5_close_to(scope, mark);
}

static void get_past(struct h5_scope *scope, hid_t file, struct checkpoint_head *head,
                     struct buffer *outflow)
{
    head->seal.has_past = !scope->failed && H5Lexists(file, "past", H5P_DEFAULT) > 0;
    if (!head->seal.has_past)
        return;
    int64_t gnx, gny;
    int mark = scope->count;
    hid_t group = h5_own(scope, H5Gopen2(file, "past", H5P_DEFAULT));
    get_digest(scope, group, "field_digest", &head->seal.past_field);
    get_digest(scope, group, "outflow_digest", &head->seal.past_outflow);
    get_grid(scope, group, &gnx, &gny);
    if (gnx != head->gnx || gny != head->gny)
        h5_check(scope, -1);
    if (outflow)
        get_array(scope, group, "outflow", H5T_NATIVE_DOUBLE, outflow);
    h5_close_to(scope, mark);
}

static bool is_our_schema(struct h5_scope *scope, hid_t file)
{
    struct buffer text = {0};
    h5_get_text(scope, file, "heatstream_schema", &text);
    bool ours = text.size == sizeof SCHEMA - 1 && memcmp(text.data, SCHEMA, text.size) == 0;
    buffer_release(&text);
    return ours;
}

enum status checkpoint_file_read(const char *path, struct checkpoint_head *head,
                                 const struct checkpoint_parts *parts, struct error *err)
{
    struct h5_scope scope = h5_begin();
    struct checkpoint_head read = {0};
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDONLY, h5_access_serial(&scope)));
    if (!is_our_schema(&scope, file))
        h5_check(&scope, -1);
    int64_t provisional = 0;
    h5_get_int64(&scope, file, "window", &read.window);
    h5_get_int64(&scope, file, "rows", &read.rows);
    h5_get_int64(&scope, file, "provisional", &provisional);
    read.provisional = provisional != 0;
    get_grid(&scope, file, &read.gnx, &read.gny);
    get_digest(&scope, file, "field_digest", &read.seal.field);
    get_digest(&scope, file, "outflow_digest", &read.seal.outflow);
    get_digest(&scope, file, "state_digest", &read.seal.state);
    get_past(&scope, file, &read, parts->outflows[CHECKPOINT_PAST]);
    if (parts->outflows[CHECKPOINT_NOW])
        get_array(&scope, file, "outflow", H5T_NATIVE_DOUBLE, parts->outflows[CHECKPOINT_NOW]);
    if (parts->state)
        get_array(&scope, file, "state", H5T_NATIVE_UINT8, parts->state);
    if (parts->summary)
        h5_get_long_text(&scope, file, "summary", parts->summary);
    TRY(h5_end(&scope, STATUS_NO_INPUT, err, "%s is not a checkpoint of schema " SCHEMA, path));
    *head = read;
    return STATUS_OK;
}

bool checkpoint_seal_equal(const struct checkpoint_seal *a, const struct checkpoint_seal *b)
{
    return digest_equal(a->field, b->field) && digest_equal(a->outflow, b->outflow) &&
           digest_equal(a->state, b->state) && a->has_past == b->has_past &&
           digest_equal(a->past_field, b->past_field) &&
           digest_equal(a->past_outflow, b->past_outflow);
}

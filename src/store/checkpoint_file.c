#include "checkpoint_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/memory.h"
#include "base/writeback.h"
#include "digest_pieces.h"
#include "grid/field.h"
#include "layout.h"

/* A disk that gets so much while the rest is copied has not much left to write in the end; pieces
 * of that stay in the second-level cache while they are put together, or digested. */
enum { WRITE_BYTES = 1 << 24, PIECE_BYTES = 1 << 18 };

static void put_digest(struct h5_scope *scope, hid_t file, const char *name, struct digest digest)
{
    char hex[DIGEST_HEX];
    digest_hex(digest, hex);
    h5_put_text(scope, file, name, hex);
}

/* A contiguous dataset, its space taken at once. */
static hid_t create_array(struct h5_scope *scope, hid_t file, const char *name, hid_t type,
                          int rank, const hsize_t *dims)
{
    hid_t space = h5_own(scope, H5Screate_simple(rank, dims, NULL));
    hid_t list = h5_own(scope, H5Pcreate(H5P_DATASET_CREATE));
    h5_check(scope, H5Pset_obj_track_times(list, false));
    h5_check(scope, H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY));
    h5_check(scope, H5Pset_fill_time(list, H5D_FILL_TIME_NEVER));
    return h5_own(scope, H5Dcreate2(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT));
}

static void put_array(struct h5_scope *scope, hid_t file, const char *name, hid_t type,
                      hsize_t count, const void *values)
{
    int mark = scope->count;
    hid_t set = create_array(scope, file, name, type, 1, &count);
    h5_check(scope, H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
    h5_close_to(scope, mark);
}

/* `columns` packed ones from column x on. */
static void put_columns(struct h5_scope *scope, hid_t set, int64_t x, const hsize_t count[2],
                        const double *cells)
{
    int mark = scope->count;
    const hsize_t start[2] = {(hsize_t)x, 0};
    hid_t space = h5_own(scope, H5Dget_space(set));
    hid_t memory = h5_own(scope, H5Screate_simple(2, count, NULL));
    h5_check(scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL));
    h5_check(scope, H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, cells));
    h5_close_to(scope, mark);
}

/* Straight from the field a column would be a write(2) of its own. */
static void put_cells(struct h5_scope *scope, hid_t set, const struct field *field,
                      const char *path)
{
    int64_t bytes = field->ny * (int64_t)sizeof(double), waiting = 0;
    int64_t width = min_int64(field->nx, max_int64(1, PIECE_BYTES / bytes));
    double *piece = memory_block((size_t)(width * bytes));
    for (int64_t x = 0; x < field->nx && !scope->failed; x += width) {
        int columns = (int)min_int64(width, field->nx - x);
        for (int i = 0; i < columns; i++)
            memcpy(piece + (ptrdiff_t)i * field->ny, field_column(field, (int)x + i),
                   (size_t)bytes);
        put_columns(scope, set, x, (const hsize_t[2]){(hsize_t)columns, (hsize_t)field->ny}, piece);
        waiting += columns * bytes;
        if (waiting >= WRITE_BYTES)
            writeback_begin_of(path);
        waiting = waiting >= WRITE_BYTES ? 0 : waiting;
    }
    free(piece);
}

/* Of a field that is not all here the columns are to be written later. */
static void put_field(struct h5_scope *scope, hid_t file, const struct checkpoint_head *head,
                      const struct checkpoint_making *making, int time)
{
    int mark = scope->count;
    const struct checkpoint_content *content = making->content;
    const struct field *field = time == CHECKPOINT_PAST ? content->past.field : content->field;
    const hsize_t grid[2] = {(hsize_t)head->gnx, (hsize_t)head->gny};
    hid_t set = create_array(scope, file, "u", H5T_IEEE_F64LE, 2, grid);
    if (making->fields[time])
        put_columns(scope, set, 0, grid, making->fields[time]);
    else if (field->nx == head->gnx)
        put_cells(scope, set, field, making->path);
    h5_close_to(scope, mark);
}

static hid_t create_empty(struct h5_scope *scope, const char *path)
{
    hid_t list = h5_own(scope, H5Pcreate(H5P_FILE_CREATE));
    h5_check(scope, H5Pset_userblock(list, CHECKPOINT_USER_BLOCK));
    return h5_own(scope, H5Fcreate(path, H5F_ACC_TRUNC, list, h5_access_serial(scope)));
}

const char *checkpoint_field_name(int time)
{
    return time == CHECKPOINT_PAST ? "past/u" : "u";
}

static void put_past(struct h5_scope *scope, hid_t file, const struct checkpoint_head *head,
                     const struct checkpoint_making *making)
{
    if (!head->seal.has_past)
        return;
    int mark = scope->count;
    hid_t group = h5_group(scope, file, "past");
    put_digest(scope, group, "field_digest", head->seal.past_field);
    put_digest(scope, group, "outflow_digest", head->seal.past_outflow);
    put_field(scope, group, head, making, CHECKPOINT_PAST);
    put_array(scope, group, "outflow", H5T_IEEE_F64LE, (hsize_t)head->gnx,
              making->outflows[CHECKPOINT_PAST]);
    h5_close_to(scope, mark);
}

enum status checkpoint_file_create(const struct checkpoint_head *head,
                                   const struct checkpoint_making *making, struct error *err)
{
    const struct checkpoint_content *content = making->content;
    TRY(durable_make_private(making->path, err)); /* there may be records as they were received */
    struct h5_scope scope = h5_begin();
    hid_t file = create_empty(&scope, making->path);
    h5_put_text(&scope, file, "heatstream_schema", CHECKPOINT_SCHEMA);
    h5_put_int64(&scope, file, "window", head->window);
    h5_put_int64(&scope, file, "rows", content->rows);
    h5_put_int64(&scope, file, "provisional", content->provisional);
    put_digest(&scope, file, "field_digest", head->seal.field);
    put_digest(&scope, file, "outflow_digest", head->seal.outflow);
    put_digest(&scope, file, "state_digest", head->seal.state);
    put_field(&scope, file, head, making, CHECKPOINT_NOW);
    put_array(&scope, file, "outflow", H5T_IEEE_F64LE, (hsize_t)head->gnx,
              making->outflows[CHECKPOINT_NOW]);
    put_past(&scope, file, head, making);
    put_array(&scope, file, "state", H5T_STD_U8LE, content->state->size, content->state->data);
    h5_put_long_text(&scope, file, "summary", content->summary);
    provenance_write(&scope, file, making->provenance);
    return h5_end(&scope, STATUS_IO, err, "creating %s", making->path);
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

/* In pieces: it may be large, and is not kept. */
static void get_bytes_digest(struct h5_scope *scope, hid_t file, const char *name,
                             struct digest *digest)
{
    int mark = scope->count;
    hid_t set = h5_own(scope, H5Dopen2(file, name, H5P_DEFAULT));
    hid_t space = h5_own(scope, H5Dget_space(set));
    hssize_t size = h5_check(scope, H5Sget_simple_extent_npoints(space));
    if (H5Sget_simple_extent_ndims(space) != 1)
        h5_check(scope, -1);
    struct digest_pieces *pieces = digest_pieces_begin();
    uint8_t *piece = memory_block(PIECE_BYTES);
    for (hssize_t at = 0; at < size && !scope->failed; at += PIECE_BYTES) {
        const hsize_t start = (hsize_t)at, count = (hsize_t)min_int64(PIECE_BYTES, size - at);
        hid_t memory = h5_own(scope, H5Screate_simple(1, &count, NULL));
        h5_check(scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &count, NULL));
        h5_check(scope, H5Dread(set, H5T_NATIVE_UINT8, memory, space, H5P_DEFAULT, piece));
        digest_pieces_add(pieces, piece, count);
        h5_close_to(scope, scope->count - 1);
    }
    *digest = digest_pieces_end(pieces);
    free(piece);
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
    bool ours = text.size == sizeof CHECKPOINT_SCHEMA - 1 &&
                memcmp(text.data, CHECKPOINT_SCHEMA, text.size) == 0;
    buffer_release(&text);
    return ours;
}

void checkpoint_file_get(struct h5_scope *scope, hid_t file, struct checkpoint_head *head,
                         const struct checkpoint_parts *parts)
{
    struct checkpoint_head read = {0};
    if (!is_our_schema(scope, file))
        h5_check(scope, -1);
    int64_t provisional = 0;
    h5_get_int64(scope, file, "window", &read.window);
    h5_get_int64(scope, file, "rows", &read.rows);
    h5_get_int64(scope, file, "provisional", &provisional);
    read.provisional = provisional != 0;
    get_grid(scope, file, &read.gnx, &read.gny);
    get_digest(scope, file, "field_digest", &read.seal.field);
    get_digest(scope, file, "outflow_digest", &read.seal.outflow);
    get_digest(scope, file, "state_digest", &read.seal.state);
    get_past(scope, file, &read, parts->outflows[CHECKPOINT_PAST]);
    if (parts->outflows[CHECKPOINT_NOW])
        get_array(scope, file, "outflow", H5T_NATIVE_DOUBLE, parts->outflows[CHECKPOINT_NOW]);
    if (parts->state)
        get_array(scope, file, "state", H5T_NATIVE_UINT8, parts->state);
    if (parts->state_digest)
        get_bytes_digest(scope, file, "state", parts->state_digest);
    if (parts->summary)
        h5_get_long_text(scope, file, "summary", parts->summary);
    if (!scope->failed)
        *head = read;
}

enum status checkpoint_file_read(const char *path, struct checkpoint_head *head,
                                 const struct checkpoint_parts *parts, struct error *err)
{
    struct h5_scope scope = h5_begin();
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDONLY, h5_access_serial(&scope)));
    checkpoint_file_get(&scope, file, head, parts);
    return h5_end(&scope, STATUS_NO_INPUT, err,
                  "%s is not a checkpoint of schema " CHECKPOINT_SCHEMA, path);
}

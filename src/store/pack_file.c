#include "pack_file.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5_hl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/memory.h"
#include "file_facts.h"
#include "frames_scan.h"
#include "frames_set.h"
#include "group_rows.h"
#include "segment.h"

enum { LEVEL = 4, ROWS_OF_A_CHUNK = 1024, PART_BYTES = 1 << 20 };

/* A packed file while it is made. */
struct packing {
    const struct pack_file *pack;
    struct isolated *isolated;
    struct frames_set *set;
    int64_t rows, done;
    struct file_facts facts;
    struct frames_reader *reader; /* of the present segment, whose regions `source` are */
    struct groups_read *groups;
    struct group_rows *source;
    struct h5_scope scope; /* owns the file and what follows */
    hid_t file, temperature, series[SERIES_COLUMNS], types[SERIES_COLUMNS];
    struct panels_open panels;
    uint64_t *digests;
};

/* Every chunk has a checksum: what does not shrink is kept as it is, and deflate checks nothing
 * then. */
static void set_filters(struct h5_scope *scope, hid_t list, bool shuffle)
{
    if (shuffle)
        h5_check(scope, H5Pset_shuffle(list));
    h5_check(scope, H5Pset_deflate(list, LEVEL));
    h5_check(scope, H5Pset_fletcher32(list));
}

static void place_compressed(struct h5_scope *scope, const struct layout_rows *rows, hid_t list,
                             const char *path, int rank, const hsize_t *dims)
{
    (void)path;
    const struct layout *layout = rows->layout;
    hsize_t tile_y = (hsize_t)min_int64(layout->tile, layout->gny);
    hsize_t tile_x = (hsize_t)min_int64(layout->tile, layout->gnx);
    hsize_t block = (hsize_t)min_int64((int64_t)dims[0], ROWS_OF_A_CHUNK);
    hsize_t chunk[3] = {rank == 3 ? 1 : block, tile_y, tile_x};
    if (rank == 2) {
        chunk[1] = dims[1];
        chunk[0] = (hsize_t)max_int64(1, min_int64((int64_t)block, 65536 / (int64_t)dims[1]));
    }
    h5_check(scope, H5Pset_chunk(list, rank, chunk));
    set_filters(scope, list, true);
}

static enum status lay_out(struct packing *packing, struct error *err)
{
    const struct pack_file *pack = packing->pack;
    struct frames_shape shape = frames_set_shape(packing->set);
    struct layout layout = file_facts_layout(&packing->facts, &shape);
    struct buffer history = {0};
    if (!pack->command_line)
        return segment_lay_out(&layout, pack->path, packing->rows, err);
    buffer_printf(&history, "%s\n", (const char *)packing->facts.texts[FACT_HISTORY].data);
    layout_history_line(pack->command_line, &history);
    layout.history = (const char *)history.data;
    struct layout_rows rows = {.rows = packing->rows,
                               .max_rows = packing->rows,
                               .place = place_compressed,
                               .layout = &layout};
    enum status status = layout_create_file(&layout, &rows, pack->path, err);
    buffer_release(&history);
    return status;
}

static void open_target(struct packing *packing)
{
    struct h5_scope *scope = &packing->scope;
    struct frames_groups groups = groups_read_groups(packing->facts.groups);
    *scope = h5_begin();
    packing->file =
        h5_own(scope, H5Fopen(packing->pack->path, H5F_ACC_RDWR, h5_access_serial(scope)));
    packing->temperature = h5_own(scope, H5Dopen2(packing->file, "/temperature", H5P_DEFAULT));
    hid_t access = frames_rows_access(scope, packing->file);
    for (int i = 0; i < SERIES_COLUMNS && !scope->failed; i++) {
        const struct series_column *column = series_column(i);
        packing->types[i] = series_type(scope, column->kind);
        packing->series[i] = h5_own(scope, H5Dopen2(packing->file, column->path, access));
    }
    panels_open(scope, packing->file, &groups, access, &packing->panels);
    packing->digests = memory_zeroed(panels_widest(&groups), sizeof *packing->digests);
}

static void leave_segment(struct packing *packing)
{
    group_rows_close(packing->source);
    groups_read_close(packing->groups);
    packing->source = NULL;
    packing->groups = NULL;
}

/* A segment whose regions are those of the last one. */
static enum status enter_segment(struct packing *packing, int64_t row, struct error *err)
{
    hid_t file = frames_reader_file(packing->reader);
    leave_segment(packing);
    TRY(groups_read_open(file, packing->pack->source, &packing->groups, err));
    if (!groups_read_equal(packing->groups, packing->facts.groups))
        return error_set(err, STATUS_BAD_DATA,
                         "%s: the segment of row %lld has other regions than the last one",
                         packing->pack->source, (long long)row);
    struct frames_groups groups = groups_read_groups(packing->groups);
    return group_rows_open(file, &groups, frames_reader_shape(packing->reader).rows,
                           &packing->source, err);
}

static enum status write_series(struct packing *packing, int64_t row,
                                const struct series_record *record, struct error *err)
{
    struct h5_scope scope = h5_begin();
    const hsize_t start = (hsize_t)row, one = 1;
    hid_t memory = h5_own(&scope, H5Screate_simple(1, &one, NULL));
    for (int i = 0; i < SERIES_COLUMNS; i++) {
        int mark = scope.count;
        hid_t space = h5_own(&scope, H5Dget_space(packing->series[i]));
        h5_check(&scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &one, NULL));
        h5_check(&scope, H5Dwrite(packing->series[i], packing->types[i], memory, space, H5P_DEFAULT,
                                  (const char *)record + series_column(i)->offset));
        h5_close_to(&scope, mark);
    }
    return h5_end(&scope, STATUS_IO, err, "writing row %lld of %s", (long long)row,
                  packing->pack->path);
}

/* Values are packed with a digest that proves them, or not at all. */
static enum status copy_groups(struct packing *packing, int64_t local, int64_t to,
                               const struct series_record *record, struct error *err)
{
    char text[256];
    struct group_fault fault = {.item = -1};
    struct frames_groups groups = groups_read_groups(packing->groups);
    struct panels_row row = {.row = local, .window = record->window, .revision = record->revision};
    TRY(group_rows_read(packing->source, &row, err));
    if (group_rows_fault(packing->source, &row, &fault)) {
        group_rows_locate(packing->source, &row, &fault);
        group_rows_explain(packing->source, &row, &fault, text);
        return error_set(err, STATUS_BAD_DATA, "window %lld: %s", (long long)record->window, text);
    }
    row.row = to;
    struct h5_scope scope = h5_begin();
    panels_write(&scope, &groups, &packing->panels, &row, packing->digests);
    return h5_end(&scope, STATUS_IO, err, "writing the regions of row %lld of %s", (long long)to,
                  packing->pack->path);
}

/* A row is what the manifest says last of it, or the manifest is old. */
static enum status check_said(const struct packing *packing, int64_t row,
                              const struct series_record *record, struct error *err)
{
    char digest[DIGEST_HEX];
    const struct manifest_frame *said = packing->pack->committed->row[row].frame;
    digest_hex(said->digest, digest);
    if (record->window == said->window && record->revision == said->revision &&
        strcmp(record->digest, digest) == 0)
        return STATUS_OK;
    return error_set(err, STATUS_RETRY,
                     "row %lld of %s holds revision %lld of window %lld, by the manifest it is "
                     "revision %lld of window %lld",
                     (long long)row, packing->pack->source, (long long)record->revision,
                     (long long)record->window, (long long)said->revision, (long long)said->window);
}

static enum status check_row(const struct packing *packing, int64_t row,
                             const struct scanned_row *scanned, struct error *err)
{
    char text[256];
    const char *fault = scanned_row_fault(scanned, frames_set_shape(packing->set).f64, text);
    if (fault)
        return error_set(err, STATUS_BAD_DATA, "window %lld of %s, row %lld: %s",
                         (long long)scanned->series.window, packing->pack->source, (long long)row,
                         fault);
    return packing->pack->committed ? check_said(packing, row, &scanned->series, err) : STATUS_OK;
}

static bool is_stopped(const struct pack_file *pack)
{
    struct pollfd asked = {.fd = pack->stop[0], .events = POLLIN};
    return poll(&asked, 1, 0) > 0;
}

/* After each piece of work: says how far it is, by which it may use processor time again. */
static enum status go_on(void *context, struct error *err)
{
    struct packing *packing = context;
    isolated_send(packing->isolated, &packing->done, sizeof packing->done);
    return is_stopped(packing->pack)
               ? error_set(err, STATUS_STOPPED, "stopped: nothing was written")
               : STATUS_OK;
}

static enum status copy_row(struct packing *packing, int64_t row, struct error *err)
{
    int64_t local;
    struct scanned_row scanned = {.row = row};
    struct frames_target to = {packing->temperature, row, go_on, packing};
    TRY(frames_set_find(packing->set, row, &packing->reader, &local, err));
    if (local == 0)
        TRY(enter_segment(packing, row, err));
    TRY(frames_reader_series(packing->reader, local, &scanned.series, err));
    TRY(frames_reader_copy(packing->reader, local, &to, &scanned.cells, err));
    TRY(check_row(packing, row, &scanned, err));
    TRY(write_series(packing, row, &scanned.series, err));
    return copy_groups(packing, local, row, &scanned.series, err);
}

static enum status copy_rows(struct packing *packing, struct error *err)
{
    for (int64_t row = 0; row < packing->rows; row++) {
        TRY(copy_row(packing, row, err));
        packing->done = row + 1;
        TRY(go_on(packing, err));
    }
    return STATUS_OK;
}

/* [size] bytes that can be as many as there are, in chunks of their own. */
static hid_t create_part(struct h5_scope *scope, hid_t folder, const struct pack_part *part)
{
    const hsize_t size = (hsize_t)part->size, most = H5S_UNLIMITED, chunk = PART_BYTES;
    hid_t space = h5_own(scope, H5Screate_simple(1, &size, &most));
    hid_t list = layout_untimed_list(scope);
    h5_check(scope, H5Pset_chunk(list, 1, &chunk));
    set_filters(scope, list, false);
    return h5_own(
        scope, H5Dcreate2(folder, part->name, H5T_STD_U8LE, space, H5P_DEFAULT, list, H5P_DEFAULT));
}

/* `size` bytes at `start`. */
static enum status write_piece(hid_t set, hsize_t start, hsize_t size, const void *bytes,
                               struct error *err)
{
    struct h5_scope scope = h5_begin();
    hid_t space = h5_own(&scope, H5Dget_space(set));
    hid_t memory = h5_own(&scope, H5Screate_simple(1, &size, NULL));
    h5_check(&scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &size, NULL));
    h5_check(&scope, H5Dwrite(set, H5T_STD_U8LE, memory, space, H5P_DEFAULT, bytes));
    return h5_end(&scope, STATUS_IO, err, "writing a part of the packed file");
}

static enum status copy_part(struct packing *packing, hid_t set, const struct pack_part *part,
                             struct error *err)
{
    int64_t done = 0;
    enum status status = STATUS_OK;
    if (!part->path[0])
        return part->size > 0 ? write_piece(set, 0, (hsize_t)part->size, part->bytes, err)
                              : STATUS_OK;
    int fd = open(part->path, O_RDONLY | O_CLOEXEC);
    void *piece = memory_block(PART_BYTES);
    while (fd >= 0 && status == STATUS_OK && done < part->size) {
        ssize_t got = read(fd, piece, (size_t)min_int64(PART_BYTES, part->size - done));
        if (got <= 0)
            break;
        status = write_piece(set, (hsize_t)done, (hsize_t)got, piece, err);
        if (status == STATUS_OK)
            status = go_on(packing, err);
        done += got;
    }
    if (status == STATUS_OK && (fd < 0 || done < part->size))
        status = error_set(err, STATUS_BAD_DATA, "reading %s: %s", part->path,
                           done > 0 ? "it became shorter" : strerror(errno));
    if (fd >= 0)
        close(fd);
    free(piece);
    return status;
}

static enum status copy_parts(struct packing *packing, struct error *err)
{
    struct h5_scope *scope = &packing->scope;
    h5_put_text(scope, packing->file, "heatstream_pack", PACK_SCHEMA);
    hid_t folder = h5_group(scope, packing->file, PACK_FOLDER);
    for (int i = 0; i < packing->pack->part_count && !scope->failed; i++) {
        int mark = scope->count;
        hid_t set = create_part(scope, folder, &packing->pack->parts[i]);
        if (!scope->failed) /* its own axis: netCDF wants one for every dimension */
            h5_check(scope, H5DSset_scale(set, packing->pack->parts[i].name));
        if (!scope->failed)
            TRY(copy_part(packing, set, &packing->pack->parts[i], err));
        h5_close_to(scope, mark);
    }
    return STATUS_OK;
}

static enum status read_facts(struct packing *packing, struct error *err)
{
    int64_t local;
    TRY(frames_set_open(packing->pack->source, &packing->set, err));
    int64_t there = frames_set_shape(packing->set).rows;
    packing->rows = packing->pack->rows > 0 ? packing->pack->rows : there;
    if (there < packing->rows || there == 0)
        return error_set(err, STATUS_BAD_DATA, "%s holds %lld rows, not %lld",
                         packing->pack->source, (long long)there, (long long)packing->rows);
    TRY(frames_set_find(packing->set, packing->rows - 1, &packing->reader, &local, err));
    return file_facts_read(packing->reader, packing->pack->source, &packing->facts, err);
}

static enum status make(struct packing *packing, struct error *err)
{
    TRY(read_facts(packing, err));
    TRY(lay_out(packing, err));
    open_target(packing);
    if (!packing->scope.failed)
        TRY(copy_rows(packing, err));
    if (!packing->scope.failed && packing->pack->command_line)
        TRY(copy_parts(packing, err));
    return h5_end(&packing->scope, STATUS_IO, err, "writing %s", packing->pack->path);
}

enum status pack_file_make(void *context, struct isolated *isolated, struct error *err)
{
    struct packing packing = {.pack = context, .isolated = isolated};
    enum status status = make(&packing, err);
    if (status != STATUS_OK)
        packing.scope.failed = true; /* what could not be written is not tried again */
    leave_segment(&packing);
    h5_close_to(&packing.scope, 0);
    frames_set_close(packing.set);
    file_facts_release(&packing.facts);
    free(packing.digests);
    return status;
}

#include "store/row_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/durable.h"
#include "base/memory.h"
#include "segment.h"

struct row_reader {
    char directory[PATH_MAX];
    pthread_mutex_t mutex; /* of the places */
    struct row_place *places;
    int64_t count, capacity;
    int fd; /* of the segment that was read last, -1: none */
    int64_t fd_number;
    char path[PATH_MAX]; /* its name */
    void *tile;          /* of one chunk */
    size_t tile_size;
};

struct row_reader *row_reader_create(const char *directory)
{
    struct row_reader *reader = memory_zeroed(1, sizeof *reader);
    strncpy(reader->directory, directory, sizeof reader->directory - 1);
    reader->fd = -1;
    pthread_mutex_init(&reader->mutex, NULL);
    return reader;
}

void row_reader_destroy(struct row_reader *reader)
{
    if (!reader)
        return;
    if (reader->fd >= 0)
        close(reader->fd);
    pthread_mutex_destroy(&reader->mutex);
    free(reader->places);
    free(reader->tile);
    free(reader);
}

void row_reader_add(struct row_reader *reader, const struct row_place *place)
{
    pthread_mutex_lock(&reader->mutex);
    int64_t at = 0;
    while (at < reader->count && reader->places[at].number != place->number)
        at++;
    reader->places = memory_grow(reader->places, &reader->capacity, at + 1, sizeof *place);
    reader->places[at] = *place;
    reader->count = max_int64(reader->count, at + 1);
    pthread_mutex_unlock(&reader->mutex);
}

static bool find(struct row_reader *reader, int64_t row, struct row_place *place)
{
    bool found = false;
    pthread_mutex_lock(&reader->mutex);
    for (int64_t i = reader->count - 1; i >= 0 && !found; i--) {
        const struct row_place *at = &reader->places[i];
        found = row >= at->first && row - at->first < at->rows;
        if (found)
            *place = *at;
    }
    pthread_mutex_unlock(&reader->mutex);
    return found;
}

bool row_reader_knows(struct row_reader *reader, int64_t row)
{
    struct row_place place;
    return find(reader, row, &place);
}

static enum status open_segment(struct row_reader *reader, int64_t number, struct error *err)
{
    char name[64];
    if (reader->fd >= 0 && reader->fd_number == number)
        return STATUS_OK;
    if (reader->fd >= 0)
        close(reader->fd);
    segment_name(number, name);
    reader->fd = -1;
    TRY(path_join(reader->path, sizeof reader->path, reader->directory, name, err));
    reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC);
    reader->fd_number = number;
    if (reader->fd < 0)
        return error_set(err, STATUS_NO_INPUT, "opening %s: %s", reader->path, strerror(errno));
    return STATUS_OK;
}

static enum status open_row(struct row_reader *reader, int64_t row, struct row_place *place,
                            struct error *err)
{
    if (!find(reader, row, place))
        return error_set(err, STATUS_NO_INPUT, "row %lld is in no segment of %s", (long long)row,
                         reader->directory);
    return open_segment(reader, place->number, err);
}

static enum status read_at(struct row_reader *reader, int64_t at, void *bytes, size_t size,
                           struct error *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t got =
            pread(reader->fd, (char *)bytes + done, size - done, (off_t)(at + (int64_t)done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_set(err, STATUS_NO_INPUT, "reading %s at %lld: %s", reader->path,
                             (long long)at, got < 0 ? strerror(errno) : "the file ends there");
        done += (size_t)got;
    }
    return STATUS_OK;
}

static struct frame_row frame_row_of(const struct series_record *record)
{
    struct frame_row row = {
        .window = record->window,
        .event_time_ms = record->event_time,
        .revision = record->revision,
        .change = record->change,
        .final = record->final,
        .complete = record->complete,
        .t_min = record->t_min,
        .t_max = record->t_max,
        .t_mean = record->t_mean,
        .heat_content = record->heat_content,
        .heat_in = record->heat_in,
        .heat_out = record->heat_out,
        .heat_residual = record->heat_residual,
        .events = record->events,
        .late = record->late,
        .missing = record->missing,
        .dead = record->dead,
        .latency_ms = record->latency_ms,
    };
    (void)!digest_parse(record->digest, &row.digest);
    return row;
}

enum status row_reader_row(struct row_reader *reader, int64_t row, struct frame_row *out,
                           struct error *err)
{
    struct row_place place;
    struct series_record record = {0};
    char proof[DIGEST_HEX];
    TRY(open_row(reader, row, &place, err));
    for (int i = 0; i < SERIES_COLUMNS; i++) {
        const struct series_column *column = series_column(i);
        size_t size = series_size(column->kind);
        int64_t at = place.column_at[i] + (row - place.first) * (int64_t)size;
        TRY(read_at(reader, at, (char *)&record + column->offset, size, err));
    }
    if (record.window < 0)
        return error_set(err, STATUS_NO_INPUT, "row %lld of %s was never written", (long long)row,
                         reader->directory);
    digest_hex(series_row_digest(&record), proof);
    if (memcmp(proof, record.row_digest, sizeof proof - 1) != 0)
        return STATUS_RETRY;
    *out = frame_row_of(&record);
    return STATUS_OK;
}

/* Where cells go to: of one of both types. */
struct target {
    float *f32;
    double *f64;
};

/* So many cells of a tile, from `from` on. */
static void put_cells(const struct target *to, int64_t at, const struct row_place *place,
                      const void *tile, int64_t from, int64_t count)
{
    const float *f32 = (const float *)tile + from;
    const double *f64 = (const double *)tile + from;
    if (place->f64 && to->f64)
        memcpy(to->f64 + at, f64, (size_t)count * sizeof *f64);
    else if (!place->f64 && to->f32)
        memcpy(to->f32 + at, f32, (size_t)count * sizeof *f32);
    else if (place->f64)
        for (int64_t i = 0; i < count; i++)
            to->f32[at + i] = (float)f64[i];
    else
        for (int64_t i = 0; i < count; i++)
            to->f64[at + i] = (double)f32[i];
}

/* The lines of a chunk that the box has a part of are read at once. */
static enum status read_tile(struct row_reader *reader, const struct row_place *place, int64_t at,
                             int64_t lines, struct error *err)
{
    size_t size = (size_t)(lines * place->tile_x) * (size_t)frame_cell_bytes(place->f64);
    if (size > reader->tile_size) {
        free(reader->tile);
        reader->tile = memory_block(size);
        reader->tile_size = size;
    }
    return read_at(reader, at, reader->tile, size, err);
}

/* What box and chunk (tx, ty) have in common. */
static enum status copy_tile(struct row_reader *reader, const struct row_place *place, int64_t row,
                             const int64_t tile[2], const int64_t box[4], const struct target *to,
                             struct error *err)
{
    int64_t nx = (place->gnx + place->tile_x - 1) / place->tile_x;
    int64_t ny = (place->gny + place->tile_y - 1) / place->tile_y;
    int64_t left = tile[0] * place->tile_x, bottom = tile[1] * place->tile_y;
    int64_t x0 = max_int64(box[0], left), x1 = min_int64(box[2], left + place->tile_x);
    int64_t y0 = max_int64(box[1], bottom), y1 = min_int64(box[3], bottom + place->tile_y);
    int64_t chunk = ((row - place->first) * ny + tile[1]) * nx + tile[0];
    int64_t first = chunk * place->tile_x * place->tile_y + (y0 - bottom) * place->tile_x;
    TRY(read_tile(reader, place, place->cells_at + first * frame_cell_bytes(place->f64), y1 - y0,
                  err));
    for (int64_t y = y0; y < y1; y++)
        put_cells(to, (y - box[1]) * (box[2] - box[0]) + (x0 - box[0]), place, reader->tile,
                  (y - y0) * place->tile_x + (x0 - left), x1 - x0);
    return STATUS_OK;
}

static enum status copy_box(struct row_reader *reader, int64_t row, const int64_t box[4],
                            const struct target *to, struct error *err)
{
    struct row_place place;
    TRY(open_row(reader, row, &place, err));
    if (box[0] < 0 || box[1] < 0 || box[2] > place.gnx || box[3] > place.gny || box[0] >= box[2] ||
        box[1] >= box[3])
        return error_set(err, STATUS_NO_INPUT, "cells %lld..%lld, %lld..%lld are not in the grid",
                         (long long)box[0], (long long)box[2] - 1, (long long)box[1],
                         (long long)box[3] - 1);
    for (int64_t ty = box[1] / place.tile_y; ty * place.tile_y < box[3]; ty++)
        for (int64_t tx = box[0] / place.tile_x; tx * place.tile_x < box[2]; tx++)
            TRY(copy_tile(reader, &place, row, (int64_t[2]){tx, ty}, box, to, err));
    return STATUS_OK;
}

enum status row_reader_cells(struct row_reader *reader, int64_t row, const int64_t box[4],
                             float *cells, struct error *err)
{
    return copy_box(reader, row, box, &(struct target){.f32 = cells}, err);
}

enum status row_reader_exact_cells(struct row_reader *reader, int64_t row, const int64_t box[4],
                                   double *cells, struct error *err)
{
    return copy_box(reader, row, box, &(struct target){.f64 = cells}, err);
}

static const struct row_panel *find_panel(const struct row_place *place, const char *path,
                                          int64_t width)
{
    for (int i = 0; i < place->panels; i++)
        if (strcmp(place->panel[i].path, path) == 0 && place->panel[i].width == width)
            return &place->panel[i];
    return NULL;
}

enum status row_reader_panel(struct row_reader *reader, int64_t row, const char *path,
                             int64_t width, double *values, struct error *err)
{
    struct row_place place;
    TRY(open_row(reader, row, &place, err));
    const struct row_panel *panel = find_panel(&place, path, width);
    if (!panel)
        return error_set(err, STATUS_NO_INPUT, "%s has no %s of %lld values", reader->path, path,
                         (long long)width);
    size_t size = (size_t)width * (panel->f64 ? sizeof(double) : 1);
    int64_t at = panel->at + (row - place.first) * (int64_t)size;
    if (panel->f64)
        return read_at(reader, at, values, size, err);
    uint8_t *bytes = memory_block(size);
    enum status status = read_at(reader, at, bytes, size, err);
    for (int64_t i = 0; i < width && status == STATUS_OK; i++)
        values[i] = (double)bytes[i];
    free(bytes);
    return status;
}

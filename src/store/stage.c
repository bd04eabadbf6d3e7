#include "stage.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "row_batch.h"
#include "store/frames.h"
#include "tile_writer.h"
#include "transpose.h"

/* Columns are converted so many at a time, which still are in the second-level cache when they are
 * transposed; a row of the panel is written in pieces of as many cells. A panel has at least
 * PANEL columns where the slab does. What is read back fits in the second-level cache. */
enum { GROUP = 32, PANEL = 256, LINE_CELLS = 16, BAND_BYTES = 1 << 18 };

/* Of panels that are handed over: those of a frame of 2048 x 2048, and few beside its field. */
enum { BEHIND_BYTES = 1 << 24 };

/* Columns x .. x + nx - 1 of the slab. */
struct panel {
    int x, nx;
};

struct stage {
    int nx, ny;
    int64_t x0;
    bool f64;
    int64_t width; /* of a panel, in columns of the grid; panels begin at multiples of it */
    int panels;    /* of this rank */
    int most;      /* of any rank */
    bool direct;   /* panels are staged tile by tile */
    struct tile_writer *writer; /* STAGE_BEHIND, or NULL */
    int64_t tile_x;             /* cells across a tile */
    float *group;               /* [GROUP][pitch], for f32 only: columns as stored */
    ptrdiff_t pitch;
    void *rows; /* [ny][columns of the panel]; NULL: the writer has room */
    void *band; /* as many rows of the panel as fit, read back */
    struct h5_scope scope;
    hid_t space, transfer;
};

static int64_t width_of(int64_t tile)
{
    int64_t whole = max_int64(tile, 1);
    return (PANEL + whole - 1) / whole * whole;
}

static int count_panels(int64_t first, int64_t end, int64_t width)
{
    return (int)((end - 1) / width - first / width + 1);
}

static int most_panels(const struct domain *domain, int64_t width)
{
    int most = 0;
    for (int rank = 0; rank < domain->ranks; rank++) {
        int count = count_panels(domain_edge(&domain->cut, rank),
                                 domain_edge(&domain->cut, rank + 1), width);
        most = count > most ? count : most;
    }
    return most;
}

/* Whole cache lines, and columns that do not evict each other. */
static ptrdiff_t pitch_of(int64_t ny)
{
    return (ptrdiff_t)((ny + LINE_CELLS - 1) / LINE_CELLS * LINE_CELLS) + LINE_CELLS;
}

/* `unit` columns are kept as one, though fewer may be left of the grid. */
static size_t panel_bytes(int64_t columns, int64_t unit, int64_t width, int64_t ny, bool f64)
{
    int64_t room = (columns + unit - 1) / unit * unit;
    return (size_t)(min_int64(room, width) * ny) * (size_t)frame_cell_bytes(f64);
}

static size_t group_bytes(int64_t ny)
{
    return (size_t)(GROUP * pitch_of(ny)) * sizeof(float);
}

/* Two if there are, so that one is converted while another is written. */
static int panels_behind(int panels, size_t bytes)
{
    return (int)min_int64(panels, max_int64(2, (int64_t)(BEHIND_BYTES / bytes)));
}

double frames_staging_bytes(int64_t columns, int64_t gny, bool f64, int64_t tile, bool behind)
{
    size_t group = f64 ? 0 : group_bytes(gny);
    size_t batch = gny <= tile ? ROW_BATCH_BYTES : 0;
    size_t panel =
        panel_bytes(columns, max_int64(min_int64(tile, columns), 1), width_of(tile), gny, f64);
    int panels = behind ? panels_behind(count_panels(0, columns, width_of(tile)), panel) : 1;
    return (double)((size_t)panels * panel + group + BAND_BYTES + batch);
}

struct stage *stage_create(const struct domain *domain, bool f64, int64_t tile, enum stage_way way)
{
    struct stage *stage = calloc(1, sizeof *stage);
    if (!stage)
        return NULL;
    hsize_t dims[2] = {(hsize_t)domain->ny, (hsize_t)domain->nx};
    stage->nx = domain->nx;
    stage->ny = domain->ny;
    stage->x0 = domain->x0;
    stage->f64 = f64;
    stage->width = width_of(tile);
    stage->panels = count_panels(domain->x0, domain->x0 + domain->nx, stage->width);
    stage->most = most_panels(domain, stage->width);
    stage->pitch = pitch_of(domain->ny);
    stage->group = f64 ? NULL : aligned_alloc(64, group_bytes(domain->ny));
    stage->direct = way != STAGE_TOGETHER;
    stage->tile_x = min_int64(max_int64(tile, 1), domain->gnx);
    size_t bytes =
        panel_bytes(domain->nx, stage->direct ? stage->tile_x : 1, stage->width, domain->ny, f64);
    stage->rows = way == STAGE_BEHIND ? NULL : malloc(bytes);
    if (way == STAGE_BEHIND)
        stage->writer = tile_writer_create(panels_behind(stage->panels, bytes), bytes);
    stage->band = malloc((size_t)max_int64(BAND_BYTES, stage->width * frame_cell_bytes(f64)));
    stage->scope = h5_begin();
    stage->space = h5_own(&stage->scope, H5Screate_simple(2, dims, NULL));
    stage->transfer = h5_transfer(&stage->scope);
    if ((stage->rows || stage->writer) && stage->band && (f64 || stage->group) &&
        !stage->scope.failed)
        return stage;
    stage_destroy(stage);
    return NULL;
}

void stage_destroy(struct stage *stage)
{
    if (!stage)
        return;
    h5_close_to(&stage->scope, 0);
    tile_writer_destroy(stage->writer);
    free(stage->group);
    free(stage->rows);
    free(stage->band);
    free(stage);
}

/* Beyond this rank's panels: no columns. */
static struct panel panel_at(const struct stage *stage, int index)
{
    int64_t begin = (stage->x0 / stage->width + index) * stage->width;
    int64_t first = max_int64(begin, stage->x0);
    int64_t end = min_int64(begin + stage->width, stage->x0 + stage->nx);
    return (struct panel){.x = (int)(first - stage->x0),
                          .nx = index < stage->panels ? (int)(end - first) : 0};
}

static void convert_column(float *restrict to, const double *restrict from, int ny)
{
    for (int j = 0; j < ny; j++)
        to[j] = (float)from[j];
}

/* Where columns from `first` on go that are `line` cells apart from row to row: the panel as a
 * whole, or tile by tile. */
static ptrdiff_t place_of(const struct stage *stage, int first, int line)
{
    return (ptrdiff_t)(first / line) * line * stage->ny + first % line;
}

/* That many columns go there together. */
static int columns_from(struct panel panel, int first, int line)
{
    int left = panel.nx - first, in_tile = line - first % line;
    int most = left < in_tile ? left : in_tile;
    return most < GROUP ? most : GROUP;
}

static void stage_f32(struct stage *stage, struct digester *digester, const struct field *field,
                      struct panel panel, int line, float *rows)
{
    size_t bytes = (size_t)stage->ny * sizeof(float);
    for (int first = 0, columns; first < panel.nx; first += columns) {
        columns = columns_from(panel, first, line);
        for (int i = 0; i < columns; i++) {
            float *column = stage->group + i * stage->pitch;
            int x = panel.x + first + i;
            convert_column(column, field_column(field, x), stage->ny);
            if (digester)
                digest_column(digester, x, column, bytes);
        }
        const struct transpose_columns_f32 group = {stage->group, stage->pitch, columns, stage->ny};
        transpose_f32(rows + place_of(stage, first, line), line, &group);
    }
}

static void stage_f64(struct stage *stage, struct digester *digester, const struct field *field,
                      struct panel panel, int line, double *rows)
{
    size_t bytes = (size_t)stage->ny * sizeof(double);
    for (int first = 0, columns; first < panel.nx; first += columns) {
        int x = panel.x + first;
        columns = columns_from(panel, first, line);
        for (int i = 0; digester && i < columns; i++)
            digest_column(digester, x + i, field_column(field, x + i), bytes);
        const struct transpose_columns_f64 group = {field_column(field, x), field->pitch, columns,
                                                    stage->ny};
        transpose_f64(rows + place_of(stage, first, line), line, &group);
    }
}

/* What a tile has beyond the grid is 0, as if it had never been written. */
static void clear_beyond(const struct stage *stage, struct panel panel, int line, void *rows)
{
    int inside = panel.nx % line;
    size_t cell = (size_t)frame_cell_bytes(stage->f64);
    if (inside == 0)
        return;
    char *tile = (char *)rows + (size_t)place_of(stage, panel.nx - inside, line) * cell;
    for (int y = 0; y < stage->ny; y++)
        memset(tile + ((size_t)y * (size_t)line + (size_t)inside) * cell, 0,
               (size_t)(line - inside) * cell);
}

/* `rows` become those of the panel, or its tiles, which are `line` cells wide; `digester` NULL: no
 * digests are wanted. */
static void stage_panel(struct stage *stage, struct digester *digester, const struct field *field,
                        struct panel panel, int line, void *rows)
{
    if (stage->f64)
        stage_f64(stage, digester, field, panel, line, rows);
    else
        stage_f32(stage, digester, field, panel, line, rows);
    clear_beyond(stage, panel, line, rows);
}

struct digest stage_take(struct stage *stage, struct digester *digester, const struct field *field,
                         void *rows)
{
    assert(stage->panels == 1);
    stage_panel(stage, digester, field, panel_at(stage, 0), stage->nx, rows);
    return digest_combine(digester);
}

static hid_t cell_type(const struct stage *stage)
{
    return stage->f64 ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT;
}

/* The space in memory becomes `ny` rows of the panel, all of them selected, or nothing of one. */
static bool set_space(const struct stage *stage, struct panel panel, int ny)
{
    hsize_t dims[2] = {(hsize_t)ny, (hsize_t)(panel.nx > 0 ? panel.nx : 1)};
    return H5Sset_extent_simple(stage->space, 2, dims, NULL) >= 0 &&
           (panel.nx > 0 ? H5Sselect_all : H5Sselect_none)(stage->space) >= 0;
}

static struct segment_slab slab_of(const struct stage *stage, struct panel panel, const void *rows)
{
    return (struct segment_slab){.cells = rows,
                                 .type = cell_type(stage),
                                 .space = stage->space,
                                 .transfer = stage->transfer,
                                 .x0 = (hsize_t)(stage->x0 + panel.x),
                                 .nx = (hsize_t)panel.nx,
                                 .ny = (hsize_t)stage->ny};
}

static enum status write_panel(struct stage *stage, struct panel panel, struct segment *segment,
                               int64_t row, struct error *err)
{
    struct segment_slab slab = slab_of(stage, panel, stage->rows);
    bool ready = set_space(stage, panel, stage->ny);
    enum status status = segment_write_field(segment, row, &slab, err);
    if (status == STATUS_OK && !ready)
        status = error_set(err, STATUS_IO, "writing row %lld: no memory", (long long)row);
    return status;
}

static enum status write_together(struct stage *stage, struct digester *digester,
                                  const struct field *field, struct segment *segment, int64_t row,
                                  struct error *err)
{
    enum status first = STATUS_OK;
    struct error later;
    for (int index = 0; index < stage->most; index++) {
        struct panel panel = panel_at(stage, index);
        int line = stage->direct ? (int)stage->tile_x : panel.nx;
        if (panel.nx > 0)
            stage_panel(stage, digester, field, panel, line, stage->rows);
        enum status status =
            write_panel(stage, panel, segment, row, first == STATUS_OK ? err : &later);
        first = first == STATUS_OK ? status : first;
    }
    return first;
}

/* What fails is told by stage_settle(). */
static enum status hand_over(struct stage *stage, struct digester *digester,
                             const struct field *field, struct segment *segment, int64_t row)
{
    segment->dirty = true;
    for (int index = 0; index < stage->panels; index++) {
        struct panel panel = panel_at(stage, index);
        void *rows = tile_writer_room(stage->writer);
        stage_panel(stage, digester, field, panel, (int)stage->tile_x, rows);
        struct segment_slab slab = slab_of(stage, panel, rows);
        tile_writer_give(stage->writer, segment, row, &slab);
    }
    return STATUS_OK;
}

enum status stage_write(struct stage *stage, struct digester *digester, const struct field *field,
                        struct segment *segment, int64_t row, struct digest *stored,
                        struct error *err)
{
    enum status status = stage->writer ? hand_over(stage, digester, field, segment, row)
                                       : write_together(stage, digester, field, segment, row, err);
    *stored = digest_combine(digester);
    return status;
}

enum status stage_settle(struct stage *stage, struct error *err)
{
    return stage->writer ? tile_writer_wait(stage->writer, err) : STATUS_OK;
}

static double largest_of_f32(const float *restrict new, const float *restrict old, size_t count)
{
    double most = 0.0;
    for (size_t i = 0; i < count; i++) {
        double change = fabs((double)new[i] - (double)old[i]);
        most = change > most ? change : most;
    }
    return most;
}

static double largest_of_f64(const double *restrict new, const double *restrict old, size_t count)
{
    double most = 0.0;
    for (size_t i = 0; i < count; i++) {
        double change = fabs(new[i] - old[i]);
        most = change > most ? change : most;
    }
    return most;
}

/* Settled: the same place until something is handed over. */
static void *room_of(const struct stage *stage)
{
    return stage->writer ? tile_writer_room(stage->writer) : stage->rows;
}

/* Of rows y .. y + rows - 1 of the panel against the band. */
static double largest_change(const struct stage *stage, struct panel panel, int y, int rows)
{
    size_t nx = (size_t)panel.nx, start = (size_t)y * nx, count = (size_t)rows * nx;
    const void *new = room_of(stage);
    return stage->f64 ? largest_of_f64((const double *)new + start, stage->band, count)
                      : largest_of_f32((const float *)new + start, stage->band, count);
}

static enum status read_band(struct stage *stage, struct panel panel, struct segment *segment,
                             int64_t row, int y, int rows, struct error *err)
{
    struct segment_band band = {.cells = stage->band,
                                .type = cell_type(stage),
                                .space = stage->space,
                                .x0 = (hsize_t)(stage->x0 + panel.x),
                                .nx = (hsize_t)panel.nx,
                                .y0 = (hsize_t)y,
                                .ny = (hsize_t)rows};
    if (!set_space(stage, panel, rows))
        return error_set(err, STATUS_IO, "reading row %lld back: no memory", (long long)row);
    return segment_read_band(segment, row, &band, err);
}

static enum status compare_panel(struct stage *stage, struct panel panel, struct segment *segment,
                                 int64_t row, double *most, struct error *err)
{
    int64_t fitting = BAND_BYTES / (panel.nx * frame_cell_bytes(stage->f64));
    int band_ny = (int)max_int64(1, min_int64(fitting, stage->ny));
    for (int y = 0; y < stage->ny; y += band_ny) {
        int rows = (int)min_int64(band_ny, stage->ny - y);
        TRY(read_band(stage, panel, segment, row, y, rows, err));
        double change = largest_change(stage, panel, y, rows);
        *most = change > *most ? change : *most;
    }
    return STATUS_OK;
}

enum status stage_compare(struct stage *stage, const struct field *field, struct segment *segment,
                          int64_t row, double *most, struct error *err)
{
    *most = 0.0;
    for (int index = 0; index < stage->panels; index++) {
        struct panel panel = panel_at(stage, index);
        stage_panel(stage, NULL, field, panel, panel.nx, room_of(stage));
        TRY(compare_panel(stage, panel, segment, row, most, err));
    }
    return STATUS_OK;
}

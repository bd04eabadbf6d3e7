#include "store/early_frame.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/memory.h"
#include "grid/agree.h"
#include "segment.h"
#include "stage.h"
#include "store/staging.h"

struct early_frame {
    const struct domain *domain;
    char path[PATH_MAX], next[PATH_MAX]; /* the picture, and the one being made */
    char staging[PATH_MAX];
    char *run_id, *title;
    struct layout layout;
    struct digester *digester;
    struct stage *stage;
    bool direct; /* a rank alone writes its tiles itself */
    bool exists; /* rank 0: there is a picture */
};

static const char name[] = "early.h5";

static void early_free(struct early_frame *early)
{
    if (!early)
        return;
    digester_destroy(early->digester);
    stage_destroy(early->stage);
    free(early->run_id);
    free(early->title);
    free(early);
}

static enum status allocate(const struct domain *domain, const struct frames_config *config,
                            struct early_frame **made, struct error *err)
{
    struct early_frame *early = calloc(1, sizeof *early);
    if (!early)
        return error_set(err, STATUS_IO, "opening %s: out of memory", name);
    *made = early;
    early->domain = domain;
    early->run_id = strdup(config->run_id);
    early->title = strdup(config->title);
    early->digester = digester_create(domain);
    early->direct = domain->ranks == 1 && row_tiles_fit(domain, config->f64, config->tile);
    early->stage = stage_create(domain, config->f64, config->tile,
                                early->direct ? STAGE_TILES : STAGE_TOGETHER);
    if (!early->run_id || !early->title || !early->digester || !early->stage)
        return error_set(err, STATUS_IO, "opening %s: out of memory", name);
    early->layout = (struct layout){.run_id = early->run_id,
                                    .title = early->title,
                                    .provenance = config->provenance,
                                    .gnx = domain->gnx,
                                    .gny = domain->gny,
                                    .tile = config->tile,
                                    .dx = config->dx,
                                    .dy = config->dy,
                                    .f64 = config->f64};
    TRY(path_join(early->path, sizeof early->path, config->directory, name, err));
    TRY(path_join(early->staging, sizeof early->staging,
                  config->staging ? config->staging : config->directory, "", err));
    return staging_path(early->staging, name, early->next, err);
}

void early_frame_discard(const char *directory, const char *staging)
{
    char path[PATH_MAX];
    struct error ignored;
    if (path_join(path, sizeof path, directory, name, &ignored) == STATUS_OK)
        (void)!staging_remove(staging ? staging : directory, path, &ignored);
}

enum status early_frame_open(const struct domain *domain, const struct frames_config *config,
                             struct early_frame **opened, struct error *err)
{
    struct early_frame *early = NULL;
    enum status status = agree(domain, allocate(domain, config, &early, err), err);
    if (status != STATUS_OK) {
        early_free(early);
        return status;
    }
    if (domain->rank == 0)
        early_frame_discard(config->directory, config->staging);
    *opened = early;
    return STATUS_OK;
}

void early_frame_close(struct early_frame *early)
{
    if (!early)
        return;
    early_frame_remove(early);
    early_free(early);
}

void early_frame_remove(struct early_frame *early)
{
    if (!early->exists)
        return;
    struct error ignored;
    (void)!staging_remove(early->staging, early->path, &ignored);
    unlink(early->next);
    early->exists = false;
}

/* Rank 0: the file, but for its row. */
static enum status make_file(struct early_frame *early, const struct frame_row *row, int clocks,
                             int clocks_passed, struct error *err)
{
    early->layout.epoch_ms = series_epoch(row->event_time_ms);
    TRY(segment_lay_out(&early->layout, early->next, 1, err));
    struct h5_scope scope = h5_begin();
    hid_t access = h5_access_serial(&scope);
    hid_t file = h5_own(&scope, H5Fopen(early->next, H5F_ACC_RDWR, access));
    h5_put_int64(&scope, file, "clocks", clocks);
    h5_put_int64(&scope, file, "clocks_passed", clocks_passed);
    return h5_end(&scope, STATUS_IO, err, "writing %s", early->next);
}

static enum status write_row(struct early_frame *early, struct segment *segment,
                             const struct field *field, const struct frame_row *row,
                             struct error *err)
{
    struct digest stored;
    TRY(stage_write(early->stage, early->digester, field, segment, 0, &stored, err));
    if (early->domain->rank != 0)
        return STATUS_OK;
    struct series_record record = series_record(row, stored, early->layout.epoch_ms);
    const void *columns[SERIES_COLUMNS];
    for (int i = 0; i < SERIES_COLUMNS; i++)
        columns[i] = (const char *)&record + series_column(i)->offset;
    return segment_write_series(segment, &(struct segment_rows){.count = 1}, columns, err);
}

/* Collective: the row of the file at early->next. */
static enum status fill_file(struct early_frame *early, const struct field *field,
                             const struct frame_row *row, struct error *err)
{
    const struct domain *domain = early->domain;
    struct segment *segment = memory_zeroed(1, sizeof *segment);
    strcpy(segment->path, early->next);
    segment->direct = early->direct;
    enum status opened = segment_open(domain, early->next, segment, err);
    enum status status = agree(domain, opened, err);
    if (status == STATUS_OK)
        status = agree(domain, write_row(early, segment, field, row, err), err);
    struct error closing;
    enum status closed = opened == STATUS_OK ? segment_close(segment, &closing) : STATUS_OK;
    free(segment);
    if (closed != STATUS_OK && status == STATUS_OK)
        *err = closing;
    return status == STATUS_OK ? agree(domain, closed, err) : status;
}

enum status early_frame_write(struct early_frame *early, const struct field *field,
                              const struct frame_row *row, int clocks, int clocks_passed,
                              struct error *err)
{
    const struct domain *domain = early->domain;
    struct digest digest = digest_field(early->digester, field);
    struct frame_row complete = *row;
    complete.digest = digest;
    enum status mine = STATUS_OK;
    if (domain->rank == 0)
        mine = make_file(early, row, clocks, clocks_passed, err);
    TRY(agree(domain, mine, err));
    enum status status = fill_file(early, field, &complete, err);
    if (domain->rank != 0)
        return agree(domain, status, err);
    if (status == STATUS_OK)
        status = staging_publish(early->staging, name, early->path, false, err);
    if (status == STATUS_OK)
        early->exists = true;
    else
        unlink(early->next);
    return agree(domain, status, err);
}

static void get_value(struct h5_scope *scope, hid_t file, const char *path, hid_t type, void *value)
{
    int mark = scope->count;
    hid_t set = h5_own(scope, H5Dopen2(file, path, H5P_DEFAULT));
    hid_t space = h5_own(scope, H5Dget_space(set));
    if (h5_check(scope, H5Sget_simple_extent_npoints(space)) == 1)
        h5_check(scope, H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value));
    h5_close_to(scope, mark);
}

enum status early_frame_view(const char *directory, struct early_view *view, struct error *err)
{
    char path[PATH_MAX];
    struct early_view read = {0};
    TRY(path_join(path, sizeof path, directory, name, err));
    if (!durable_exists(path))
        return error_set(err, STATUS_NO_INPUT, "there is no %s", path);
    struct h5_scope scope = h5_begin();
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDONLY, h5_access_serial(&scope)));
    h5_get_int64(&scope, file, "clocks", &read.clocks);
    h5_get_int64(&scope, file, "clocks_passed", &read.clocks_passed);
    get_value(&scope, file, "/series/window", H5T_NATIVE_INT64, &read.window);
    get_value(&scope, file, "/series/event_time", H5T_NATIVE_INT64, &read.event_time_ms);
    get_value(&scope, file, "/series/events", H5T_NATIVE_INT64, &read.events);
    get_value(&scope, file, "/series/t_min", H5T_NATIVE_DOUBLE, &read.t_min);
    get_value(&scope, file, "/series/t_max", H5T_NATIVE_DOUBLE, &read.t_max);
    TRY(h5_end(&scope, STATUS_NO_INPUT, err, "reading %s", path));
    *view = read;
    return STATUS_OK;
}

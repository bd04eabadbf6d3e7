/* A picture of the open window while it waits: the field is stepped with the heat that the window
 * would have now, shown, and put back. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "run_internal.h"
#include "store/early_frame.h"

struct picture {
    struct early_frame *file;
    struct field *field; /* what is put back */
    double *outflow;     /* [nx] */
};

static void picture_free(struct picture *picture)
{
    if (!picture)
        return;
    early_frame_close(picture->file);
    field_destroy(picture->field);
    free(picture->outflow);
    free(picture);
}

static enum status allocate(const struct run *run, struct picture **made, struct error *err)
{
    struct picture *picture = memory_zeroed(1, sizeof *picture);
    *made = picture;
    picture->field = field_create(run->domain, 0.0);
    picture->outflow = calloc((size_t)run->domain->nx, sizeof *picture->outflow);
    if (picture->field && picture->outflow)
        return STATUS_OK;
    return error_set(err, STATUS_IO, "not enough memory for stream.early_ms: one more field");
}

enum status picture_open(struct run *run, struct error *err)
{
    if (run->plan.early_ms == 0 && run->root)
        early_frame_discard(run->plan.directory, run->plan.staging);
    if (run->plan.early_ms == 0)
        return STATUS_OK;
    struct picture *picture = NULL;
    struct frames_config config = plan_frames(&run->plan);
    enum status status = agree(run->domain, allocate(run, &picture, err), err);
    if (status == STATUS_OK)
        status = early_frame_open(run->domain, &config, &picture->file, err);
    if (status == STATUS_OK)
        run->picture = picture;
    else
        picture_free(picture);
    return status;
}

void picture_close(struct run *run)
{
    picture_free(run->picture);
    run->picture = NULL;
}

void picture_hide(struct run *run)
{
    if (run->picture)
        early_frame_remove(run->picture->file);
}

static void keep(struct picture *picture, struct solver *solver)
{
    const struct field *field = solver_field(solver);
    field_copy(picture->field, field);
    memcpy(picture->outflow, solver_outflow(solver), (size_t)field->nx * sizeof(double));
}

static void put_back(const struct picture *picture, struct solver *solver)
{
    struct field *field = solver_field(solver);
    field_copy(field, picture->field);
    memcpy(solver_outflow(solver), picture->outflow, (size_t)field->nx * sizeof(double));
}

static struct frame_row row_of(const struct run *run, const struct measure *measure,
                               double heat_out)
{
    const struct early_window *seen = &run->root->parcel->early;
    double area = run->plan.solver.dx * run->plan.solver.dy;
    double cells = (double)run->plan.gnx * (double)run->plan.gny;
    return (struct frame_row){
        .window = seen->window,
        .event_time_ms = seen->end_ms,
        .t_min = measure->min,
        .t_max = measure->max,
        .t_mean = measure->sum / cells,
        .heat_content = measure->sum * area,
        .heat_in = run->state.heat_in + step_heat_of(run, seen->heat, seen->heat_count),
        .heat_out = heat_out,
        .events = seen->events,
        .missing = seen->missing,
    };
}

/* The field as it would be after the open window. */
static enum status write_picture(struct run *run, struct error *err)
{
    const struct field *field = solver_field(run->solver);
    struct measure measure = measure_field(run->measurer, field);
    double heat_out = measure_columns(run->measurer, solver_outflow(run->solver));
    struct frame_row row = {0};
    int clocks = 0, passed = 0;
    if (!measure.finite) /* the close will tell, if the events that are missing do not mend it */
        return STATUS_OK;
    if (run->root) {
        row = row_of(run, &measure, heat_out);
        clocks = run->root->parcel->early.clocks;
        passed = run->root->parcel->early.clocks_passed;
    }
    TRY(early_frame_write(run->picture->file, field, &row, clocks, passed, err));
    if (run->root) {
        run->root->shown = run->root->parcel->early;
        run->root->shown.heat = NULL;
    }
    return STATUS_OK;
}

void picture_show(struct run *run)
{
    struct error reason;
    if (!run->picture)
        return;
    keep(run->picture, run->solver);
    const struct early_window *seen = run->root ? &run->root->parcel->early : NULL;
    assert(!seen || seen->window == run->window + 1);
    step_field(run, seen ? seen->heat : NULL, seen ? seen->heat_count : 0, false);
    enum status status = write_picture(run, &reason);
    put_back(run->picture, run->solver);
    if (status == STATUS_OK && run->root)
        progress_waiting(run);
    if (status == STATUS_OK)
        return;
    log_warn("no more pictures of open windows: %s", reason.text);
    picture_close(run);
}

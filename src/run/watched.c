#include "run/watched.h"

#include <stdlib.h>

#include "base/memory.h"

static enum status get_row(void *context, int64_t row, struct watch_row *out, struct error *err)
{
    struct frame_row found;
    TRY(row_reader_row(context, row, &found, err));
    *out = (struct watch_row){
        .window = found.window,
        .event_time_ms = found.event_time_ms,
        .revision = found.revision,
        .change = found.change,
        .t_min = found.t_min,
        .t_max = found.t_max,
        .t_mean = found.t_mean,
        .heat_content = found.heat_content,
        .heat_in = found.heat_in,
        .heat_out = found.heat_out,
        .heat_residual = found.heat_residual,
        .latency_ms = found.latency_ms,
        .events = found.events,
        .late = found.late,
        .missing = found.missing,
        .dead = found.dead,
        .final = found.final,
        .complete = found.complete,
    };
    return STATUS_OK;
}

static enum status get_cells(void *context, int64_t row, const struct watch_box *box, float *cells,
                             struct error *err)
{
    const int64_t corners[4] = {box->x0, box->y0, box->x1, box->y1};
    return row_reader_cells(context, row, corners, cells, err);
}

/* As the file has it, which need not be a level. */
static int level_of(double value)
{
    return value >= 0 && value <= UINT8_MAX ? (int)value : 0;
}

static enum status get_readings(void *context, int64_t row, int count,
                                struct page_reading *readings, struct error *err)
{
    static const char *const panels[] = {"regions/stats/min", "regions/stats/mean",
                                         "regions/stats/max", "regions/level"};
    enum status status = STATUS_OK;
    double *values = memory_block(4 * (size_t)count * sizeof *values);
    for (int i = 0; i < 4 && status == STATUS_OK; i++)
        status =
            row_reader_panel(context, row, panels[i], count, values + (ptrdiff_t)i * count, err);
    for (int i = 0; i < count && status == STATUS_OK; i++)
        readings[i] = (struct page_reading){.min = values[i],
                                            .mean = values[count + i],
                                            .max = values[2 * count + i],
                                            .level = level_of(values[3 * count + i])};
    free(values);
    return status;
}

struct watch_rows watched_rows(struct row_reader *reader)
{
    return (struct watch_rows){
        .context = reader, .row = get_row, .cells = get_cells, .readings = get_readings};
}

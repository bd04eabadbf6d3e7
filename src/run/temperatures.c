#include "run/deck_sources.h"
#include "run_internal.h"

enum status temperatures_open(struct run *run, struct error *err)
{
    const struct cell_box *box = &run->plan.temp_box;
    if (!run->plan.to_topic)
        return STATUS_OK;
    const struct temperature_area area = {box->x0, box->y0, box->x1, box->y1};
    struct kafka_config config = kafka_of_deck(run->root->deck);
    config.topic = run->root->deck->temp.topic;
    return temperature_topic_open(&config, &area, &run->root->temperatures, err);
}

/* Of windows that have a row. */
static bool goes_to_topic(const struct run *run, int64_t window)
{
    const struct plan *plan = &run->plan;
    return run->gather && (window + 1) / plan->frames_every % plan->temp_every == 0;
}

bool temperatures_ready(const struct run *run, int timeout_ms)
{
    int64_t next = run->window + 1;
    bool has_row = (next + 1) % run->plan.frames_every == 0;
    return !has_row || !goes_to_topic(run, next) ||
           temperature_topic_ready(run->root->temperatures, timeout_ms);
}

enum status temperatures_publish(struct run *run, const struct frame_row *row, struct error *err)
{
    struct root *root = run->root;
    double *cells = NULL;
    if (!goes_to_topic(run, run->window))
        return STATUS_OK;
    if (root && root->failure == STATUS_OK)
        root_note(root, temperature_topic_begin(root->temperatures, &cells, err), err);
    TRY(root_share_failure(run, err));
    gather_box(run->gather, solver_field(run->solver), cells);
    if (root)
        temperature_topic_send(root->temperatures,
                               &(struct temperature_frame){.window = row->window,
                                                           .revision = row->revision,
                                                           .end_ms = row->event_time_ms,
                                                           .final = row->final});
    return STATUS_OK;
}

enum status temperatures_sync(struct root *root, struct error *err)
{
    return root->temperatures ? temperature_topic_sync(root->temperatures, err) : STATUS_OK;
}

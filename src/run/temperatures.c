#include "base/arith.h"
#include "run/deck_sources.h"
#include "run_internal.h"

/* What rank 0 holds of a frame at once: 32 MiB. Solving goes on while the last part of a frame is
 * sent. */
enum { PIECE_CELLS = 1 << 22 };

enum status temperatures_open(struct run *run, struct error *err)
{
    if (!run->plan.to_topic)
        return STATUS_OK;
    const struct cell_box *box = &run->plan.temp_box;
    int64_t height = box->y1 - box->y0, cells = (box->x1 - box->x0) * height;
    struct kafka_config config = kafka_of_deck(run->root->deck);
    config.topic = run->root->deck->temp.topic;
    return temperature_topic_open(&config, min_int64(cells, max_int64(height, PIECE_CELLS)),
                                  &run->root->temperatures, err);
}

void temperatures_prepare(struct run *run)
{
    if (run->plan.to_topic)
        run->gather = gather_create(run->domain, &run->plan.temp_box, PIECE_CELLS);
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

static enum status publish_piece(struct run *run, int64_t piece, const struct frame_row *row,
                                 struct error *err)
{
    struct root *root = run->root;
    double *cells = NULL;
    follow_begin(run);
    if (root && root->failure == STATUS_OK)
        root_note(root, temperature_topic_begin(root->temperatures, &cells, err), err);
    follow_word(run);
    TRY(root_share_failure(run, err));
    gather_piece(run->gather, piece, solver_field(run->solver), cells);
    if (!root)
        return STATUS_OK;
    const struct cell_box box = gather_box_of(run->gather, piece);
    temperature_topic_send(root->temperatures,
                           &(struct temperature_frame){.window = row->window,
                                                       .revision = row->revision,
                                                       .end_ms = row->event_time_ms,
                                                       .final = row->final},
                           &(struct temperature_area){box.x0, box.y0, box.x1, box.y1});
    return STATUS_OK;
}

enum status temperatures_publish(struct run *run, const struct frame_row *row, struct error *err)
{
    if (!goes_to_topic(run, run->window))
        return STATUS_OK;
    for (int64_t piece = 0; piece < gather_pieces(run->gather); piece++)
        TRY(publish_piece(run, piece, row, err));
    return STATUS_OK;
}

enum status temperatures_sync(struct root *root, struct error *err)
{
    return root->temperatures ? temperature_topic_sync(root->temperatures, err) : STATUS_OK;
}

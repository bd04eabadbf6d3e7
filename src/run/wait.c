#include "base/arith.h"
#include "run_internal.h"

enum { RELAY_NAP_MS = 1 };

/* Of the time limit, at most, is kept in hand for a correction that may never come. */
static const double correction_share = 0.1;

static bool move(void *context)
{
    return relay_move(context);
}

void wait_for_order(struct run *run, struct order *order)
{
    const struct meanwhile meanwhile = {.work = move, .context = run->relay};
    (void)relay_move(run->relay); /* the slowest rank finds the order there and does not wait */
    agree_broadcast_meanwhile(run->domain, order, (int)sizeof *order, &meanwhile);
}

struct parcel *wait_for_parcel(struct run *run, int timeout_ms)
{
    struct feed *feed = run->root->feed;
    if (!run->relay)
        return feed_next(feed, timeout_ms);
    double until_s = stop_clock_s() + 1e-3 * timeout_ms;
    struct parcel *parcel;
    bool moved;
    do {
        moved = relay_move(run->relay);
        parcel = feed_next(feed, moved ? 0 : RELAY_NAP_MS);
    } while (!parcel && stop_clock_s() < until_s);
    return parcel;
}

static bool writes_to_topics(const struct root *root)
{
    return root->temperatures || root->deck->stream.dead_letter_topic || root->deck->alert_topic;
}

/* A checkpoint, which may be slower than the last one. */
static double leaving_s(const struct root *root)
{
    return 2 * root->checkpoint_s + 1;
}

/* Whatever corrections there were so far: the next may go back as far as any can. */
static double longest_correction_s(const struct root *root)
{
    int64_t windows = min_int64(root->windows_closed, root->deck->stream.horizon_windows);
    double all_s = (double)windows * root->step_s;
    double most_s = correction_share * root->stop.time_limit_s;
    return all_s < most_s ? all_s : most_s;
}

/* How long before the time limit a stop begins: for the windows on their way, and a checkpoint. */
static double reserve_s(const struct root *root)
{
    double patience_s = writes_to_topics(root) ? root->deck->run.stop_s : 0;
    return leaving_s(root) + (FEED_PARCELS + 2) * root->window_s + longest_correction_s(root) +
           patience_s;
}

enum stop_request wait_request(struct root *root)
{
    enum stop_request request = stop_poll(&root->stop, reserve_s(root));
    if (request != STOP_NOW && room_is_low(root))
        request = STOP_SOON;
    if (request != STOP_NOTHING && !root->state_wanted) {
        root->state_wanted = true;
        feed_want_state(root->feed);
    }
    if (request == STOP_SOON && !root->stopping)
        root->stop_asked_s = stop_clock_s();
    root->stopping = root->stopping || request == STOP_SOON;
    return request;
}

bool wait_is_too_long(const struct root *root, int64_t windows)
{
    if (!root->stopping)
        return false;
    const struct stop_watch *stop = &root->stop;
    double done_s = stop_clock_s() + (double)windows * root->step_s;
    bool late = stop->time_limit_s >= 0 && done_s + leaving_s(root) > stop->time_limit_s;
    return late || (!stop->at_limit && done_s > root->stop_asked_s + root->deck->run.stop_s);
}

bool wait_is_over(struct root *root)
{
    follow_pulse(root);
    enum stop_request request = wait_request(root);
    double now_s = stop_clock_s();
    if (request == STOP_SOON && root->gives_up_s == 0)
        root->gives_up_s = now_s + root->deck->run.stop_s;
    return request == STOP_NOW || (request == STOP_SOON && now_s >= root->gives_up_s);
}

/* The slowest of late: what is in hand before the time limit must do for a bad one. */
void wait_note_cost(struct root *root, const struct order *order, double seconds)
{
    if (order->kind != ORDER_STEP)
        return;
    root->spent_s += seconds;
    root->spent_windows++;
    if (order->waits)
        return;
    double each_s = root->spent_s / root->spent_windows;
    if (!order->checkpoint) {
        root->closing_s += root->spent_s;
        root->step_s = root->step_s > 0 ? 0.95 * root->step_s + 0.05 * each_s : each_s;
    }
    root->spent_s = 0;
    root->spent_windows = 0;
    if (order->close != CLOSE_NEW)
        return;
    root->window_s =
        root->closing_s > 0.98 * root->window_s ? root->closing_s : 0.98 * root->window_s;
    root->closing_s = 0;
    root->windows_closed = order->window + 1;
}

static bool is_over(void *context)
{
    return wait_is_over(context);
}

void wait_init(struct root *root)
{
    root->patience = (struct patience){.is_over = is_over, .context = root};
    dead_letters_set_patience(root->letters, &root->patience);
    announcer_set_patience(root->alerts, &root->patience);
    if (root->temperatures)
        temperature_topic_set_patience(root->temperatures, &root->patience);
}

#include "wire/generator.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"
#include "calendar.h"
#include "hot_cells.h"
#include "wire/chance.h"
#include "wire/event_text.h"

/* What a random number of a cell at a step is for. */
enum purpose { FOR_JITTER = CHANCE_OF_HEAT + 1, FOR_DELAY, FOR_DROPOUT, FOR_DUPLICATE };

enum { ALL_PARTITIONS = -1, CALENDAR_BUCKETS = 1024 };

/* -log of the smallest uniform number is 36.7: no delay is longer than this many means. */
static const double LONGEST_DELAY = 37;

struct generator {
    struct generator_config config;
    int part;                 /* the only partition made, or ALL_PARTITIONS */
    int64_t x_begin, x_end;   /* the columns visited */
    int *partition_of_column; /* [gnx], of a generator of all partitions by column */
    bool filtered;            /* other partitions' cells lie in these columns */
    bool prompt;              /* nothing is delayed, dropped or doubled */
    bool plain;               /* hot cells are events as they are found */
    bool mute;        /* no sensor ever speaks: an endless search for an event would not end */
    int64_t *offsets; /* [partitions]: of the next event */
    uint64_t seed_key, step_key;
    struct hot_cells *hot;
    int64_t timed_step, timed_ms; /* a step, and its time */

    const int32_t *rows; /* of a plain generator: the events of a column that are delivered next */
    int64_t rows_left, rows_step, rows_x;

    int64_t step, x;    /* what is made next */
    struct slots batch; /* what is delivered next */
    size_t at;
    bool doubling; /* batch.items[at] has been delivered once */

    struct calendar *calendar;    /* NULL: nothing is delayed */
    int64_t bucket, bucket_steps; /* the next bucket, and its length */
    int64_t step_us;

    struct event_text *text;
};

static void begin_step(struct generator *g, int64_t step)
{
    g->step = step;
    g->x = g->x_begin;
    g->step_key = chance_hash(g->seed_key, (uint64_t)step);
    hot_cells_begin(g->hot, g->step_key);
}

static void plan_delays(struct generator *g)
{
    double steps = LONGEST_DELAY * g->config.delay_ms / (double)g->config.step_ms;
    g->bucket_steps = (int64_t)(steps / CALENDAR_BUCKETS) + 1;
    int64_t buckets = (int64_t)(steps / (double)g->bucket_steps) + 3;
    g->step_us = g->config.step_ms * 1000;
    g->calendar = calendar_create(buckets, g->bucket_steps * g->step_us);
}

/* The first column of a partition: floor(x*P/nx) = p from x = ceil(p*nx/P) on. */
static int64_t first_column(const struct generator_config *config, int64_t partition)
{
    return (partition * config->gnx + config->partitions - 1) / config->partitions;
}

static void plan_columns(struct generator *g)
{
    const struct generator_config *config = &g->config;
    g->x_end = config->gnx;
    if (config->partition_by_key)
        return;
    if (g->part != ALL_PARTITIONS) {
        g->x_begin = first_column(config, g->part);
        g->x_end = first_column(config, g->part + 1);
        return;
    }
    g->partition_of_column = memory_zeroed(config->gnx, sizeof(int));
    for (int64_t x = 0; x < config->gnx; x++)
        g->partition_of_column[x] = (int)(x * config->partitions / config->gnx);
}

void generator_destroy(struct generator *g)
{
    if (!g)
        return;
    event_text_destroy(g->text);
    calendar_destroy(g->calendar);
    free(g->batch.items);
    hot_cells_destroy(g->hot);
    free(g->offsets);
    free(g->partition_of_column);
    free(g);
}

static double chance_of(uint64_t cell_key, enum purpose purpose)
{
    return chance_uniform(chance_hash(cell_key, purpose));
}

static uint64_t cell_key(const struct generator *g, int64_t x, int64_t y)
{
    return chance_hash(g->step_key, (uint64_t)(x * g->config.gny + y));
}

static int partition_of(const struct generator *g, int64_t x, int64_t y)
{
    if (!g->config.partition_by_key)
        return g->part != ALL_PARTITIONS ? g->part : g->partition_of_column[x];
    return event_partition_by_key(x, y, g->config.partitions);
}

/* Puts the event into the bucket of its delivery. */
static void post(struct generator *g, struct slot *slot, double delay_ms)
{
    int64_t delay_us = (int64_t)(delay_ms * 1000);
    int64_t due_step = slot->step + delay_us / g->step_us;
    slot->due_us = due_step % g->bucket_steps * g->step_us + delay_us % g->step_us;
    calendar_add(g->calendar, due_step / g->bucket_steps, slot);
}

static void send_by_chance(struct generator *g, struct slot *slot)
{
    const struct generator_config *config = &g->config;
    uint64_t key = cell_key(g, slot->x, slot->y);
    if (config->dropout > 0 && chance_of(key, FOR_DROPOUT) < config->dropout)
        return;
    slot->doubled = config->duplicates > 0 && chance_of(key, FOR_DUPLICATE) < config->duplicates;
    if (g->calendar)
        post(g, slot, config->delay_ms * chance_exponential(chance_of(key, FOR_DELAY)));
    else
        slots_push(&g->batch, slot);
}

static void speak(struct generator *g, int64_t x, int64_t y, bool hot)
{
    struct slot slot = {.step = g->step, .x = (int32_t)x, .y = (int32_t)y, .hot = hot};
    if (g->filtered && partition_of(g, x, y) != g->part)
        return;
    if (g->prompt)
        slots_push(&g->batch, &slot);
    else
        send_by_chance(g, &slot);
}

static void make_column(struct generator *g, int64_t x)
{
    int64_t ny = g->config.gny, count;
    const int32_t *rows = hot_cells_column(g->hot, x, g->x_end, &count);
    if (!g->config.zeros) {
        for (int64_t i = 0; i < count; i++)
            speak(g, x, rows[i * HOT_CELLS_STRIDE], true);
        return;
    }
    for (int64_t y = 0, i = 0; y < ny; y++) {
        bool is_hot = i < count && rows[i * HOT_CELLS_STRIDE] == y;
        i += is_hot;
        speak(g, x, y, is_hot);
    }
}

/* Sensors of the partition made. */
static int64_t count_cells(const struct generator *g)
{
    if (!g->config.partition_by_key || g->part == ALL_PARTITIONS)
        return (g->x_end - g->x_begin) * g->config.gny;
    int64_t count = 0;
    for (int64_t x = 0; x < g->config.gnx; x++)
        for (int64_t y = 0; y < g->config.gny; y++)
            count += partition_of(g, x, y) == g->part;
    return count;
}

static bool is_mute(const struct generator *g)
{
    const struct generator_config *config = &g->config;
    return (!config->zeros && config->probability <= 0) || config->dropout >= 1 ||
           count_cells(g) == 0;
}

static bool steps_left(const struct generator *g)
{
    return !g->mute && (g->config.steps == 0 || g->step < g->config.steps);
}

static void find_column(struct generator *g, int64_t x)
{
    g->rows = hot_cells_column(g->hot, x, g->x_end, &g->rows_left);
    g->rows_step = g->step;
    g->rows_x = x;
}

/* Makes the next column of the present step. */
static bool refill_at_once(struct generator *g)
{
    if (!steps_left(g))
        return false;
    g->batch.count = 0;
    if (g->x < g->x_end && g->plain)
        find_column(g, g->x++);
    else if (g->x < g->x_end)
        make_column(g, g->x++);
    if (g->x == g->x_end)
        begin_step(g, g->step + 1);
    return true;
}

/* A bucket is whole when every step up to its end has been made: delays are not negative. */
static bool refill_from_calendar(struct generator *g)
{
    for (; steps_left(g) && g->step < (g->bucket + 1) * g->bucket_steps; begin_step(g, g->step + 1))
        for (int64_t x = g->x_begin; x < g->x_end; x++)
            make_column(g, x);
    if (!steps_left(g) && calendar_pending(g->calendar) == 0)
        return false;
    calendar_take(g->calendar, &g->batch);
    g->bucket++;
    return true;
}

/* Fills the batch with at least one event; false after the last. */
static bool refill(struct generator *g)
{
    g->at = 0;
    g->batch.count = 0;
    while (g->batch.count == 0 && g->rows_left == 0)
        if (!(g->calendar ? refill_from_calendar(g) : refill_at_once(g)))
            return false;
    return true;
}

static int64_t jittered_time(const struct generator *g, const struct slot *slot)
{
    const struct generator_config *config = &g->config;
    uint64_t step_key = chance_hash(g->seed_key, (uint64_t)slot->step);
    uint64_t key = chance_hash(step_key, (uint64_t)(slot->x * config->gny + slot->y));
    double jitter = config->jitter_ms * chance_normal(chance_of(key, FOR_JITTER));
    __int128 time_ms = config->start_ms + (__int128)slot->step * config->step_ms;
    time_ms += (int64_t)(jitter < 0 ? jitter - 0.5 : jitter + 0.5);
    return clamp_to_int64(time_ms);
}

static int64_t step_time(struct generator *g, int64_t step)
{
    const struct generator_config *config = &g->config;
    if (step != g->timed_step) {
        g->timed_step = step;
        g->timed_ms = clamp_to_int64(config->start_ms + (__int128)step * config->step_ms);
    }
    return g->timed_ms;
}

static int64_t delivery_step(const struct generator *g, const struct slot *slot)
{
    return g->calendar ? (g->bucket - 1) * g->bucket_steps + slot->due_us / g->step_us : slot->step;
}

struct generator *generator_create_part(const struct generator_config *config, int partition)
{
    assert(config->gnx <= INT32_MAX && config->gny <= INT32_MAX && config->step_ms > 0);
    struct generator *g = memory_zeroed(1, sizeof *g);
    g->config = *config;
    g->part = partition;
    plan_columns(g);
    g->offsets = memory_zeroed(config->partitions, sizeof *g->offsets);
    g->hot = hot_cells_create(config->gny, config->probability);
    g->timed_ms = config->start_ms;
    g->seed_key = chance_mix(config->seed + UINT64_C(0x9e3779b97f4a7c15));
    if (config->delay_ms > 0)
        plan_delays(g);
    g->filtered = partition != ALL_PARTITIONS && config->partition_by_key;
    g->prompt = !g->calendar && config->dropout <= 0 && config->duplicates <= 0;
    g->plain = g->prompt && !g->filtered && !config->zeros && config->jitter_ms <= 0;
    g->mute = is_mute(g);
    begin_step(g, 0);
    return g;
}

struct generator *generator_create(const struct generator_config *config)
{
    struct generator *g = generator_create_part(config, ALL_PARTITIONS);
    g->text = event_text_create(config);
    return g;
}

static void tell_row(struct generator *g, struct generated *event)
{
    int64_t y = *g->rows;
    g->rows += HOT_CELLS_STRIDE;
    int partition = partition_of(g, g->rows_x, y);
    *event = (struct generated){.partition = partition,
                                .offset = g->offsets[partition]++,
                                .time_ms = step_time(g, g->rows_step),
                                .x = g->rows_x,
                                .y = y,
                                .value = g->config.value,
                                .step = g->rows_step};
    g->rows_left--;
}

static void tell_slot(struct generator *g, struct generated *event)
{
    const struct slot *slot = &g->batch.items[g->at];
    int partition = partition_of(g, slot->x, slot->y);
    *event = (struct generated){.partition = partition,
                                .offset = g->offsets[partition]++,
                                .time_ms = g->config.jitter_ms > 0 ? jittered_time(g, slot)
                                                                   : step_time(g, slot->step),
                                .x = slot->x,
                                .y = slot->y,
                                .value = slot->hot ? g->config.value : 0.0,
                                .step = delivery_step(g, slot)};
    g->doubling = slot->doubled && !g->doubling;
    g->at += !g->doubling;
}

bool generator_next(struct generator *g, struct generated *event)
{
    if (g->rows_left == 0 && g->at == g->batch.count && !refill(g))
        return false;
    if (g->plain)
        tell_row(g, event);
    else
        tell_slot(g, event);
    return true;
}

/* Every sensor is heard exactly once a step. */
static bool is_regular(const struct generator_config *config)
{
    return (config->zeros || config->probability >= 1) && config->dropout <= 0 &&
           config->duplicates <= 0;
}

void generator_skip(struct generator *g, int64_t count)
{
    struct generated event;
    int64_t cells = count_cells(g);
    bool fresh = g->step == 0 && g->x == g->x_begin && g->batch.count == 0;
    if (fresh && g->part != ALL_PARTITIONS && !g->calendar && is_regular(&g->config) && cells > 0) {
        begin_step(g, count / cells);
        g->offsets[g->part] = count - count % cells;
        count %= cells;
    }
    while (count > 0 && generator_next(g, &event))
        count--;
}

/* Those of a plain generator are not told one by one. */
static int64_t count_all(struct generator *g)
{
    struct generated event;
    int64_t count = 0;
    for (; g->plain && refill(g); g->rows_left = 0)
        count += g->rows_left;
    while (!g->plain && generator_next(g, &event))
        count++;
    return count;
}

int64_t generator_count(const struct generator_config *config, int partition)
{
    struct generator *g = generator_create_part(config, partition);
    int64_t count = 0;
    if (config->steps == 0)
        count = g->mute ? 0 : INT64_MAX;
    else if (is_regular(config))
        count = count_cells(g) * config->steps;
    else
        count = count_all(g);
    generator_destroy(g);
    return count;
}

void generator_encode(const struct generator *g, const struct generated *event,
                      enum event_format format, struct buffer *key, struct buffer *value)
{
    if (format == EVENT_BINARY)
        event_text_put_binary(event, key, value);
    else if (format == EVENT_JSON)
        event_text_put_json(g->text, event, value);
    else if (g->config.avro)
        event_avro_put(g->config.avro, event, value);
}

size_t generator_longest(const struct generator *g, enum event_format format)
{
    if (format == EVENT_BINARY)
        return EVENT_KEY_BYTES + EVENT_VALUE_BYTES;
    return event_format_is_avro(format) ? event_avro_longest(g->config.avro)
                                        : event_text_longest(g->text);
}

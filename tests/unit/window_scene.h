/* Random streams for the window room. */
#ifndef HEATSTREAM_TESTS_WINDOW_SCENE_H
#define HEATSTREAM_TESTS_WINDOW_SCENE_H

#include "splitmix.h"
#include "window/windows.h"

enum { NX = 5, NY = 3, MAX_PARTITIONS = 5, MAX_RECORDS = 400 };

enum { MAX_TIMEOUTS = 4 };

/* A partition's messages and the time-outs of its silence, as a journal would have them. */
struct stream {
    struct record records[MAX_RECORDS];
    int count;
    int64_t end;
    int timeouts;
    int64_t before[MAX_TIMEOUTS], to_ms[MAX_TIMEOUTS];
};

struct scene {
    struct windows_config config;
    bool sensors_share; /* cells: sensors are rows of a table */
    int64_t late_in;    /* one of so many records is late, */
    int64_t late_ms;    /* by less than this */
    struct stream streams[MAX_PARTITIONS];
};

static int64_t below(uint64_t *random, int64_t limit)
{
    return (int64_t)(next_random(random) % (uint64_t)limit);
}

static const uint8_t payload[] = "raw bytes of the record";

/* How unruly the records of a scene are. */
enum mood {
    TAME, /* in order up to the disorder bound */
    LATE, /* late up to and beyond the horizon, repeated, now and then ahead */
    WILD  /* and with broken clocks, gaps, garbage, holes, silence */
};

static int64_t cell_of(const struct scene *scene, int64_t sensor)
{
    return scene->sensors_share ? sensor / 3 : sensor;
}

static struct record random_record(uint64_t *random, const struct scene *scene, int64_t now_ms,
                                   int64_t sensors, enum mood mood)
{
    const struct windows_config *config = &scene->config;
    struct record record = {.verdict = FATE_ON_TIME, .has_time = true, .value = payload};
    record.value_size = 1 + (size_t)below(random, sizeof payload - 1);
    record.sensor = below(random, sensors);
    record.cell = cell_of(scene, record.sensor);
    record.time_ms = now_ms - below(random, config->disorder_ms + 1);
    record.rate = (double)below(random, 1000) / 7.0 - 20.0;
    if (mood == TAME)
        return record;
    if (below(random, scene->late_in) == 0)
        record.time_ms -= below(random, scene->late_ms);
    if (mood == LATE)
        return record;
    if (below(random, 30) == 0)
        record.time_ms += below(random, 10 * config->window_ms);
    if (record.sensor == 3 && below(random, 4) == 0)
        record.time_ms += 100 * config->jump_ms + below(random, 1000);
    if (below(random, 15) == 0)
        record.verdict = below(random, 2) ? FATE_UNDECODABLE : FATE_OUT_OF_RANGE;
    return record;
}

/* A record sent twice: the time and sensor of one that a partition has already, unless that is too
 * long ago. */
static void repeat(struct record *record, uint64_t *random, const struct scene *scene,
                   int partition, int i)
{
    int from = (int)below(random, partition + 1);
    int count = from == partition ? i : scene->streams[from].count;
    if (count == 0)
        return;
    int reach = count < 30 ? count : 30; /* mostly one that is not long gone */
    int end = from == partition || i >= count ? count : i + 1;
    int at = end - 1 - (int)below(random, end < reach ? end : reach);
    const struct record *first = &scene->streams[from].records[at];
    if (llabs(first->time_ms - record->time_ms) >= scene->late_ms)
        return;
    record->time_ms = first->time_ms;
    record->sensor = first->sensor;
    record->cell = first->cell;
}

static void make_stream(struct scene *scene, uint64_t *random, int partition, enum mood mood)
{
    const struct windows_config *config = &scene->config;
    struct stream *stream = &scene->streams[partition];
    int64_t now_ms = config->t0_ms + config->disorder_ms + below(random, mood == WILD ? 300 : 50);
    int64_t offset = below(random, 50), pace_ms = 1 + below(random, 30), sensors = NX * NY;
    stream->count = (int)below(random, MAX_RECORDS);
    for (int i = 0; i < stream->count; i++) {
        now_ms += below(random, pace_ms + 1);
        if (mood == WILD && below(random, 150) == 0) { /* after a gap fewer sensors may be left */
            now_ms += below(random, 5 * config->jump_ms);
            sensors = below(random, 2) ? 1 + below(random, 3) : NX * NY;
        }
        offset += mood == WILD && below(random, 20) == 0 ? 1 + below(random, 5) : 1;
        stream->records[i] = random_record(random, scene, now_ms, sensors, mood);
        if (mood != TAME && below(random, 10) == 0)
            repeat(&stream->records[i], random, scene, partition, i);
        stream->records[i].partition = partition;
        stream->records[i].offset = offset;
    }
    stream->end = offset + 1 + (mood == WILD ? below(random, 3) : 0);
    stream->timeouts = mood != WILD || !stream->count ? 0 : (int)below(random, MAX_TIMEOUTS + 1);
    for (int i = 0; i < stream->timeouts; i++) {
        int64_t least = i ? stream->before[i - 1] : 0;
        stream->before[i] = least + below(random, stream->end - least + 1);
        stream->to_ms[i] = config->t0_ms + below(random, now_ms - config->t0_ms + 1);
    }
}

static void make_scene(struct scene *scene, uint64_t seed, enum mood mood)
{
    uint64_t random = seed;
    scene->config = (struct windows_config){
        .partitions = 1 + (int)below(&random, MAX_PARTITIONS),
        .gnx = NX,
        .gny = NY,
        .t0_ms = below(&random, 2000) - 1000,
        .window_ms = 1 + below(&random, 100),
        .disorder_ms = below(&random, 200),
        .horizon_windows = 2 + (int)below(&random, 12),
        .clock_sensors = 2 + (int)below(&random, 3),
        .clock_expiry = 20 + below(&random, seed % 2 ? 100 : 10),
        .max_open_events = 100000,
        .jump_ms = mood == WILD ? 50 + below(&random, 400) : 1000000,
        .gen_scale = 1.0 + (double)below(&random, 3),
        .snapshot_spacing = 1 + (int)below(&random, 6),
        .dedup = below(&random, 2),
    };
    scene->config.estimate = (enum estimate)below(&random, ESTIMATE_CUBIC + 1);
    scene->config.span = below(&random, 2) ? 1 : 2 + (int)below(&random, 4);
    scene->config.hold = below(&random, 2) ? 0 : 1 + below(&random, 20);
    scene->sensors_share = below(&random, 3) == 0;
    scene->late_in = 2 + below(&random, 30);
    int64_t horizon_ms = (scene->config.horizon_windows - 1) * scene->config.window_ms;
    bool within = mood == LATE && seed % 4 != 0;
    scene->late_ms = 1 + below(&random, within ? horizon_ms : 2 * horizon_ms);
    for (int p = 0; p < scene->config.partitions; p++)
        make_stream(scene, &random, p, mood);
}

#endif

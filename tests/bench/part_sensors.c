/* Sensors that speak on time: one a cell, each every STEP_MS, their phases spread evenly over the
 * step and over the partitions. An event is handed to a producer, connected long before, when the
 * wall clock shows its time.
 *
 *     part_sensors BROKERS TOPIC PARTITIONS SIDE START_MS STEPS LINGER_MS
 *
 * prints by how many milliseconds it was late itself: the median, the 99th per cent, the most. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <librdkafka/rdkafka.h>

#include "median.h"

enum { STEP_MS = 100, VALUE_BYTES = 96, LAST_MS = 20000, FIRING_PER_MILLE = 10, RATE = 4 };

struct sensors {
    rd_kafka_t *kafka;
    rd_kafka_topic_t *topic;
    int partitions, side;
    int count;  /* side * side */
    int stride; /* prime to count: neighbours in time lie in different partitions */
    bool failed;
};

static void fail(const char *what)
{
    fprintf(stderr, "part_sensors: %s\n", what);
    exit(EXIT_FAILURE);
}

static void note_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    (void)kafka;
    struct sensors *sensors = opaque;
    sensors->failed |= message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[512];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
        fail(text);
}

static void connect_to(struct sensors *sensors, const char *brokers, const char *topic,
                       const char *linger_ms)
{
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "linger.ms", linger_ms);
    set(conf, "acks", "1");
    set(conf, "queue.buffering.max.messages", "1000000"); /* all that a slow start holds up */
    rd_kafka_conf_set_opaque(conf, sensors);
    rd_kafka_conf_set_dr_msg_cb(conf, note_delivery);
    sensors->kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!sensors->kafka)
        fail(text);
    sensors->topic = rd_kafka_topic_new(sensors->kafka, topic, NULL);
    const struct rd_kafka_metadata *metadata;
    if (!sensors->topic || rd_kafka_metadata(sensors->kafka, 0, sensors->topic, &metadata,
                                             LAST_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail("no answer from the broker");
    rd_kafka_metadata_destroy(metadata);
}

static int divisor(int a, int b)
{
    return b == 0 ? a : divisor(b, a % b);
}

/* Near the golden section of the count, which spreads any run of consecutive numbers evenly. */
static int choose_stride(int count)
{
    int stride = (int)(0.618 * count);
    while (stride > 1 && divisor(count, stride) != 1)
        stride--;
    return stride < 1 ? 1 : stride;
}

static double wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec * 1e3 + 1e-6 * (double)now.tv_nsec;
}

static void sleep_until(int64_t time_ms)
{
    struct timespec at = {.tv_sec = time_ms / 1000, .tv_nsec = time_ms % 1000 * 1000000};
    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL) != 0)
        ;
}

static void speak(struct sensors *sensors, int64_t turn, int64_t time_ms)
{
    char value[VALUE_BYTES];
    int sensor = (int)(turn * sensors->stride % sensors->count);
    int x = sensor / sensors->side, y = sensor % sensors->side;
    bool fires = (uint64_t)(time_ms * 1000003 + sensor) * 0x9E3779B97F4A7C15u >> 32 <
                 ((uint64_t)FIRING_PER_MILLE << 32) / 1000;
    int size = snprintf(value, sizeof value, "{\"time\":%lld,\"gridX\":%d,\"gridY\":%d,\"gen\":%d}",
                        (long long)time_ms, x, y, fires ? RATE : 0);
    if (rd_kafka_produce(sensors->topic, x * sensors->partitions / sensors->side,
                         RD_KAFKA_MSG_F_COPY, value, (size_t)size, NULL, 0, NULL) != 0)
        fail("the producer's queue is full");
}

/* The turns of sensor phases that fall into each millisecond. */
static void run(struct sensors *sensors, int64_t start_ms, int64_t steps, double *late_ms)
{
    int64_t turn = 0;
    for (int64_t ms = 0; ms < steps * STEP_MS; ms++) {
        int64_t step = ms / STEP_MS, end = (ms % STEP_MS + 1) * sensors->count / STEP_MS;
        sleep_until(start_ms + ms);
        for (; turn < step * sensors->count + end; turn++)
            speak(sensors, turn, start_ms + ms);
        rd_kafka_poll(sensors->kafka, 0);
        late_ms[ms] = wall_clock_ms() - (double)(start_ms + ms);
    }
}

int main(int argc, char **argv)
{
    if (argc != 8)
        fail("BROKERS TOPIC PARTITIONS SIDE START_MS STEPS LINGER_MS");
    struct sensors sensors = {.partitions = atoi(argv[3]), .side = atoi(argv[4])};
    int64_t steps = atoll(argv[6]);
    size_t count = (size_t)(steps * STEP_MS);
    sensors.count = sensors.side * sensors.side;
    sensors.stride = choose_stride(sensors.count);
    double *late_ms = calloc(count, sizeof *late_ms);
    if (!late_ms || count == 0 || sensors.count == 0)
        fail("nothing to do");
    connect_to(&sensors, argv[1], argv[2], argv[7]);
    run(&sensors, atoll(argv[5]), steps, late_ms);
    if (rd_kafka_flush(sensors.kafka, LAST_MS) != RD_KAFKA_RESP_ERR_NO_ERROR || sensors.failed)
        fail("events were not delivered");
    qsort(late_ms, count, sizeof *late_ms, ascending);
    printf("%.3f %.3f %.3f\n", late_ms[count / 2], late_ms[count * 99 / 100], late_ms[count - 1]);
    free(late_ms);
    rd_kafka_topic_destroy(sensors.topic);
    rd_kafka_destroy(sensors.kafka);
    return EXIT_SUCCESS;
}

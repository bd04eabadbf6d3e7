/* The bound of every consumer that waits for event time: when it has, of each partition, the
 * SENSORS-th event at or beyond the end of a window plus the bound of disorder.
 *
 *     part_arrivals BROKERS TOPIC PARTITIONS START_MS WINDOW_MS DISORDER_MS WINDOWS
 *
 * Window k ends at START_MS + (k + 1) * WINDOW_MS. Prints, a line a window, the milliseconds from
 * there plus the disorder to that moment, by a plain consumer of librdkafka's. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "consuming.h"

enum { WAIT_MS = 60000, SENSORS = 3 };

struct arrivals {
    int partitions;
    int64_t windows, start_ms, window_ms, disorder_ms;
    int *beyond;   /* [windows][partitions]: events at or beyond its bound, at most SENSORS */
    int *complete; /* [windows]: partitions that have them all */
    int64_t closed;
};

static void fail(const char *what)
{
    consuming_failed("part_arrivals", what);
}

static double wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec * 1e3 + 1e-6 * (double)now.tv_nsec;
}

static int64_t bound_ms(const struct arrivals *arrivals, int64_t window)
{
    return arrivals->start_ms + (window + 1) * arrivals->window_ms + arrivals->disorder_ms;
}

static int64_t time_of(const rd_kafka_message_t *message)
{
    static const char key[] = "{\"time\":";
    char text[24] = "";
    size_t at = sizeof key - 1;
    if (message->len <= at || memcmp(message->payload, key, at) != 0)
        fail("an event that part_sensors has not sent");
    size_t size = message->len - at < sizeof text ? message->len - at : sizeof text - 1;
    memcpy(text, (const char *)message->payload + at, size);
    return atoll(text);
}

/* The event counts for every window that is open and that it lies beyond. */
static void take(struct arrivals *arrivals, const rd_kafka_message_t *message)
{
    int64_t time_ms = time_of(message);
    for (int64_t k = arrivals->closed; k < arrivals->windows && bound_ms(arrivals, k) <= time_ms;
         k++) {
        int *beyond = &arrivals->beyond[k * arrivals->partitions + message->partition];
        if (++*beyond == SENSORS)
            arrivals->complete[k]++;
    }
}

static void close_windows(struct arrivals *arrivals)
{
    double now_ms = wall_clock_ms();
    while (arrivals->closed < arrivals->windows &&
           arrivals->complete[arrivals->closed] == arrivals->partitions) {
        printf("%.3f\n", now_ms - (double)bound_ms(arrivals, arrivals->closed));
        arrivals->closed++;
    }
}

int main(int argc, char **argv)
{
    if (argc != 8)
        fail("BROKERS TOPIC PARTITIONS START_MS WINDOW_MS DISORDER_MS WINDOWS");
    struct arrivals arrivals = {.partitions = atoi(argv[3]),
                                .start_ms = atoll(argv[4]),
                                .window_ms = atoll(argv[5]),
                                .disorder_ms = atoll(argv[6]),
                                .windows = atoll(argv[7])};
    arrivals.beyond =
        calloc((size_t)(arrivals.windows * arrivals.partitions), sizeof *arrivals.beyond);
    arrivals.complete = calloc((size_t)arrivals.windows, sizeof *arrivals.complete);
    if (!arrivals.beyond || !arrivals.complete)
        fail("out of memory");
    rd_kafka_t *kafka = consumer_connect("part_arrivals", argv[1], argv + argc);
    if (consumer_assign(kafka, argv[2], arrivals.partitions))
        fail("cannot assign the partitions");
    while (arrivals.closed < arrivals.windows) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka, WAIT_MS);
        if (!message)
            fail("no more events");
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            take(&arrivals, message);
        rd_kafka_message_destroy(message);
        close_windows(&arrivals);
    }
    fflush(stdout);
    _Exit(EXIT_SUCCESS); /* closing is not what is measured */
}

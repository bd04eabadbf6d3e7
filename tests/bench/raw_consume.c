/* The bound of every consumer: batches from librdkafka, counted and thrown away.
 *
 *     raw_consume BROKERS TOPIC PARTITIONS MESSAGES [NAME VALUE]...
 *
 * with properties of librdkafka prints the seconds from the first message on. */
#include <time.h>

#include "consuming.h"

enum { BATCH = 1000, WAIT_MS = 10000 };

static void fail(const char *what)
{
    consuming_failed("raw_consume", what);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        fail("BROKERS TOPIC PARTITIONS MESSAGES [NAME VALUE]...");
    rd_kafka_t *kafka = consumer_connect("raw_consume", argv[1], argv + 5);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(kafka);
    rd_kafka_message_t *batch[BATCH];
    long long wanted = atoll(argv[4]), seen = 0;
    double begin_s = 0;
    if (consumer_assign(kafka, argv[2], atoi(argv[3])))
        fail("cannot assign the partitions");
    while (seen < wanted) {
        ssize_t count = rd_kafka_consume_batch_queue(queue, WAIT_MS, batch, BATCH);
        if (count <= 0)
            fail("no more messages");
        if (seen == 0)
            begin_s = now_s();
        for (ssize_t i = 0; i < count; i++) {
            seen += batch[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR;
            rd_kafka_message_destroy(batch[i]);
        }
    }
    printf("%.6f\n", now_s() - begin_s);
    fflush(stdout);
    _Exit(EXIT_SUCCESS); /* closing is not what is measured */
}

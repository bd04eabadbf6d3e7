/* The bound of every consumer: batches from librdkafka, counted and thrown away.
 *
 *     raw_consume BROKERS TOPIC PARTITIONS MESSAGES     prints seconds from the first message on */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <librdkafka/rdkafka.h>

enum { BATCH = 1000, WAIT_MS = 10000 };

static void fail(const char *what)
{
    fprintf(stderr, "raw_consume: %s\n", what);
    exit(EXIT_FAILURE);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static rd_kafka_t *connect_to(const char *brokers)
{
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof text) ||
        rd_kafka_conf_set(conf, "group.id", "raw", text, sizeof text) ||
        rd_kafka_conf_set(conf, "enable.auto.commit", "false", text, sizeof text))
        fail(text);
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (!kafka)
        fail(text);
    rd_kafka_poll_set_consumer(kafka);
    return kafka;
}

static void assign(rd_kafka_t *kafka, const char *topic, int partitions)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int p = 0; p < partitions; p++)
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    if (rd_kafka_assign(kafka, list))
        fail("cannot assign the partitions");
    rd_kafka_topic_partition_list_destroy(list);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        fail("BROKERS TOPIC PARTITIONS MESSAGES");
    rd_kafka_t *kafka = connect_to(argv[1]);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(kafka);
    rd_kafka_message_t *batch[BATCH];
    long long wanted = atoll(argv[4]), seen = 0;
    double begin_s = 0;
    assign(kafka, argv[2], atoi(argv[3]));
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

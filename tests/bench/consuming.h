/* A plain consumer of librdkafka's, as whoever has no heatstream would write one. */
#ifndef HEATSTREAM_BENCH_CONSUMING_H
#define HEATSTREAM_BENCH_CONSUMING_H

#include <stdio.h>
#include <stdlib.h>

#include <librdkafka/rdkafka.h>

_Noreturn static inline void consuming_failed(const char *program, const char *what)
{
    fprintf(stderr, "%s: %s\n", program, what);
    exit(EXIT_FAILURE);
}

/* `properties`: names and values, to NULL. */
static inline rd_kafka_t *consumer_connect(const char *program, const char *brokers,
                                           char *const *properties)
{
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof text) ||
        rd_kafka_conf_set(conf, "group.id", program, text, sizeof text) ||
        rd_kafka_conf_set(conf, "enable.auto.commit", "false", text, sizeof text))
        consuming_failed(program, text);
    for (; properties[0] && properties[1]; properties += 2)
        if (rd_kafka_conf_set(conf, properties[0], properties[1], text, sizeof text))
            consuming_failed(program, text);
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (!kafka)
        consuming_failed(program, text);
    rd_kafka_poll_set_consumer(kafka);
    return kafka;
}

/* All partitions of a topic, each from its beginning. */
static inline rd_kafka_resp_err_t consumer_assign(rd_kafka_t *kafka, const char *topic,
                                                  int partitions)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int p = 0; p < partitions; p++)
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t refused = rd_kafka_assign(kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    return refused;
}

#endif

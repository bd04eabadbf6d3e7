/* librdkafka's in-process broker, and a reader of one of its topics. */
#ifndef HEATSTREAM_TESTS_MOCK_BROKER_H
#define HEATSTREAM_TESTS_MOCK_BROKER_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "unit.h"

enum { MOCK_WAIT_MS = 10000, MOCK_BROKER = 1 };

struct broker {
    rd_kafka_t *handle;
    rd_kafka_mock_cluster_t *cluster;
    const char *address;
};

static inline struct broker start_broker(const char *topic, int partitions)
{
    struct broker broker;
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "log_level", "0", why, sizeof why);
    broker.handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(broker.handle);
    broker.cluster = rd_kafka_mock_cluster_new(broker.handle, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(broker.cluster);
    broker.address = rd_kafka_mock_cluster_bootstraps(broker.cluster);
    rd_kafka_mock_topic_create(broker.cluster, topic, partitions, 1);
    return broker;
}

static inline void stop_broker(struct broker *broker)
{
    rd_kafka_mock_cluster_destroy(broker->cluster);
    rd_kafka_destroy(broker->handle);
}

/* From the beginning of every partition; with `ends`, the end of each is an event. */
static inline rd_kafka_t *start_reader(const struct broker *broker, const char *topic,
                                       int partitions, bool ends)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", broker->address, why, sizeof why);
    rd_kafka_conf_set(conf, "group.id", "test", why, sizeof why);
    rd_kafka_conf_set(conf, "fetch.wait.max.ms", "5", why, sizeof why);
    rd_kafka_conf_set(conf, "enable.partition.eof", ends ? "true" : "false", why, sizeof why);
    rd_kafka_t *reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int p = 0; p < partitions; p++)
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    CU_ASSERT_EQUAL(rd_kafka_assign(reader, list), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    return reader;
}

static inline void stop_reader(rd_kafka_t *reader)
{
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
}

#endif

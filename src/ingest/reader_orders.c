#include "reader_orders.h"

#include <stdlib.h>

#include "base/memory.h"
#include "wire/decoding.h"

void order_put_kafka(struct buffer *out, const struct kafka_config *kafka)
{
    decoding_put_text(out, kafka->brokers);
    decoding_put_text(out, kafka->topic);
    decoding_put_text(out, kafka->token_file);
    decoding_put_text(out, kafka->token_command);
    buffer_put_i64(out, kafka->property_pairs);
    for (int i = 0; i < 2 * kafka->property_pairs; i++)
        decoding_put_text(out, kafka->properties[i]);
}

static void get_kafka(struct buffer_reader *from, struct kafka_config *kafka)
{
    kafka->brokers = decoding_get_text(from);
    kafka->topic = decoding_get_text(from);
    kafka->token_file = decoding_get_text(from);
    kafka->token_command = decoding_get_text(from);
    int64_t pairs = buffer_get_count(from, 2);
    const char **properties = memory_zeroed(2 * pairs, sizeof *properties);
    for (int64_t i = 0; i < 2 * pairs; i++)
        properties[i] = decoding_get_text(from);
    kafka->properties = properties;
    kafka->property_pairs = (int)pairs;
}

void order_put_read(struct buffer *out, const struct order_read *order, const struct buffer *kafka,
                    const struct buffer *decoding)
{
    buffer_put_u8(out, READER_READ);
    buffer_append(out, kafka->data, kafka->size);
    decoding_put_text(out, order->cluster_id);
    buffer_put_i64(out, order->ahead);
    buffer_put_i64(out, order->batch);
    buffer_put_i64(out, order->partitions);
    for (int p = 0; p < order->partitions; p++)
        buffer_put_i64(out, order->next[p]);
    buffer_append(out, decoding->data, decoding->size);
}

void order_put_skip(struct buffer *out, int partition, int64_t next)
{
    buffer_put_u8(out, READER_SKIP);
    buffer_put_i64(out, partition);
    buffer_put_i64(out, next);
}

void order_begin_ahead(struct buffer *out)
{
    buffer_put_u8(out, READER_AHEAD);
}

void order_put_ahead(struct buffer *out, int partition, int blocks)
{
    buffer_put_i64(out, partition);
    buffer_put_i64(out, blocks);
}

enum status order_get_read(struct buffer_reader *from, struct order_read *order, struct error *err)
{
    get_kafka(from, &order->kafka);
    order->cluster_id = decoding_get_text(from);
    order->ahead = (int)buffer_get_i64(from);
    order->batch = (int)buffer_get_i64(from);
    int64_t partitions = buffer_get_count(from, sizeof(int64_t));
    int64_t *next = memory_zeroed(partitions, sizeof *next);
    for (int64_t p = 0; p < partitions; p++)
        next[p] = buffer_get_i64(from);
    order->partitions = (int)partitions;
    order->next = next;
    if (from->failed)
        return error_set(err, STATUS_BUG, "the order to read came in pieces from rank 0");
    return STATUS_OK;
}

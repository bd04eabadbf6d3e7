#include "ingest/source_synthetic.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "source_ops.h"
#include "waker.h"

enum { READ_MAX = 1024 };

/* Every partition has a generator of its own that makes only its events: one that is read far ahead
 * of the others costs them nothing. */
struct synthetic_partition {
    struct generator *generator; /* NULL: not started */
    int64_t next;
    int64_t count; /* of all its events; negative: not asked for yet */
    bool ended;    /* the end has been handed over */
    struct buffer keys, values;
    struct message *messages; /* [READ_MAX] */
};

struct source_synthetic {
    struct source base;
    struct generator_config config;
    struct generator *encoder; /* owns the field names; makes nothing */
    enum event_format format;
    struct synthetic_partition *partitions;
    struct waker waker;
};

static struct source_identity synthetic_identity(const struct source *base)
{
    const struct source_synthetic *source = (const struct source_synthetic *)base;
    return (struct source_identity){.topic = "synthetic",
                                    .cluster_id = "",
                                    .partitions = source->config.partitions,
                                    .bounded = source->config.steps > 0};
}

static enum status synthetic_bounds(struct source *base, int index, int64_t *first, int64_t *end,
                                    struct error *err)
{
    struct source_synthetic *source = (struct source_synthetic *)base;
    struct synthetic_partition *partition = &source->partitions[index];
    (void)err;
    if (partition->count < 0)
        partition->count = generator_count(&source->config, index);
    *first = 0;
    *end = partition->count;
    return STATUS_OK;
}

static enum status synthetic_start(struct source *base, const int64_t *next, struct error *err)
{
    struct source_synthetic *source = (struct source_synthetic *)base;
    (void)err;
    for (int p = 0; p < source->config.partitions; p++) {
        struct synthetic_partition *partition = &source->partitions[p];
        generator_destroy(partition->generator);
        partition->generator = NULL;
        partition->ended = false;
        if (next[p] < 0)
            continue;
        partition->generator = generator_create_part(&source->config, p);
        partition->next = next[p];
        generator_skip(partition->generator, next[p]);
    }
    return STATUS_OK;
}

/* Room for `max` messages, so that the buffers stay where they are while they are filled. */
static void make_room(const struct source_synthetic *source, struct synthetic_partition *partition,
                      int max)
{
    size_t bytes = (size_t)max * generator_longest(source->encoder, source->format);
    buffer_clear(&partition->keys);
    buffer_clear(&partition->values);
    (void)buffer_reserve(&partition->keys, bytes);
    (void)buffer_reserve(&partition->values, bytes);
}

static int make_messages(struct source_synthetic *source, struct synthetic_partition *partition,
                         int max)
{
    struct buffer *keys = &partition->keys, *values = &partition->values;
    struct generated event;
    int count = 0;
    make_room(source, partition, max);
    for (; count < max && generator_next(partition->generator, &event); count++) {
        const uint8_t *key = keys->data + keys->size, *value = values->data + values->size;
        generator_encode(source->encoder, &event, source->format, keys, values);
        size_t key_size = (size_t)(keys->data + keys->size - key);
        partition->messages[count] =
            (struct message){.offset = event.offset,
                             .key = key_size > 0 ? key : NULL,
                             .value = value,
                             .key_size = key_size,
                             .value_size = (size_t)(values->data + values->size - value)};
    }
    assert(count == 0 || partition->messages[0].value == values->data);
    return count;
}

static enum status synthetic_read(struct source *base, int index, int max,
                                  const struct message **messages, int *count, struct error *err)
{
    struct source_synthetic *source = (struct source_synthetic *)base;
    struct synthetic_partition *partition = &source->partitions[index];
    int made = 0;
    (void)err;
    if (partition->generator && !partition->ended) {
        made = make_messages(source, partition, max < READ_MAX ? max : READ_MAX);
        partition->next += made;
        if (made == 0) {
            partition->ended = true;
            partition->messages[made++] = (struct message){.offset = partition->next, .end = true};
        }
    }
    *messages = partition->messages;
    *count = made;
    return STATUS_OK;
}

/* Something is always at hand until every end has been handed over. */
static enum status synthetic_wait(struct source *base, int timeout_ms, struct error *err)
{
    struct source_synthetic *source = (struct source_synthetic *)base;
    (void)err;
    for (int p = 0; p < source->config.partitions; p++)
        if (source->partitions[p].generator && !source->partitions[p].ended)
            return STATUS_OK;
    waker_wait(&source->waker, timeout_ms);
    return STATUS_OK;
}

static void synthetic_wake(struct source *base)
{
    waker_raise(&((struct source_synthetic *)base)->waker);
}

static void synthetic_destroy(struct source *base)
{
    struct source_synthetic *source = (struct source_synthetic *)base;
    for (int p = 0; p < source->config.partitions; p++) {
        generator_destroy(source->partitions[p].generator);
        buffer_release(&source->partitions[p].keys);
        buffer_release(&source->partitions[p].values);
        free(source->partitions[p].messages);
    }
    free(source->partitions);
    generator_destroy(source->encoder);
    waker_release(&source->waker);
    free(source);
}

static const struct source_ops synthetic_ops = {.identity = synthetic_identity,
                                                .bounds = synthetic_bounds,
                                                .start = synthetic_start,
                                                .read = synthetic_read,
                                                .wait = synthetic_wait,
                                                .wake = synthetic_wake,
                                                .destroy = synthetic_destroy};

enum status source_open_synthetic(const struct generator_config *config, enum event_format format,
                                  struct source **opened, struct error *err)
{
    struct source_synthetic *source = memory_zeroed(1, sizeof *source);
    int partitions = config->partitions;
    (void)err;
    source->partitions = memory_zeroed(partitions, sizeof *source->partitions);
    source->base.ops = &synthetic_ops;
    source->config = *config;
    source->format = format;
    source->encoder = generator_create(config);
    source->config.field_time = source->config.field_x = NULL; /* borrowed for the call only */
    source->config.field_y = source->config.field_value = NULL;
    waker_init(&source->waker);
    for (int p = 0; p < partitions; p++) {
        struct synthetic_partition *partition = &source->partitions[p];
        partition->count = -1;
        partition->messages = memory_zeroed(READ_MAX, sizeof *partition->messages);
    }
    *opened = &source->base;
    return STATUS_OK;
}

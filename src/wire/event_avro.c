#include "wire/event_avro.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "avro_body.h"
#include "base/arith.h"
#include "base/memory.h"
#include "wire/generator.h"

enum { NUMBER_BYTES = 10, TEMPLATE_BYTES = 4096 };

/* A field that differs from event to event. */
struct slot {
    size_t begin; /* in the template, which has no bytes for it */
    enum avro_kind kind;
    int field;
    int64_t per_ms; /* of the time */
};

struct event_avro {
    struct buffer constant; /* everything else */
    struct slot slots[AVRO_FIELDS];
    int slot_count;
};

/* What the template is made with. */
struct maker {
    struct event_avro *event;
    const char *file;
    double value;
    struct error *err;
};

static enum status add_value(const struct maker *maker, const struct avro_node *node, int level);

static enum status fail(const struct maker *maker, const char *reason)
{
    return error_set(maker->err, STATUS_BAD_DECK, "%s: events cannot be generated: %s", maker->file,
                     reason);
}

static void put_long(struct buffer *bytes, int64_t value)
{
    uint8_t *at = buffer_reserve(bytes, NUMBER_BYTES);
    uint64_t bits = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
    for (; bits >= 0x80; bits >>= 7, bytes->size++)
        *at++ = (uint8_t)(bits | 0x80);
    *at = (uint8_t)bits;
    bytes->size++;
}

static void put_bits(struct buffer *bytes, uint64_t bits, size_t size)
{
    uint8_t *at = buffer_reserve(bytes, size);
    for (size_t i = 0; i < size; i++, bits >>= 8)
        at[i] = (uint8_t)bits;
    bytes->size += size;
}

static void put_real(struct buffer *bytes, enum avro_kind kind, double value)
{
    uint64_t bits;
    uint32_t single_bits;
    const float single = (float)value;
    memcpy(&bits, &value, sizeof bits);
    memcpy(&single_bits, &single, sizeof single);
    if (kind == AVRO_FLOAT)
        put_bits(bytes, single_bits, sizeof single_bits);
    else
        put_bits(bytes, bits, sizeof bits);
}

/* Whether a value is kept to the last bit. */
static bool holds(enum avro_kind kind, double value)
{
    double limit = kind == AVRO_INT ? 0x1p31 : 0x1p63;
    if (kind == AVRO_DOUBLE)
        return true;
    if (kind == AVRO_FLOAT)
        return fabs(value) <= FLT_MAX && (double)(float)value == value;
    return value >= -limit && value < limit && trunc(value) == value;
}

static enum status add_slot(const struct maker *maker, const struct avro_node *node)
{
    struct event_avro *event = maker->event;
    struct slot slot = {event->constant.size, node->kind, node->field, 1};
    if (node->field == AVRO_FIELD_TIME) {
        if (node->kind != AVRO_LONG || (node->unit != TIME_MS && node->unit != TIME_US))
            return fail(maker, "their times are longs in ms or us");
        slot.per_ms = node->unit == TIME_US ? 1000 : 1;
    }
    if (node->field == AVRO_FIELD_VALUE && !holds(node->kind, maker->value))
        return error_set(maker->err, STATUS_BAD_DECK,
                         "%s: events cannot be generated: the type %s of the value does not hold "
                         "%.16g exactly",
                         maker->file, avro_kind_name(node->kind), maker->value);
    event->slots[event->slot_count++] = slot;
    return STATUS_OK;
}

/* The branch that leads to every field behind the union; of one that leads to none null, else the
 * first. */
static enum status add_union(const struct maker *maker, const struct avro_node *node, int level)
{
    const struct avro_list *branches = node->inside;
    int chosen = -1;
    for (int i = 0; i < branches->count && chosen < 0; i++)
        if (node->reaches ? branches->nodes[i].reaches == node->reaches
                          : branches->nodes[i].kind == AVRO_NULL)
            chosen = i;
    if (chosen < 0 && node->reaches)
        return fail(maker, "no branch of a union has all the fields the others have");
    if (chosen < 0)
        chosen = 0;
    put_long(&maker->event->constant, chosen);
    return add_value(maker, &branches->nodes[chosen], level);
}

static enum status add_record(const struct maker *maker, const struct avro_node *node, int level)
{
    if (level > AVRO_LEVELS)
        return fail(maker, "a record contains itself without an end");
    for (int i = 0; i < node->inside->count; i++)
        TRY(add_value(maker, &node->inside->nodes[i], level));
    return STATUS_OK;
}

static enum status add_zeros(const struct maker *maker, int64_t count)
{
    struct buffer *constant = &maker->event->constant;
    if (count > TEMPLATE_BYTES || constant->size + (size_t)count > TEMPLATE_BYTES)
        return fail(maker, "an event takes more than 4 KiB");
    memset(buffer_reserve(constant, (size_t)count), 0, (size_t)count);
    constant->size += (size_t)count;
    return STATUS_OK;
}

/* Zeros are the least value of every type, in as many bytes as it takes at least. */
static enum status add_value(const struct maker *maker, const struct avro_node *node, int level)
{
    if (node->field != AVRO_FIELD_NONE)
        return add_slot(maker, node);
    switch (node->kind) {
    case AVRO_RECORD:
        return add_record(maker, node, level + 1);
    case AVRO_UNION:
        return add_union(maker, node, level);
    case AVRO_NULL:
        return STATUS_OK;
    case AVRO_FLOAT:
        return add_zeros(maker, 4);
    case AVRO_DOUBLE:
        return add_zeros(maker, 8);
    case AVRO_FIXED:
        return add_zeros(maker, node->size);
    default:
        return add_zeros(maker, 1);
    }
}

enum status event_avro_create(const struct avro_plan *plan, const char *file, int64_t schema_id,
                              double value, struct event_avro **event, struct error *err)
{
    struct event_avro *made = memory_zeroed(1, sizeof *made);
    const struct maker maker = {made, file, value, err};
    buffer_reserve(&made->constant, TEMPLATE_BYTES);
    for (int shift = 32; schema_id != EVENT_AVRO_PLAIN && shift >= 0; shift -= 8)
        buffer_put_u8(&made->constant, (uint8_t)((uint64_t)schema_id >> shift));
    enum status status = plan->event.reaches >> AVRO_FIELD_Y & 1
                             ? add_value(&maker, &plan->event, 0)
                             : fail(&maker, "they name cells, not sensors");
    if (status != STATUS_OK) {
        event_avro_destroy(made);
        return status;
    }
    *event = made;
    return STATUS_OK;
}

void event_avro_destroy(struct event_avro *event)
{
    if (!event)
        return;
    buffer_release(&event->constant);
    free(event);
}

size_t event_avro_longest(const struct event_avro *event)
{
    return event->constant.size + (size_t)event->slot_count * NUMBER_BYTES;
}

static void put_slot(const struct slot *slot, const struct generated *generated,
                     struct buffer *value)
{
    switch (slot->field) {
    case AVRO_FIELD_TIME:
        put_long(value, clamp_to_int64((__int128)generated->time_ms * slot->per_ms));
        break;
    case AVRO_FIELD_X:
        put_long(value, generated->x);
        break;
    case AVRO_FIELD_Y:
        put_long(value, generated->y);
        break;
    default:
        if (slot->kind == AVRO_DOUBLE || slot->kind == AVRO_FLOAT)
            put_real(value, slot->kind, generated->value);
        else
            put_long(value, (int64_t)generated->value);
    }
}

void event_avro_put(const struct event_avro *event, const struct generated *generated,
                    struct buffer *value)
{
    size_t copied = 0;
    for (int i = 0; i < event->slot_count; i++) {
        const struct slot *slot = &event->slots[i];
        buffer_append(value, event->constant.data + copied, slot->begin - copied);
        copied = slot->begin;
        put_slot(slot, generated, value);
    }
    buffer_append(value, event->constant.data + copied, event->constant.size - copied);
}

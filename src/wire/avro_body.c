#include "avro_body.h"

#include <string.h>

#include "base/instant.h"
#include "base/varint.h"
#include "event_time.h"

struct cursor {
    const uint8_t *at, *end;
    struct avro_value *values;
    unsigned found; /* bits 1 << field */
};

static bool read_value(struct cursor *c, const struct avro_node *node, int level);

/* Of what holds other values: inlined into read_value(), it would make numbers an eighth slower. */
#define OUT_OF_LINE __attribute__((noinline))

static bool take_long(struct cursor *c, int64_t *value)
{
    uint64_t folded;
    size_t taken = 0;
    bool good = varint_get(c->at, (size_t)(c->end - c->at), &taken, &folded);
    c->at += taken;
    if (good)
        *value = varint_unfold(folded);
    return good;
}

/* A length of bytes that are there. */
static bool take_size(struct cursor *c, size_t *size)
{
    int64_t value;
    if (!take_long(c, &value) || value < 0 || value > c->end - c->at)
        return false;
    *size = (size_t)value;
    return true;
}

static bool pass(struct cursor *c, int64_t size)
{
    if (size > c->end - c->at)
        return false;
    c->at += size;
    return true;
}

static bool pass_text(struct cursor *c)
{
    size_t size;
    return take_size(c, &size) && pass(c, (int64_t)size);
}

static struct avro_value *find(struct cursor *c, const struct avro_node *node)
{
    c->found |= 1u << node->field;
    return &c->values[node->field];
}

static bool read_whole(struct cursor *c, const struct avro_node *node)
{
    int64_t value;
    if (!take_long(c, &value) || (node->kind == AVRO_INT && value != (int32_t)value))
        return false;
    if (node->field == AVRO_FIELD_NONE)
        return true;
    struct avro_value *found = find(c, node);
    found->text = NULL;
    found->real = (double)value;
    found->whole = value;
    return node->field != AVRO_FIELD_TIME || event_time_of_whole(node->unit, value, &found->whole);
}

/* Four bytes, lowest first; written so that compilers make one load of it. */
static uint32_t read_little_endian(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool read_float(struct cursor *c, const struct avro_node *node)
{
    const uint8_t *at = c->at;
    if (!pass(c, 4))
        return false;
    uint32_t bits = read_little_endian(at);
    float value;
    memcpy(&value, &bits, sizeof value);
    if (node->field != AVRO_FIELD_NONE)
        find(c, node)->real = (double)value;
    return true;
}

static bool read_double(struct cursor *c, const struct avro_node *node)
{
    const uint8_t *at = c->at;
    if (!pass(c, 8))
        return false;
    uint64_t bits = (uint64_t)read_little_endian(at + 4) << 32 | read_little_endian(at);
    if (node->field != AVRO_FIELD_NONE)
        memcpy(&find(c, node)->real, &bits, sizeof bits);
    return true;
}

static bool read_text(struct cursor *c, const struct avro_node *node)
{
    size_t size;
    if (!take_size(c, &size))
        return false;
    const uint8_t *text = c->at;
    c->at += size;
    if (node->field == AVRO_FIELD_NONE)
        return true;
    struct avro_value *found = find(c, node);
    found->text = text;
    found->text_size = size;
    return node->field != AVRO_FIELD_TIME || instant_parse((const char *)text, size, &found->whole);
}

static bool take_boolean(struct cursor *c)
{
    return c->at < c->end && *c->at++ <= 1;
}

static bool take_position(struct cursor *c, int64_t count, int64_t *position)
{
    return take_long(c, position) && *position >= 0 && *position < count;
}

OUT_OF_LINE static bool read_branch(struct cursor *c, const struct avro_node *node, int level)
{
    int64_t branch;
    return take_position(c, node->inside->count, &branch) &&
           read_value(c, &node->inside->nodes[branch], level);
}

OUT_OF_LINE static bool read_record(struct cursor *c, const struct avro_node *node, int level)
{
    const struct avro_node *member = node->inside->nodes;
    for (int left = node->inside->count; left > 0; left--, member++)
        if (!read_value(c, member, level))
            return false;
    return true;
}

/* Every item takes a byte, or else there is nothing to pass over: the bytes bound the loop. */
static bool pass_items(struct cursor *c, const struct avro_node *node, int64_t count, int level)
{
    const struct avro_node *item = node->inside->nodes;
    bool map = node->kind == AVRO_MAP;
    if (!map && item->kind == AVRO_NULL)
        return true;
    for (; count > 0; count--)
        if ((map && !pass_text(c)) || !read_value(c, item, level))
            return false;
    return true;
}

/* Blocks of items; one with a negative count tells its size in bytes. */
OUT_OF_LINE static bool pass_blocks(struct cursor *c, const struct avro_node *node, int level)
{
    int64_t count;
    size_t size;
    for (;;) {
        if (!take_long(c, &count))
            return false;
        if (count == 0)
            return true;
        const uint8_t *block_end = NULL;
        if (count < 0) {
            if (count == INT64_MIN || !take_size(c, &size))
                return false;
            count = -count;
            block_end = c->at + size;
        }
        if (!pass_items(c, node, count, level) || (block_end && c->at != block_end))
            return false;
    }
}

static bool read_value(struct cursor *c, const struct avro_node *node, int level)
{
    int64_t position;
    switch (node->kind) {
    case AVRO_INT:
    case AVRO_LONG:
        return read_whole(c, node);
    case AVRO_DOUBLE:
        return read_double(c, node);
    case AVRO_FLOAT:
        return read_float(c, node);
    case AVRO_STRING:
    case AVRO_BYTES:
        return read_text(c, node);
    case AVRO_UNION:
        return read_branch(c, node, level);
    case AVRO_RECORD:
        return level < AVRO_LEVELS && read_record(c, node, level + 1);
    case AVRO_ARRAY:
    case AVRO_MAP:
        return level < AVRO_LEVELS && pass_blocks(c, node, level + 1);
    case AVRO_FIXED:
        return pass(c, node->size);
    case AVRO_BOOLEAN:
        return take_boolean(c);
    case AVRO_ENUM:
        return take_position(c, node->size, &position);
    default:
        return true;
    }
}

bool avro_body_read(const struct avro_plan *plan, const uint8_t *body, size_t size,
                    struct avro_value values[AVRO_FIELDS])
{
    struct cursor c = {.at = body, .end = body + size, .values = values};
    return read_value(&c, &plan->event, 0) && c.at == c.end && c.found == plan->event.reaches;
}

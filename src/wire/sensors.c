#include "wire/sensors.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/buffer.h"
#include "base/durable.h"
#include "base/hash.h"
#include "base/memory.h"
#include "sensors_table.h"

/* Half of a hash beside the row, so that a wrong id is hardly ever compared. */
struct slot {
    uint32_t tag;
    uint32_t row; /* from 1; 0: free */
};

struct sensors {
    struct sensors_table table;
    struct slot *slots; /* [mask + 1] */
    size_t mask;
    char digest[HASH_HEX_SIZE];
};

/* The slot of an id: its own, or the free one where it belongs. */
static struct slot *find_slot(const struct sensors *sensors, const uint8_t *id, size_t size,
                              uint32_t *tag)
{
    uint64_t hash = XXH3_64bits(id, size);
    *tag = (uint32_t)(hash >> 32);
    for (size_t at = hash & sensors->mask;; at = (at + 1) & sensors->mask) {
        struct slot *slot = &sensors->slots[at];
        if (slot->row == 0)
            return slot;
        if (slot->tag == *tag && sensors->table.rows[slot->row - 1].id_size == size &&
            memcmp(sensors_table_id(&sensors->table, slot->row - 1), id, size) == 0)
            return slot;
    }
}

static enum status index_rows(struct sensors *sensors, const char *name, struct error *err)
{
    size_t count = sensors->table.count, room = 16;
    while (room < 2 * count)
        room *= 2;
    sensors->mask = room - 1;
    sensors->slots = memory_zeroed((int64_t)room, sizeof *sensors->slots);
    for (size_t row = 0; row < count; row++) {
        uint32_t tag;
        size_t size = sensors->table.rows[row].id_size;
        const uint8_t *id = sensors_table_id(&sensors->table, row);
        struct slot *slot = find_slot(sensors, id, size, &tag);
        if (slot->row > 0)
            return error_set(err, STATUS_BAD_DECK,
                             "%s:%zu: the sensor `%.*s` is already on line %zu", name,
                             row + SENSORS_FIRST_LINE, size > 60 ? 60 : (int)size, (const char *)id,
                             slot->row - 1 + (size_t)SENSORS_FIRST_LINE);
        *slot = (struct slot){tag, (uint32_t)row + 1};
    }
    return STATUS_OK;
}

enum status sensors_parse(const char *name, const uint8_t *text, size_t size, int64_t gnx,
                          int64_t gny, struct sensors **sensors, struct error *err)
{
    struct sensors *parsed = memory_zeroed(1, sizeof *parsed);
    enum status status = sensors_table_read(&parsed->table, name, text, size, gnx, gny, err);
    if (status == STATUS_OK)
        status = index_rows(parsed, name, err);
    if (status != STATUS_OK) {
        sensors_destroy(parsed);
        return status;
    }
    hash_hex(text, size, parsed->digest);
    *sensors = parsed;
    return STATUS_OK;
}

enum status sensors_load(const char *path, int64_t gnx, int64_t gny, struct sensors **sensors,
                         struct error *err)
{
    struct buffer text = {0};
    enum status status = durable_read_file(path, &text, err);
    if (status == STATUS_OK)
        status = sensors_parse(path, text.data, text.size, gnx, gny, sensors, err);
    buffer_release(&text);
    return status;
}

void sensors_destroy(struct sensors *sensors)
{
    if (!sensors)
        return;
    sensors_table_release(&sensors->table);
    free(sensors->slots);
    free(sensors);
}

int64_t sensors_count(const struct sensors *sensors)
{
    return (int64_t)sensors->table.count;
}

size_t sensors_longest_id(const struct sensors *sensors)
{
    return sensors->table.longest_id;
}

int64_t sensors_find(const struct sensors *sensors, const uint8_t *id, size_t size)
{
    uint32_t tag;
    return (int64_t)find_slot(sensors, id, size, &tag)->row - 1;
}

const struct sensor *sensors_at(const struct sensors *sensors, int64_t row)
{
    return &sensors->table.rows[row].sensor;
}

const char *sensors_digest(const struct sensors *sensors)
{
    return sensors->digest;
}

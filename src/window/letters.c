#include "window/letters.h"

#include <stdlib.h>

#include "base/memory.h"

void letters_release(struct letters *letters)
{
    free(letters->list);
    buffer_release(&letters->bytes);
    *letters = (struct letters){0};
}

void letters_clear(struct letters *letters)
{
    letters->count = 0;
    buffer_clear(&letters->bytes);
}

static struct dead_letter *letters_append(struct letters *letters)
{
    letters->list =
        memory_grow(letters->list, &letters->capacity, letters->count + 1, sizeof *letters->list);
    return &letters->list[letters->count++];
}

static size_t keep_bytes(struct letters *letters, const uint8_t *bytes, size_t size)
{
    size_t at = letters->bytes.size;
    if (bytes)
        buffer_append(&letters->bytes, bytes, dead_letter_kept(size));
    return at;
}

void letters_add(struct letters *letters, const struct record *record, enum fate reason)
{
    struct dead_letter *letter = letters_append(letters);
    *letter = (struct dead_letter){
        .partition = record->partition,
        .reason = reason,
        .offset = record->offset,
        .has_time = record->has_time,
        .time_ms = record->has_time ? record->time_ms : 0,
        .has_key = record->key != NULL,
        .has_value = record->value != NULL,
        .key_bytes = record->key ? (int64_t)record->key_size : 0,
        .value_bytes = record->value ? (int64_t)record->value_size : 0,
        .key_at = keep_bytes(letters, record->key, record->key_size),
        .value_at = keep_bytes(letters, record->value, record->value_size),
    };
}

static int compare(const void *left, const void *right)
{
    const struct dead_letter *a = left, *b = right;
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

void letters_sort(struct letters *letters)
{
    if (letters->count > 1)
        qsort(letters->list, (size_t)letters->count, sizeof *letters->list, compare);
}

/* There is no block to point into while all keys and values are empty. */
static void put_bytes(const struct letters *letters, size_t at, int64_t full, struct buffer *state)
{
    size_t kept = dead_letter_kept((size_t)full);
    buffer_put_bytes(state, kept ? letters->bytes.data + at : NULL, kept);
}

void letters_save(struct letters *letters, struct buffer *state)
{
    letters_sort(letters);
    buffer_put_i64(state, letters->count);
    for (int64_t i = 0; i < letters->count; i++) {
        const struct dead_letter *letter = &letters->list[i];
        buffer_put_i64(state, letter->partition);
        buffer_put_i64(state, letter->offset);
        buffer_put_u8(state, (uint8_t)letter->reason);
        buffer_put_u8(state,
                      (uint8_t)(letter->has_time | letter->has_key << 1 | letter->has_value << 2));
        buffer_put_i64(state, letter->time_ms);
        buffer_put_i64(state, letter->key_bytes);
        buffer_put_i64(state, letter->value_bytes);
        put_bytes(letters, letter->key_at, letter->key_bytes, state);
        put_bytes(letters, letter->value_at, letter->value_bytes, state);
    }
}

static bool load_one(struct letters *letters, struct buffer_reader *state, int partitions)
{
    struct record record = {0};
    int64_t partition = buffer_get_i64(state);
    record.offset = buffer_get_i64(state);
    uint8_t reason = buffer_get_u8(state), flags = buffer_get_u8(state);
    record.has_time = flags & 1;
    record.time_ms = buffer_get_i64(state);
    int64_t key_bytes = buffer_get_tally(state), value_bytes = buffer_get_tally(state);
    record.key = buffer_get_bytes(state, &record.key_size);
    record.value = buffer_get_bytes(state, &record.value_size);
    bool good = !state->failed && partition >= 0 && partition < partitions && reason < FATE_COUNT &&
                flags < 8 && (flags & 2 || key_bytes == 0) && (flags & 4 || value_bytes == 0) &&
                dead_letter_kept((size_t)key_bytes) == record.key_size &&
                dead_letter_kept((size_t)value_bytes) == record.value_size;
    if (!good)
        return false;
    record.partition = (int)partition;
    if (!(flags & 2))
        record.key = NULL;
    if (!(flags & 4))
        record.value = NULL;
    letters_add(letters, &record, (enum fate)reason);
    letters->list[letters->count - 1].key_bytes = key_bytes;
    letters->list[letters->count - 1].value_bytes = value_bytes;
    return true;
}

enum status letters_load(struct letters *letters, struct buffer_reader *state, int partitions,
                         struct error *err)
{
    int64_t count = buffer_get_count(state, 34);
    bool good = !state->failed;
    for (int64_t i = 0; i < count && good; i++)
        good = load_one(letters, state, partitions);
    if (!good)
        return error_set(err, STATUS_BAD_DATA, "the saved dead letters make no sense");
    return STATUS_OK;
}

#include "ingest/dead_letters.h"

#include <stdlib.h>
#include <string.h>

#include "base/appended.h"
#include "base/base64.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "dead_letter_topic.h"

struct dead_letters {
    struct appended *file;
    int64_t size;                   /* of the file */
    struct dead_letter_files files; /* next NULL: one only */
    struct buffer lines;
    struct dead_letter_topic *topic; /* NULL: file only */
};

enum status dead_letters_open(const char *path, int64_t size, struct dead_letters **opened,
                              struct error *err)
{
    struct appended *file;
    TRY(appended_open(path, 0600, size, &file, err));
    *opened = memory_zeroed(1, sizeof **opened);
    (*opened)->file = file;
    (*opened)->size = size;
    return STATUS_OK;
}

void dead_letters_close(struct dead_letters *letters)
{
    if (!letters)
        return;
    dead_letter_topic_close(letters->topic);
    appended_close(letters->file);
    buffer_release(&letters->lines);
    free(letters);
}

void dead_letters_in_files(struct dead_letters *letters, const struct dead_letter_files *files)
{
    letters->files = *files;
}

enum status dead_letters_to_topic(struct dead_letters *letters, const struct kafka_config *config,
                                  const char *source_topic, struct error *err)
{
    return dead_letter_topic_open(config, source_topic, &letters->topic, err);
}

void dead_letters_set_patience(struct dead_letters *letters, const struct patience *patience)
{
    if (letters->topic)
        dead_letter_topic_set_patience(letters->topic, patience);
}

static void put_bytes(struct buffer *line, const uint8_t *bytes, int64_t full)
{
    buffer_put_u8(line, '"');
    if (full > 0)
        base64_append(line, bytes, dead_letter_kept((size_t)full));
    buffer_put_u8(line, '"');
}

static void put_key_and_value(struct buffer *line, const struct dead_letter *letter,
                              const uint8_t *bytes)
{
    buffer_printf(line, ",\"key\":%s", letter->has_key ? "" : "null");
    if (letter->has_key)
        put_bytes(line, bytes + letter->key_at, letter->key_bytes);
    buffer_printf(line, ",\"value\":%s", letter->has_value ? "" : "null");
    if (letter->has_value)
        put_bytes(line, bytes + letter->value_at, letter->value_bytes);
}

static void put_line(struct buffer *line, const struct dead_letter *letter, const uint8_t *bytes)
{
    buffer_printf(line, "{\"partition\":%d,\"offset\":%lld,\"reason\":\"%s\"", letter->partition,
                  (long long)letter->offset, fate_name(letter->reason));
    if (letter->has_time)
        buffer_printf(line, ",\"time\":%lld", (long long)letter->time_ms);
    put_key_and_value(line, letter, bytes);
    if (letter->key_bytes > DEAD_LETTER_BYTES)
        buffer_printf(line, ",\"key_bytes\":%lld", (long long)letter->key_bytes);
    if (letter->value_bytes > DEAD_LETTER_BYTES)
        buffer_printf(line, ",\"bytes\":%lld", (long long)letter->value_bytes);
    buffer_append(line, "}\n", 2);
}

/* The first `size` bytes of the lines go to the file, the others wait. */
static enum status put_lines(struct dead_letters *letters, size_t size, struct error *err)
{
    struct buffer *lines = &letters->lines;
    TRY(appended_write(letters->file, lines->data, size, err));
    letters->size += (int64_t)size;
    lines->size -= size;
    if (lines->size > 0)
        memmove(lines->data, lines->data + size, lines->size);
    return STATUS_OK;
}

static enum status next_file(struct dead_letters *letters, struct error *err)
{
    char path[PATH_MAX];
    int64_t size;
    struct appended *next;
    struct dead_letter_files *files = &letters->files;
    TRY(appended_sync(letters->file, &size, NULL, err));
    TRY(files->next(files->context, files->start + size, path, err));
    TRY(appended_open(path, 0600, 0, &next, err));
    appended_close(letters->file);
    letters->file = next;
    letters->size = 0;
    files->start += size;
    return STATUS_OK;
}

/* The line that begins at `start` of the lines would be the first beyond what a file may have. */
static bool overflows(const struct dead_letters *letters, size_t start)
{
    return letters->files.next && letters->size + (int64_t)start > 0 &&
           letters->size + (int64_t)letters->lines.size > letters->files.most_bytes;
}

enum status dead_letters_write(struct dead_letters *letters, const struct dead_letter *letter,
                               int64_t count, const uint8_t *bytes, struct error *err)
{
    buffer_clear(&letters->lines);
    for (int64_t i = 0; i < count; i++) {
        size_t start = letters->lines.size;
        put_line(&letters->lines, &letter[i], bytes);
        if (letters->topic)
            TRY(dead_letter_topic_put(letters->topic, &letter[i], bytes, err));
        if (overflows(letters, start)) {
            TRY(put_lines(letters, start, err));
            TRY(next_file(letters, err));
        }
    }
    return put_lines(letters, letters->lines.size, err);
}

enum status dead_letters_sync(struct dead_letters *letters, int64_t *size, struct unsynced *later,
                              struct error *err)
{
    int64_t synced;
    TRY(appended_sync(letters->file, &synced, later, err));
    if (letters->topic)
        TRY(dead_letter_topic_sync(letters->topic, err));
    *size = letters->files.start + synced;
    return STATUS_OK;
}

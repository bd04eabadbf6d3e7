#include "ingest/dead_letters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/durable.h"
#include "base/memory.h"
#include "base64.h"
#include "dead_letter_topic.h"

struct dead_letters {
    char *path;
    int fd;
    int64_t size; /* of the file */
    struct buffer lines;
    struct dead_letter_topic *topic; /* NULL: file only */
};

static enum status cut_back(struct dead_letters *letters, int64_t size, struct error *err)
{
    struct stat info;
    if (fstat(letters->fd, &info) != 0)
        return error_set(err, STATUS_IO, "reading the size of %s: %s", letters->path,
                         strerror(errno));
    if (info.st_size < size)
        return error_set(err, STATUS_BAD_DATA,
                         "%s has %lld bytes, but the checkpoint was taken when it had %lld",
                         letters->path, (long long)info.st_size, (long long)size);
    if (ftruncate(letters->fd, size) != 0)
        return error_set(err, STATUS_IO, "cutting %s back to %lld bytes: %s", letters->path,
                         (long long)size, strerror(errno));
    letters->size = size;
    return STATUS_OK;
}

enum status dead_letters_open(const char *path, int64_t size, struct dead_letters **opened,
                              struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "opening %s: %s", path, strerror(errno));
    struct dead_letters *letters = memory_zeroed(1, sizeof *letters);
    letters->path = memory_text(path);
    letters->fd = fd;
    enum status status = cut_back(letters, size, err);
    if (status != STATUS_OK) {
        dead_letters_close(letters);
        return status;
    }
    *opened = letters;
    return STATUS_OK;
}

void dead_letters_close(struct dead_letters *letters)
{
    if (!letters)
        return;
    dead_letter_topic_close(letters->topic);
    close(letters->fd);
    buffer_release(&letters->lines);
    free(letters->path);
    free(letters);
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

enum status dead_letters_write(struct dead_letters *letters, const struct dead_letter *letter,
                               int64_t count, const uint8_t *bytes, struct error *err)
{
    buffer_clear(&letters->lines);
    for (int64_t i = 0; i < count; i++) {
        put_line(&letters->lines, &letter[i], bytes);
        if (letters->topic)
            TRY(dead_letter_topic_put(letters->topic, &letter[i], bytes, err));
    }
    TRY(durable_write_all(letters->fd, letters->path, letters->lines.data, letters->lines.size,
                          err));
    letters->size += (int64_t)letters->lines.size;
    return STATUS_OK;
}

enum status dead_letters_sync(struct dead_letters *letters, int64_t *size, struct error *err)
{
    if (fsync(letters->fd) != 0)
        return error_set(err, STATUS_IO, "syncing %s: %s", letters->path, strerror(errno));
    if (letters->topic)
        TRY(dead_letter_topic_sync(letters->topic, err));
    *size = letters->size;
    return STATUS_OK;
}

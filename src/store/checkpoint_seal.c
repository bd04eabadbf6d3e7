#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "checkpoint_file.h"
#include "digest_pieces.h"

enum { USER_BLOCK = CHECKPOINT_USER_BLOCK, CHUNK = 1 << 18 };

#define SCHEMA CHECKPOINT_SCHEMA

/* Digest and size of what follows the user block. */
static enum status digest_rest(int fd, struct digest *digest, int64_t *size)
{
    struct digest_pieces *pieces = digest_pieces_begin();
    char *chunk = memory_block(CHUNK);
    ssize_t got;
    int64_t total = 0;
    while ((got = pread(fd, chunk, CHUNK, USER_BLOCK + total)) > 0) {
        digest_pieces_add(pieces, chunk, (size_t)got);
        total += got;
    }
    struct digest found = digest_pieces_end(pieces);
    free(chunk);
    if (got != 0)
        return STATUS_IO;
    *digest = found;
    *size = total;
    return STATUS_OK;
}

static void make_user_block(struct digest digest, int64_t size, char block[USER_BLOCK])
{
    char hex[DIGEST_HEX];
    digest_hex(digest, hex);
    memset(block, 0, USER_BLOCK);
    snprintf(block, USER_BLOCK,
             "heatstream " SCHEMA " xxh3-128 %s over the %lld bytes from byte %d\n", hex,
             (long long)size, USER_BLOCK);
}

enum status checkpoint_file_seal(const char *path, struct error *err)
{
    char block[USER_BLOCK], found[USER_BLOCK];
    struct digest digest;
    int64_t size;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, STATUS_IO, "opening %s: %s", path, strerror(errno));
    enum status status = digest_rest(fd, &digest, &size);
    if (status == STATUS_OK) {
        make_user_block(digest, size, block);
        if (pwrite(fd, block, USER_BLOCK, 0) != USER_BLOCK ||
            pread(fd, found, USER_BLOCK, 0) != USER_BLOCK)
            status = STATUS_IO;
    }
    if (status != STATUS_OK)
        error_set(err, status, "sealing %s: %s", path, strerror(errno));
    else if (memcmp(found, block, USER_BLOCK) != 0)
        status = error_set(err, STATUS_IO, "%s does not hold the seal that was written", path);
    close(fd);
    return status;
}

/* Newer versions say so in the same place. */
static bool is_newer(const char *block)
{
    static const char ours[] = "heatstream checkpoint/";
    return strncmp(block, ours, sizeof ours - 1) == 0 && atoi(block + sizeof ours - 1) > 1;
}

static enum status verify_open(int fd, const char *path, struct error *err)
{
    char block[USER_BLOCK + 1] = "", expected[USER_BLOCK];
    struct digest digest;
    int64_t size;
    if (pread(fd, block, USER_BLOCK, 0) != USER_BLOCK)
        return error_set(err, STATUS_NO_INPUT, "%s is cut off: not even its seal is there", path);
    if (is_newer(block))
        return error_set(err, STATUS_NO_INPUT, "%s was written by a newer version (%.40s)", path,
                         block);
    if (digest_rest(fd, &digest, &size) != STATUS_OK)
        return error_set(err, STATUS_NO_INPUT, "reading %s: %s", path, strerror(errno));
    make_user_block(digest, size, expected);
    if (memcmp(block, expected, USER_BLOCK) != 0)
        return error_set(err, STATUS_NO_INPUT,
                         "%s is damaged: its %lld bytes do not agree with its seal", path,
                         (long long)size + USER_BLOCK);
    return STATUS_OK;
}

enum status checkpoint_file_verify(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, STATUS_NO_INPUT, "opening %s: %s", path, strerror(errno));
    enum status status = verify_open(fd, path, err);
    close(fd);
    return status;
}

bool checkpoint_rest_agrees(const struct checkpoint_head *head, const struct buffer *outflows,
                            struct digest state)
{
    const struct checkpoint_seal *seal = &head->seal;
    const struct digest expected[CHECKPOINT_TIMES] = {seal->outflow, seal->past_outflow};
    for (int time = 0; time < checkpoint_times(seal); time++)
        if (outflows[time].size != (size_t)head->gnx * sizeof(double) ||
            !digest_equal(digest_bytes(outflows[time].data, outflows[time].size), expected[time]))
            return false;
    return digest_equal(state, seal->state);
}

int checkpoint_times(const struct checkpoint_seal *seal)
{
    return seal->has_past ? CHECKPOINT_TIMES : CHECKPOINT_PAST;
}

bool checkpoint_seal_equal(const struct checkpoint_seal *a, const struct checkpoint_seal *b)
{
    return digest_equal(a->field, b->field) && digest_equal(a->outflow, b->outflow) &&
           digest_equal(a->state, b->state) && a->has_past == b->has_past &&
           digest_equal(a->past_field, b->past_field) &&
           digest_equal(a->past_outflow, b->past_outflow);
}

#include "base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/memory.h"
#include "base/xxh3.h"

enum { PIECE_BYTES = 1 << 20 };

struct hasher {
    XXH3_state_t *state;
};

static void print_hash(XXH128_hash_t hash, char hex[HASH_HEX_SIZE])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", canonical.digest[i]);
}

void hash_hex(const void *data, size_t size, char hex[HASH_HEX_SIZE])
{
    print_hash(xxh3_128(data, size), hex);
}

struct hasher *hasher_create(void)
{
    struct hasher *hasher = memory_zeroed(1, sizeof *hasher);
    hasher->state = memory_checked(XXH3_createState());
    XXH3_128bits_reset(hasher->state);
    return hasher;
}

void hasher_destroy(struct hasher *hasher)
{
    if (!hasher)
        return;
    XXH3_freeState(hasher->state);
    free(hasher);
}

void hasher_add(struct hasher *hasher, const void *data, size_t size)
{
    xxh3_128_add(hasher->state, data, size);
}

enum status hasher_add_file(struct hasher *hasher, int fd, const char *path, int64_t size,
                            struct error *err)
{
    int64_t done = 0;
    ssize_t got = 0;
    void *piece = memory_block(PIECE_BYTES);
    for (; done < size; done += got) {
        got = pread(fd, piece, (size_t)min_int64(PIECE_BYTES, size - done), (off_t)done);
        if (got <= 0)
            break;
        hasher_add(hasher, piece, (size_t)got);
    }
    free(piece);
    if (done == size)
        return STATUS_OK;
    if (got < 0)
        return error_set(err, STATUS_IO, "reading %s at %lld: %s", path, (long long)done,
                         strerror(errno));
    return error_set(err, STATUS_BAD_DATA, "%s has %lld bytes, not %lld", path, (long long)done,
                     (long long)size);
}

void hasher_hex(const struct hasher *hasher, char hex[HASH_HEX_SIZE])
{
    print_hash(XXH3_128bits_digest(hasher->state), hex);
}

#include "pack_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/hash.h"
#include "store/pack.h"

#define MARK "\nheatstream pack/1 "

enum { MARK_BYTES = sizeof MARK - 1, SEAL_BYTES = MARK_BYTES + 20 + 1 + HASH_HEX_SIZE - 1 + 1 };

static enum status digest_start(int fd, const char *path, int64_t size, char hex[HASH_HEX_SIZE],
                                struct error *err)
{
    struct hasher *hasher = hasher_create();
    enum status status = hasher_add_file(hasher, fd, path, size, err);
    hasher_hex(hasher, hex);
    hasher_destroy(hasher);
    return status;
}

static void print_seal(int64_t size, const char *hex, char seal[SEAL_BYTES + 1])
{
    snprintf(seal, SEAL_BYTES + 1, MARK "%020" PRId64 " %s\n", size, hex);
}

enum status pack_seal_append(int fd, const char *path, int64_t *bytes, struct error *err)
{
    struct stat info;
    char hex[HASH_HEX_SIZE], seal[SEAL_BYTES + 1];
    if (fstat(fd, &info) != 0 || lseek(fd, 0, SEEK_END) < 0)
        return error_set(err, STATUS_IO, "looking at %s: %s", path, strerror(errno));
    TRY(digest_start(fd, path, info.st_size, hex, err));
    print_seal(info.st_size, hex, seal);
    TRY(durable_write_all(fd, path, seal, SEAL_BYTES, err));
    if (fsync(fd) != 0)
        return error_set(err, STATUS_IO, "syncing %s: %s", path, strerror(errno));
    *bytes = info.st_size + SEAL_BYTES;
    return STATUS_OK;
}

/* The last bytes of an open file, and its size without them; false when it is shorter. */
static bool read_seal(int fd, char seal[SEAL_BYTES + 1], int64_t *size)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || info.st_size < SEAL_BYTES)
        return false;
    *size = info.st_size - SEAL_BYTES;
    seal[SEAL_BYTES] = '\0';
    return pread(fd, seal, SEAL_BYTES, (off_t)*size) == SEAL_BYTES;
}

bool pack_seal_ends(const char *path)
{
    char seal[SEAL_BYTES + 1];
    int64_t size;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ends = fd >= 0 && read_seal(fd, seal, &size) && memcmp(seal, MARK, MARK_BYTES) == 0;
    if (fd >= 0)
        close(fd);
    return ends;
}

static enum status prove(int fd, const char *path, struct error *err)
{
    char seal[SEAL_BYTES + 1], right[SEAL_BYTES + 1], hex[HASH_HEX_SIZE];
    int64_t size;
    if (!read_seal(fd, seal, &size) || memcmp(seal, MARK, MARK_BYTES) != 0)
        return error_set(err, STATUS_BAD_DATA, "%s is not whole: it does not end with a seal",
                         path);
    TRY(digest_start(fd, path, size, hex, err));
    print_seal(size, hex, right);
    if (memcmp(seal, right, SEAL_BYTES) == 0)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA,
                     "%s is not as it was packed: its %" PRId64 " bytes have digest %s, its seal "
                     "says %.*s",
                     path, size, hex, SEAL_BYTES - MARK_BYTES - 1, seal + MARK_BYTES);
}

enum status pack_prove(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, STATUS_NO_INPUT, "opening %s: %s", path, strerror(errno));
    enum status status = prove(fd, path, err);
    close(fd);
    return status;
}

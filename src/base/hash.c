#include "base/hash.h"

#include <stdio.h>
#include <xxhash.h>

void hash_hex(const void *data, size_t size, char hex[HASH_HEX_SIZE])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, size));
    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", canonical.digest[i]);
}

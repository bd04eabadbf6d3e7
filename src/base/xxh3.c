#include "base/xxh3.h"

/* Not in every build of the library, and declared in a header that only x86 has. */
XXH128_hash_t XXH3_128bits_dispatch(const void *data, size_t size) __attribute__((weak));
XXH_errorcode XXH3_128bits_update_dispatch(XXH3_state_t *state, const void *data, size_t size)
    __attribute__((weak));

XXH128_hash_t xxh3_128(const void *data, size_t size)
{
    return XXH3_128bits_dispatch ? XXH3_128bits_dispatch(data, size) : XXH3_128bits(data, size);
}

void xxh3_128_add(XXH3_state_t *state, const void *data, size_t size)
{
    if (XXH3_128bits_update_dispatch)
        XXH3_128bits_update_dispatch(state, data, size);
    else
        XXH3_128bits_update(state, data, size);
}

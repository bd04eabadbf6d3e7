#include "digest_pieces.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/xxh3.h"

struct digest_pieces {
    XXH3_state_t *state;
};

struct digest_pieces *digest_pieces_begin(void)
{
    struct digest_pieces *pieces = memory_block(sizeof *pieces);
    pieces->state = memory_checked(XXH3_createState());
    XXH3_128bits_reset(pieces->state);
    return pieces;
}

void digest_pieces_add(struct digest_pieces *pieces, const void *data, size_t size)
{
    xxh3_128_add(pieces->state, data, size);
}

struct digest digest_pieces_end(struct digest_pieces *pieces)
{
    XXH128_canonical_t canonical;
    struct digest digest;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(pieces->state));
    memcpy(digest.bytes, canonical.digest, sizeof digest.bytes);
    XXH3_freeState(pieces->state);
    free(pieces);
    return digest;
}

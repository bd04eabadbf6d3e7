/* The digest of bytes that come in pieces: that of digest_bytes() over all of them. Local. */
#ifndef HEATSTREAM_STORE_DIGEST_PIECES_H
#define HEATSTREAM_STORE_DIGEST_PIECES_H

#include <stddef.h>

#include "store/digest.h"

struct digest_pieces;

struct digest_pieces *digest_pieces_begin(void);
void digest_pieces_add(struct digest_pieces *pieces, const void *data, size_t size);

/* Frees `pieces`. */
struct digest digest_pieces_end(struct digest_pieces *pieces);

#endif

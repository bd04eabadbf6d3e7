/* The digest of a field: XXH3-128 (seed 0) of each column's ny little-endian values from bottom to
 * top, then XXH3-128 of the columns' 16-byte canonical (big-endian) digests in order of x. A
 * column has one owner, so the digest is equal for every rank count. */
#ifndef HEATSTREAM_STORE_DIGEST_H
#define HEATSTREAM_STORE_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "grid/measure.h"

struct digest {
    uint8_t bytes[16]; /* canonical, big-endian */
};

enum { DIGEST_HEX = 33 }; /* 32 digits and the final 0 */

struct digester;

/* Local. The domain is borrowed. NULL when memory is short. */
struct digester *digester_create(const struct domain *domain);
void digester_destroy(struct digester *digester); /* accepts NULL */

/* Collective; the result is valid on every rank. */
struct digest digest_field(struct digester *digester, const struct field *field);

/* The same over any local columns: column i is `size` bytes at columns + i * stride_bytes. */
struct digest digest_columns(struct digester *digester, const void *columns, size_t stride_bytes,
                             size_t size);

/* The same in two steps, for columns that are not all in memory at once: each owned column once
 * (local), then the digest of all (collective, valid on every rank). */
void digest_column(struct digester *digester, int i, const void *column, size_t size);
struct digest digest_combine(struct digester *digester);

/* Collective: of a field that is measured as well, in one pass over it; both are valid on every
 * rank. */
struct digest digest_measure(struct digester *digester, struct measurer *measurer,
                             const struct field *field, struct measure *measure);

/* Of plain bytes, local. */
struct digest digest_bytes(const void *data, size_t size);

void digest_hex(struct digest digest, char hex[DIGEST_HEX]);
bool digest_parse(const char *hex, struct digest *digest);
bool digest_equal(struct digest a, struct digest b);

#endif

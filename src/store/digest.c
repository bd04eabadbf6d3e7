#include "store/digest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xxh3.h"
#include "grid/columns.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "values are hashed as they lie in memory");

struct digester {
    const struct domain *domain;
    struct digest *mine; /* [nx] */
    struct digest *all;  /* [gnx] on rank 0 */
    struct columns *columns;
};

struct digester *digester_create(const struct domain *domain)
{
    struct digester *digester = calloc(1, sizeof *digester);
    size_t columns = domain->rank == 0 ? (size_t)domain->gnx : 1;
    if (!digester)
        return NULL;
    digester->domain = domain;
    digester->mine = calloc((size_t)domain->nx, sizeof *digester->mine);
    digester->all = calloc(columns, sizeof *digester->all);
    digester->columns = columns_create(domain, sizeof(struct digest));
    if (digester->mine && digester->all)
        return digester;
    digester_destroy(digester);
    return NULL;
}

void digester_destroy(struct digester *digester)
{
    if (!digester)
        return;
    free(digester->mine);
    free(digester->all);
    columns_destroy(digester->columns);
    free(digester);
}

struct digest digest_bytes(const void *data, size_t size)
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, xxh3_128(data, size));
    struct digest digest;
    memcpy(digest.bytes, canonical.digest, sizeof digest.bytes);
    return digest;
}

void digest_column(struct digester *digester, int i, const void *column, size_t size)
{
    assert(i >= 0 && i < digester->domain->nx);
    digester->mine[i] = digest_bytes(column, size);
}

struct digest digest_combine(struct digester *digester)
{
    const struct domain *domain = digester->domain;
    columns_gather(digester->columns, digester->mine, digester->all);
    struct digest digest = {{0}};
    if (domain->rank == 0)
        digest = digest_bytes(digester->all, (size_t)domain->gnx * sizeof *digester->all);
    MPI_Bcast(digest.bytes, (int)sizeof digest.bytes, MPI_BYTE, 0, domain->comm);
    return digest;
}

struct digest digest_columns(struct digester *digester, const void *columns, size_t stride_bytes,
                             size_t size)
{
    for (int i = 0; i < digester->domain->nx; i++)
        digest_column(digester, i, (const char *)columns + (size_t)i * stride_bytes, size);
    return digest_combine(digester);
}

struct digest digest_field(struct digester *digester, const struct field *field)
{
    return digest_columns(digester, field->cells, (size_t)field->pitch * sizeof(double),
                          (size_t)field->ny * sizeof(double));
}

struct digest digest_measure(struct digester *digester, struct measurer *measurer,
                             const struct field *field, struct measure *measure)
{
    for (int i = 0; i < field->nx; i++) {
        measure_take(measurer, field, i);
        digest_column(digester, i, field_column(field, i), (size_t)field->ny * sizeof(double));
    }
    *measure = measure_combine(measurer);
    return digest_combine(digester);
}

void digest_hex(struct digest digest, char hex[DIGEST_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        hex[2 * i] = digits[digest.bytes[i] >> 4];
        hex[2 * i + 1] = digits[digest.bytes[i] & 15];
    }
    hex[DIGEST_HEX - 1] = '\0';
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool digest_parse(const char *hex, struct digest *digest)
{
    struct digest parsed;
    if (strlen(hex) != DIGEST_HEX - 1)
        return false;
    for (int i = 0; i < 16; i++) {
        int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        parsed.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *digest = parsed;
    return true;
}

bool digest_equal(struct digest a, struct digest b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

#include "wire/scalar.h"

#include "keyset.h"

bool scalar_number(const struct scalar *scalar, struct number *number)
{
    if (scalar->kind == SCALAR_NUMBER) {
        *number = scalar->number;
        return true;
    }
    const uint8_t *at = scalar->begin;
    return scalar->kind == SCALAR_CELL && number_scan(&at, scalar->end, number) &&
           at == scalar->end;
}

static bool copy_cell(const struct scalar *scalar, uint8_t *scratch, size_t size, size_t *copied)
{
    size_t count = 0;
    for (const uint8_t *at = scalar->begin; at < scalar->end; at += *at == '"' ? 2 : 1) {
        if (count == size)
            return false;
        scratch[count++] = *at;
    }
    *copied = count;
    return true;
}

bool scalar_to_text(const struct scalar *scalar, uint8_t *scratch, size_t size,
                    struct scalar_text *text)
{
    if (scalar->kind == SCALAR_NUMBER)
        return false;
    if (!scalar->escaped) {
        *text = (struct scalar_text){scalar->begin, (size_t)(scalar->end - scalar->begin)};
        return true;
    }
    const struct json_string string = {scalar->begin, scalar->end, true};
    text->begin = scratch;
    return scalar->kind == SCALAR_STRING ? json_string_copy(&string, scratch, size, &text->size)
                                         : copy_cell(scalar, scratch, size, &text->size);
}

#include "grid/field.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

enum { CACHE_LINE = 64, LINE_CELLS = CACHE_LINE / (int)sizeof(double) };

/* Room for both ghost rows, whole cache lines, and no multiple of a page: columns that share their
 * page offset evict each other and stall loads behind stores. */
static ptrdiff_t pitch_of(int ny)
{
    ptrdiff_t pitch = ((ptrdiff_t)ny + 2 + LINE_CELLS - 1) / LINE_CELLS * LINE_CELLS;
    if (pitch * (ptrdiff_t)sizeof(double) % PAGE_BYTES == 0)
        pitch += LINE_CELLS;
    return pitch;
}

struct field *field_create_deep(const struct domain *domain, double value, int ghosts,
                                enum field_place place)
{
    size_t page_offset = place == FIELD_SECOND ? PAGE_BYTES / 2 : 0;
    ptrdiff_t pitch = pitch_of(domain->ny);
    size_t columns = (size_t)domain->nx + 2 * (size_t)ghosts;
    size_t margin = 2 * PAGE_BYTES; /* the offset, and a cache line at both ends */
    if ((size_t)pitch > (SIZE_MAX / 2 - margin) / sizeof(double) / columns)
        return NULL;
    size_t size = columns * (size_t)pitch * sizeof(double) + margin;
    struct field *field = malloc(sizeof *field);
    void *memory = pages_allocate(size);
    if (!field || !memory) {
        free(field);
        free(memory);
        return NULL;
    }
    double *ghost = (double *)((char *)memory + CACHE_LINE + page_offset);
    for (ptrdiff_t i = -1; i < (ptrdiff_t)columns * pitch; i++)
        ghost[i] = value;
    *field = (struct field){.nx = domain->nx,
                            .ny = domain->ny,
                            .ghosts = ghosts,
                            .pitch = pitch,
                            .cells = ghost + ghosts * pitch,
                            .memory = memory};
    return field;
}

struct field *field_create(const struct domain *domain, double value)
{
    return field_create_deep(domain, value, 1, FIELD_FIRST);
}

void field_destroy(struct field *field)
{
    if (!field)
        return;
    free(field->memory);
    free(field);
}

void field_give(struct field *field, struct field *spare)
{
    struct field given = *field;
    assert(field->nx == spare->nx && field->ghosts == spare->ghosts);
    field->memory = spare->memory;
    field->cells = (double *)((char *)spare->memory + ((char *)given.cells - (char *)given.memory));
    *spare = given;
}

void field_copy(struct field *to, const struct field *from)
{
    for (int i = 0; i < from->nx; i++)
        memcpy(field_column(to, i), field_column(from, i), (size_t)from->ny * sizeof(double));
}

#include "shared.h"

#include <stdlib.h>

#include "base/memory.h"

struct shared *shared_create(struct buffer *bytes)
{
    struct shared *shared = memory_zeroed(1, sizeof *shared);
    *shared = (struct shared){.data = bytes->data, .size = bytes->size, .users = 1};
    if (bytes->size < bytes->capacity)
        shared->data = memory_checked(realloc(bytes->data, bytes->size + 1));
    *bytes = (struct buffer){0};
    return shared;
}

struct shared *shared_use(struct shared *shared)
{
    shared->users++;
    return shared;
}

void shared_release(struct shared *shared)
{
    if (!shared || --shared->users > 0)
        return;
    free(shared->data);
    free(shared);
}

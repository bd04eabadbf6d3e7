#include "pictures.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"

enum { KEPT = 32 }; /* of at most VIEW_PIXELS squared pixels: 32 MiB */

struct kept {
    struct view view;
    struct shared *picture; /* NULL: none */
    long used;
};

struct pictures {
    const struct watch_rows *rows;
    struct kept kept[KEPT];
    long uses;
};

struct pictures *pictures_create(const struct watch_rows *rows)
{
    struct pictures *pictures = memory_zeroed(1, sizeof *pictures);
    pictures->rows = rows;
    return pictures;
}

static void forget(struct kept *kept)
{
    shared_release(kept->picture);
    *kept = (struct kept){0};
}

void pictures_destroy(struct pictures *pictures)
{
    if (!pictures)
        return;
    pictures_forget(pictures);
    free(pictures);
}

void pictures_forget(struct pictures *pictures)
{
    for (int i = 0; i < KEPT; i++)
        forget(&pictures->kept[i]);
}

static bool is_same(const struct view *a, const struct view *b)
{
    return a->row == b->row && a->stat == b->stat && a->box.x0 == b->box.x0 &&
           a->box.y0 == b->box.y0 && a->box.x1 == b->box.x1 && a->box.y1 == b->box.y1;
}

/* The one that is asked for, else the one that was asked for longest ago. */
static struct kept *choose(struct pictures *pictures, const struct view *view, bool *found)
{
    struct kept *chosen = &pictures->kept[0];
    for (int i = 0; i < KEPT; i++) {
        struct kept *kept = &pictures->kept[i];
        *found = kept->picture && is_same(&kept->view, view);
        if (*found)
            return kept;
        if (kept->used < chosen->used)
            chosen = kept;
    }
    return chosen;
}

enum status pictures_get(struct pictures *pictures, const struct view *view,
                         struct shared **picture, struct error *err)
{
    bool found;
    struct kept *kept = choose(pictures, view, &found);
    if (!found) {
        struct buffer made = {0};
        enum status status = view_make(pictures->rows, view, &made, err);
        if (status != STATUS_OK) {
            buffer_release(&made);
            return status;
        }
        forget(kept);
        *kept = (struct kept){.view = *view, .picture = shared_create(&made)};
    }
    kept->used = ++pictures->uses;
    *picture = shared_use(kept->picture);
    return STATUS_OK;
}

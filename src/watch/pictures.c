#include "pictures.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/monotonic.h"

enum { KEPT = 32 }; /* of at most VIEW_PIXELS squared pixels: 32 MiB */

struct kept {
    struct view view;
    struct buffer picture;
    long used; /* 0: empty */
};

struct pictures {
    const struct watch_rows *rows;
    struct kept kept[KEPT];
    long uses;
    double cost_s;
};

struct pictures *pictures_create(const struct watch_rows *rows)
{
    struct pictures *pictures = memory_zeroed(1, sizeof *pictures);
    pictures->rows = rows;
    return pictures;
}

void pictures_destroy(struct pictures *pictures)
{
    if (!pictures)
        return;
    for (int i = 0; i < KEPT; i++)
        buffer_release(&pictures->kept[i].picture);
    free(pictures);
}

void pictures_forget(struct pictures *pictures)
{
    for (int i = 0; i < KEPT; i++)
        pictures->kept[i].used = 0;
}

double pictures_cost_s(const struct pictures *pictures)
{
    return pictures->cost_s;
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
        *found = kept->used > 0 && is_same(&kept->view, view);
        if (*found)
            return kept;
        if (kept->used < chosen->used)
            chosen = kept;
    }
    return chosen;
}

/* A dear one lets the next be cheap again only slowly. */
static void note_cost(struct pictures *pictures, double cost_s)
{
    double slowly = 0.8 * pictures->cost_s;
    pictures->cost_s = cost_s > slowly ? cost_s : slowly;
}

enum status pictures_get(struct pictures *pictures, const struct view *view, struct buffer *picture,
                         struct error *err)
{
    bool found;
    struct kept *kept = choose(pictures, view, &found);
    if (!found) {
        double began_s = monotonic_s();
        kept->used = 0;
        buffer_clear(&kept->picture);
        TRY(view_make(pictures->rows, view, &kept->picture, err));
        kept->view = *view;
        note_cost(pictures, monotonic_s() - began_s);
    }
    kept->used = ++pictures->uses;
    buffer_append(picture, kept->picture.data, kept->picture.size);
    return STATUS_OK;
}

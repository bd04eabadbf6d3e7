#include "query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"

enum { POINTS = 500 };

static const char *text_of(const struct query *query, const char *name)
{
    return query->parameter(query->context, name);
}

/* Digits, after a minus or not, and nothing else. *value stays what it is where there is no such
 * parameter. */
static bool get_number(const struct query *query, const char *name, int64_t *value)
{
    const char *text = text_of(query, name);
    if (!text)
        return true;
    const char *digits = text + (*text == '-');
    size_t count = strspn(digits, "0123456789");
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    if (count == 0 || digits[count] || errno)
        return false;
    *value = number;
    return true;
}

bool query_choice(const struct query *query, const char *name, const char *const *names, int count,
                  int *index)
{
    const char *text = text_of(query, name);
    *index = 0;
    for (int i = 0; text && i < count; i++)
        if (strcmp(text, names[i]) == 0) {
            *index = i;
            return true;
        }
    return !text;
}

static bool get_stat(const struct query *query, enum view_stat *stat)
{
    static const char *const names[] = {
        [VIEW_MEAN] = "mean", [VIEW_MIN] = "min", [VIEW_MAX] = "max"};
    int index;
    bool known = query_choice(query, "stat", names, 3, &index);
    *stat = (enum view_stat)index;
    return known;
}

bool query_row(const struct query *query, int64_t *row)
{
    *row = query->rows - 1;
    return get_number(query, "row", row);
}

bool query_view(const struct query *query, struct view *view)
{
    struct watch_box *box = &view->box;
    *box = (struct watch_box){0, 0, query->gnx, query->gny};
    return query_row(query, &view->row) && get_stat(query, &view->stat) &&
           get_number(query, "x0", &box->x0) && get_number(query, "y0", &box->y0) &&
           get_number(query, "x1", &box->x1) && get_number(query, "y1", &box->y1) && 0 <= box->x0 &&
           box->x0 < box->x1 && box->x1 <= query->gnx && 0 <= box->y0 && box->y0 < box->y1 &&
           box->y1 <= query->gny;
}

bool query_range(const struct query *query, struct tell_range *range)
{
    int64_t newest = query->rows - 1, last = max_int64(newest, 0);
    *range = (struct tell_range){.points = POINTS};
    if (!get_number(query, "points", &range->points) || range->points < 1 ||
        range->points > QUERY_MOST_POINTS || !get_number(query, "to", &last) || last < 0)
        return false;
    range->last = min_int64(last, newest);
    range->first = max_int64(query->first_row, range->last - range->points + 1);
    return get_number(query, "from", &range->first) && range->first >= query->first_row;
}

bool query_alerts(const struct query *query, int64_t *from)
{
    *from = 0;
    return get_number(query, "from", from) && *from >= 0;
}

bool query_cell(const struct query *query, int64_t *x, int64_t *y)
{
    *x = *y = 0;
    return get_number(query, "x", x) && get_number(query, "y", y) && 0 <= *x && *x < query->gnx &&
           0 <= *y && *y < query->gny;
}

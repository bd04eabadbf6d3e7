/* What the interface of the page says, as JSON. Numbers that are not finite are null. */
#ifndef HEATSTREAM_WATCH_TELL_H
#define HEATSTREAM_WATCH_TELL_H

#include "base/buffer.h"
#include "watch/page.h"

/* Lines of news, all ended, of the rows before `judged`. */
struct tell_alerts {
    struct buffer lines;
    struct buffer starts; /* size_t, of each line in `lines` */
    int64_t count, judged;
};

/* `start` names this start of the program: a page that sees another one knows of a restart. */
void tell_run(const struct page_config *config, const char *start, struct buffer *json);
void tell_state(const struct page_config *config, const struct page_state *state,
                const struct tell_alerts *alerts, const char *start, struct buffer *json);

/* `readings` of the regions, NULL: not known. */
void tell_row(int64_t index, const struct watch_row *row, const struct page_reading *readings,
              int regions, struct buffer *json);
void tell_norms(int64_t row, const struct watch_norms *norms, struct buffer *json);

/* At most `most` alerts after the first `from`. */
void tell_alerts(const struct tell_alerts *alerts, int64_t from, int64_t most, struct buffer *json);

/* Rows first .. last, at most `points` of them, evenly; rows that are not there are left out. */
struct tell_range {
    int64_t first, last, points;
};
void tell_series(const struct watch_rows *rows, const struct tell_range *range,
                 struct buffer *json);

/* The values of one cell in these rows. */
void tell_cell(const struct watch_rows *rows, const struct tell_range *range, int64_t x, int64_t y,
               struct buffer *json);

#endif

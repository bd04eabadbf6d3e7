/* What the page tells of stored runs alone: alerts, and another run beside this one. */
#include "page_client.h"

/* The other run has no window 5; the difference is made up as well. */
static enum status get_other_row(void *context, int64_t row, struct watch_row *out,
                                 struct error *err)
{
    if (row == 5)
        return error_set(err, STATUS_NO_INPUT, "other has no window 5");
    return get_row(context, row, out, err);
}

static enum status get_difference(void *context, int64_t row, const struct watch_box *box,
                                  float *cells, struct error *err)
{
    TRY(get_cells(context, row, box, cells, err));
    for (int64_t i = 0; i < (box->x1 - box->x0) * (box->y1 - box->y0); i++)
        cells[i] = -cells[i];
    return STATUS_OK;
}

static enum status get_norms(void *context, int64_t row, struct watch_norms *norms,
                             struct error *err)
{
    struct watch_row ignored;
    TRY(get_other_row(context, row, &ignored, err));
    *norms = (struct watch_norms){.max = INFINITY, .rms = 0.5, .cells = 6, .x = 1, .y = 2};
    return STATUS_OK;
}

static const struct watch_other other = {
    .name = "other",
    .rows = {.row = get_other_row, .cells = get_cells},
    .difference = {.row = get_other_row, .cells = get_difference},
    .norms = get_norms,
};

static void another_run_is_told_of_by_the_windows_of_this_one(void)
{
    struct page_config config = config_of("127.0.0.1:0", NULL);
    config.other = &other;
    struct page *page = open_configured(&config);
    struct buffer said = {0};
    await_rows(page, &said);
    CU_ASSERT_EQUAL(ask(page, "/api/run", "", &said), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(body_of(&said), "\"other\":\"other\""));
    CU_ASSERT_EQUAL(ask(page, "/api/difference?row=4", "", &said), 200);
    CU_ASSERT_STRING_EQUAL(body_of(&said),
                           "{\"row\":4,\"max\":null,\"rms\":0.5,\"cells\":6,\"x\":1,\"y\":2}");
    static const char *const views[] = {"this", "other", "difference"};
    for (int i = 0; i < 3; i++) {
        char path[80];
        float value, expected = (i == 2 ? -1.0F : 1.0F) * made_up(4, 9, 8);
        snprintf(path, sizeof path, "/api/picture?row=4&x0=9&y0=8&x1=10&y1=9&of=%s", views[i]);
        CU_ASSERT_EQUAL(ask(page, path, "", &said), 200);
        memcpy(&value, body_of(&said) + VIEW_HEADER, sizeof value);
        CU_ASSERT_EQUAL(memcmp(&value, &expected, sizeof value), 0);
    }
    CU_ASSERT_EQUAL(ask(page, "/api/row?row=5&of=this", "", &said), 200);
    CU_ASSERT_EQUAL(ask(page, "/api/row?row=5&of=other", "", &said), 404);
    CU_ASSERT_EQUAL(ask(page, "/api/picture?row=5&of=difference", "", &said), 404);
    CU_ASSERT_EQUAL(ask(page, "/api/difference?row=5", "", &said), 404);
    CU_ASSERT_EQUAL(ask(page, "/api/row?row=5&of=difference", "", &said), 400);
    CU_ASSERT_EQUAL(ask(page, "/api/picture?of=sum", "", &said), 400);
    buffer_release(&said);
    page_close(page);
}

static void alerts_are_told_in_parts_as_they_come(void)
{
    struct page_config config = config_of("127.0.0.1:0", NULL);
    struct page *page = open_configured(&config);
    struct buffer said = {0}, lines = {0};
    CU_ASSERT_EQUAL(ask(page, "/api/alerts", "", &said), 200);
    CU_ASSERT_STRING_EQUAL(body_of(&said), "{\"judged\":0,\"count\":0,\"alerts\":[]}");
    buffer_printf(&lines, "{\"a\":1}\n{\"a\":2}\n");
    page_tell_alerts(page, &lines, 4);
    buffer_clear(&lines);
    buffer_printf(&lines, "{\"a\":3}\n");
    page_tell_alerts(page, &lines, 9);
    do {
        CU_ASSERT_EQUAL_FATAL(ask(page, "/api/state", "", &said), 200);
    } while (!strstr(body_of(&said), "\"alerts\":3,\"judged\":9"));
    CU_ASSERT_EQUAL(ask(page, "/api/alerts?from=1", "", &said), 200);
    CU_ASSERT_STRING_EQUAL(body_of(&said),
                           "{\"judged\":9,\"count\":3,\"alerts\":[{\"a\":2},{\"a\":3}]}");
    CU_ASSERT_EQUAL(ask(page, "/api/alerts?from=9223372036854775807", "", &said), 200);
    CU_ASSERT_STRING_EQUAL(body_of(&said), "{\"judged\":9,\"count\":3,\"alerts\":[]}");
    CU_ASSERT_EQUAL(ask(page, "/api/alerts?from=-1", "", &said), 400);
    buffer_release(&said);
    buffer_release(&lines);
    page_close(page);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(another_run_is_told_of_by_the_windows_of_this_one),
        UNIT_TEST(alerts_are_told_in_parts_as_they_come),
    };
    return unit_run("page_stored", tests, UNIT_COUNT(tests));
}

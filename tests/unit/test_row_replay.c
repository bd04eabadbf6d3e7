#include "base/buffer.h"
#include "base/durable.h"
#include "row_sending.h"

static void rows_that_are_no_events_are_counted_and_nothing_else_is_lost(void)
{
    struct row_replay *replay = open_rows("time,gridX,gridY,gen\n"
                                          "\n"
                                          "1,1,1,1\n"
                                          "2,1,1\n"
                                          "3,40,1,1\n"
                                          "4,1,1,NaN\n"
                                          "5,1,1,1e999\n"
                                          "6,1,1,1e13\n"
                                          "x,1,1,1\n"
                                          "7,1,1,\"1\"1\n"
                                          "8,1,1,2",
                                          &usual);
    struct sent sent = send_all(replay, 0);
    CU_ASSERT_STRING_EQUAL(sent.text, "{\"time\":1,\"gridX\":1,\"gridY\":1,\"gen\":1}\n"
                                      "{\"time\":8,\"gridX\":1,\"gridY\":1,\"gen\":2}\n");
    CU_ASSERT_EQUAL(sent.counts.sent, 2);
    CU_ASSERT_EQUAL(sent.counts.faulty, 8);
    row_replay_close(replay);
}

static void no_row_leaves_before_it_is_due(void)
{
    struct row_replay *replay = open_rows("time,gridX,gridY,gen\n"
                                          "1000,0,0,1\n"
                                          "1000,0,1,2\n"
                                          "1030,0,0,3\n"
                                          "bad\n"
                                          "1021,0,0,4\n"
                                          "1100,0,0,5\n",
                                          &usual);
    struct sent sent = send_all(replay, 10);
    const struct fake *fake = &sent.fake;
    /* 30 and 100 ms after the first, at ten times real time. */
    CU_ASSERT_EQUAL_FATAL(fake->waits, 2);
    CU_ASSERT_EQUAL(fake->waited_for_ns[0], 5003000000);
    CU_ASSERT_EQUAL(fake->waited_for_ns[1], 5010000000);
    CU_ASSERT_STRING_EQUAL(fake->written[0], "{\"time\":1000,\"gridX\":0,\"gridY\":0,\"gen\":1}\n"
                                             "{\"time\":1000,\"gridX\":0,\"gridY\":1,\"gen\":2}\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(fake->written[1], "\"gen\":4}\n"));
    CU_ASSERT_PTR_NULL(strstr(fake->written[1], "\"gen\":5}"));
    CU_ASSERT_PTR_NOT_NULL(strstr(sent.text, "\"gen\":5}\n"));
    row_replay_close(replay);
}

static void a_row_that_its_form_cannot_hold_is_not_what_others_wait_by(void)
{
    struct decoder_config nanoseconds = usual;
    nanoseconds.format = EVENT_BINARY;
    nanoseconds.time_unit = TIME_NS;
    struct row_replay *replay = open_rows("time,gridX,gridY,gen\n"
                                          "-9300000000000000000000,0,0,1\n"
                                          "1000000,0,0,2\n"
                                          "3000000,0,0,3\n",
                                          &nanoseconds);
    struct sent sent = send_all(replay, 1);
    CU_ASSERT_EQUAL(sent.counts.sent, 2);
    CU_ASSERT_EQUAL(sent.counts.faulty, 1);
    CU_ASSERT_EQUAL_FATAL(sent.fake.waits, 1);
    CU_ASSERT_EQUAL(sent.fake.waited_for_ns[0], 5002000000);
    row_replay_close(replay);
}

static void a_sender_that_is_behind_does_not_wait(void)
{
    struct fake fake = {.now_ns = 7};
    struct error err;
    struct pace pace = pace_begin((struct pace_clock){fake_now, fake_wait, &fake}, 2);
    fake.now_ns += 1000000000;
    CU_ASSERT_EQUAL(pace_delay_s(&pace, 1500), 0);
    CU_ASSERT_EQUAL(pace_wait(&pace, 1500, NULL, &err), STATUS_OK);
    CU_ASSERT_EQUAL(pace_delay_s(&pace, 3000), 0.5);
    CU_ASSERT_EQUAL(pace_spent_s(&pace), 1);
    CU_ASSERT_EQUAL(fake.waits, 0);
}

static void a_time_of_another_age_is_due_late_and_not_before_the_beginning(void)
{
    struct fake fake = {.now_ns = INT64_MAX / 4};
    struct pace pace = pace_begin((struct pace_clock){fake_now, fake_wait, &fake}, 1e-9);
    CU_ASSERT(pace_delay_s(&pace, 1e30) > 1e9);
    CU_ASSERT(pace_delay_s(&pace, 1e3) > 9e8);
}

static enum status send_silently(struct row_replay *replay, struct error *err)
{
    struct sink *sink;
    struct row_counts counts;
    struct fake fake = {0};
    struct pace pace = pace_begin((struct pace_clock){fake_now, fake_wait, &fake}, 0);
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    CU_ASSERT_EQUAL_FATAL(sink_open_stream(fd, "null", &sink, err), STATUS_OK);
    enum status status = row_replay_send(replay, &pace, sink, &counts, err);
    sink_discard(sink);
    close(fd);
    return status;
}

static void a_file_without_any_event_is_no_input(void)
{
    struct error err;
    struct row_replay *replay = open_rows("time,gridX,gridY,gen\na,b,c,d\n1\n", &usual);
    CU_ASSERT_EQUAL(send_silently(replay, &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "none of its 2 rows is an event"));
    row_replay_close(replay);
    replay = open_rows("time,gridX,gridY,gen\n", &usual);
    CU_ASSERT_EQUAL(send_silently(replay, &err), STATUS_OK);
    row_replay_close(replay);
}

static void check_refused(const char *csv, const char *expected)
{
    struct row_replay *replay;
    struct error err;
    const struct row_replay_config config = {
        .path = write_csv(csv), .decoding = usual, .partitions = 1};
    CU_ASSERT_EQUAL_FATAL(row_replay_open(&config, &replay, &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, expected));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, config.path));
}

static void a_header_that_lacks_a_column_is_refused_by_file_and_name(void)
{
    check_refused("time,gridX,gen\n1,1,1\n", "lacks the field `gridY`");
    check_refused("time,gridX,gridY,gen,time\n1,1,1,1,1\n", "`time` twice");
    check_refused("", "lacks the field `time`");
}

/* The number of lines that each of three partitions got. */
static void split(bool by_key, int lines[3])
{
    char prefix[PATH_MAX], name[PATH_MAX + 16];
    struct sink *sink;
    struct error err;
    struct row_counts counts;
    struct fake fake = {0};
    struct pace pace = pace_begin((struct pace_clock){fake_now, fake_wait, &fake}, 0);
    const struct row_replay_config config = {
        .path = write_csv("time,gridX,gridY,gen\n1,0,0,1\n2,13,0,1\n3,14,0,1\n4,39,0,1\n"),
        .decoding = usual,
        .partitions = 3,
        .partition_by_key = by_key};
    struct row_replay *replay;
    CU_ASSERT_EQUAL_FATAL(row_replay_open(&config, &replay, &err), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(sink_open_files(path_of("part", prefix), 3, &sink, &err), STATUS_OK);
    CU_ASSERT_EQUAL(row_replay_send(replay, &pace, sink, &counts, &err), STATUS_OK);
    CU_ASSERT_EQUAL(sink_close(sink, &err), STATUS_OK);
    row_replay_close(replay);
    for (int p = 0; p < 3; p++) {
        struct buffer text = {0};
        lines[p] = 0;
        snprintf(name, sizeof name, "%s.%d.ndjson", prefix, p);
        CU_ASSERT_EQUAL(durable_read_file(name, &text, &err), STATUS_OK);
        for (size_t i = 0; i < text.size; i++)
            lines[p] += text.data[i] == '\n';
        buffer_release(&text);
    }
}

static void partitions_are_chosen_by_column_or_by_key(void)
{
    int by_column[3], by_key[3];
    split(false, by_column);
    CU_ASSERT_EQUAL(by_column[0], 2); /* floor(13 * 3 / 40) is 0, floor(14 * 3 / 40) is 1 */
    CU_ASSERT_EQUAL(by_column[1], 1);
    CU_ASSERT_EQUAL(by_column[2], 1);
    split(true, by_key);
    CU_ASSERT_EQUAL(by_key[0] + by_key[1] + by_key[2], 4);
    CU_ASSERT(by_key[0] != 2 || by_key[1] != 1 || by_key[2] != 1);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(rows_that_are_no_events_are_counted_and_nothing_else_is_lost),
        UNIT_TEST(no_row_leaves_before_it_is_due),
        UNIT_TEST(a_row_that_its_form_cannot_hold_is_not_what_others_wait_by),
        UNIT_TEST(a_sender_that_is_behind_does_not_wait),
        UNIT_TEST(a_time_of_another_age_is_due_late_and_not_before_the_beginning),
        UNIT_TEST(a_file_without_any_event_is_no_input),
        UNIT_TEST(a_header_that_lacks_a_column_is_refused_by_file_and_name),
        UNIT_TEST(partitions_are_chosen_by_column_or_by_key),
    };
    return run_in_folder("row_replay", tests, UNIT_COUNT(tests));
}

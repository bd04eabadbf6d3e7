/* The text that Prometheus reads, as its format has it: every family once, a fixed number of
 * series, histograms that add up, whatever values and names are put in. */
#include "watch/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/thread.h"
#include "scratch.h"
#include "unit.h"

static const char *const fates[] = {"on_time", "late"};
static const char *const regions[] = {"all", "core"};
static const double levels[] = {10, 22.5, 30};
static const struct metrics_alert alerts[] = {{"hot", levels, 3}, {"cold", levels, 1}};
static const struct metrics_config config = {.version = "1.2",
                                             .git_id = "abc",
                                             .run_id = "run",
                                             .partitions = 3,
                                             .fates = fates,
                                             .fate_count = 2,
                                             .regions = regions,
                                             .region_count = 2,
                                             .alerts = alerts,
                                             .alert_count = 2};

/* With a final 0. */
static void get_text(struct metrics *metrics, struct buffer *text)
{
    buffer_clear(text);
    metrics_text(metrics, text);
    buffer_put_u8(text, '\0');
}

static int count_lines(const struct buffer *text, const char *start)
{
    int count = 0;
    for (const char *line = (const char *)text->data; *line;) {
        count += strncmp(line, start, strlen(start)) == 0;
        const char *end = strchr(line, '\n');
        if (!end)
            break;
        line = end + 1;
    }
    return count;
}

static bool has_line(const struct buffer *text, const char *line)
{
    char wanted[512];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    return strstr((const char *)text->data, wanted) != NULL;
}

static void every_family_is_told_once_with_help_and_type(void)
{
    struct metrics *metrics = metrics_create(&config);
    struct buffer text = {0};
    get_text(metrics, &text);
    CU_ASSERT_EQUAL(count_lines(&text, "# HELP heatstream_"), METRICS);
    CU_ASSERT_EQUAL(count_lines(&text, "# TYPE heatstream_"), METRICS);
    CU_ASSERT_EQUAL(count_lines(&text, "#"), 2 * METRICS);
    CU_ASSERT(has_line(&text, "# TYPE heatstream_windows_total counter"));
    CU_ASSERT(has_line(&text, "# TYPE heatstream_window gauge"));
    CU_ASSERT(has_line(&text, "# TYPE heatstream_event_to_frame_seconds histogram"));
    CU_ASSERT(
        has_line(&text, "heatstream_build_info{version=\"1.2\",git_id=\"abc\",run_id=\"run\"} 1"));
    buffer_release(&text);
    metrics_destroy(metrics);
}

static void series_are_there_from_the_beginning_and_never_grow(void)
{
    struct metrics *metrics = metrics_create(&config);
    struct buffer before = {0}, after = {0};
    get_text(metrics, &before);
    metrics_set(metrics, METRIC_KAFKA_LAG, 2, 7);
    metrics_add(metrics, METRIC_ALERTS, 3, 1);
    metrics_set(metrics, METRIC_TEMPERATURE, METRICS_STATS + METRICS_MAX, -0.5);
    metrics_observe(metrics, METRIC_STEP_DURATION, METRICS_IO, 1e-3);
    metrics_publish(metrics);
    get_text(metrics, &after);
    CU_ASSERT_EQUAL(count_lines(&before, "heatstream_"), count_lines(&after, "heatstream_"));
    CU_ASSERT_EQUAL(count_lines(&after, "heatstream_kafka_lag{"), 3);
    CU_ASSERT_EQUAL(count_lines(&after, "heatstream_alerts_total{"), 4);
    CU_ASSERT_EQUAL(count_lines(&after, "heatstream_alert_active{"), 2);
    CU_ASSERT(has_line(&before, "heatstream_kafka_lag{partition=\"2\"} NaN"));
    CU_ASSERT(has_line(&before, "heatstream_alerts_total{alert=\"hot\",level=\"22.5\"} 0"));
    CU_ASSERT(has_line(&after, "heatstream_kafka_lag{partition=\"2\"} 7"));
    CU_ASSERT(has_line(&after, "heatstream_alerts_total{alert=\"cold\",level=\"10\"} 1"));
    CU_ASSERT(has_line(&after, "heatstream_temperature{region=\"core\",stat=\"max\"} -0.5"));
    buffer_release(&before);
    buffer_release(&after);
    metrics_destroy(metrics);
}

static void nothing_is_seen_before_it_is_published(void)
{
    struct metrics *metrics = metrics_create(&config);
    struct buffer text = {0};
    metrics_add(metrics, METRIC_WINDOWS, 0, 3);
    get_text(metrics, &text);
    CU_ASSERT(has_line(&text, "heatstream_windows_total 0"));
    metrics_publish(metrics);
    get_text(metrics, &text);
    CU_ASSERT(has_line(&text, "heatstream_windows_total 3"));
    buffer_release(&text);
    metrics_destroy(metrics);
}

static void buckets_count_what_is_at_most_their_bound(void)
{
    struct metrics *metrics = metrics_create(&config);
    struct buffer text = {0};
    const double values[] = {-1.0, 1.0, 1.0000001, 300.0, 1e9, (double)INFINITY, (double)NAN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        metrics_observe(metrics, METRIC_EVENT_TO_FRAME, 0, values[i]);
    metrics_publish(metrics);
    get_text(metrics, &text);
    CU_ASSERT(has_line(&text, "heatstream_event_to_frame_seconds_bucket{le=\"0.001\"} 1"));
    CU_ASSERT(has_line(&text, "heatstream_event_to_frame_seconds_bucket{le=\"1\"} 2"));
    CU_ASSERT(has_line(&text, "heatstream_event_to_frame_seconds_bucket{le=\"2\"} 3"));
    CU_ASSERT(has_line(&text, "heatstream_event_to_frame_seconds_bucket{le=\"300\"} 4"));
    CU_ASSERT(has_line(&text, "heatstream_event_to_frame_seconds_bucket{le=\"+Inf\"} 6"));
    CU_ASSERT(has_line(&text, "heatstream_event_to_frame_seconds_sum +Inf"));
    CU_ASSERT(has_line(&text, "heatstream_event_to_frame_seconds_count 6"));
    buffer_release(&text);
    metrics_destroy(metrics);
}

static void values_read_back_as_the_same_double(void)
{
    const double values[] = {0.1,  1.0 / 3,   -0.0, 5e-324, 1.7976931348623157e308,
                             1e17, 123456789, 2e-5, -1e-300};
    struct metrics *metrics = metrics_create(&config);
    struct buffer text = {0};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        metrics_set(metrics, METRIC_REMAINING, 0, values[i]);
        metrics_publish(metrics);
        get_text(metrics, &text);
        const char *line = strstr((const char *)text.data, "\nheatstream_remaining_seconds ");
        double read = strtod(line + strlen("\nheatstream_remaining_seconds "), NULL);
        CU_ASSERT_EQUAL(memcmp(&read, &values[i], sizeof read), 0);
    }
    buffer_release(&text);
    metrics_destroy(metrics);
}

static void names_cannot_break_out_of_their_quotation_marks(void)
{
    const char *const bad[] = {"a\"} 1\nb\\"};
    struct metrics_config hostile = config;
    hostile.regions = bad;
    hostile.region_count = 1;
    struct metrics *metrics = metrics_create(&hostile);
    struct buffer text = {0};
    get_text(metrics, &text);
    CU_ASSERT(
        has_line(&text, "heatstream_temperature{region=\"a\\\"} 1\\nb\\\\\",stat=\"min\"} NaN"));
    buffer_release(&text);
    metrics_destroy(metrics);
}

struct readers {
    struct metrics *metrics;
    atomic_bool stop;
    bool torn;
};

/* Both are always published together. */
static void *read_on(void *context)
{
    struct readers *readers = context;
    struct buffer text = {0};
    while (!atomic_load(&readers->stop)) {
        get_text(readers->metrics, &text);
        double window = 0, windows = 0;
        const char *found = strstr((const char *)text.data, "\nheatstream_window ");
        sscanf(found, "\nheatstream_window %lf", &window);
        found = strstr((const char *)text.data, "\nheatstream_windows_total ");
        sscanf(found, "\nheatstream_windows_total %lf", &windows);
        readers->torn = readers->torn || windows > window || windows < window;
    }
    buffer_release(&text);
    return NULL;
}

static void a_reader_never_sees_half_of_what_is_published(void)
{
    struct readers readers = {.metrics = metrics_create(&config)};
    pthread_t thread;
    metrics_set(readers.metrics, METRIC_WINDOW, 0, 0);
    metrics_publish(readers.metrics);
    CU_ASSERT_EQUAL_FATAL(thread_start(&thread, read_on, &readers), 0);
    for (int i = 1; i < 20000; i++) {
        metrics_set(readers.metrics, METRIC_WINDOW, 0, i);
        metrics_add(readers.metrics, METRIC_WINDOWS, 0, 1);
        metrics_publish(readers.metrics);
    }
    atomic_store(&readers.stop, true);
    pthread_join(thread, NULL);
    CU_ASSERT_FALSE(readers.torn);
    metrics_destroy(readers.metrics);
}

static void a_file_holds_what_a_scrape_would_get(void)
{
    char path[PATH_MAX], staged[PATH_MAX + 8];
    struct scratch scratch = scratch_make();
    struct metrics *metrics = metrics_create(&config);
    struct buffer text = {0}, file = {0};
    struct error err;
    scratch_file(&scratch, "heatstream.prom", path);
    metrics_text(metrics, &text);
    CU_ASSERT_EQUAL(metrics_write(metrics, path, &err), STATUS_OK);
    CU_ASSERT_EQUAL(durable_read_file(path, &file, &err), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(file.size, text.size);
    CU_ASSERT_EQUAL(memcmp(file.data, text.data, text.size), 0);
    snprintf(staged, sizeof staged, "%s.tmp", path);
    CU_ASSERT_EQUAL(access(staged, F_OK), -1);
    buffer_release(&text);
    buffer_release(&file);
    metrics_destroy(metrics);
    scratch_remove(&scratch);
}

static void a_file_that_cannot_be_written_is_named(void)
{
    char path[PATH_MAX];
    struct scratch scratch = scratch_make();
    struct metrics *metrics = metrics_create(&config);
    struct error err;
    scratch_file(&scratch, "nowhere/heatstream.prom", path);
    CU_ASSERT_EQUAL(metrics_write(metrics, path, &err), STATUS_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "nowhere/heatstream.prom"));
    scratch_file(&scratch, "directory", path);
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0755), 0);
    CU_ASSERT_EQUAL(metrics_write(metrics, path, &err), STATUS_IO);
    metrics_destroy(metrics);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_family_is_told_once_with_help_and_type),
        UNIT_TEST(series_are_there_from_the_beginning_and_never_grow),
        UNIT_TEST(nothing_is_seen_before_it_is_published),
        UNIT_TEST(buckets_count_what_is_at_most_their_bound),
        UNIT_TEST(values_read_back_as_the_same_double),
        UNIT_TEST(names_cannot_break_out_of_their_quotation_marks),
        UNIT_TEST(a_reader_never_sees_half_of_what_is_published),
        UNIT_TEST(a_file_holds_what_a_scrape_would_get),
        UNIT_TEST(a_file_that_cannot_be_written_is_named),
    };
    return unit_run("metrics", tests, UNIT_COUNT(tests));
}

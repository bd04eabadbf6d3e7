/* A recorded source, read back, is the source: in one go, in many, and after any crash. */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "event_log_fixture.h"
#include "ingest/recorder.h"
#include "ingest/source_file.h"
#include "ingest/source_synthetic.h"
#include "unit.h"

enum { PARTITIONS = 3, STEPS = 40 };

static struct scratch scratch;
static char path[PATH_MAX];

static void begin(void)
{
    scratch = scratch_make();
    scratch_file(&scratch, "recorded.hsl", path);
}

static void end(void)
{
    scratch_remove(&scratch);
}

static struct source *open_generated(int64_t seed, int64_t steps)
{
    const struct generator_config config = {.gnx = 7,
                                            .gny = 5,
                                            .partitions = PARTITIONS,
                                            .seed = (uint64_t)seed,
                                            .start_ms = 1000,
                                            .step_ms = 10,
                                            .steps = steps,
                                            .probability = 0.5,
                                            .value = 1,
                                            .jitter_ms = 3,
                                            .zeros = true,
                                            .dropout = 0.05};
    struct source *source = NULL;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(source_open_synthetic(&config, EVENT_BINARY, &source, &err), STATUS_OK);
    return source;
}

static struct source *open_recorded(void)
{
    struct source *source = NULL;
    struct error err = {""};
    const char *name = path;
    if (source_open_files(&name, 1, &source, &err) != STATUS_OK)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(source);
    return source;
}

static void put_bytes(struct buffer *text, const uint8_t *bytes, size_t size)
{
    buffer_printf(text, bytes ? " %zu:" : " none", size);
    buffer_append(text, bytes, bytes ? size : 0);
}

/* Everything a source has from the offsets `next` on, partition by partition. */
static void read_source(struct source *source, const int64_t *next, int max, struct buffer *text)
{
    struct error err;
    const struct message *messages;
    int count;
    buffer_clear(text);
    CU_ASSERT_EQUAL_FATAL(source_start(source, next, &err), STATUS_OK);
    for (int p = 0; p < PARTITIONS; p++) {
        for (bool ended = next[p] < 0; !ended;) {
            CU_ASSERT_EQUAL_FATAL(source_read(source, p, max, &messages, &count, &err), STATUS_OK);
            CU_ASSERT_FATAL(count > 0 && count <= max);
            for (int i = 0; i < count; i++) {
                ended = messages[i].end;
                buffer_printf(text, "\n%d %lld", p, (long long)messages[i].offset);
                if (ended)
                    continue;
                put_bytes(text, messages[i].key, messages[i].key_size);
                put_bytes(text, messages[i].value, messages[i].value_size);
            }
        }
    }
}

static bool same_text(const struct buffer *a, const struct buffer *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* The log and the generated events are the same from the offsets `next` on. */
static void check_recorded(int64_t steps, const int64_t *next)
{
    struct buffer wanted = {0}, found = {0};
    struct source *generated = open_generated(1, steps), *recorded = open_recorded();
    read_source(generated, next, 1000, &wanted);
    for (int max = 1; max <= 300; max *= 17) {
        read_source(recorded, next, max, &found);
        CU_ASSERT_TRUE(same_text(&wanted, &found));
    }
    CU_ASSERT_TRUE(wanted.size > 1000);
    source_destroy(generated);
    source_destroy(recorded);
    buffer_release(&wanted);
    buffer_release(&found);
}

static enum status create(struct source *source, const char *from, struct recorder **recorder,
                          struct error *err)
{
    const struct recorder_config config = {
        .source = source, .path = path, .from = from, .until_end = true, .batch = 7};
    return recorder_create(&config, recorder, err);
}

/* At most so many rounds; true when everything is recorded. */
static bool record(struct source *source, int rounds, bool close)
{
    struct error err = {""};
    struct recorder *recorder = NULL;
    int64_t taken;
    if (create(source, NULL, &recorder, &err) != STATUS_OK)
        fprintf(stderr, "%s\n", err.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(recorder);
    for (int i = 0; i < rounds && !recorder_done(recorder); i++)
        CU_ASSERT_EQUAL(recorder_round(recorder, &taken, &err), STATUS_OK);
    bool done = recorder_done(recorder);
    if (!close)
        recorder_discard(recorder);
    else if (recorder_close(recorder, &err) != STATUS_OK)
        CU_FAIL("recorder_close");
    return done;
}

static const int64_t from_the_first[PARTITIONS] = {0, 0, 0};

static void a_recorded_source_is_the_source(void)
{
    static const int64_t middle[PARTITIONS] = {100, -1, 33};
    begin();
    struct source *source = open_generated(1, STEPS);
    CU_ASSERT_TRUE(record(source, 1000000, true));
    source_destroy(source);
    check_recorded(STEPS, from_the_first);
    check_recorded(STEPS, middle);
    end();
}

static void a_recording_stopped_after_any_round_is_gone_on_with(void)
{
    begin();
    for (bool done = false; !done;) {
        struct source *source = open_generated(1, STEPS);
        done = record(source, 5, true);
        source_destroy(source);
    }
    check_recorded(STEPS, from_the_first);
    end();
}

/* A crash: nothing is closed, and the file is cut anywhere behind what was synced. */
static void a_recording_that_crashes_is_gone_on_with(void)
{
    struct buffer bytes = {0};
    begin();
    srand(3);
    for (int crash = 0; crash < 30; crash++) {
        struct source *source = open_generated(1, STEPS);
        record(source, 3 + rand() % 9, rand() % 2);
        source_destroy(source);
        fixture_read_file(path, &bytes);
        size_t keep = bytes.size - (size_t)rand() % 100;
        if (keep > 150 && truncate(path, (off_t)keep) != 0)
            CU_FAIL("truncate");
    }
    struct source *source = open_generated(1, STEPS);
    CU_ASSERT_TRUE(record(source, 1000000, true));
    source_destroy(source);
    check_recorded(STEPS, from_the_first);
    buffer_release(&bytes);
    end();
}

static void a_topic_that_grew_is_recorded_further(void)
{
    begin();
    for (int64_t steps = 10; steps <= STEPS; steps += 10) {
        struct source *source = open_generated(1, steps);
        CU_ASSERT_TRUE(record(source, 1000000, true));
        source_destroy(source);
        check_recorded(steps, from_the_first);
    }
    end();
}

static void a_recording_may_begin_before_the_end(void)
{
    struct error err;
    struct recorder *recorder;
    int64_t taken, first, last;
    begin();
    struct source *source = open_generated(1, STEPS);
    CU_ASSERT_EQUAL_FATAL(create(source, "150", &recorder, &err), STATUS_OK);
    while (!recorder_done(recorder))
        CU_ASSERT_EQUAL_FATAL(recorder_round(recorder, &taken, &err), STATUS_OK);
    CU_ASSERT_EQUAL(recorder_close(recorder, &err), STATUS_OK);
    struct source *recorded = open_recorded();
    CU_ASSERT_EQUAL(source_bounds(recorded, 1, &first, &last, &err), STATUS_OK);
    CU_ASSERT_EQUAL(first, 150);
    static const int64_t early[PARTITIONS] = {150, 149, 150};
    CU_ASSERT_EQUAL(source_start(recorded, early, &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "offset 149"));
    static const int64_t begun[PARTITIONS] = {150, 150, 150};
    check_recorded(STEPS, begun);
    source_destroy(recorded);
    source_destroy(source);
    end();
}

static void a_topic_with_other_records_is_refused_before_anything_is_recorded(void)
{
    struct buffer before = {0}, after = {0};
    struct error err;
    struct recorder *recorder;
    int64_t taken;
    begin();
    struct source *source = open_generated(1, STEPS / 2);
    CU_ASSERT_TRUE(record(source, 1000000, true));
    source_destroy(source);
    fixture_read_file(path, &before);
    source = open_generated(2, STEPS);
    CU_ASSERT_EQUAL_FATAL(create(source, NULL, &recorder, &err), STATUS_OK);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !recorder_done(recorder))
        status = recorder_round(recorder, &taken, &err);
    CU_ASSERT_EQUAL(status, STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "written anew"));
    CU_ASSERT_EQUAL(recorder_close(recorder, &err), STATUS_OK);
    fixture_read_file(path, &after);
    CU_ASSERT_TRUE(same_text(&before, &after));
    source_destroy(source);
    buffer_release(&before);
    buffer_release(&after);
    end();
}

static void a_topic_that_became_shorter_is_refused(void)
{
    struct error err;
    struct recorder *recorder;
    begin();
    struct source *source = open_generated(1, STEPS);
    CU_ASSERT_TRUE(record(source, 1000000, true));
    source_destroy(source);
    source = open_generated(1, STEPS / 2);
    CU_ASSERT_EQUAL(create(source, NULL, &recorder, &err), STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "cut or made anew"));
    source_destroy(source);
    end();
}

static void a_log_must_be_the_only_file(void)
{
    struct error err;
    struct source *source;
    begin();
    source = open_generated(1, STEPS);
    CU_ASSERT_TRUE(record(source, 1000000, true));
    source_destroy(source);
    const char *two[] = {path, path};
    CU_ASSERT_EQUAL(source_open_files(two, 2, &source, &err), STATUS_BAD_DECK);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, path));
    end();
}

static void a_log_is_known_by_what_is_in_it(void)
{
    struct error err;
    char other[PATH_MAX];
    begin();
    struct source *source = open_generated(1, STEPS);
    CU_ASSERT_TRUE(record(source, 1000000, true));
    source_destroy(source);
    scratch_file(&scratch, "events.ndjson", other);
    CU_ASSERT_EQUAL(rename(path, other), 0);
    const char *name = other;
    CU_ASSERT_EQUAL_FATAL(source_open_files(&name, 1, &source, &err), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(source_identity(source).topic, "synthetic");
    CU_ASSERT_EQUAL(source_identity(source).partitions, PARTITIONS);
    CU_ASSERT_TRUE(source_identity(source).bounded);
    CU_ASSERT_PTR_NULL(source_file_header(source, 0));
    source_destroy(source);
    fixture_write_file(path, (const uint8_t *)"{}\n", 3);
    name = path;
    CU_ASSERT_EQUAL(source_open_files(&name, 1, &source, &err), STATUS_NO_INPUT);
    end();
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_recorded_source_is_the_source),
        UNIT_TEST(a_recording_stopped_after_any_round_is_gone_on_with),
        UNIT_TEST(a_recording_that_crashes_is_gone_on_with),
        UNIT_TEST(a_topic_that_grew_is_recorded_further),
        UNIT_TEST(a_recording_may_begin_before_the_end),
        UNIT_TEST(a_topic_with_other_records_is_refused_before_anything_is_recorded),
        UNIT_TEST(a_topic_that_became_shorter_is_refused),
        UNIT_TEST(a_log_must_be_the_only_file),
        UNIT_TEST(a_log_is_known_by_what_is_in_it),
    };
    log_configure(LOG_ERROR, LOG_HUMAN);
    return unit_run("recorder", tests, UNIT_COUNT(tests));
}

/* The manifest against its definition: any lines, torn or cut anywhere, say of the rows what one
 * finds by going through them one by one. */
#include <unistd.h>

#include "base/durable.h"
#include "base/linelog.h"
#include "base/log.h"
#include "manifest_world.h"

#define HEX "00112233445566778899aabbccddeeff"

enum { LINES = 60, WINDOWS = 8, REVISIONS = 4, NOTHING = -2, ANYTHING = -1 };

struct said {
    enum { SAID_FRAME, SAID_REWRITE, SAID_CHECKPOINT, SAID_BACK } what;
    int64_t first, second; /* window and revision; first and last window; window; window */
};

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return *state >> 33;
}

static void say_at_random(struct said *lines, uint64_t seed)
{
    for (int i = 0; i < LINES; i++) {
        uint64_t dice = next_random(&seed) % 20;
        int64_t window = (int64_t)(next_random(&seed) % WINDOWS);
        lines[i] = (struct said){dice < 12   ? SAID_FRAME
                                 : dice < 16 ? SAID_REWRITE
                                 : dice < 19 ? SAID_CHECKPOINT
                                             : SAID_BACK,
                                 window, (int64_t)(next_random(&seed) % REVISIONS)};
        if (lines[i].what == SAID_REWRITE)
            lines[i].second += window;
    }
}

static void write_lines(const char *path, const struct said *lines)
{
    static const char *const forms[] = {"frame %lld %lld 5 " HEX " " HEX " 1 0",
                                        "rewrite %lld %lld",
                                        "checkpoint %lld %lld 0 " HEX " " HEX " " HEX, "back %lld"};
    struct error err = {""};
    struct linelog *log = NULL;
    CU_ASSERT_EQUAL_FATAL(linelog_open(path, &log, &err), STATUS_OK);
    for (int i = 0; i < LINES; i++) {
        char line[200];
        snprintf(line, sizeof line, forms[lines[i].what], (long long)lines[i].first,
                 (long long)lines[i].second);
        CU_ASSERT_EQUAL(linelog_append(log, false, &err, "%s", line), STATUS_OK);
    }
    linelog_close(log);
}

static int64_t held_after(const struct said *lines, int count, int64_t window)
{
    int64_t held = NOTHING;
    for (int i = 0; i < count; i++) {
        if (lines[i].what == SAID_FRAME && lines[i].first == window)
            held = lines[i].second;
        if (lines[i].what == SAID_BACK && lines[i].first < window && held != NOTHING)
            held = ANYTHING;
        if (lines[i].what == SAID_REWRITE && lines[i].first <= window &&
            lines[i].second >= window && held != NOTHING)
            held = ANYTHING;
    }
    return held;
}

static bool was_said(const struct said *lines, int count, int64_t window, int64_t revision)
{
    for (int i = 0; i < count; i++)
        if (lines[i].what == SAID_FRAME && lines[i].first == window && lines[i].second == revision)
            return true;
    return false;
}

/* `place` lines stand before the one that is cut to. */
static void expect_cut(const struct manifest *manifest, const struct said *lines, int place)
{
    int64_t to = lines[place].first;
    for (int64_t w = 0; w < WINDOWS + REVISIONS; w++) {
        int64_t then = w <= to ? held_after(lines, place, w) : NOTHING;
        bool same = held_after(lines, LINES, w) == then;
        for (int64_t r = 0; r < REVISIONS; r++) {
            CU_ASSERT_EQUAL(manifest_row_holds(manifest, w, r), same && r == then);
            CU_ASSERT_EQUAL(manifest_find_frame(manifest, w, r) != NULL,
                            r <= then && was_said(lines, place, w, r));
        }
    }
}

static void any_lines_cut_anywhere_say_what_they_say_one_by_one(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    scratch_file(&scratch, "manifest", path);
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct said lines[LINES];
        int64_t to = (int64_t)(seed % WINDOWS);
        int place = -1;
        say_at_random(lines, seed);
        for (int i = 0; i < LINES; i++)
            if (lines[i].what == SAID_CHECKPOINT && lines[i].first == to)
                place = i;
        unlink(path);
        write_lines(path, lines);
        struct manifest *manifest = reopen(path, true);
        CU_ASSERT_EQUAL(manifest_cut(manifest, to, &err), place < 0 ? STATUS_BUG : STATUS_OK);
        if (place >= 0)
            expect_cut(manifest, lines, place);
        manifest_close(manifest);
    }
    scratch_remove(&scratch);
}

static void torn_anywhere_it_says_what_its_whole_lines_say(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    struct buffer text = {0};
    char path[PATH_MAX];
    struct said lines[LINES];
    say_at_random(lines, 7);
    write_lines(scratch_file(&scratch, "manifest", path), lines);
    CU_ASSERT_EQUAL(durable_read_file(path, &text, &err), STATUS_OK);
    for (size_t size = text.size; size-- > 0;) {
        int whole = 0;
        for (size_t i = 0; i < size; i++)
            whole += text.data[i] == '\n';
        CU_ASSERT_EQUAL(truncate(path, (off_t)size), 0);
        struct manifest *manifest = reopen(path, false);
        for (int64_t w = 0; w < WINDOWS; w++)
            for (int64_t r = 0; r < REVISIONS; r++)
                CU_ASSERT_EQUAL(manifest_row_holds(manifest, w, r),
                                held_after(lines, whole, w) == r);
        manifest_close(manifest);
    }
    buffer_release(&text);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(any_lines_cut_anywhere_say_what_they_say_one_by_one),
        UNIT_TEST(torn_anywhere_it_says_what_its_whole_lines_say),
    };
    log_configure(LOG_ERROR, LOG_HUMAN); /* thousands of torn lines would each be told */
    return unit_run("manifest_model", tests, UNIT_COUNT(tests));
}

/* Every bit of a small manifest and of a small journal flipped, and each cut at every byte: refused
 * with the file's name, or what was said before is there and nothing else. */
#include "base/durable.h"
#include "base/log.h"
#include "manifest_world.h"
#include "store/journal.h"
#include "store/journal_mark.h"

enum { PARTITIONS = 2, IDLES = 6, WINDOWS = 6 };

static struct scratch scratch;
static char path[PATH_MAX];

static void write_raw(const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wbe");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, size, file), size);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static struct buffer read_raw(void)
{
    struct error err;
    struct buffer bytes = {0};
    CU_ASSERT_EQUAL_FATAL(durable_read_file(path, &bytes, &err), STATUS_OK);
    return bytes;
}

/* True when the file was accepted; `count` facts of those that were written are there. */
typedef bool (*look)(int64_t *count);

static void look_at_damage(look look_at, int64_t all)
{
    struct buffer raw = read_raw();
    int64_t count = 0, refused = 0;
    for (size_t bit = 0; bit < 8 * raw.size; bit++) {
        raw.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        write_raw(raw.data, raw.size);
        raw.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (!look_at(&count))
            refused++;
        else
            CU_ASSERT(count >= all - 2 && count < all); /* a newline joins the last two lines */
    }
    CU_ASSERT(refused > (int64_t)raw.size * 4);
    for (size_t size = 0; size < raw.size; size++) {
        int64_t before = count;
        write_raw(raw.data, size);
        CU_ASSERT(look_at(&count));
        CU_ASSERT(count < all && (size == 0 || count >= before));
    }
    write_raw(raw.data, raw.size);
    CU_ASSERT(look_at(&count) && count == all);
    buffer_release(&raw);
}

static bool look_at_manifest(int64_t *count)
{
    struct error err = {""};
    struct manifest *manifest;
    const struct manifest_frame *frames;
    enum status status = manifest_open(path, false, &manifest, &err);
    if (status != STATUS_OK) {
        CU_ASSERT_EQUAL(status, STATUS_BAD_DATA);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, path));
        return false;
    }
    *count = manifest_frames(manifest, &frames);
    for (int64_t i = 0; i < *count; i++)
        CU_ASSERT(frames[i].window == i && has_frame(manifest, i, 0, 7));
    manifest_close(manifest);
    return true;
}

static void a_damaged_manifest_says_what_it_said_or_nothing(void)
{
    scratch = scratch_make();
    struct manifest *manifest = reopen(scratch_file(&scratch, "manifest", path), true);
    for (int64_t window = 0; window < WINDOWS; window++)
        add_frame(manifest, window, 0, 7);
    manifest_close(manifest);
    look_at_damage(look_at_manifest, WINDOWS);
    scratch_remove(&scratch);
}

static bool look_at_journal(int64_t *count)
{
    struct error err = {""};
    struct journal *journal;
    const struct journal_idle *idles;
    enum status status = journal_read(path, PARTITIONS, &journal, &err);
    if (status != STATUS_OK) {
        CU_ASSERT_EQUAL(status, STATUS_BAD_DATA);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, path));
        return false;
    }
    *count = journal_idles(journal, &idles);
    for (int64_t i = 0; i < *count; i++)
        CU_ASSERT(idles[i].partition == i % PARTITIONS && idles[i].before == 10 * i &&
                  idles[i].to_ms == 100 * i);
    journal_close(journal);
    return true;
}

static void write_journal(void)
{
    struct error err;
    struct journal *journal;
    struct journal_idle idles[IDLES];
    for (int i = 0; i < IDLES; i++)
        idles[i] =
            (struct journal_idle){.partition = i % PARTITIONS, .before = 10 * i, .to_ms = 100 * i};
    scratch = scratch_make();
    scratch_file(&scratch, "journal", path);
    CU_ASSERT_EQUAL_FATAL(journal_open(path, PARTITIONS, &journal, &err), STATUS_OK);
    CU_ASSERT_EQUAL(journal_write_idles(journal, idles, IDLES, &err), STATUS_OK);
    journal_close(journal);
}

static void a_damaged_journal_says_what_it_said_or_nothing(void)
{
    write_journal();
    look_at_damage(look_at_journal, IDLES);
    scratch_remove(&scratch);
}

/* What a checkpoint counts on: the same beginning has the same mark, whatever follows. */
static void a_journal_that_lost_or_changed_a_line_has_another_mark(void)
{
    struct error err;
    struct journal_mark all, some, found;
    write_journal();
    CU_ASSERT_EQUAL(journal_mark_of(path, INT64_MAX, &all, &err), STATUS_OK);
    CU_ASSERT_EQUAL(all.lines, IDLES);
    CU_ASSERT_EQUAL(journal_mark_of(path, IDLES - 1, &some, &err), STATUS_OK);
    struct buffer raw = read_raw();
    for (size_t size = 0; size < raw.size; size++) {
        write_raw(raw.data, size);
        CU_ASSERT_EQUAL(journal_mark_of(path, all.lines, &found, &err), STATUS_OK);
        CU_ASSERT(found.lines < all.lines);
        CU_ASSERT_EQUAL(journal_mark_of(path, some.lines, &found, &err), STATUS_OK);
        CU_ASSERT_EQUAL(found.lines == some.lines, found.crc == some.crc);
    }
    const uint8_t *newline = memchr(raw.data, '\n', raw.size);
    size_t first = (size_t)(newline - raw.data) + 1;
    write_raw(raw.data + first, raw.size - first);
    CU_ASSERT_EQUAL(journal_mark_of(path, some.lines, &found, &err), STATUS_OK);
    CU_ASSERT_EQUAL(found.lines, some.lines);
    CU_ASSERT_NOT_EQUAL(found.crc, some.crc);
    buffer_release(&raw);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_damaged_manifest_says_what_it_said_or_nothing),
        UNIT_TEST(a_damaged_journal_says_what_it_said_or_nothing),
        UNIT_TEST(a_journal_that_lost_or_changed_a_line_has_another_mark),
    };
    log_configure(LOG_ERROR, LOG_HUMAN);
    return unit_run("facts_damaged", tests, UNIT_COUNT(tests));
}

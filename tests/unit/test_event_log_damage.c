/* An event log that is damaged or torn gives an error or its intact front part, never anything
 * else. */
#include <unistd.h>

#include "base/log.h"
#include "event_log_fixture.h"
#include "unit.h"

enum { OFFSETS = 24, BLOCK = 4 };

static struct scratch scratch;
static char path[PATH_MAX];

/* A log of OFFSETS records in partition 0 and holes in partition 1, a block every BLOCK records.
 * `synced` blocks are proven to be on the disk. */
static void write_log(int synced, bool close, struct buffer *bytes)
{
    struct event_log_writer *writer = fixture_open(path);
    for (int64_t offset = 0; offset < OFFSETS; offset++) {
        fixture_put(writer, 0, offset);
        if (offset % BLOCK == BLOCK - 1 && offset / BLOCK < synced) {
            event_log_writer_reach(writer, 1, offset + 6);
            fixture_sync(writer);
        }
    }
    if (close)
        fixture_close(writer);
    else
        event_log_writer_discard(writer);
    fixture_read_file(path, bytes);
}

static void begin(void)
{
    scratch = scratch_make();
    scratch_file(&scratch, "log.hsl", path);
}

static void end(struct buffer *bytes)
{
    buffer_release(bytes);
    scratch_remove(&scratch);
}

static enum status read_partition(struct event_log *log, int p, int64_t *records, struct error *err)
{
    struct message messages[8];
    struct event_log_cursor cursor = {0};
    int count = 1;
    enum status status = event_log_seek(log, p, event_log_first(log, p), &cursor, err);
    while (status == STATUS_OK && count > 0) {
        status = event_log_read(log, p, &cursor, 8, messages, &count, err);
        for (int i = 0; i < count && status == STATUS_OK; i++) {
            struct message wanted = fixture_message(p, messages[i].offset);
            CU_ASSERT_TRUE(fixture_same(&messages[i], &wanted));
            CU_ASSERT_EQUAL(messages[i].offset, event_log_first(log, p) + *records);
            ++*records;
        }
    }
    event_log_cursor_release(&cursor);
    return status;
}

/* What reading all of it comes to; *end is how far partition 0 is said to have been read, and so
 * far it has to have its records. A failure has to name the file. */
static enum status read_all(int64_t *end, struct error *err)
{
    struct event_log *log = NULL;
    int64_t records = 0, none = 0;
    enum status status = event_log_open(path, &log, err);
    *end = status == STATUS_OK ? event_log_end(log, 0) : -1;
    if (status == STATUS_OK)
        status = read_partition(log, 0, &records, err);
    if (status == STATUS_OK)
        status = read_partition(log, 1, &none, err);
    if (status == STATUS_OK) {
        CU_ASSERT_EQUAL(records, *end);
        CU_ASSERT_EQUAL(none, 0);
    } else {
        CU_ASSERT_TRUE(status == STATUS_BAD_DATA || status == STATUS_NO_INPUT);
        CU_ASSERT_PTR_NOT_NULL(strstr(err->text, path));
    }
    event_log_close(log);
    return status;
}

static void a_log_cut_anywhere_is_a_clean_front_part(void)
{
    struct buffer bytes = {0};
    struct error err;
    int64_t end_offset, before = 0;
    begin();
    write_log(OFFSETS, true, &bytes);
    struct event_log *log = fixture_read(path);
    int64_t whole = event_log_end(log, 0);
    event_log_close(log);
    size_t header = 0;
    for (size_t size = 0; size < bytes.size; size++) {
        fixture_write_file(path, bytes.data, size);
        enum status status = read_all(&end_offset, &err);
        if (status != STATUS_OK) {
            CU_ASSERT_EQUAL(before, 0); /* within the header */
            header = size + 1;
            continue;
        }
        CU_ASSERT_TRUE(end_offset % BLOCK == 0 && end_offset >= before);
        before = end_offset;
    }
    CU_ASSERT_TRUE(header > 24 && header < 200);
    CU_ASSERT_EQUAL(whole, OFFSETS);
    CU_ASSERT_EQUAL(before, OFFSETS);
    end(&bytes);
}

/* Once closed, all but the mark at the end is proven to have been there. */
static void a_flipped_bit_in_a_closed_log_is_an_error(void)
{
    enum { MARK = 56 };
    struct buffer bytes = {0};
    struct error err;
    int64_t end_offset;
    begin();
    write_log(2, true, &bytes);
    for (size_t i = 0; i < bytes.size; i++) {
        for (int bit = 0; bit < 8; bit += 3) {
            bytes.data[i] ^= (uint8_t)(1 << bit);
            fixture_write_file(path, bytes.data, bytes.size);
            enum status status = read_all(&end_offset, &err);
            bytes.data[i] ^= (uint8_t)(1 << bit);
            CU_ASSERT_EQUAL(status == STATUS_OK, i >= bytes.size - MARK);
            CU_ASSERT_TRUE(status != STATUS_OK || end_offset == OFFSETS);
        }
    }
    end(&bytes);
}

static void a_flipped_bit_in_an_open_log_is_an_error_or_leaves_a_clean_front_part(void)
{
    struct buffer bytes = {0};
    struct error err;
    int64_t end_offset;
    begin();
    write_log(OFFSETS / BLOCK, false, &bytes);
    for (size_t i = 0; i < bytes.size; i++) {
        bytes.data[i] ^= 0x10;
        fixture_write_file(path, bytes.data, bytes.size);
        if (read_all(&end_offset, &err) == STATUS_OK)
            CU_ASSERT_TRUE(end_offset >= OFFSETS - BLOCK); /* all but the last block is proven */
        bytes.data[i] ^= 0x10;
    }
    end(&bytes);
}

/* Where the last lines of a file were not synced, a lost page may be followed by good ones. */
static void a_page_lost_behind_what_was_synced_ends_the_log_there(void)
{
    struct buffer bytes = {0};
    struct error err;
    int64_t end_offset;
    begin();
    struct event_log_writer *writer = fixture_open(path);
    for (int64_t offset = 0; offset < 3; offset++)
        fixture_put(writer, 0, offset);
    fixture_sync(writer);
    int64_t synced = event_log_writer_bytes(writer);
    int64_t second = 0;
    for (int64_t offset = 3; second < 3; offset++) { /* three full blocks, none synced */
        int64_t before = event_log_writer_bytes(writer);
        fixture_put(writer, 0, offset);
        second += event_log_writer_bytes(writer) != before;
    }
    event_log_writer_discard(writer);
    fixture_read_file(path, &bytes);
    size_t page = (size_t)synced + ((bytes.size - (size_t)synced) / 2); /* in the second block */
    memset(bytes.data + page, 0, 4096);
    fixture_write_file(path, bytes.data, bytes.size);
    CU_ASSERT_EQUAL(read_all(&end_offset, &err), STATUS_OK);
    struct event_log *log = fixture_read(path);
    CU_ASSERT_TRUE(event_log_size(log).torn > 0);
    CU_ASSERT_EQUAL(event_log_size(log).blocks, 2);
    CU_ASSERT_EQUAL(event_log_size(log).records, end_offset);
    event_log_close(log);
    end(&bytes);
}

/* The same page, when it was synced, is a damage that nobody may pass over: not the writer. */
static void a_page_lost_of_what_was_synced_stops_reader_and_writer(void)
{
    struct buffer bytes = {0};
    struct error err;
    struct event_log_writer *writer;
    int64_t end_offset;
    begin();
    write_log(OFFSETS / BLOCK, true, &bytes);
    memset(bytes.data + bytes.size / 2, 0, 100); /* a header is among it */
    fixture_write_file(path, bytes.data, bytes.size);
    CU_ASSERT_EQUAL(read_all(&end_offset, &err), STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "at byte "));
    CU_ASSERT_EQUAL(event_log_writer_open(path, &fixture_topic, &writer, &err), STATUS_BAD_DATA);
    struct buffer after = {0};
    fixture_read_file(path, &after);
    CU_ASSERT_TRUE(after.size == bytes.size && memcmp(after.data, bytes.data, bytes.size) == 0);
    buffer_release(&after);
    end(&bytes);
}

static void the_byte_of_a_damage_is_that_of_its_block(void)
{
    struct buffer bytes = {0};
    struct error err;
    int64_t end_offset;
    char where[64];
    begin();
    struct event_log_writer *writer = fixture_open(path);
    fixture_put(writer, 0, 0);
    fixture_sync(writer);
    long long second = event_log_writer_bytes(writer);
    fixture_put(writer, 0, 1);
    fixture_close(writer);
    fixture_read_file(path, &bytes);
    bytes.data[second + 60] ^= 1;
    fixture_write_file(path, bytes.data, bytes.size);
    CU_ASSERT_EQUAL(read_all(&end_offset, &err), STATUS_BAD_DATA);
    snprintf(where, sizeof where, "at byte %lld:", second);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, where));
    end(&bytes);
}

/* Blocks of one log copied into another: each is intact, and belongs elsewhere. */
static void a_block_moved_within_the_file_is_an_error(void)
{
    struct buffer bytes = {0}, moved = {0};
    struct error err;
    int64_t end_offset;
    begin();
    write_log(OFFSETS / BLOCK, true, &bytes);
    struct event_log_writer *writer;
    unlink(path);
    writer = fixture_open(path);
    int64_t header = event_log_writer_bytes(writer);
    event_log_writer_discard(writer);
    buffer_append(&moved, bytes.data, (size_t)header);
    buffer_append(&moved, bytes.data + header, bytes.size - (size_t)header);
    buffer_append(&moved, bytes.data + header, bytes.size - (size_t)header);
    fixture_write_file(path, moved.data, moved.size);
    CU_ASSERT_EQUAL(read_all(&end_offset, &err), STATUS_BAD_DATA);
    buffer_release(&moved);
    end(&bytes);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_log_cut_anywhere_is_a_clean_front_part),
        UNIT_TEST(a_flipped_bit_in_a_closed_log_is_an_error),
        UNIT_TEST(a_flipped_bit_in_an_open_log_is_an_error_or_leaves_a_clean_front_part),
        UNIT_TEST(a_page_lost_behind_what_was_synced_ends_the_log_there),
        UNIT_TEST(a_page_lost_of_what_was_synced_stops_reader_and_writer),
        UNIT_TEST(the_byte_of_a_damage_is_that_of_its_block),
        UNIT_TEST(a_block_moved_within_the_file_is_an_error),
    };
    log_configure(LOG_ERROR, LOG_HUMAN);
    return unit_run("event_log_damage", tests, UNIT_COUNT(tests));
}

#include "ingest/record_block.h"

#include <string.h>
#include <zlib.h>

#include "unit.h"

enum { PARTITION = 5, LONG = 3 * DEAD_LETTER_BYTES };

static uint8_t bytes[LONG];

static void fill_bytes(void)
{
    for (int i = 0; i < LONG; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251);
}

static struct record record_of(int i, const struct message *message)
{
    return (struct record){.verdict = (enum fate)(i % FATE_COUNT),
                           .partition = PARTITION,
                           .offset = message->offset,
                           .has_time = i % 3 != 0,
                           .time_ms = INT64_MIN + i,
                           .cell = INT64_MAX - i,
                           .sensor = 7LL * i,
                           .rate = 1.0 / (i + 1),
                           .key = message->key,
                           .value = message->value,
                           .key_size = message->key_size,
                           .value_size = message->value_size};
}

/* Of every length that matters: none, empty, odd, as long as is kept, one more, much more. */
static struct message message_of(int i)
{
    static const int sizes[] = {-1, 0, 1, 57, DEAD_LETTER_BYTES, DEAD_LETTER_BYTES + 1, LONG};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    int key = sizes[i % SIZES], value = sizes[i / SIZES % SIZES];
    return (struct message){.offset = 1000 + i,
                            .key = key < 0 ? NULL : bytes,
                            .key_size = key < 0 ? 0 : (size_t)key,
                            .value = value < 0 ? NULL : bytes + 1,
                            .value_size = value < 0 ? 0 : (size_t)value - (value > 0)};
}

static void check_bytes(const uint8_t *found, const uint8_t *sent, size_t size)
{
    CU_ASSERT_EQUAL(found == NULL, sent == NULL);
    if (found && sent)
        CU_ASSERT_EQUAL(memcmp(found, sent, dead_letter_kept(size)), 0);
}

static void check_message(const struct message *found, int i)
{
    struct message sent = message_of(i);
    struct record record = record_of(i, &sent);
    const struct record *came = found->record;
    CU_ASSERT_EQUAL(found->offset, sent.offset);
    CU_ASSERT_EQUAL(found->key_size, sent.key_size);
    CU_ASSERT_EQUAL(found->value_size, sent.value_size);
    CU_ASSERT_EQUAL(message_crc(found), message_crc(&sent));
    CU_ASSERT_FALSE(found->end);
    check_bytes(found->key, sent.key, sent.key_size);
    check_bytes(found->value, sent.value, sent.value_size);
    check_bytes(came->key, sent.key, sent.key_size);
    check_bytes(came->value, sent.value, sent.value_size);
    CU_ASSERT_EQUAL(came->verdict, record.verdict);
    CU_ASSERT_EQUAL(came->partition, PARTITION);
    CU_ASSERT_EQUAL(came->has_time, record.has_time);
    CU_ASSERT_EQUAL(came->time_ms, record.time_ms);
    CU_ASSERT_EQUAL(came->cell, record.cell);
    CU_ASSERT_EQUAL(came->sensor, record.sensor);
    CU_ASSERT_EQUAL(memcmp(&came->rate, &record.rate, sizeof record.rate), 0);
    CU_ASSERT_EQUAL(came->key_size, sent.key_size);
    CU_ASSERT_EQUAL(came->value_size, sent.value_size);
}

/* As if it had been sent: nothing but `size` bytes of `data`. */
static struct record_block *sent(struct record_block *block)
{
    struct record_block *received = record_block_create();
    memset(received->data, 0xAA, sizeof received->data);
    memcpy(received->data, block->data, block->size);
    received->size = block->size;
    record_block_destroy(block);
    return received;
}

static void what_goes_into_a_block_comes_out_of_it_bit_for_bit(void)
{
    enum { COUNT = 49, AT_ONCE = 5 };
    fill_bytes();
    struct record_block *block = record_block_create();
    record_block_begin(block, PARTITION);
    int put = 0;
    for (bool fits = true; fits && put < COUNT; put += fits) {
        struct message message = message_of(put);
        struct record record = record_of(put, &message);
        fits = record_block_put(block, &message, &record);
    }
    CU_ASSERT_EQUAL(put, COUNT);
    block = sent(block);
    CU_ASSERT_EQUAL(record_block_partition(block), PARTITION);
    struct message messages[AT_ONCE];
    struct record records[AT_ONCE];
    size_t at = 0;
    int taken = 0;
    for (int count; (count = record_block_take(block, &at, AT_ONCE, messages, records)) > 0;)
        for (int i = 0; i < count; i++)
            check_message(&messages[i], taken++);
    CU_ASSERT_EQUAL(taken, COUNT);
    record_block_destroy(block);
}

static void an_end_keeps_its_place_among_messages(void)
{
    struct message found[3], end = {.offset = 77, .end = true}, message = message_of(1);
    struct record records[3], record = record_of(1, &message);
    struct record_block *block = record_block_create();
    size_t at = 0;
    record_block_begin(block, 0);
    CU_ASSERT_TRUE(record_block_put(block, &end, &record));
    CU_ASSERT_TRUE(record_block_put(block, &message, &record));
    record_block_note_end(block, 4711);
    block = sent(block);
    CU_ASSERT_EQUAL(record_block_take(block, &at, 3, found, records), 2);
    CU_ASSERT_TRUE(found[0].end);
    CU_ASSERT_EQUAL(found[0].offset, 77);
    CU_ASSERT_FALSE(found[1].end);
    CU_ASSERT_EQUAL(found[1].offset, message.offset);
    CU_ASSERT_EQUAL(record_block_known_end(block), 4711);
    record_block_destroy(block);
}

static void a_full_block_refuses_and_stays_as_it_was(void)
{
    struct message message = {.offset = 1, .value = bytes, .value_size = LONG}, found[64];
    struct record record = record_of(1, &message), records[64];
    struct record_block *block = record_block_create();
    record_block_begin(block, 0);
    int count = 0;
    while (record_block_put(block, &message, &record))
        count++;
    size_t size = block->size, at = 0;
    CU_ASSERT_FALSE(record_block_put(block, &message, &record));
    CU_ASSERT_EQUAL(block->size, size);
    CU_ASSERT_TRUE(block->size <= RECORD_BLOCK_BYTES);
    CU_ASSERT_TRUE(count > 0 && count < 64);
    CU_ASSERT_EQUAL(record_block_take(block, &at, 64, found, records), count);
    record_block_begin(block, 0);
    CU_ASSERT_TRUE(record_block_put(block, &message, &record));
    record_block_destroy(block);
}

static void a_failure_travels_with_its_status_and_its_whole_text(void)
{
    struct error why, told;
    memset(why.text, 'x', sizeof why.text - 1);
    why.text[sizeof why.text - 1] = '\0';
    struct record_block *block = record_block_create();
    record_block_fail(block, RECORD_BLOCK_NO_PARTITION, STATUS_REFUSED, &why);
    block = sent(block);
    CU_ASSERT_EQUAL(record_block_partition(block), RECORD_BLOCK_NO_PARTITION);
    CU_ASSERT_EQUAL(record_block_status(block, &told), STATUS_REFUSED);
    CU_ASSERT_STRING_EQUAL(told.text, why.text);
    record_block_begin(block, 3);
    CU_ASSERT_EQUAL(record_block_status(block, &told), STATUS_OK);
    record_block_destroy(block);
}

/* The fingerprints of checkpoints from before, and of runs with one reader, rest on it. */
static void the_crc_of_a_message_is_that_of_its_key_then_its_value(void)
{
    fill_bytes();
    struct message message = {.key = bytes, .key_size = 10, .value = bytes + 10, .value_size = 90};
    CU_ASSERT_EQUAL(message_crc(&message), (uint32_t)crc32_z(0, bytes, 100));
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(what_goes_into_a_block_comes_out_of_it_bit_for_bit),
        UNIT_TEST(an_end_keeps_its_place_among_messages),
        UNIT_TEST(a_full_block_refuses_and_stays_as_it_was),
        UNIT_TEST(a_failure_travels_with_its_status_and_its_whole_text),
        UNIT_TEST(the_crc_of_a_message_is_that_of_its_key_then_its_value),
    };
    return unit_run("record_block", tests, UNIT_COUNT(tests));
}

/* The event-time state of a checkpoint with an extreme number at every place in it, or with one bit
 * of it wrong: refused, or taken, saved to the same bytes and gone on from. Worth most with the
 * sanitizers. */
#include "unit.h"

#include "../fuzz/record_checks.h"

static const int64_t extremes[] = {INT64_MIN, -1, 0, INT64_MAX / 2, INT64_MAX - 1, INT64_MAX};

/* With events open and closed, a candidate and a dead letter. */
static void save_a_scene(struct buffer *state)
{
    struct error err;
    struct windows *windows = check_windows();
    check_going_on(windows);
    for (uint8_t byte = 249; byte <= 250; byte++) {
        int64_t next = windows_ledger(windows, 0)->next_offset;
        struct record record = check_record_of(0, next, byte);
        record.time_ms += 1000;
        record.key = record.value = (const uint8_t *)"heat";
        record.key_size = record.value_size = 4;
        CU_ASSERT_EQUAL(windows_take(windows, &record, &err), STATUS_OK);
    }
    windows_save(windows, state);
    windows_destroy(windows);
}

static bool is_taken(const struct buffer *state)
{
    struct error err = {""};
    struct buffer_reader reader = {.data = state->data, .size = state->size};
    struct windows *windows = check_windows();
    enum status status = windows_load(windows, &reader, &err);
    windows_destroy(windows);
    return status == STATUS_OK;
}

static void a_state_with_an_extreme_anywhere_is_refused_or_sound(void)
{
    struct buffer saved = {0}, changed = {0};
    int64_t taken = 0, tried = 0;
    save_a_scene(&saved);
    CU_ASSERT(is_taken(&saved));
    for (size_t at = 0; at + sizeof(int64_t) <= saved.size; at++) {
        for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++) {
            buffer_clear(&changed);
            buffer_append(&changed, saved.data, at);
            buffer_put_i64(&changed, extremes[i]);
            buffer_append(&changed, saved.data + changed.size, saved.size - changed.size);
            check_state(changed.data, changed.size);
            taken += is_taken(&changed);
            tried++;
        }
    }
    CU_ASSERT(taken > 0 && taken < tried);
    buffer_release(&saved);
    buffer_release(&changed);
}

static void a_state_with_a_bit_wrong_is_refused_or_sound(void)
{
    struct buffer state = {0};
    int64_t taken = 0;
    save_a_scene(&state);
    for (size_t bit = 0; bit < 8 * state.size; bit++) {
        uint8_t mask = (uint8_t)(1 << bit % 8);
        state.data[bit / 8] ^= mask;
        check_state(state.data, state.size);
        taken += is_taken(&state);
        state.data[bit / 8] ^= mask;
    }
    CU_ASSERT(taken > 0 && taken < 8 * (int64_t)state.size);
    buffer_release(&state);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_state_with_an_extreme_anywhere_is_refused_or_sound),
        UNIT_TEST(a_state_with_a_bit_wrong_is_refused_or_sound),
    };
    return unit_run("state_extremes", tests, UNIT_COUNT(tests));
}

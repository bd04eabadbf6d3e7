/* The event-time state of a checkpoint with an extreme number at every place in it: refused, or
 * taken, saved to the same bytes and gone on from. Worth most with the sanitizers. */
#include "unit.h"

#include "../fuzz/record_checks.h"

static const int64_t extremes[] = {INT64_MIN, -1, 0, INT64_MAX / 2, INT64_MAX - 1, INT64_MAX};

static void save_a_scene(struct buffer *state)
{
    struct windows *windows = check_windows();
    check_going_on(windows);
    check_going_on(windows);
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

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_state_with_an_extreme_anywhere_is_refused_or_sound),
    };
    return unit_run("state_extremes", tests, UNIT_COUNT(tests));
}

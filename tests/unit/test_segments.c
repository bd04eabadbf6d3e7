/* Which file holds which rows: all of them, once, in files that are few and not too large. */
#include "store/segments.h"
#include "unit.h"

static const int64_t deck_sizes[] = {1, 3, 1000, 999999, 1000000000};
static const int64_t frame_sizes[] = {1, 6400, (int64_t)1 << 22, (int64_t)1 << 36, INT64_MAX};
enum { DECKS = 5, FRAMES = 5 };

static void every_row_lies_in_one_segment(void)
{
    for (int d = 0; d < DECKS; d++)
        for (int f = 0; f < FRAMES; f++) {
            struct segments segments = segments_of(deck_sizes[d], frame_sizes[f]);
            int64_t next = 0;
            for (int64_t number = 0; number < 1500; number++) {
                int64_t rows = segments_rows(&segments, number);
                CU_ASSERT_EQUAL(segments_start(&segments, number), next);
                CU_ASSERT_FATAL(rows > 0);
                CU_ASSERT_EQUAL(segments_find(&segments, next), number);
                next += rows;
                CU_ASSERT_EQUAL(segments_find(&segments, next - 1), number);
            }
        }
}

static void first_hundred_are_as_the_deck_says(void)
{
    for (int d = 0; d < DECKS; d++) {
        struct segments segments = segments_of(deck_sizes[d], 6400);
        for (int64_t number = 0; number < 100; number++)
            CU_ASSERT_EQUAL(segments_rows(&segments, number), deck_sizes[d]);
    }
}

/* 40 x 40 cells in f32, ten frames a second, and the default of the deck. */
static void frames_of_a_year_are_in_fewer_files_than_a_program_may_open(void)
{
    struct segments segments = segments_of(1000, 6400);
    CU_ASSERT(segments_find(&segments, (int64_t)10 * 86400 * 365) < 1024);
}

static void only_a_deck_can_make_a_segment_large(void)
{
    for (int d = 0; d < DECKS; d++)
        for (int f = 0; f < 4; f++) {
            struct segments segments = segments_of(deck_sizes[d], frame_sizes[f]);
            for (int64_t number = 0; number < 1500; number++) {
                int64_t rows = segments_rows(&segments, number);
                CU_ASSERT(rows == deck_sizes[d] ||
                          (rows <= 1000000 && rows <= ((int64_t)64 << 30) / frame_sizes[f]));
            }
        }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_row_lies_in_one_segment),
        UNIT_TEST(first_hundred_are_as_the_deck_says),
        UNIT_TEST(frames_of_a_year_are_in_fewer_files_than_a_program_may_open),
        UNIT_TEST(only_a_deck_can_make_a_segment_large),
    };
    return unit_run("segments", tests, UNIT_COUNT(tests));
}

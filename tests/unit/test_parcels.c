/* The queue between the ingest thread and the main thread, with threads of this test's own. */
#include <pthread.h>

#include "unit.h"

#include "run/parcels.h"

enum { PARTITIONS = 2, MANY = 2000, PATIENCE_MS = 10000 };

/* The windows of a parcel are numbered from `first`, the last has letters and the state. */
static void fill(struct parcel *parcel, int64_t first, int windows)
{
    parcel->kind = PARCEL_WINDOW;
    for (int i = 0; i < windows; i++)
        parcel->row[i] = (struct closed_window){.window = first + i};
    parcel->row_count = windows;
    parcel->row_letters = 3;
    parcel->row_state = true;
}

static void the_windows_of_a_parcel_are_shown_one_at_a_time(void)
{
    struct parcels *parcels = parcels_create(PARTITIONS, 1);
    fill(parcels_begin(parcels), 40, 3);
    parcels_end(parcels);
    for (int i = 0; i < 3; i++) {
        struct parcel *parcel = parcels_next(parcels, 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(parcel);
        CU_ASSERT_FALSE(parcels_all_done(parcels));
        CU_ASSERT_EQUAL(parcel->closed.window, 40 + i);
        CU_ASSERT_EQUAL(parcel->letter_count, i == 2 ? 3 : 0);
        CU_ASSERT_EQUAL(parcel->has_state, i == 2);
        parcels_done(parcels, parcel);
    }
    CU_ASSERT(parcels_all_done(parcels));
    CU_ASSERT_PTR_NULL(parcels_next(parcels, 0));
    parcels_destroy(parcels);
}

/* The number of the window shown, and whether the queue says that the one after it follows. */
static void expect_shown(struct parcels *parcels, int64_t window, bool follows)
{
    struct parcel *parcel = parcels_next(parcels, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(parcel);
    CU_ASSERT_EQUAL(parcel->closed.window, window);
    CU_ASSERT_EQUAL(parcel->next != NULL, follows);
    if (parcel->next)
        CU_ASSERT_EQUAL(parcel->next->window, window + 1);
    parcels_done(parcels, parcel);
}

static void the_next_window_is_known_once_it_is_there(void)
{
    struct parcels *parcels = parcels_create(PARTITIONS, 2);
    fill(parcels_begin(parcels), 40, 2);
    parcels_end(parcels);
    expect_shown(parcels, 40, true);
    expect_shown(parcels, 41, false);
    for (int i = 0; i < 3 * FEED_PARCELS; i++) {
        fill(parcels_begin(parcels), 42 + 2 * i, 1);
        parcels_end(parcels);
        fill(parcels_begin(parcels), 43 + 2 * i, 1);
        parcels_end(parcels);
        expect_shown(parcels, 42 + 2 * i, true);
        expect_shown(parcels, 43 + 2 * i, false);
    }
    parcels_destroy(parcels);
}

static void what_is_no_window_comes_after_none(void)
{
    struct parcels *parcels = parcels_create(PARTITIONS, 2);
    fill(parcels_begin(parcels), 40, 1);
    parcels_end(parcels);
    parcels_begin(parcels)->kind = PARCEL_STATE;
    parcels_end(parcels);
    expect_shown(parcels, 40, false);
    CU_ASSERT_EQUAL(parcels_next(parcels, 0)->kind, PARCEL_STATE);
    parcels_destroy(parcels);
}

static void a_parcel_used_again_has_nothing_left_of_before(void)
{
    struct parcels *parcels = parcels_create(PARTITIONS, 1);
    for (int i = 0; i < 2 * FEED_PARCELS; i++) {
        struct parcel *parcel = parcels_begin(parcels);
        CU_ASSERT_EQUAL(parcel->row_count, 0);
        CU_ASSERT_EQUAL(parcel->letter_count, 0);
        CU_ASSERT_FALSE(parcel->has_state);
        fill(parcel, i, 1);
        parcels_end(parcels);
        struct parcel *shown = parcels_next(parcels, 0);
        CU_ASSERT_PTR_EQUAL(shown, parcel);
        CU_ASSERT(shown->has_state);
        parcels_done(parcels, shown);
    }
    parcels_destroy(parcels);
}

static void a_parcel_without_windows_is_shown_once(void)
{
    struct parcels *parcels = parcels_create(PARTITIONS, 1);
    struct parcel *parcel = parcels_begin(parcels);
    parcel->kind = PARCEL_STATE;
    parcel->has_state = true;
    parcels_end(parcels);
    CU_ASSERT_PTR_EQUAL(parcels_next(parcels, 0), parcel);
    CU_ASSERT(parcel->has_state);
    parcels_done(parcels, parcel);
    CU_ASSERT_PTR_NULL(parcels_next(parcels, 0));
    parcels_destroy(parcels);
}

static void *produce_many(void *argument)
{
    struct parcels *parcels = argument;
    int64_t window = 0;
    for (int i = 0; i < MANY; i++) {
        int windows = 1 + i % PARCEL_WINDOWS;
        fill(parcels_begin(parcels), window, windows);
        parcels_end(parcels);
        window += windows;
    }
    return NULL;
}

static int64_t windows_of_many(void)
{
    int64_t windows = 0;
    for (int i = 0; i < MANY; i++)
        windows += 1 + i % PARCEL_WINDOWS;
    return windows;
}

static void between_two_threads_no_window_is_lost_or_out_of_order(void)
{
    struct parcels *parcels = parcels_create(PARTITIONS, 4);
    pthread_t thread;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, produce_many, parcels), 0);
    const int64_t windows = windows_of_many();
    for (int64_t window = 0; window < windows; window++) {
        struct parcel *parcel = parcels_next(parcels, PATIENCE_MS);
        CU_ASSERT_PTR_NOT_NULL_FATAL(parcel);
        CU_ASSERT_EQUAL_FATAL(parcel->closed.window, window);
        CU_ASSERT(!parcel->next || parcel->next->window == window + 1);
        parcels_done(parcels, parcel);
        int limit = parcels_row_limit(parcels);
        CU_ASSERT(1 <= limit && limit <= PARCEL_WINDOWS);
    }
    pthread_join(thread, NULL);
    CU_ASSERT_PTR_NULL(parcels_next(parcels, 0));
    parcels_destroy(parcels);
}

static void *produce_without_end(void *argument)
{
    struct parcels *parcels = argument;
    for (struct parcel *parcel; (parcel = parcels_begin(parcels)); parcels_end(parcels))
        fill(parcel, 0, 1);
    return NULL;
}

static void *count_large(void *argument)
{
    struct parcels *parcels = argument;
    int64_t count = 0;
    for (struct parcel *parcel; (parcel = parcels_begin(parcels)); parcels_end(parcels), count++) {
        fill(parcel, count, 1);
        buffer_reserve(&parcel->heat, 2 << 20);
        parcel->heat.size = 2 << 20;
    }
    CU_ASSERT(1 <= count && count <= FEED_PARCELS);
    return NULL;
}

/* Once its first parcel was there; nobody takes the others. */
static void stop_a_thread_that_produces(int together, void *(*produce)(void *))
{
    struct parcels *parcels = parcels_create(PARTITIONS, together);
    pthread_t thread;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, produce, parcels), 0);
    CU_ASSERT_PTR_NOT_NULL(parcels_next(parcels, PATIENCE_MS));
    parcels_stop(parcels);
    CU_ASSERT_EQUAL(pthread_join(thread, NULL), 0);
    parcels_destroy(parcels);
}

static void few_windows_wait_where_they_have_much_heat(void)
{
    stop_a_thread_that_produces(FEED_MOST_PARCELS, count_large);
}

static void a_stop_releases_a_thread_that_waits_for_an_empty_parcel(void)
{
    stop_a_thread_that_produces(1, produce_without_end);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(the_windows_of_a_parcel_are_shown_one_at_a_time),
        UNIT_TEST(the_next_window_is_known_once_it_is_there),
        UNIT_TEST(what_is_no_window_comes_after_none),
        UNIT_TEST(few_windows_wait_where_they_have_much_heat),
        UNIT_TEST(a_parcel_used_again_has_nothing_left_of_before),
        UNIT_TEST(a_parcel_without_windows_is_shown_once),
        UNIT_TEST(between_two_threads_no_window_is_lost_or_out_of_order),
        UNIT_TEST(a_stop_releases_a_thread_that_waits_for_an_empty_parcel),
    };
    return unit_run("parcels", tests, UNIT_COUNT(tests));
}

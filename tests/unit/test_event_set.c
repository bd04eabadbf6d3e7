/* Sets of events against plain lists of them. */
#include <stdlib.h>

#include "event_sets.h"
#include "unit.h"

enum { MAX_EVENTS = 3000, WINDOW_MS = 100 };

static uint64_t random_state;

static int64_t below(int64_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((random_state >> 33) % (uint64_t)limit);
}

/* What the cells are numbered to, how many differ, and how many times and sensors there are. */
struct spread {
    int64_t cells, places, times, sensors;
};

static const struct spread spreads[] = {{1, 1, 1, 1},           {7, 7, 3, 2},
                                        {1, 1, 40, 300},        {2048, 900, 5, 3},
                                        {2049, 2049, 100, 2},   {INT64_C(1) << 40, 50, 9, 5},
                                        {INT64_MAX, 999, 4, 4}, {5, 5, 2, EVENT_SENSORS}};
enum { SPREADS = sizeof spreads / sizeof *spreads };

/* Every (partition, offset) once, in random order. */
static int64_t make_events(struct event *events, const struct spread *spread, int64_t most)
{
    int64_t count = below(most + 1);
    for (int64_t i = 0; i < count; i++) {
        int64_t place = below(spread->places);
        events[i] =
            (struct event){.time_ms = below(spread->times),
                           .cell = spread->cells - 1 - place * (spread->cells / spread->places),
                           .partition = (int32_t)(i % 3),
                           .offset = i / 3,
                           .rate = (double)i,
                           .tag = (uint32_t)below(spread->sensors)};
    }
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = below(i + 1);
        struct event swap = events[i];
        events[i] = events[j];
        events[j] = swap;
    }
    return count;
}

static bool before(const struct event *a, const struct event *b)
{
    if (a->cell != b->cell)
        return a->cell < b->cell;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms;
    return a->partition != b->partition ? a->partition < b->partition : a->offset < b->offset;
}

static bool same_event(const struct event *a, const struct event *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* In order, and each of `events` is there. */
static void check_sorted(const struct event_set *set, const struct event *events, int64_t count)
{
    static bool met[MAX_EVENTS];
    memset(met, 0, sizeof met);
    CU_ASSERT_EQUAL_FATAL(set->count, count);
    for (int64_t i = 0; i < count; i++) {
        CU_ASSERT_FATAL(i == 0 || before(&set->events[i - 1], &set->events[i]));
        met[(int64_t)set->events[i].rate] = true;
    }
    for (int64_t i = 0; i < count; i++)
        CU_ASSERT_FATAL(met[(int64_t)events[i].rate]);
}

static int64_t most_of(uint64_t seed)
{
    static const int64_t most[] = {3, 16, 17, 128, 129, MAX_EVENTS};
    return most[seed % 6];
}

static void any_order_of_arrival_is_brought_into_the_one_order(void)
{
    static struct event events[MAX_EVENTS];
    for (uint64_t seed = 1; seed <= 200; seed++) {
        random_state = seed;
        const struct spread *spread = &spreads[seed % SPREADS];
        int64_t count = make_events(events, spread, most_of(seed / SPREADS));
        struct event_set set = sorted_set_of(events, count, spread->cells);
        check_sorted(&set, events, count);
        event_set_release(&set);
    }
}

static int compare_before(const void *left, const void *right)
{
    return before(left, right) ? -1 : before(right, left);
}

/* Of events in order, a third belongs to each of three partitions, which tell theirs in turn, so
 * many at once; then `swaps` pairs change places. */
static void deal(const struct event *sorted, int64_t count, int64_t at_once, int64_t swaps,
                 struct event *arrived)
{
    int64_t next[3], end[3], dealt = 0;
    for (int p = 0; p < 3; p++) {
        next[p] = (p * count + 2) / 3;
        end[p] = ((p + 1) * count + 2) / 3;
    }
    for (int p = 0; dealt < count; p = (p + 1) % 3)
        for (int64_t i = 0; i < at_once && next[p] < end[p]; i++)
            arrived[dealt++] = sorted[next[p]++];
    for (; swaps > 0 && count > 0; swaps--) {
        struct event *a = &arrived[below(count)], *b = &arrived[below(count)], swap = *a;
        *a = *b;
        *b = swap;
    }
}

static void partitions_that_tell_their_cells_in_turn_come_into_the_same_order(void)
{
    static struct event events[MAX_EVENTS], arrived[MAX_EVENTS];
    for (uint64_t seed = 1; seed <= 400; seed++) {
        random_state = seed;
        const struct spread *spread = &spreads[seed % SPREADS];
        int64_t count = make_events(events, spread, most_of(seed / SPREADS));
        qsort(events, (size_t)count, sizeof *events, compare_before);
        for (int64_t i = 0; i < count; i++) {
            events[i].partition = (int32_t)(i * 3 / count);
            events[i].offset = i;
        }
        deal(events, count, 1 + below(300), below(3), arrived);
        struct event_set set = sorted_set_of(arrived, count, spread->cells);
        check_sorted(&set, events, count);
        event_set_release(&set);
    }
}

static void a_merged_set_is_that_of_all_its_events(void)
{
    static struct event events[MAX_EVENTS];
    for (uint64_t seed = 1; seed <= 200; seed++) {
        random_state = seed;
        const struct spread *spread = &spreads[seed % SPREADS];
        int64_t count = make_events(events, spread, most_of(seed / SPREADS)),
                first = below(count + 1);
        struct event_set set = sorted_set_of(events, first, spread->cells);
        struct event_set more = sorted_set_of(events + first, count - first, spread->cells);
        event_set_merge(&set, &more);
        check_sorted(&set, events, count);
        CU_ASSERT_EQUAL(more.count, count - first);
        event_set_release(&set);
        event_set_release(&more);
    }
}

/* Whether another of the events has the same time and sensor, and comes first. */
static bool is_duplicate(const struct event *events, int64_t count, const struct event *event)
{
    for (int64_t i = 0; i < count; i++) {
        const struct event *other = &events[i];
        bool same = other->cell == event->cell && other->time_ms == event->time_ms &&
                    (other->tag & EVENT_SENSOR) == (event->tag & EVENT_SENSOR);
        if (same && (other->partition < event->partition ||
                     (other->partition == event->partition && other->offset < event->offset)))
            return true;
    }
    return false;
}

static void of_equal_time_and_sensor_the_first_stays_and_the_others_are_handed_out(void)
{
    static struct event events[MAX_EVENTS];
    int64_t duplicates = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        random_state = seed;
        const struct spread *spread = &spreads[seed % SPREADS];
        int64_t count = make_events(events, spread,
                                    most_of(seed / SPREADS) < 500 ? most_of(seed / SPREADS) : 500);
        for (int64_t i = 0; i < count; i++)
            if (below(2))
                events[i].tag |= EVENT_LATE; /* has no say */
        struct event_set set = sorted_set_of(events, count, spread->cells), dropped = {0};
        event_set_drop_duplicates(&set, &dropped);
        CU_ASSERT_EQUAL_FATAL(set.count + dropped.count, count);
        for (int64_t i = 0; i < set.count; i++) {
            CU_ASSERT_FATAL(i == 0 || before(&set.events[i - 1], &set.events[i]));
            CU_ASSERT_FALSE_FATAL(is_duplicate(events, count, &set.events[i]));
        }
        for (int64_t i = 0; i < dropped.count; i++)
            CU_ASSERT_FATAL(is_duplicate(events, count, &dropped.events[i]));
        duplicates += dropped.count;
        event_set_release(&set);
        event_set_release(&dropped);
    }
    CU_ASSERT(duplicates > 1000);
}

static const struct event_limits limits = {
    .partitions = 3, .cells = 10, .t0_ms = -50, .window_ms = WINDOW_MS};

static bool loads(const struct event_set *set, enum event_place place, size_t bytes_less)
{
    struct buffer state = {0};
    struct event_set loaded = {0};
    event_set_save(set, &state);
    struct buffer_reader reader = {.data = state.data, .size = state.size - bytes_less};
    bool good = event_set_load(&loaded, &reader, 2, place, &limits);
    if (good) {
        CU_ASSERT_EQUAL(reader.position, state.size);
        CU_ASSERT_EQUAL_FATAL(loaded.count, set->count);
        for (int64_t i = 0; i < loaded.count; i++)
            CU_ASSERT(same_event(&loaded.events[i], &set->events[i]));
    }
    buffer_release(&state);
    event_set_release(&loaded);
    return good;
}

static size_t saved_size(const struct event_set *set)
{
    struct buffer state = {0};
    event_set_save(set, &state);
    size_t size = state.size;
    buffer_release(&state);
    return size;
}

/* Two events of window 2, [150, 250). */
static struct event_set two_events(uint32_t marks)
{
    const struct event events[] = {
        {.time_ms = 150, .cell = 4, .partition = 2, .offset = 7, .rate = 1.5, .tag = 9 | marks},
        {.time_ms = 249, .cell = 4, .partition = 0, .offset = 0, .rate = -2, .tag = 8 | marks}};
    return set_of(events, 2);
}

static void a_saved_set_is_loaded_to_the_last_bit(void)
{
    const struct event_set none = {0};
    CU_ASSERT(loads(&none, EVENTS_OPEN, 0));
    struct event_set set = two_events(0);
    CU_ASSERT(loads(&set, EVENTS_OPEN, 0));
    CU_ASSERT(loads(&set, EVENTS_CLOSED, 0));
    event_set_release(&set);
    set = two_events(EVENT_LATE | EVENT_WAITING);
    CU_ASSERT(loads(&set, EVENTS_WAITING, 0));
    event_set_release(&set);
    set = two_events(EVENT_LATE);
    CU_ASSERT(loads(&set, EVENTS_CLOSED, 0));
    event_set_release(&set);
}

static void marks_that_do_not_belong_where_a_set_lies_are_refused(void)
{
    static const uint32_t marks[] = {0, EVENT_LATE, EVENT_WAITING, EVENT_LATE | EVENT_WAITING};
    static const bool good[][4] = {[EVENTS_OPEN] = {true, false, false, false},
                                   [EVENTS_WAITING] = {false, false, false, true},
                                   [EVENTS_CLOSED] = {true, true, false, false}};
    for (int place = EVENTS_OPEN; place <= EVENTS_CLOSED; place++)
        for (int i = 0; i < 4; i++) {
            struct event_set set = two_events(marks[i]);
            CU_ASSERT_EQUAL(loads(&set, (enum event_place)place, 0), good[place][i]);
            event_set_release(&set);
        }
}

static void events_that_cannot_lie_in_their_window_are_refused(void)
{
    static const struct event hostile[] = {
        {.time_ms = 149, .cell = 4, .partition = 2, .offset = 7},
        {.time_ms = 250, .cell = 4, .partition = 2, .offset = 7},
        {.time_ms = -51, .cell = 4, .partition = 2, .offset = 7},
        {.time_ms = INT64_MIN, .cell = 4, .partition = 2, .offset = 7},
        {.time_ms = INT64_MAX, .cell = 4, .partition = 2, .offset = 7},
        {.time_ms = 150, .cell = 10, .partition = 2, .offset = 7},
        {.time_ms = 150, .cell = -1, .partition = 2, .offset = 7},
        {.time_ms = 150, .cell = 4, .partition = 3, .offset = 7},
        {.time_ms = 150, .cell = 4, .partition = -1, .offset = 7},
        {.time_ms = 249, .cell = 4, .partition = 0, .offset = 0}, /* twice */
        {.time_ms = 249, .cell = 4, .partition = 0, .offset = 1}, /* out of order */
        {.time_ms = 150, .cell = 5, .partition = 2, .offset = 7}};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct event_set set = two_events(0);
        set.events[0] = hostile[i];
        CU_ASSERT_FALSE(loads(&set, EVENTS_OPEN, 0));
        event_set_release(&set);
    }
    struct event_set set = two_events(0);
    for (size_t less = 1; less <= saved_size(&set); less++)
        CU_ASSERT_FALSE(loads(&set, EVENTS_OPEN, less));
    event_set_release(&set);
}

/* Every step there can be between neighbours, and every kind of rate. */
static void extreme_events_are_loaded_to_the_last_bit(void)
{
    static const int64_t numbers[] = {0, 1, 63, 64, 8191, 8192, INT64_C(1) << 62, INT64_MAX - 1};
    static const double rates[] = {0.0, -0.0, 4, 5e-324, -1.7976931348623157e308};
    const struct event_limits wide = {
        .partitions = INT32_MAX, .cells = INT64_MAX, .t0_ms = 0, .window_ms = INT64_MAX};
    struct event events[1000];
    for (int i = 0; i < 1000; i++)
        events[i] = (struct event){.time_ms = numbers[below(8)],
                                   .cell = numbers[below(8)],
                                   .offset = numbers[below(8)],
                                   .partition = (int32_t)(i % 2 ? i : INT32_MAX - 1 - i),
                                   .rate = rates[below(5)],
                                   .tag = (uint32_t)below(EVENT_SENSORS)};
    struct event_set set = sorted_set_of(events, 1000, INT64_MAX), loaded = {0};
    struct buffer state = {0};
    event_set_save(&set, &state);
    struct buffer_reader reader = {.data = state.data, .size = state.size};
    CU_ASSERT_FATAL(event_set_load(&loaded, &reader, 0, EVENTS_OPEN, &wide));
    CU_ASSERT_EQUAL_FATAL(loaded.count, set.count);
    CU_ASSERT_EQUAL(memcmp(loaded.events, set.events, 1000 * sizeof *set.events), 0);
    event_set_release(&set);
    event_set_release(&loaded);
    buffer_release(&state);
}

/* What loads all the same must fit: a set in order, of events that can lie there. */
static void saved_bytes_that_were_changed_never_make_a_set_that_cannot_be(void)
{
    struct event_set set = two_events(0);
    struct buffer state = {0};
    event_set_save(&set, &state);
    for (size_t at = 0; at < state.size; at++)
        for (int change = 1; change < 256; change++) {
            struct event_set loaded = {0};
            struct buffer_reader reader = {.data = state.data, .size = state.size};
            state.data[at] ^= (uint8_t)change;
            bool good = event_set_load(&loaded, &reader, 2, EVENTS_OPEN, &limits);
            for (int64_t i = 0; good && i < loaded.count; i++) {
                const struct event *event = &loaded.events[i];
                CU_ASSERT_FATAL(event->time_ms >= 150 && event->time_ms < 250);
                CU_ASSERT_FATAL(event->cell < limits.cells && event->partition < 3);
                CU_ASSERT_FATAL(i == 0 || before(event - 1, event));
            }
            event_set_release(&loaded);
            state.data[at] ^= (uint8_t)change;
        }
    event_set_release(&set);
    buffer_release(&state);
}

static void neighbours_that_differ_little_take_few_bytes(void)
{
    struct event events[1000];
    for (int i = 0; i < 1000; i++)
        events[i] = (struct event){.time_ms = 1767225600000 + below(100),
                                   .cell = i,
                                   .offset = 1000000 + below(200),
                                   .partition = i / 400,
                                   .rate = i == 500 ? 4 : 0,
                                   .tag = (uint32_t)i};
    struct event_set set = sorted_set_of(events, 1000, 1000);
    CU_ASSERT(saved_size(&set) < 7 * 1000);
    event_set_release(&set);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(any_order_of_arrival_is_brought_into_the_one_order),
        UNIT_TEST(partitions_that_tell_their_cells_in_turn_come_into_the_same_order),
        UNIT_TEST(a_merged_set_is_that_of_all_its_events),
        UNIT_TEST(of_equal_time_and_sensor_the_first_stays_and_the_others_are_handed_out),
        UNIT_TEST(a_saved_set_is_loaded_to_the_last_bit),
        UNIT_TEST(marks_that_do_not_belong_where_a_set_lies_are_refused),
        UNIT_TEST(events_that_cannot_lie_in_their_window_are_refused),
        UNIT_TEST(extreme_events_are_loaded_to_the_last_bit),
        UNIT_TEST(saved_bytes_that_were_changed_never_make_a_set_that_cannot_be),
        UNIT_TEST(neighbours_that_differ_little_take_few_bytes),
    };
    return unit_run("event_set", tests, UNIT_COUNT(tests));
}

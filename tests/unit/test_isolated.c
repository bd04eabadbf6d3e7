/* Work in a process of its own: its messages arrive, and its end, of any kind, is the caller's
 * news and not the caller's end. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/isolated.h"
#include "unit.h"

enum { MESSAGES = 1000 };

struct traffic {
    int64_t sum; /* of what was sent, in the process of its own; of what was taken, in the other */
    int64_t taken;
    bool in_order;
};

static void take(void *context, const void *message, size_t size)
{
    struct traffic *traffic = context;
    const int64_t *values = message;
    traffic->in_order = traffic->in_order && size == sizeof *values * (size_t)(traffic->taken + 1);
    for (size_t i = 0; i < size / sizeof *values; i++)
        traffic->in_order = traffic->in_order && values[i] == traffic->taken;
    traffic->taken++;
}

/* Message i has i + 1 values i. */
static void send_messages(struct isolated *isolated, int count)
{
    int64_t values[MESSAGES];
    for (int i = 0; i < count; i++) {
        for (int j = 0; j <= i; j++)
            values[j] = i;
        isolated_send(isolated, values, (size_t)(i + 1) * sizeof values[0]);
    }
}

static enum status work(void *context, struct isolated *isolated, struct error *err)
{
    (void)err;
    send_messages(isolated, MESSAGES);
    ((struct traffic *)context)->sum = -1;
    return STATUS_OK;
}

static void messages_arrive_whole_and_in_order(void)
{
    struct error err = {""};
    struct traffic traffic = {.in_order = true};
    CU_ASSERT_EQUAL(isolated_run("testing", work, take, &traffic, &err), STATUS_OK);
    CU_ASSERT_EQUAL(traffic.taken, MESSAGES);
    CU_ASSERT(traffic.in_order);
    CU_ASSERT_EQUAL(traffic.sum, 0); /* the work had a copy */
}

static enum status fail(void *context, struct isolated *isolated, struct error *err)
{
    (void)context;
    send_messages(isolated, 3);
    return error_set(err, STATUS_NO_INPUT, "nothing there %d", 42);
}

static void a_failure_is_handed_over_with_its_text(void)
{
    struct error err = {""};
    struct traffic traffic = {.in_order = true};
    CU_ASSERT_EQUAL(isolated_run("testing", fail, take, &traffic, &err), STATUS_NO_INPUT);
    CU_ASSERT_STRING_EQUAL(err.text, "nothing there 42");
    CU_ASSERT_EQUAL(traffic.taken, 3);
}

static enum status crash(void *context, struct isolated *isolated, struct error *err)
{
    (void)context;
    (void)err;
    send_messages(isolated, 2);
    raise(SIGKILL);
    return STATUS_OK;
}

static enum status leave(void *context, struct isolated *isolated, struct error *err)
{
    (void)context;
    (void)isolated;
    (void)err;
    _exit(0);
}

static void a_process_that_ends_before_its_work_is_a_failure(void)
{
    struct error err = {""};
    struct traffic traffic = {.in_order = true};
    CU_ASSERT_EQUAL(isolated_run("reading x.h5", crash, take, &traffic, &err), STATUS_BAD_DATA);
    CU_ASSERT_EQUAL(traffic.taken, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "reading x.h5"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "signal 9"));
    CU_ASSERT_EQUAL(isolated_run("testing", leave, take, &traffic, &err), STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "exit code 0"));
}

static enum status ask_for_all(void *context, struct isolated *isolated, struct error *err)
{
    void *volatile memory = malloc(2 * (size_t)ISOLATED_MEMORY);
    (void)context;
    send_messages(isolated, 1);
    if (!memory)
        return error_set(err, STATUS_NO_INPUT, "no memory");
    free(memory);
    return STATUS_OK;
}

static void more_memory_than_is_allowed_is_not_had(void)
{
    struct error err = {""};
    struct traffic traffic = {.in_order = true};
    enum status status = isolated_run("testing", ask_for_all, take, &traffic, &err);
    CU_ASSERT(status == STATUS_NO_INPUT || status == STATUS_BAD_DATA); /* sanitizers abort */
}

static enum status turn_for_ever(void *context, struct isolated *isolated, struct error *err)
{
    (void)context;
    (void)isolated;
    (void)err;
    volatile bool going = true;
    while (going)
        ;
    return STATUS_OK;
}

/* Takes its time: only with HEATSTREAM_LONG. */
static void an_endless_loop_is_ended(void)
{
    struct error err = {""};
    struct traffic traffic = {.in_order = true};
    CU_ASSERT_EQUAL(isolated_run("testing", turn_for_ever, take, &traffic, &err), STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "processor time"));
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(messages_arrive_whole_and_in_order),
        UNIT_TEST(a_failure_is_handed_over_with_its_text),
        UNIT_TEST(a_process_that_ends_before_its_work_is_a_failure),
        UNIT_TEST(more_memory_than_is_allowed_is_not_had),
        UNIT_TEST(an_endless_loop_is_ended),
    };
    const char *time = getenv("HEATSTREAM_LONG");
    bool all = time && *time && *time != '0';
    return unit_run("isolated", tests, UNIT_COUNT(tests) - !all);
}

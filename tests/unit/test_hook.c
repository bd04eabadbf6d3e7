/* A program that is told of alerts: what it gets, and that it cannot hold anybody up. */
#include "watch/hook.h"

#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/durable.h"
#include "scratch.h"
#include "unit.h"

static struct hook *create(char *const *arguments, double end_s)
{
    struct hook *hook = NULL;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(hook_create(&(struct hook_config){arguments, 30, end_s}, &hook, &err),
                          STATUS_OK);
    return hook;
}

static void tell(struct hook *hook, const char *line)
{
    hook_tell(hook, line, strlen(line));
}

static void assert_file_is(const char *path, const char *expected)
{
    struct buffer text = {0};
    struct error err = {""};
    CU_ASSERT_EQUAL(durable_read_file(path, &text, &err), STATUS_OK);
    buffer_put_u8(&text, 0);
    CU_ASSERT_STRING_EQUAL((const char *)text.data, expected);
    buffer_release(&text);
}

static void every_line_is_told_once_and_in_order(void)
{
    struct scratch scratch = scratch_make();
    char out[PATH_MAX];
    scratch_file(&scratch, "told", out);
    /* tee: what is not asked of a shell stays a word */
    char *const arguments[] = {"tee", "-a", out, NULL};
    struct hook *hook = create(arguments, 60);
    tell(hook, "one; $(exit 3) 'quote\n");
    tell(hook, "two\n");
    tell(hook, "three\n");
    hook_destroy(hook);
    assert_file_is(out, "one; $(exit 3) 'quote\ntwo\nthree\n");
    scratch_remove(&scratch);
}

static void arguments_are_words_and_not_a_shell_s(void)
{
    struct scratch scratch = scratch_make();
    char name[PATH_MAX];
    scratch_file(&scratch, "a b; touch evil", name);
    char *const arguments[] = {"tee", name, NULL};
    struct hook *hook = create(arguments, 60);
    tell(hook, "line\n");
    hook_destroy(hook);
    assert_file_is(name, "line\n");
    scratch_remove(&scratch);
}

static void programs_that_fail_or_are_not_there_leave_the_rest_be(void)
{
    char *const missing[] = {"/nowhere/to/be/found", NULL};
    char *const failing[] = {"false", NULL};
    struct hook *hook = create(missing, 60);
    tell(hook, "line\n");
    hook_destroy(hook);
    hook = create(failing, 60);
    for (int i = 0; i < 3; i++)
        tell(hook, "line\n");
    hook_destroy(hook);
    hook_destroy(NULL);
}

/* It sleeps for ever; the test ends all the same. */
static void a_program_that_hangs_holds_nobody_up(void)
{
    char *const arguments[] = {"sleep", "1000000", NULL};
    struct hook *hook = create(arguments, 0.3);
    for (int i = 0; i < 2 * HOOK_WAITING; i++)
        tell(hook, "line\n");
    hook_destroy(hook);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_line_is_told_once_and_in_order),
        UNIT_TEST(arguments_are_words_and_not_a_shell_s),
        UNIT_TEST(programs_that_fail_or_are_not_there_leave_the_rest_be),
        UNIT_TEST(a_program_that_hangs_holds_nobody_up),
    };
    return unit_run("hook", tests, UNIT_COUNT(tests));
}

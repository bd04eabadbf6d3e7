/* What every CUnit program shares: a table of tests in, an exit status out.
 *
 *     static void late_event_is_refused(void) { CU_ASSERT_EQUAL(...); }
 *
 *     int main(void)
 *     {
 *         static const struct unit_test tests[] = {UNIT_TEST(late_event_is_refused)};
 *         return unit_run("windows", tests, UNIT_COUNT(tests));
 *     } */
#ifndef HEATSTREAM_TESTS_UNIT_H
#define HEATSTREAM_TESTS_UNIT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>

struct unit_test {
    const char *name;
    void (*run)(void);
};

#define UNIT_TEST(function)                                                                        \
    {                                                                                              \
#function, function                                                                        \
    }
#define UNIT_COUNT(tests) ((int)(sizeof(tests) / sizeof(tests)[0]))

static inline bool unit_register(const char *suite_name, const struct unit_test *tests, int count)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return false;
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    for (int i = 0; suite && i < count; i++)
        if (!CU_add_test(suite, tests[i].name, tests[i].run))
            return false;
    return suite != NULL;
}

static inline void unit_print_failures(const char *who)
{
    for (CU_pFailureRecord failure = CU_get_failure_list(); failure; failure = failure->pNext)
        fprintf(stderr, "%s%s:%u: %s: %s\n", who, failure->strFileName, failure->uiLineNumber,
                failure->pTest ? failure->pTest->pName : "suite", failure->strCondition);
}

/* The line that tests/tools/run-tests.sh adds up. */
static inline int unit_report(const char *suite_name, int count, int failed)
{
    printf("%s: %d passed, %d failed\n", suite_name, count - failed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The number of tests that failed, all of them when they could not be run. */
static inline int unit_count_failed(const char *suite_name, const struct unit_test *tests,
                                    int count, const char *who)
{
    if (!unit_register(suite_name, tests, count) || CU_run_all_tests() != CUE_SUCCESS)
        return count;
    unit_print_failures(who);
    int failed = (int)CU_get_number_of_tests_failed();
    if (failed == 0 && CU_get_number_of_failure_records() > 0)
        failed = 1;
    CU_cleanup_registry();
    return failed;
}

static inline int unit_run(const char *suite_name, const struct unit_test *tests, int count)
{
    return unit_report(suite_name, count, unit_count_failed(suite_name, tests, count, ""));
}

#endif

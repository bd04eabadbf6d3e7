#include "grid/agree.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mpi_unit.h"

static struct domain *make_domain(void)
{
    struct domain *domain = NULL;
    struct error err;
    if (domain_create(MPI_COMM_WORLD, 64, 1, 0, &domain, &err) != STATUS_OK)
        abort();
    return domain;
}

/* Every set of failing ranks, each failing in its own way. */
static void the_lowest_failing_rank_is_heard_everywhere(void)
{
    struct domain *domain = make_domain();
    for (int set = 1; set < 1 << domain->ranks; set++) {
        bool fails = set >> domain->rank & 1;
        struct error err = {"not mine"};
        enum status mine = STATUS_OK;
        if (fails)
            mine = error_set(&err, (enum status)(STATUS_USAGE + domain->rank), "rank %d, set %d",
                             domain->rank, set);
        int lowest = __builtin_ctz((unsigned)set);
        CU_ASSERT_EQUAL(agree(domain, mine, &err), (enum status)(STATUS_USAGE + lowest));
        char expected[64];
        snprintf(expected, sizeof expected, "rank %d, set %d", lowest, set);
        CU_ASSERT_STRING_EQUAL(err.text, expected);
    }
    domain_destroy(domain);
}

static void success_everywhere_is_success_and_leaves_the_text_alone(void)
{
    struct domain *domain = make_domain();
    struct error err = {"untouched"};
    CU_ASSERT_EQUAL(agree(domain, STATUS_OK, &err), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(err.text, "untouched");
    domain_destroy(domain);
}

static void the_longest_text_arrives_whole(void)
{
    struct domain *domain = make_domain();
    struct error err = {""};
    int last = domain->ranks - 1;
    if (domain->rank == last)
        memset(err.text, 'x', sizeof err.text - 1);
    CU_ASSERT_EQUAL(agree(domain, domain->rank == last ? STATUS_IO : STATUS_OK, &err), STATUS_IO);
    CU_ASSERT_EQUAL(strlen(err.text), sizeof err.text - 1);
    domain_destroy(domain);
}

static void broadcast_carries_the_bytes_of_rank_0(void)
{
    static unsigned char bytes[100000];
    struct domain *domain = make_domain();
    for (int size = 1; size <= (int)sizeof bytes; size *= 10) {
        for (int i = 0; i < size; i++)
            bytes[i] = domain->rank == 0 ? (unsigned char)(i * 7 + size) : 0;
        agree_broadcast(domain, bytes, size);
        int wrong = 0;
        for (int i = 0; i < size; i++)
            wrong += bytes[i] != (unsigned char)(i * 7 + size);
        CU_ASSERT_EQUAL(wrong, 0);
    }
    domain_destroy(domain);
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Rank 0 is silent for 0.5 s or more, as a stream may be; 1 ms naps cost a few per cent of that. */
static void ranks_that_wait_use_almost_no_processor_time(void)
{
    struct domain *domain = make_domain();
    MPI_Barrier(domain->comm);
    int word = -1;
    double before_s = seconds_of(CLOCK_THREAD_CPUTIME_ID), began_s = seconds_of(CLOCK_MONOTONIC);
    if (domain->rank == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 500 * 1000 * 1000}, NULL);
        word = 42;
    }
    agree_broadcast(domain, &word, sizeof word);
    CU_ASSERT_EQUAL(word, 42);
    double used_s = seconds_of(CLOCK_THREAD_CPUTIME_ID) - before_s;
    CU_ASSERT(used_s < 0.2 * (seconds_of(CLOCK_MONOTONIC) - began_s));
    domain_destroy(domain);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(the_lowest_failing_rank_is_heard_everywhere),
        UNIT_TEST(success_everywhere_is_success_and_leaves_the_text_alone),
        UNIT_TEST(the_longest_text_arrives_whole),
        UNIT_TEST(broadcast_carries_the_bytes_of_rank_0),
        UNIT_TEST(ranks_that_wait_use_almost_no_processor_time),
    };
    return mpi_unit_run(&argc, &argv, "agree", tests, UNIT_COUNT(tests));
}

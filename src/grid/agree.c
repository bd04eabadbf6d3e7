#include "grid/agree.h"

#include <string.h>
#include <time.h>

enum status agree(const struct domain *domain, enum status mine, struct error *err)
{
    int candidate = mine == STATUS_OK ? domain->ranks : domain->rank;
    int lowest;
    pulse_wait(domain->pulse, "the outcome on every rank");
    MPI_Allreduce(&candidate, &lowest, 1, MPI_INT, MPI_MIN, domain->comm);
    pulse_beat(domain->pulse);
    if (lowest == domain->ranks)
        return STATUS_OK;
    struct {
        int status;
        struct error err;
    } verdict = {.status = (int)mine};
    if (domain->rank == lowest)
        verdict.err = *err;
    MPI_Bcast(&verdict, (int)sizeof verdict, MPI_BYTE, lowest, domain->comm);
    *err = verdict.err;
    return (enum status)verdict.status;
}

enum { SPIN_NS = 80 * 1000, FIRST_NAP_NS = 20 * 1000, LONGEST_NAP_NS = 1000 * 1000 };

static long elapsed_ns(const struct timespec *since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec - since->tv_sec > 1)
        return SPIN_NS;
    return (long)(now.tv_sec - since->tv_sec) * 1000000000 + now.tv_nsec - since->tv_nsec;
}

static bool nothing_to_do(void *context)
{
    (void)context;
    return false;
}

void agree_broadcast(const struct domain *domain, void *data, int size)
{
    agree_broadcast_meanwhile(domain, data, size, &(struct meanwhile){.work = nothing_to_do});
}

void agree_broadcast_meanwhile(const struct domain *domain, void *data, int size,
                               const struct meanwhile *meanwhile)
{
    MPI_Request request;
    pulse_wait(domain->pulse, "the word of rank 0");
    MPI_Ibcast(data, size, MPI_BYTE, 0, domain->comm, &request);
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    int done = 0;
    long nap_ns = FIRST_NAP_NS;
    for (;;) {
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        if (done) {
            pulse_beat(domain->pulse);
            return;
        }
        if (meanwhile->work(meanwhile->context)) {
            nap_ns = FIRST_NAP_NS;
            continue;
        }
        if (elapsed_ns(&start) < SPIN_NS)
            continue;
        nanosleep(&(struct timespec){.tv_nsec = nap_ns}, NULL);
        nap_ns = nap_ns * 2 < LONGEST_NAP_NS ? nap_ns * 2 : LONGEST_NAP_NS;
    }
}

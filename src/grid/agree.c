#include "grid/agree.h"

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

enum { LONGEST_NAP_US = 1000 };

void agree_broadcast(const struct domain *domain, void *data, int size)
{
    agree_broadcast_meanwhile(domain, data, size, NULL);
}

void agree_broadcast_meanwhile(const struct domain *domain, void *data, int size,
                               const struct meanwhile *meanwhile)
{
    MPI_Request request;
    pulse_wait(domain->pulse, "the word of rank 0");
    MPI_Ibcast(data, size, MPI_BYTE, 0, domain->comm, &request);
    patience_wait(&request, 1, LONGEST_NAP_US, meanwhile);
    pulse_beat(domain->pulse);
}

/* What the ranks have had of memory, for whoever has to ask a batch system for it. */
#include <stdio.h>

#include "base/log.h"
#include "run_internal.h"

/* Most that was ever resident, as Linux counts it; 0 where it does not. */
static int64_t peak_kib(void)
{
    char line[256];
    long long kib = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %lld kB", &kib) == 1)
            break;
    if (status)
        fclose(status);
    return kib;
}

void footprint_tell(const struct run *run)
{
    const struct domain *domain = run->domain;
    int64_t mine = peak_kib(), counted = domain->rank == 0 ? 0 : mine, others = 0;
    MPI_Reduce(&counted, &others, 1, MPI_INT64_T, MPI_MAX, 0, domain->comm);
    if (domain->ranks == 1)
        log_info("memory at most %.1f MiB", (double)mine / 1024);
    else
        log_info("memory at most %.1f MiB on rank 0, %.1f MiB on any other", (double)mine / 1024,
                 (double)others / 1024);
}

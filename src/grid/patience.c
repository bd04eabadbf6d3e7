#include "grid/patience.h"

#include <time.h>

#include "base/monotonic.h"

enum { FIRST_NAP_US = 20 };

static const double spin_s = 80e-6;

void patience_wait(MPI_Request *requests, int count, int longest_nap_us,
                   const struct meanwhile *meanwhile)
{
    double began_s = monotonic_s();
    int nap_us = FIRST_NAP_US, done = 0;
    for (;;) {
        MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE);
        if (done)
            return;
        if (meanwhile && meanwhile->work(meanwhile->context)) {
            nap_us = FIRST_NAP_US;
            continue;
        }
        if (monotonic_s() - began_s < spin_s)
            continue;
        nanosleep(&(struct timespec){.tv_nsec = nap_us * 1000}, NULL);
        nap_us = nap_us * 2 < longest_nap_us ? nap_us * 2 : longest_nap_us;
    }
}

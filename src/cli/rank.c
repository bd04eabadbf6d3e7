#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

bool cli_is_first_rank(void)
{
    static const char *const variables[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK",
                                            "SLURM_PROCID"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *rank = getenv(variables[i]);
        if (rank)
            return !strcmp(rank, "0");
    }
    return true;
}

#include "run/run.h"

#include "run_internal.h"

enum status run_execute(const struct deck *deck, const struct run_options *options,
                        struct error *err)
{
    struct run run = {.window = -1};
    enum status status = run_open(&run, deck, options, err);
    if (status == STATUS_OK && !run.idle)
        status = loop_run(&run, err);
    return run_close(&run, status, err);
}

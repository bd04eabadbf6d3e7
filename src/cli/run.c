#include <mpi.h>
#include <stdio.h>

#include "base/log.h"
#include "cli/cli.h"
#include "deck/deck.h"
#include "run/run.h"
#include "run/stop.h"

static enum run_restart restart_of(enum cli_restart restart)
{
    static const enum run_restart same[] = {
        [CLI_RESTART_AUTO] = RUN_RESTART_AUTO,
        [CLI_RESTART_LATEST] = RUN_RESTART_LATEST,
        [CLI_RESTART_NONE] = RUN_RESTART_NONE,
        [CLI_RESTART_FILE] = RUN_RESTART_FILE,
    };
    return same[restart];
}

static enum run_until until_of(enum cli_until until)
{
    static const enum run_until same[] = {
        [CLI_UNTIL_NONE] = RUN_UNTIL_STOPPED,
        [CLI_UNTIL_END] = RUN_UNTIL_END,
        [CLI_UNTIL_WINDOWS] = RUN_UNTIL_WINDOWS,
        [CLI_UNTIL_TIME] = RUN_UNTIL_TIME,
    };
    return same[until];
}

static struct run_options run_options_of(const struct cli_options *options)
{
    return (struct run_options){
        .restart = restart_of(options->restart),
        .restart_file = options->restart_file,
        .until = until_of(options->until),
        .until_value = options->until_value,
        .time_limit_s = (double)options->time_limit_s,
        .from = options->from,
        .accept_gap = options->accept_gap,
        .dry_run = options->dry_run,
        .command_line = options->command_line,
    };
}

static enum status load(const struct cli_options *options, struct deck **deck, struct error *err)
{
    TRY(deck_load(options->path, options->overrides, options->override_count, deck, err));
    log_configure((enum log_level)(*deck)->log.level, (enum log_format)(*deck)->log.format);
    cli_warn_exposed(options);
    return STATUS_OK;
}

static enum status print_config(const struct deck *deck)
{
    struct buffer yaml = {0};
    deck_print(deck, &yaml);
    fwrite(yaml.data, 1, yaml.size, stdout);
    buffer_release(&yaml);
    return STATUS_OK;
}

/* Between MPI_Init and MPI_Finalize. Only rank 0 reads the deck: other hosts need not have it. */
static enum status run_parallel(const struct cli_options *options, struct error *err)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    log_set_rank(rank);
    struct deck *deck = NULL;
    enum status status = rank == 0 ? load(options, &deck, err) : STATUS_OK;
    status = run_share_status(status, err);
    if (status == STATUS_OK && options->print_config) {
        status = rank == 0 ? print_config(deck) : STATUS_OK;
    } else if (status == STATUS_OK) {
        struct run_options run = run_options_of(options);
        status = run_execute(deck, rank == 0 ? &run : NULL, err);
    }
    deck_destroy(deck);
    return status;
}

/* Before MPI_Finalize: once a rank has left with a failure, mpirun may end the one that is talking.
 * Ranks started without each other are all rank 0; the launcher called one of them the `first`. */
static void tell(bool first, enum status status, struct error *err)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    bool speaks = rank == 0 && first;
    if (speaks && status == STATUS_STOPPED)
        log_info("%s", err->text);
    else if (speaks && status != STATUS_OK)
        log_error("%s", err->text);
    err->text[0] = '\0';
    MPI_Barrier(MPI_COMM_WORLD);
}

enum status command_run(const struct cli_options *options, struct error *err)
{
    stop_install();
    bool first = cli_is_first_rank(); /* MPI_Init overwrites what the launcher says */
    int provided;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS ||
        provided < MPI_THREAD_FUNNELED)
        return error_set(err, STATUS_BUG, "MPI does not offer MPI_THREAD_FUNNELED");
    enum status status = run_parallel(options, err);
    tell(first, status, err);
    MPI_Finalize();
    return status;
}

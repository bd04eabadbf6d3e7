/* What a deck costs in time on some number of ranks, as `check` prints it. Internal to cli/. */
#ifndef HEATSTREAM_CLI_CHECK_COST_H
#define HEATSTREAM_CLI_CHECK_COST_H

#include "cli/cli.h"
#include "deck/deck.h"

/* Prints a table, what limits it, and when fewer ranks are faster. Without constants of the machine
 * one line that says how to measure them, unless they were asked for (--machine). heated: cells
 * with heat in a window, as far as it is known. */
enum status check_print_cost(const struct deck *deck, const struct cli_options *options,
                             int substeps, double heated, struct error *err) MUST_CHECK;

/* Collective: check --calibrate. Starts and ends MPI. */
enum status check_calibrate(const struct cli_options *options, struct error *err) MUST_CHECK;

#endif

#include "solve/outflow.h"

#include <stdlib.h>
#include <string.h>

/* Sums must keep their order, so one is bound by the latency of an addition; four run side by
 * side. */
enum { ENDS = 2, CHAINS = 4 };

struct chain {
    const double *column;
    double value;
    double *sum;
};

static bool allocate(struct outflow *outflow)
{
    size_t nx = (size_t)outflow->config.nx, levels = (size_t)outflow->config.levels;
    size_t rows = (size_t)outflow->config.block_rows;
    outflow->total = calloc(nx, sizeof(double));
    outflow->top_offset = levels * (nx + 2 * (size_t)outflow->config.halo);
    outflow->notes = calloc(2 * outflow->top_offset, sizeof(double));
    outflow->sums[OUTFLOW_LEFT] = calloc(levels, sizeof(double));
    outflow->sums[OUTFLOW_RIGHT] = calloc(levels, sizeof(double));
    outflow->copies = calloc(ENDS * levels * rows, sizeof(double));
    outflow->ends = calloc(ENDS * levels, sizeof(double *));
    return outflow->total && outflow->notes && outflow->sums[OUTFLOW_LEFT] &&
           outflow->sums[OUTFLOW_RIGHT] && outflow->copies && outflow->ends;
}

struct outflow *outflow_create(const struct outflow_config *config)
{
    struct outflow *outflow = calloc(1, sizeof *outflow);
    if (!outflow)
        return NULL;
    outflow->config = *config;
    if (allocate(outflow))
        return outflow;
    outflow_destroy(outflow);
    return NULL;
}

void outflow_destroy(struct outflow *outflow)
{
    if (!outflow)
        return;
    free(outflow->total);
    free(outflow->notes);
    free(outflow->sums[OUTFLOW_LEFT]);
    free(outflow->sums[OUTFLOW_RIGHT]);
    free(outflow->copies);
    free(outflow->ends);
    free(outflow);
}

void outflow_begin(struct outflow *outflow, int levels)
{
    for (int level = 0; level < levels; level++)
        outflow->sums[OUTFLOW_LEFT][level] = outflow->sums[OUTFLOW_RIGHT][level] = 0.0;
}

/* An insulated end adds nothing, and so does an end that is another rank's. */
static bool counts(const struct outflow_config *config, enum outflow_end end)
{
    return end == OUTFLOW_LEFT ? config->has_left && !config->left.insulated
                               : config->has_right && !config->right.insulated;
}

void outflow_note_end(struct outflow *outflow, enum outflow_end end, int level,
                      const double *column, int rows, bool lasting)
{
    if (!counts(&outflow->config, end))
        return;
    size_t at = (size_t)end * (size_t)outflow->config.levels + (size_t)level;
    double *copy = outflow->copies + at * (size_t)outflow->config.block_rows;
    outflow->ends[at] = lasting ? column : copy;
    if (!lasting)
        memcpy(copy, column, (size_t)rows * sizeof *copy);
}

/* `count` is a constant of the caller: the loops over the chains are unrolled. */
static inline __attribute__((always_inline)) void add_abreast(const struct chain *chains, int count,
                                                              int rows)
{
    const double *column[CHAINS];
    double sum[CHAINS], value[CHAINS];
    for (int i = 0; i < count; i++) {
        column[i] = chains[i].column;
        value[i] = chains[i].value;
        sum[i] = *chains[i].sum;
    }
    for (int j = 0; j < rows; j++)
        for (int i = 0; i < count; i++)
            sum[i] += column[i][j] - value[i];
    for (int i = 0; i < count; i++)
        *chains[i].sum = sum[i];
}

static void add_chains(const struct chain *chains, int count, int rows)
{
    if (count == CHAINS)
        add_abreast(chains, CHAINS, rows);
    else if (count == ENDS)
        add_abreast(chains, ENDS, rows);
    else
        for (int i = 0; i < count; i++)
            add_abreast(&chains[i], 1, rows);
}

static struct chain chain_of(struct outflow *outflow, enum outflow_end end, int level)
{
    const struct outflow_config *config = &outflow->config;
    return (struct chain){.column =
                              outflow->ends[(size_t)end * (size_t)config->levels + (size_t)level],
                          .value = end == OUTFLOW_LEFT ? config->left.value : config->right.value,
                          .sum = &outflow->sums[end][level]};
}

void outflow_sum_block(struct outflow *outflow, int levels, int rows)
{
    struct chain chains[CHAINS];
    int count = 0;
    for (int level = 0; level < levels; level++)
        for (int end = 0; end < ENDS; end++) {
            if (!counts(&outflow->config, (enum outflow_end)end))
                continue;
            chains[count++] = chain_of(outflow, (enum outflow_end)end, level);
            if (count < CHAINS)
                continue;
            add_chains(chains, count, rows);
            count = 0;
        }
    add_chains(chains, count, rows);
}

/* Heat through the bottom and the top of one column in one step. */
static inline double through_rows(const struct outflow_config *config, double bottom, double top)
{
    double sum = config->loss_y * (bottom - boundary_ghost(&config->bottom, bottom));
    return sum + config->loss_y * (top - boundary_ghost(&config->top, top));
}

static void add_inner(const struct outflow_config *config, const double *restrict bottom,
                      const double *restrict top, double *restrict total, int count)
{
    const struct outflow_config local = *config;
    for (int i = 0; i < count; i++)
        total[i] += through_rows(&local, bottom[i], top[i]);
}

static void add_outer(struct outflow *outflow, int level, int i)
{
    const struct outflow_config *config = &outflow->config;
    const double *notes = outflow_notes(outflow, level, i);
    double sum = through_rows(config, notes[0], notes[outflow->top_offset]);
    if (i == 0 && counts(config, OUTFLOW_LEFT))
        sum += config->loss_x * outflow->sums[OUTFLOW_LEFT][level];
    if (i == config->nx - 1 && counts(config, OUTFLOW_RIGHT))
        sum += config->loss_x * outflow->sums[OUTFLOW_RIGHT][level];
    outflow->total[i] += sum;
}

void outflow_add_pass(struct outflow *outflow, int levels)
{
    int nx = outflow->config.nx;
    for (int level = 0; level < levels; level++) {
        add_outer(outflow, level, 0);
        if (nx == 1)
            continue;
        const double *notes = outflow_notes(outflow, level, 1);
        add_inner(&outflow->config, notes, notes + outflow->top_offset, outflow->total + 1, nx - 2);
        add_outer(outflow, level, nx - 1);
    }
}

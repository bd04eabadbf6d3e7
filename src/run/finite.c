/* An explicit step within its stability limit is a weighted mean: the field stays within the bounds
 * it had, its sides included, plus what heat adds. So rank 0 knows an upper bound of |u| from the
 * heat alone, and the field need only be looked at where that bound nears the end of the doubles.
 * Fields that corrections go back to are within it as well, because it only grows. */
#include <math.h>

#include "commit.h"
#include "run_internal.h"

/* Sums of a step's terms stay below 8 |u|; the rest is room for the rounding of all steps. */
static const double beyond_doubt = 1e300;

static double largest_side(const struct solver_config *config)
{
    const struct solver_side *sides[] = {&config->left, &config->right, &config->bottom,
                                         &config->top};
    double largest = 0.0;
    for (int i = 0; i < 4; i++)
        largest = sides[i]->insulated ? largest : fmax(largest, fabs(sides[i]->value));
    return largest;
}

void finite_begin(struct run *run)
{
    struct measure measure = measure_field(run->measurer, solver_field(run->solver));
    if (run->root)
        run->root->bound =
            fmax(largest_side(&run->plan.solver), fmax(fabs(measure.min), fabs(measure.max)));
}

bool finite_in_doubt(struct run *run, const struct closed_window *closed)
{
    double largest = 0.0;
    for (int64_t i = 0; i < closed->heat_count; i++)
        if (!(fabs(closed->heat[i].rate) <= largest)) /* a NaN is larger than all */
            largest = isnan(largest) ? largest : fabs(closed->heat[i].rate);
    run->root->bound += largest * (run->plan.solver.tau_s * run->plan.solver.substeps);
    return !(run->root->bound < beyond_doubt);
}

/* Rank 0: where a run may be gone on from, for what that is worth. */
static void name_checkpoint(struct run *run, struct buffer *text)
{
    const struct manifest_checkpoint *list;
    commit_wait(run);
    int64_t count = manifest_checkpoints(run->root->manifest, &list);
    if (count == 0)
        buffer_printf(text, "there is no checkpoint from before");
    else
        buffer_printf(text, "the checkpoint after window %lld is from before",
                      (long long)list[count - 1].window);
}

enum status finite_check(struct run *run, const struct measure *measure, struct error *err)
{
    if (measure->finite)
        return STATUS_OK;
    struct buffer advice = {0};
    if (run->root)
        name_checkpoint(run, &advice);
    error_set(err, STATUS_NUMERIC,
              "the field is not finite after window %lld: %g at cell x = %lld, y = %lld; %.*s",
              (long long)run->window, measure->bad_value, (long long)measure->bad_x,
              (long long)measure->bad_y, (int)advice.size, (const char *)advice.data);
    buffer_release(&advice);
    return STATUS_NUMERIC;
}

enum status finite_prove(struct run *run, struct error *err)
{
    struct measure measure = measure_field(run->measurer, solver_field(run->solver));
    return finite_check(run, &measure, err);
}

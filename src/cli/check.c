/* heatstream check: what a deck asks for, before anything runs. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arith.h"
#include "cli/cli.h"
#include "deck/deck.h"
#include "deck/timestep.h"
#include "run/deck_sources.h"

#include "check_cost.h"
#include "check_memory.h"

static int64_t substeps_of(const struct deck *deck)
{
    if (deck->time.substeps > 0)
        return deck->time.substeps;
    return timestep_least_substeps(deck->physics.conductivity, deck->grid.dx, deck->grid.dy,
                                   deck->time.window_ms);
}

static void print_grid(const struct deck *deck)
{
    printf("run         %s, into %s%s%s\n", deck->run.id, deck->run.out,
           deck->run.out[strlen(deck->run.out) - 1] == '/' ? "" : "/", deck->run.id);
    printf("grid        %" PRId64 " x %" PRId64 " = %" PRId64 " cells of %g x %g\n", deck->grid.nx,
           deck->grid.ny, deck->grid.nx * deck->grid.ny, deck->grid.dx, deck->grid.dy);
}

static void print_time_step(const struct deck *deck)
{
    double k = deck->physics.conductivity, dx = deck->grid.dx, dy = deck->grid.dy;
    int64_t substeps = substeps_of(deck);
    double tau_s = timestep_tau_s(deck->time.window_ms, substeps);
    printf("time step   tau = %.9g s: %" PRId64 " step%s a window of %" PRId64 " ms%s\n", tau_s,
           substeps, substeps == 1 ? "" : "s", deck->time.window_ms,
           deck->time.substeps ? "" : " (auto)");
    printf("stability   k*tau*(1/dx^2 + 1/dy^2) = %.9g, limit 0.5: largest stable tau %.9g s\n",
           timestep_stability(k, dx, dy, tau_s), 0.5 / (k / (dx * dx) + k / (dy * dy)));
}

static void print_files(const struct deck *deck)
{
    char text[32];
    double frame = check_frame_bytes(deck);
    double frames_per_s = 1000.0 / (double)deck->time.window_ms / (double)deck->frames.every;
    printf("frame       %s, %s\n", check_bytes(frame, text),
           deck->frames.dtype == DECK_F32 ? "f32" : "f64");
    printf("frames      %s per second of event time\n", check_bytes(frame * frames_per_s, text));
    int64_t frames = deck->time.windows / deck->frames.every;
    if (frames > 0)
        printf("            %s in all for %" PRId64 " windows\n",
               check_bytes(frame * (double)frames, text), deck->time.windows);
    double state = 8.0 * (double)deck->grid.nx * (double)(deck->grid.ny + 1);
    printf("checkpoint  %s, the field and a snapshot of it, and events; %" PRId64 " kept\n",
           check_bytes(2 * state, text), deck->checkpoint.keep);
}

static void print_temperatures(const struct deck *deck)
{
    const struct deck_box *box = &deck->temp.region;
    if (!deck->temp.topic)
        return;
    int64_t cells =
        box->whole ? deck->grid.nx * deck->grid.ny : (box->x1 - box->x0) * (box->y1 - box->y0);
    double windows = (double)deck->frames.every * (double)deck->temp.every;
    printf("temp topic  %" PRId64 " messages a frame, %.0f per second of event time, to %s\n",
           cells, (double)cells * 1000 / (double)deck->time.window_ms / windows, deck->temp.topic);
}

/* Of one step of the generator; 0 where others make the events. */
static double events_a_step(const struct deck *deck)
{
    double share = (deck->gen.zeros ? 1.0 : deck->gen.probability) * (1 - deck->gen.dropout) *
                   (1 + deck->gen.duplicates);
    return deck_is_generated(deck) ? (double)(deck->grid.nx * deck->grid.ny) * share : 0.0;
}

/* Cells with heat in a window; 0 where others make the events. */
static double heated_cells(const struct deck *deck)
{
    double steps = (double)deck->time.window_ms / (double)deck->gen.step_ms;
    double cells = (double)(deck->grid.nx * deck->grid.ny);
    return deck_is_generated(deck) ? cells * fmin(1, steps * deck->gen.probability) : 0.0;
}

static double events_a_window(const struct deck *deck)
{
    return events_a_step(deck) * (double)deck->time.window_ms / (double)deck->gen.step_ms;
}

static void print_events(const struct deck *deck)
{
    static const char *const source[] = {"kafka", "file", "synthetic"};
    if (!deck_is_generated(deck)) {
        printf("events      from %s, not known before\n", source[deck->stream.source]);
        return;
    }
    double a_step = events_a_step(deck);
    printf("events      %.0f per second of event time", a_step * 1000 / (double)deck->gen.step_ms);
    if (deck->gen.steps > 0)
        printf(", %.0f in all, %" PRId64 " steps", a_step * (double)deck->gen.steps,
               deck->gen.steps);
    printf("\n");
}

static enum status check_sensors(const struct deck *deck, struct error *err)
{
    struct sensors *sensors;
    TRY(sensors_of_deck(deck, &sensors, err));
    if (sensors)
        printf("sensors     %" PRId64 ", of %s\n", sensors_count(sensors), deck->stream.sensors);
    sensors_destroy(sensors);
    return STATUS_OK;
}

/* The schema has every field, and where events are generated they can be written. */
static enum status check_schema(const struct deck *deck, struct error *err)
{
    struct avro_plan *plan;
    struct event_avro *event = NULL;
    TRY(avro_plan_of_deck(deck, &plan, err));
    const bool has_schema = plan != NULL;
    avro_plan_destroy(plan);
    if (deck_is_generated(deck))
        TRY(event_avro_of_deck(deck, &event, err));
    event_avro_destroy(event);
    if (has_schema)
        printf("schema      %s\n", deck->stream.schema);
    return STATUS_OK;
}

static enum status check_ranks(const struct deck *deck, int ranks, struct error *err)
{
    if (ranks > deck->grid.nx)
        return deck_error(deck, "grid.nx", err,
                          "%" PRId64 " columns are too few for %d ranks: each needs one",
                          deck->grid.nx, ranks);
    return STATUS_OK;
}

enum status command_check(const struct cli_options *options, struct error *err)
{
    struct deck *deck;
    if (options->calibrate)
        return check_calibrate(options, err);
    TRY(deck_load(options->path, options->overrides, options->override_count, &deck, err));
    cli_warn_exposed(options);
    print_grid(deck);
    print_time_step(deck);
    enum status status = check_ranks(deck, options->ranks, err);
    if (status == STATUS_OK) {
        check_print_memory(deck, (int)substeps_of(deck), options->ranks);
        check_print_correction(deck, events_a_window(deck));
        print_files(deck);
        print_temperatures(deck);
        print_events(deck);
        status = check_print_cost(deck, options, (int)substeps_of(deck), heated_cells(deck), err);
    }
    if (status == STATUS_OK)
        status = check_sensors(deck, err);
    if (status == STATUS_OK)
        status = check_schema(deck, err);
    deck_destroy(deck);
    return status;
}

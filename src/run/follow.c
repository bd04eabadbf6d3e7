/* Rank 0 alone reads, waits for events and talks to brokers; the others wait for its word. So that
 * neither takes the other for lost, they exchange one now and then meanwhile. */
#include "run_internal.h"

enum { PULSE_S = 5, PULSES_A_PATIENCE = 4 };

static void hear_each_other(const struct run *run)
{
    struct error unused;
    (void)!agree(run->domain, STATUS_OK, &unused);
}

void follow_begin(struct run *run)
{
    if (!run->root || run->domain->ranks == 1)
        return;
    run->root->follower_run = run;
    run->root->pulsed_s = stop_clock_s();
}

void follow_pulse(struct root *root)
{
    struct run *run = root->follower_run;
    double now_s = stop_clock_s();
    double patience_s = run ? run->plan.lost_after_s / PULSES_A_PATIENCE : 0;
    double pause_s = patience_s > 0 && patience_s < PULSE_S ? patience_s : PULSE_S;
    if (!run || now_s - root->pulsed_s < pause_s)
        return;
    struct order pulse = {.kind = ORDER_PULSE};
    wait_for_order(run, &pulse);
    hear_each_other(run);
    root->pulsed_s = now_s;
}

void follow_order(struct run *run, struct order *order)
{
    if (run->root)
        run->root->follower_run = NULL;
    for (;;) {
        wait_for_order(run, order);
        if (order->kind != ORDER_PULSE)
            return;
        hear_each_other(run);
    }
}

void follow_word(struct run *run)
{
    struct order go_on = {.kind = ORDER_GO_ON};
    follow_order(run, &go_on);
}

#include "run/cost.h"

#include <math.h>

#include "machine_fixture.h"
#include "splitmix.h"
#include "unit.h"

/* 64 steps of a halo of 8 columns, 4 of them a pass. */
static const struct cost_job job = {
    .gnx = 4000,
    .gny = 500,
    .solver = {.substeps = 64, .steps_per_sweep = 4, .halo_depth = 8},
    .snapshots = 3,
    .heated = 1e5,
    .frames = 0.5,
    .frame_bytes = 8e6,
    .checkpoint_windows = 100,
};

/* Of sums of a dozen terms in another order. */
static bool is_near(double value, double expected)
{
    if (fabs(value - expected) <= 1e-12 * fabs(expected))
        return true;
    fprintf(stderr, "%.17g, expected %.17g\n", value, expected);
    return false;
}

/* Nanoseconds a cell of single steps and of passes of 32, for passes of k. */
static double between(double single_ns, double pass_ns, double k)
{
    return (pass_ns + (single_ns - pass_ns) * (1 / k - 1.0 / 32) / (1 - 1.0 / 32)) * 1e-9;
}

static void one_rank_pays_for_steps_and_files_alone(void)
{
    struct cost cost = cost_of(&by_hand, &job, 1);
    CU_ASSERT(is_near(cost.steps_s, 64 * 4000 * 500 * between(5, 2.5, 4)));
    CU_ASSERT_EQUAL(cost.halo_s, 0);
    CU_ASSERT(is_near(cost.window_s, 5e-6));
    CU_ASSERT(is_near(cost.frame_s, 0.5 * (1e-3 + 8e6 / 1e8)));
    CU_ASSERT(is_near(cost.checkpoint_s, (2e-3 + 2 * 8 * 4000 * 501.0 / 5e7) / 100));
    CU_ASSERT(
        is_near(cost.total_s, cost.steps_s + cost.window_s + cost.frame_s + cost.checkpoint_s));
    CU_ASSERT(is_near(cost.written * cost.total_s, 4e6 + 2 * 8 * 4000 * 501.0 / 100));
}

static void a_full_node_steps_at_its_own_pace_and_talks_within(void)
{
    struct cost cost = cost_of(&by_hand, &job, 4);
    CU_ASSERT(is_near(cost.steps_s, 64 * (1000 + 7) * 500.0 * between(10, 5, 4)));
    CU_ASSERT(is_near(cost.halo_s, 8 * 2 * (1e-6 + 8 * 8 * 500 / 1e9) + 2e-6));
    CU_ASSERT(is_near(cost.window_s, 5e-6 + 2 * 1e-6 + 3 * 1e-7 + 16 * 1e5 / 1e9));
    CU_ASSERT(is_near(cost.frame_s,
                      0.5 * (1e-3 + 8e6 / 1e8 + 12 * 2 * 1e-6 + 4 * 3 * 1e-7 + 80 * 4000 / 1e9)));
    CU_ASSERT(is_near(cost_of(&by_hand, &job, 2).steps_s,
                      64 * (2000 + 7) * 500.0 *
                          between(5 + 5 / 3.0, 2.5 + 2.5 / 3, 4))); /* a third of the way */
}

static void beyond_a_node_it_is_the_network_that_counts(void)
{
    struct cost cost = cost_of(&by_hand, &job, 400);
    CU_ASSERT(is_near(cost.steps_s, 64 * (10 + 7) * 500.0 * between(10, 5, 4)));
    CU_ASSERT(is_near(cost.halo_s, 8 * 2 * (4e-6 + 8 * 8 * 500 / 2e9) + 8e-6));
    CU_ASSERT(is_near(cost.window_s, 5e-6 + 9 * 4e-6 + 399 * 3e-7 + 16 * 1e5 / 2e9));
}

static void without_a_network_ranks_take_turns(void)
{
    struct machine machine = by_hand;
    machine.network = (struct machine_link){0};
    struct cost cost = cost_of(&machine, &job, 8);
    CU_ASSERT(is_near(cost.steps_s, 2 * 64 * (500 + 7) * 500.0 * between(10, 5, 4)));
    CU_ASSERT(is_near(cost.halo_s, 8 * 2 * (2e-6 + 8 * 8 * 500 / 1e9) + 2 * 2e-6));
}

static void nothing_is_said_of_links_that_nobody_measured(void)
{
    struct machine machine = by_hand;
    machine.shared = (struct machine_link){0};
    CU_ASSERT(cost_is_known(&machine, 1));
    CU_ASSERT_FALSE(cost_is_known(&machine, 2));
    CU_ASSERT_FALSE(cost_is_known(&machine, 4));
    CU_ASSERT(cost_is_known(&machine, 5));
    machine.network = (struct machine_link){0};
    CU_ASSERT_FALSE(cost_is_known(&machine, 5));
}

/* As many columns a rank as ranks are added: what a rank has stays, rank 0 gets a little more. */
static void memory_of_a_rank_follows_its_slab_and_not_the_grid(void)
{
    struct cost_job grown = job;
    grown.heated = 0;
    grown.gny = 100000;
    grown.gnx = 3 * 100;
    double first = cost_of(&by_hand, &grown, 3).rank_bytes;
    for (int ranks = 3; ranks <= 100000; ranks *= 10) {
        grown.gnx = (int64_t)ranks * 100;
        struct cost cost = cost_of(&by_hand, &grown, ranks);
        CU_ASSERT_EQUAL(cost.rank_bytes, first);
        CU_ASSERT(cost.rank_bytes > (2 + 3) * 8 * 1e7);
        CU_ASSERT(cost.root_bytes < 200.0 * (double)grown.gnx);
        CU_ASSERT(isfinite(cost.total_s) && cost.total_s > 0);
    }
}

static void the_choice_is_that_of_trying_all(void)
{
    uint64_t seed = 5;
    for (int round = 0; round < 200; round++) {
        struct machine machine = by_hand;
        struct cost_job drawn = job;
        machine.network.latency_s = pow(10, -7 + roll(&seed, 40) / 10.0);
        machine.network.message_s = pow(10, -8 + roll(&seed, 40) / 10.0);
        drawn.gnx = 64;
        drawn.gny = 1 + roll(&seed, 3000);
        drawn.frames = 0;
        drawn.solver.halo_depth = 1;
        int fastest = 1, enough = 1;
        for (int ranks = 2; ranks <= 64; ranks++)
            if (cost_of(&machine, &drawn, ranks).total_s <
                cost_of(&machine, &drawn, fastest).total_s)
                fastest = ranks;
        double best_s = cost_of(&machine, &drawn, fastest).total_s;
        while (cost_of(&machine, &drawn, enough).total_s > 1.05 * best_s)
            enough++;
        struct cost_choice choice = cost_choose(&machine, &drawn, 64);
        CU_ASSERT_EQUAL(choice.fastest, fastest);
        CU_ASSERT_EQUAL(choice.enough, enough);
    }
}

static void numbers_of_which_nothing_is_known_are_not_chosen(void)
{
    struct machine machine = by_hand;
    struct cost_job cold = job;
    machine.shared = (struct machine_link){0};
    cold.heated = 0;
    struct cost_choice choice = cost_choose(&machine, &cold, 400);
    CU_ASSERT(cost_is_known(&machine, choice.fastest) && choice.fastest > 4);
    CU_ASSERT(cost_is_known(&machine, choice.enough) && choice.enough > 4);
    CU_ASSERT(cost_of(&machine, &cold, choice.enough).total_s <=
              1.05 * cost_of(&machine, &cold, choice.fastest).total_s);
}

/* In a first cache, single steps are as fast as passes. */
static void a_grid_of_40_by_40_is_fastest_on_one_rank(void)
{
    struct cost_job small = {.gnx = 40, .gny = 40, .solver = {.substeps = 4}, .snapshots = 2};
    struct machine machine = by_hand;
    machine.step[0] = (struct machine_step){1600, 8e-6, 8e-6, 4e-6, 4e-6};
    CU_ASSERT_EQUAL(cost_choose(&machine, &small, 40).fastest, 1);
    CU_ASSERT(cost_of(&machine, &small, 2).total_s > cost_of(&machine, &small, 1).total_s);
    CU_ASSERT(cost_choose(&machine, &job, 4000).enough > 4);
}

static void windows_that_are_stepped_together_share_passes_and_exchanges(void)
{
    struct cost_job few = job;
    few.solver.substeps = 2;
    few.solver.windows = 3;
    few.solver.steps_per_sweep = 8;
    struct cost cost = cost_of(&by_hand, &few, 4);
    CU_ASSERT(is_near(cost.steps_s, 2 * (1000 + 5) * 500.0 * between(10, 5, 6)));
    CU_ASSERT(is_near(cost.halo_s, 2 * (1e-6 + 8 * 6 * 500 / 1e9) / 3 + 2e-6));
    few.solver.steps_per_sweep = 1;
    struct cost apart = cost_of(&by_hand, &few, 4);
    CU_ASSERT(is_near(apart.steps_s, 2 * (1000 + 1) * 500.0 * between(10, 5, 1)));
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(windows_that_are_stepped_together_share_passes_and_exchanges),
        UNIT_TEST(one_rank_pays_for_steps_and_files_alone),
        UNIT_TEST(a_full_node_steps_at_its_own_pace_and_talks_within),
        UNIT_TEST(beyond_a_node_it_is_the_network_that_counts),
        UNIT_TEST(without_a_network_ranks_take_turns),
        UNIT_TEST(nothing_is_said_of_links_that_nobody_measured),
        UNIT_TEST(memory_of_a_rank_follows_its_slab_and_not_the_grid),
        UNIT_TEST(the_choice_is_that_of_trying_all),
        UNIT_TEST(numbers_of_which_nothing_is_known_are_not_chosen),
        UNIT_TEST(a_grid_of_40_by_40_is_fastest_on_one_rank),
    };
    return unit_run("cost", tests, UNIT_COUNT(tests));
}

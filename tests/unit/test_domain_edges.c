#include "grid/domain.h"
#include "unit.h"

enum { MANY_RANKS = 10000 };
static int64_t edges[MANY_RANKS + 1];

static void cut(int64_t gnx, int ranks, int64_t tile)
{
    struct domain_cut made = domain_cut(gnx, ranks, tile);
    for (int rank = 0; rank <= ranks; rank++)
        edges[rank] = domain_edge(&made, rank);
}

static int64_t largest_slab(int ranks)
{
    int64_t largest = 0;
    for (int rank = 0; rank < ranks; rank++)
        if (edges[rank + 1] - edges[rank] > largest)
            largest = edges[rank + 1] - edges[rank];
    return largest;
}

static bool is_partition(int64_t gnx, int ranks)
{
    for (int rank = 0; rank < ranks; rank++)
        if (edges[rank + 1] <= edges[rank])
            return false;
    return edges[0] == 0 && edges[ranks] == gnx;
}

static bool is_aligned(int ranks, int64_t tile)
{
    for (int rank = 0; rank < ranks; rank++)
        if (edges[rank] % tile != 0)
            return false;
    return true;
}

static bool is_even(int64_t gnx, int ranks)
{
    for (int rank = 0; rank < ranks; rank++)
        if (edges[rank + 1] - edges[rank] != gnx / ranks + (rank < gnx % ranks))
            return false;
    return true;
}

static bool exceeds_share_by_5_percent(int64_t gnx, int ranks, int64_t largest)
{
    return (__int128)largest * ranks * 20 >= (__int128)gnx * 21;
}

/* The smallest largest slab that edges on multiples of `tile` allow, or -1 when a slab would be
 * empty. */
static int64_t best_aligned(int64_t gnx, int ranks, int64_t tile)
{
    int64_t tiles = (gnx + tile - 1) / tile;
    if (tiles < ranks)
        return -1;
    int64_t columns = (tiles + ranks - 1) / ranks * tile;
    return columns < gnx ? columns : gnx;
}

static void slabs_are_aligned_where_that_costs_less_than_5_percent_and_even_elsewhere(void)
{
    int aligned = 0, even = 0;
    for (int64_t gnx = 1; gnx < 700; gnx++)
        for (int ranks = 1; ranks <= gnx && ranks < 40; ranks++)
            for (int64_t tile = 2; tile < 300; tile = tile * 2 + 1) {
                cut(gnx, ranks, tile);
                bool partition = is_partition(gnx, ranks);
                int64_t best = best_aligned(gnx, ranks, tile);
                bool wanted = best >= 0 && !exceeds_share_by_5_percent(gnx, ranks, best);
                bool right = wanted ? is_aligned(ranks, tile) : is_even(gnx, ranks);
                if (!partition || !right || (wanted && largest_slab(ranks) > best)) {
                    fprintf(stderr, "gnx %d ranks %d tile %d\n", (int)gnx, ranks, (int)tile);
                    CU_FAIL("wrong edges");
                    return;
                }
                *(wanted ? &aligned : &even) += 1;
            }
    CU_ASSERT(aligned > 1000);
    CU_ASSERT(even > 1000);
}

static void assert_edges(int64_t gnx, int ranks, int64_t tile, const int64_t *expected)
{
    cut(gnx, ranks, tile);
    for (int rank = 0; rank <= ranks; rank++)
        CU_ASSERT_EQUAL(edges[rank], expected[rank]);
}

static void known_grids_are_cut_as_worked_out_by_hand(void)
{
    assert_edges(4096, 4, 256, (int64_t[]){0, 1024, 2048, 3072, 4096});
    assert_edges(40, 6, 256, (int64_t[]){0, 7, 14, 21, 28, 34, 40});
    assert_edges(4000, 3, 256,
                 (int64_t[]){0, 1334, 2667, 4000}); /* 1536 would exceed 1333.3 by 15 % */
    assert_edges(4090, 3, 10, (int64_t[]){0, 1370, 2730, 4090}); /* 137, 136 and 136 tiles */
    assert_edges(3, 3, 256, (int64_t[]){0, 1, 2, 3});
    assert_edges(1, 1, 256, (int64_t[]){0, 1});
    assert_edges(100, 2, 0, (int64_t[]){0, 50, 100});
    /* 20 tiles of 100 for 21 ranks would be balanced on paper, with one rank empty. */
    cut(2000, 21, 100);
    CU_ASSERT(is_even(2000, 21));
}

static void widths_are_those_of_trying_all(void)
{
    for (int64_t gnx = 1; gnx < 300; gnx += 7)
        for (int ranks = 1; ranks <= gnx; ranks++)
            for (int64_t tile = 0; tile < 70; tile += 5) {
                struct domain_cut made = domain_cut(gnx, ranks, tile);
                struct domain_widths widths = domain_widths(&made);
                int64_t narrowest = gnx;
                cut(gnx, ranks, tile);
                for (int rank = 0; rank < ranks; rank++)
                    if (edges[rank + 1] - edges[rank] < narrowest)
                        narrowest = edges[rank + 1] - edges[rank];
                CU_ASSERT_EQUAL(widths.narrowest, narrowest);
                CU_ASSERT_EQUAL(widths.widest, largest_slab(ranks));
            }
}

static void the_limit_of_5_percent_itself_is_cut_evenly(void)
{
    /* 20 columns a rank; tiles of 21 and 20.999…: 105 % exactly is not less than 5 %. */
    cut(40, 2, 21);
    CU_ASSERT(is_even(40, 2));
    cut(41, 2, 21);
    CU_ASSERT(is_aligned(2, 21));
    CU_ASSERT_EQUAL(edges[1], 21);
}

static void huge_grids_need_only_arithmetic(void)
{
    static const int64_t widths[] = {INT64_C(2147483647), INT64_C(2147483648),
                                     INT64_C(2147483649), INT64_C(1000000007) * 1000003,
                                     INT64_C(1) << 62,    INT64_MAX};
    for (int i = 0; i < 6; i++)
        for (int ranks = MANY_RANKS - 1; ranks <= MANY_RANKS; ranks++) {
            cut(widths[i], ranks, 256);
            CU_ASSERT(is_partition(widths[i], ranks));
            CU_ASSERT(is_aligned(ranks, 256));
            cut(widths[i], ranks, widths[i]);
            CU_ASSERT(is_partition(widths[i], ranks));
            CU_ASSERT(is_even(widths[i], ranks));
        }
}

static void every_column_is_owned_by_the_rank_whose_edges_hold_it(void)
{
    for (int ranks = 1; ranks < 30; ranks++) {
        cut(1000, ranks, 16);
        struct domain domain = {.ranks = ranks, .gnx = 1000, .cut = domain_cut(1000, ranks, 16)};
        int wrong = 0;
        for (int64_t x = 0; x < 1000; x++) {
            int owner = domain_owner(&domain, x);
            wrong += owner < 0 || owner >= ranks || x < edges[owner] || x >= edges[owner + 1];
        }
        CU_ASSERT_EQUAL(wrong, 0);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(slabs_are_aligned_where_that_costs_less_than_5_percent_and_even_elsewhere),
        UNIT_TEST(known_grids_are_cut_as_worked_out_by_hand),
        UNIT_TEST(widths_are_those_of_trying_all),
        UNIT_TEST(the_limit_of_5_percent_itself_is_cut_evenly),
        UNIT_TEST(huge_grids_need_only_arithmetic),
        UNIT_TEST(every_column_is_owned_by_the_rank_whose_edges_hold_it),
    };
    return unit_run("domain edges", tests, UNIT_COUNT(tests));
}

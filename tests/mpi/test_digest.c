/* The digest of a field: the same bits for every number of ranks, the scheme of the contract. */
#include "store_world.h"

static void digest_is_that_of_the_contract_on_any_number_of_ranks(void)
{
    struct world world = world_make(MPI_COMM_WORLD, 13, 5, 4);
    struct digester *digester = digester_create(world.domain);
    CU_ASSERT_PTR_NOT_NULL_FATAL(digester);
    world_fill(&world, 3);
    CU_ASSERT(
        digest_equal(digest_field(digester, world.field), world_digest(world.domain, 3, true)));
    digester_destroy(digester);
    world_destroy(&world);
}

static void slabs_of_one_column_give_the_same_digest(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    struct world world = world_make(MPI_COMM_WORLD, ranks, 6, 1);
    struct digester *digester = digester_create(world.domain);
    world_fill(&world, 1);
    CU_ASSERT(
        digest_equal(digest_field(digester, world.field), world_digest(world.domain, 1, true)));
    digester_destroy(digester);
    world_destroy(&world);
}

static void every_cell_counts_and_no_ghost_does(void)
{
    struct world world = world_make(MPI_COMM_WORLD, 9, 4, 2);
    struct digester *digester = digester_create(world.domain);
    const struct domain *domain = world.domain;
    world_fill(&world, 2);
    struct digest before = digest_field(digester, world.field);
    field_column(world.field, -1)[0] = 77;
    field_column(world.field, domain->nx)[1] = 77;
    field_column(world.field, 0)[-1] = 77;
    field_column(world.field, 0)[domain->ny] = 77;
    CU_ASSERT(digest_equal(digest_field(digester, world.field), before));
    for (int64_t x = 0; x < domain->gnx; x++) {
        int i = (int)(x - domain->x0);
        bool mine = i >= 0 && i < domain->nx;
        if (mine)
            field_column(world.field, i)[3] += 1e-9;
        CU_ASSERT_FALSE(digest_equal(digest_field(digester, world.field), before));
        world_fill(&world, 2);
    }
    CU_ASSERT(digest_equal(digest_field(digester, world.field), before));
    digester_destroy(digester);
    world_destroy(&world);
}

static void one_pass_measures_and_digests_as_two_do(void)
{
    struct world world = world_make(MPI_COMM_WORLD, 13, 5, 4);
    struct digester *digester = digester_create(world.domain);
    struct measurer *measurer = measurer_create(world.domain);
    struct measure once, alone;
    for (int64_t salt = 0; salt < 3; salt++) {
        world_fill(&world, salt);
        struct digest digest = digest_measure(digester, measurer, world.field, &once);
        alone = measure_field(measurer, world.field);
        CU_ASSERT(digest_equal(digest, world_digest(world.domain, salt, true)));
        CU_ASSERT(once.min == alone.min && once.max == alone.max && once.sum == alone.sum);
        CU_ASSERT(once.finite && alone.finite);
    }
    measurer_destroy(measurer);
    digester_destroy(digester);
    world_destroy(&world);
}

static void hex_form_is_read_back_and_nothing_else_is(void)
{
    static const char *const bad[] = {
        "", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
        "0123456789ABCDEF0123456789abcdef", "0123456789abcdefg123456789abcdef"};
    char hex[DIGEST_HEX];
    struct digest digest = digest_bytes("", 0), again;
    digest_hex(digest, hex);
    CU_ASSERT_STRING_EQUAL(hex, "99aa06d3014798d86001c324468d497f"); /* XXH3-128 of nothing */
    CU_ASSERT(digest_parse(hex, &again));
    CU_ASSERT(digest_equal(digest, again));
    for (int i = 0; i < 5; i++)
        CU_ASSERT_FALSE(digest_parse(bad[i], &again));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(digest_is_that_of_the_contract_on_any_number_of_ranks),
        UNIT_TEST(slabs_of_one_column_give_the_same_digest),
        UNIT_TEST(every_cell_counts_and_no_ghost_does),
        UNIT_TEST(one_pass_measures_and_digests_as_two_do),
        UNIT_TEST(hex_form_is_read_back_and_nothing_else_is),
    };
    return mpi_unit_run(&argc, &argv, "digest", tests, UNIT_COUNT(tests));
}

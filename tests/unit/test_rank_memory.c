/* What a rank allocates, counted, for slabs of one size in grids of very different ones: it depends
 * on the slab alone. The other ranks are not there; nothing here asks for them. */
#include <stdio.h>
#include <unistd.h>

#include "grid/gather.h"
#include "grid/measure.h"
#include "heap.h"
#include "solve/snapshots.h"
#include "store/digest.h"
#include "unit.h"

enum { NX = 24, NY = 300, MOST_CELLS = 1 << 10, SLACK = 4096 };

static struct pulse pulse;

/* A rank in the middle of so many. */
static struct domain middle_of(int ranks)
{
    return (struct domain){.comm = MPI_COMM_SELF,
                           .rank = ranks / 2,
                           .ranks = ranks,
                           .gnx = (int64_t)ranks * NX,
                           .gny = NY,
                           .x0 = (int64_t)(ranks / 2) * NX,
                           .nx = NX,
                           .ny = NY,
                           .left = ranks / 2 - 1,
                           .right = ranks / 2 + 1,
                           .cut = domain_cut((int64_t)ranks * NX, ranks, 0),
                           .pulse = &pulse};
}

/* Bytes of all that a rank steps, measures and sends with. */
static size_t bytes_of(int ranks)
{
    struct domain domain = middle_of(ranks);
    const struct solver_config config = {
        .conductivity = 1, .dx = 1, .dy = 1, .tau_s = 0.1, .substeps = 8, .initial = 1};
    const struct cell_box box = {0, 0, domain.gnx, domain.gny};
    size_t before = heap_bytes();
    struct solver *solver = solver_create(&domain, &config);
    const struct snapshots_config ring = {
        .horizon_windows = 8, .spacing = 4, .ghosts = solver_field(solver)->ghosts};
    struct snapshots *snapshots = snapshots_create(&domain, &ring);
    struct scatter *scatter = scatter_create(&domain, SCATTER_MOST);
    struct measurer *measurer = measurer_create(&domain);
    struct digester *digester = digester_create(&domain);
    struct gather *gather = gather_create(&domain, &box, MOST_CELLS);
    size_t bytes = heap_bytes() - before;
    CU_ASSERT_FATAL(solver && snapshots && digester);
    gather_destroy(gather);
    digester_destroy(digester);
    measurer_destroy(measurer);
    scatter_destroy(scatter);
    snapshots_destroy(snapshots);
    solver_destroy(solver);
    return bytes;
}

static void what_a_rank_holds_is_its_slab_in_any_number_of_ranks(void)
{
    (void)bytes_of(3); /* what MPI allocates once */
    size_t few = bytes_of(3);
    for (int ranks = 30; ranks <= 30000; ranks *= 10) {
        size_t many = bytes_of(ranks);
        if (many > few + SLACK)
            fprintf(stderr, "%zu bytes in 3 ranks, %zu in %d\n", few, many, ranks);
        CU_ASSERT(many <= few + SLACK);
    }
    if (heap_bytes() > 0) /* the heap is counted: two fields, and three snapshots */
        CU_ASSERT(few > 5 * NX * NY * sizeof(double));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(what_a_rank_holds_is_its_slab_in_any_number_of_ranks),
    };
    MPI_Init(&argc, &argv);
    int failed = unit_run("rank memory", tests, UNIT_COUNT(tests));
    MPI_Finalize();
    fflush(stdout);
    _exit(failed); /* what Open MPI leaves allocated is no leak of ours */
}

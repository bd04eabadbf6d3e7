/* Checkpoints: the same state on any number of ranks, and nothing that was damaged is ever
 * believed. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "checkpoint_world.h"

static void checkpoint_reads_back_bit_for_bit(void)
{
    static const size_t sizes[] = {0, 1, 100000};
    for (int i = 0; i < 3; i++) {
        bool equal;
        struct error err = {""};
        struct saved saved = saved_make(sizes[i], false);
        CU_ASSERT_EQUAL(load(saved.world.domain, saved.path, &saved.seal, sizes[i], &equal, &err),
                        STATUS_OK);
        CU_ASSERT(equal);
        CU_ASSERT_EQUAL(load(saved.world.domain, saved.path, NULL, sizes[i], &equal, &err),
                        STATUS_OK);
        CU_ASSERT(equal);
        saved_destroy(&saved);
    }
}

static void fields_that_ranks_write_together_read_back(void)
{
    bool equal;
    struct error err = {""};
    struct saved saved = saved_make_of(1000, false, HIGH);
    CU_ASSERT_EQUAL(load(saved.world.domain, saved.path, &saved.seal, 1000, &equal, &err),
                    STATUS_OK);
    CU_ASSERT(equal);
    saved_destroy(&saved);
}

static void checkpoint_is_read_by_any_number_of_ranks(void)
{
    struct saved saved = saved_make(50, false);
    const struct domain *whole = saved.world.domain;
    for (int readers = 1; readers <= whole->ranks; readers++) {
        MPI_Comm part;
        MPI_Comm_split(MPI_COMM_WORLD, whole->rank < readers ? 0 : MPI_UNDEFINED, whole->rank,
                       &part);
        if (part == MPI_COMM_NULL)
            continue;
        bool equal;
        struct error err = {""};
        struct domain *domain = NULL;
        CU_ASSERT_EQUAL_FATAL(domain_create(part, NX, NY, 1, &domain, &err), STATUS_OK);
        CU_ASSERT_EQUAL(load(domain, saved.path, &saved.seal, 50, &equal, &err), STATUS_OK);
        CU_ASSERT(equal);
        domain_destroy(domain);
        MPI_Comm_free(&part);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    saved_destroy(&saved);
}

static void seal_is_that_of_the_contract(void)
{
    double outflow[NX], past_outflow[NX];
    struct saved saved = saved_make(9, false);
    const struct domain *domain = saved.world.domain;
    for (int64_t x = 0; x < NX; x++) {
        outflow[x] = outflow_of(NOW, x);
        past_outflow[x] = outflow_of(PAST, x);
    }
    CU_ASSERT(digest_equal(saved.seal.field, world_digest(domain, NOW, true)));
    CU_ASSERT(digest_equal(saved.seal.outflow, digest_bytes(outflow, sizeof outflow)));
    CU_ASSERT(saved.seal.has_past);
    CU_ASSERT(digest_equal(saved.seal.past_field, world_digest(domain, PAST, true)));
    CU_ASSERT(
        digest_equal(saved.seal.past_outflow, digest_bytes(past_outflow, sizeof past_outflow)));
    saved_destroy(&saved);
}

static void past_is_read_only_where_it_is_asked_for_and_there(void)
{
    bool equal;
    struct error err = {""};
    struct saved saved = saved_make(9, false);
    const struct domain *domain = saved.world.domain;
    CU_ASSERT_EQUAL(load_parts(domain, saved.path, &saved.seal, 9, false, &equal, &err), STATUS_OK);
    CU_ASSERT(equal);
    saved_destroy(&saved);
    saved = saved_make(9, true);
    domain = saved.world.domain;
    CU_ASSERT_FALSE(saved.seal.has_past);
    CU_ASSERT_EQUAL(load_parts(domain, saved.path, &saved.seal, 9, false, &equal, &err), STATUS_OK);
    CU_ASSERT(equal);
    CU_ASSERT_EQUAL(load_parts(domain, saved.path, &saved.seal, 9, true, &equal, &err),
                    STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "late events"));
    saved_destroy(&saved);
}

static void latest_names_the_newest(void)
{
    struct saved saved = saved_make(9, false);
    if (saved.world.domain->rank == 0) {
        struct buffer text = {0};
        struct error err;
        char path[PATH_MAX];
        CU_ASSERT_EQUAL(
            durable_read_file(scratch_file(&saved.world.scratch, "latest", path), &text, &err),
            STATUS_OK);
        CU_ASSERT_EQUAL(text.size, 18);
        CU_ASSERT_EQUAL(memcmp(text.data, "ckpt_000000041.h5\n", 18), 0);
        buffer_release(&text);
    }
    saved_destroy(&saved);
}

/* Columns of 8 MiB go to the file two at a time: here some ranks have three, and others two. It is
 * read back by checkpoint_write() itself. */
static void ranks_with_different_numbers_of_pieces_write_them_all(void)
{
    int ranks;
    struct error err = {""};
    double outflow[3] = {0};
    struct checkpoint_seal seal;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    struct world world = world_make(MPI_COMM_WORLD, 2 * ranks + 1, 1 << 20, 1);
    struct digester *digester = digester_create(world.domain);
    struct buffer state = {0};
    struct checkpoint_config config = {.directory = world.scratch.path,
                                       .provenance = &test_provenance};
    struct checkpoint_content content = {
        .field = world.field, .outflow = outflow, .state = &state, .summary = "{}"};
    buffer_put_u8(&state, 1);
    world_fill(&world, NOW);
    CU_ASSERT_EQUAL(checkpoint_write(world.domain, digester, &config, &content, &seal, &err),
                    STATUS_OK);
    CU_ASSERT(digest_equal(seal.field, digest_field(digester, world.field)));
    buffer_release(&state);
    digester_destroy(digester);
    world_destroy(&world);
}

static long size_of(const char *path)
{
    struct stat info = {0};
    CU_ASSERT_EQUAL(stat(path, &info), 0);
    return (long)info.st_size;
}

static void flip(const char *path, long offset)
{
    FILE *file = fopen(path, "r+b");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fseek(file, offset, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, offset, SEEK_SET);
    fputc(byte ^ (1 << (offset % 8)), file);
    fclose(file);
}

/* Many ranks on few cores need long for each: fewer places then. */
static long stride_of(const struct domain *domain)
{
    return domain->ranks == 1 ? 1 : 97;
}

static void expect_refused(struct saved *saved, const struct checkpoint_seal *seal)
{
    bool equal;
    struct error err = {""};
    MPI_Barrier(MPI_COMM_WORLD);
    CU_ASSERT_EQUAL(load(saved->world.domain, saved->path, seal, 20, &equal, &err),
                    STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, saved->path));
    MPI_Barrier(MPI_COMM_WORLD);
}

static void flipped_bit_anywhere_is_refused(void)
{
    bool equal;
    struct error err = {""};
    struct saved saved = saved_make(20, false);
    bool first = saved.world.domain->rank == 0;
    long size = size_of(saved.path), stride = stride_of(saved.world.domain);
    for (long offset = 0; offset < size; offset += stride) {
        if (first)
            flip(saved.path, offset);
        expect_refused(&saved, NULL);
        if (first)
            flip(saved.path, offset);
    }
    CU_ASSERT_EQUAL(load(saved.world.domain, saved.path, &saved.seal, 20, &equal, &err), STATUS_OK);
    CU_ASSERT(equal);
    saved_destroy(&saved);
}

static void file_cut_or_extended_anywhere_is_refused(void)
{
    struct saved saved = saved_make(20, false);
    bool first = saved.world.domain->rank == 0;
    long size = size_of(saved.path), stride = stride_of(saved.world.domain);
    for (long cut = size + 2; cut >= 0; cut -= stride) {
        if (first)
            CU_ASSERT_EQUAL(truncate(saved.path, cut), 0);
        if (cut != size)
            expect_refused(&saved, &saved.seal);
    }
    saved_destroy(&saved);
}

static void missing_foreign_and_newer_files_are_refused(void)
{
    struct saved saved = saved_make(20, false);
    struct error err = {""};
    struct checkpoint_seal other = saved.seal;
    bool equal, first = saved.world.domain->rank == 0;
    other.state.bytes[3] ^= 1;
    expect_refused(&saved, &other);
    other = saved.seal;
    other.past_field.bytes[3] ^= 1;
    expect_refused(&saved, &other);
    other = saved.seal;
    other.past_outflow.bytes[3] ^= 1;
    expect_refused(&saved, &other);
    struct domain *wider = NULL;
    CU_ASSERT_EQUAL_FATAL(domain_create(MPI_COMM_WORLD, NX + 1, NY, 1, &wider, &err), STATUS_OK);
    CU_ASSERT_EQUAL(load(wider, saved.path, NULL, 20, &equal, &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "grid"));
    domain_destroy(wider);
    if (first) {
        FILE *file = fopen(saved.path, "r+b");
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        fputs("heatstream checkpoint/2", file);
        fclose(file);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    CU_ASSERT_EQUAL(load(saved.world.domain, saved.path, NULL, 20, &equal, &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "newer"));
    MPI_Barrier(MPI_COMM_WORLD);
    if (first)
        unlink(saved.path);
    expect_refused(&saved, NULL);
    saved_destroy(&saved);
}

static void full_disk_on_one_rank_fails_on_all_and_leaves_the_old_checkpoint(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    /* Not rank 0: the limit also holds for the memory to which it would write the rest of its
     * file. */
    for (int victim = 1; victim < ranks; victim++) {
        bool equal;
        struct error err = {""};
        struct saved saved = saved_make_of(20, false, HIGH);
        char temporary[PATH_MAX + 4];
        if (saved.world.domain->rank == victim)
            world_limit_files(600);
        CU_ASSERT_EQUAL(save(&saved, 20, &err), STATUS_IO);
        if (saved.world.domain->rank == victim)
            world_lift_limit();
        snprintf(temporary, sizeof temporary, "%s.tmp", saved.path);
        MPI_Barrier(MPI_COMM_WORLD);
        CU_ASSERT_FALSE(durable_exists(temporary));
        CU_ASSERT_EQUAL(load(saved.world.domain, saved.path, &saved.seal, 20, &equal, &err),
                        STATUS_OK);
        CU_ASSERT(equal);
        saved_destroy(&saved);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(checkpoint_reads_back_bit_for_bit),
        UNIT_TEST(fields_that_ranks_write_together_read_back),
        UNIT_TEST(checkpoint_is_read_by_any_number_of_ranks),
        UNIT_TEST(seal_is_that_of_the_contract),
        UNIT_TEST(past_is_read_only_where_it_is_asked_for_and_there),
        UNIT_TEST(latest_names_the_newest),
        UNIT_TEST(ranks_with_different_numbers_of_pieces_write_them_all),
        UNIT_TEST(flipped_bit_anywhere_is_refused),
        UNIT_TEST(file_cut_or_extended_anywhere_is_refused),
        UNIT_TEST(missing_foreign_and_newer_files_are_refused),
        UNIT_TEST(full_disk_on_one_rank_fails_on_all_and_leaves_the_old_checkpoint),
    };
    return mpi_unit_run(&argc, &argv, "checkpoint", tests, UNIT_COUNT(tests));
}

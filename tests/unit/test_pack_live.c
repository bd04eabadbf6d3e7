/* A run that corrects a row and ends while it is being packed. */
#include "base/durable.h"
#include "frames_writer.h"
#include "store/manifest_write.h"
#include "store/pack.h"

enum { ROWS = 6, CORRECTED = 3 };

struct run {
    struct writer writer;
    struct manifest *manifest;
};

static bool write_row(struct run *run, int64_t row, int64_t revision)
{
    struct error err;
    struct frame_row record = writer_fill(&run->writer, row, revision);
    struct manifest_frame frame = {
        .window = row, .revision = revision, .row = row, .digest = record.digest, .final = true};
    enum status status = revision > 0 ? frames_revise(run->writer.frames, row, run->writer.field,
                                                      &record, &frame.stored, &err)
                                      : frames_write(run->writer.frames, row, run->writer.field,
                                                     &record, &frame.stored, &err);
    return status == STATUS_OK && manifest_add_frame(run->manifest, &frame, &err) == STATUS_OK;
}

/* All rows, then one of them anew; `amid` becomes the manifest as it was before that. */
static bool write_run(const char *directory, const char *path, const char *amid)
{
    char command[2 * PATH_MAX + 8];
    struct error err = {""};
    struct run run = {.writer.tile = 8};
    struct manifest_finish finish = {.window = ROWS - 1, .at_end = true};
    if (!writer_open(&run.writer, directory, 0) ||
        manifest_open(path, true, &run.manifest, &err) != STATUS_OK)
        return false;
    for (int64_t row = 0; row < ROWS; row++)
        if (!write_row(&run, row, 0))
            return false;
    snprintf(command, sizeof command, "cp '%s' '%s'", path, amid);
    return system(command) == 0 &&
           manifest_add_rewrite(run.manifest, CORRECTED, CORRECTED, &err) == STATUS_OK &&
           write_row(&run, CORRECTED, 1) &&
           manifest_add_finished(run.manifest, &finish, "{}", &err) == STATUS_OK &&
           frames_close(run.writer.frames, &err) == STATUS_OK;
}

/* Its manifest when the packing begins, and from the first look at it on. */
struct looks {
    char path[PATH_MAX], amid[PATH_MAX], end[PATH_MAX];
};

static void let_it_end(void *context, int64_t rows, int64_t all)
{
    const struct looks *looks = context;
    (void)rows, (void)all;
    (void)!rename(looks->end, looks->path);
}

static void rows_of_a_run_that_has_ended_meanwhile_are_all_packed(void)
{
    struct looks looks;
    char packed[PATH_MAX];
    struct error err = {""};
    struct scratch scratch = scratch_make();
    scratch_file(&scratch, "manifest", looks.path);
    scratch_file(&scratch, "amid", looks.amid);
    scratch_file(&scratch, "end", looks.end);
    scratch_file(&scratch, "packed.h5", packed);
    pid_t child = fork();
    if (child == 0)
        _exit(!write_run(scratch.path, looks.path, looks.amid));
    int status = -1;
    CU_ASSERT_FATAL(waitpid(child, &status, 0) == child && status == 0);
    CU_ASSERT_FATAL(rename(looks.path, looks.end) == 0 && rename(looks.amid, looks.path) == 0);
    struct pack_outcome outcome = {0};
    struct pack_config config = {.directory = scratch.path,
                                 .path = packed,
                                 .command_line = "heatstream pack",
                                 .watch = {.progress = let_it_end, .context = &looks}};
    CU_ASSERT_EQUAL(pack_write(&config, &outcome, &err), STATUS_OK);
    CU_ASSERT_FALSE(durable_exists(looks.end)); /* it was looked at */
    CU_ASSERT_EQUAL(outcome.rows, ROWS);
    CU_ASSERT_EQUAL(outcome.left_out, 0);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(rows_of_a_run_that_has_ended_meanwhile_are_all_packed),
    };
    return unit_run("pack_live", tests, UNIT_COUNT(tests));
}

/* A directory of its own for a test that needs files, gone afterwards. */
#ifndef HEATSTREAM_TESTS_SCRATCH_H
#define HEATSTREAM_TESTS_SCRATCH_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

struct scratch {
    char path[256];
};

static inline struct scratch scratch_make(void)
{
    const char *parent = getenv("TMPDIR");
    struct scratch scratch;
    snprintf(scratch.path, sizeof scratch.path, "%s/heatstream-test-XXXXXX",
             parent ? parent : "/tmp");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(scratch.path));
    return scratch;
}

static inline void scratch_remove(const struct scratch *scratch)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", scratch->path);
    CU_ASSERT_EQUAL(system(command), 0);
}

/* The path of a file in it, in a buffer of the caller. */
static inline const char *scratch_file(const struct scratch *scratch, const char *name,
                                       char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", scratch->path, name);
    return path;
}

#endif

/* Manifests with lines of which every value depends on window, revision and salt. */
#ifndef HEATSTREAM_TESTS_MANIFEST_WORLD_H
#define HEATSTREAM_TESTS_MANIFEST_WORLD_H

#include "scratch.h"
#include "store/manifest_write.h"
#include "unit.h"

static inline struct manifest *reopen(const char *path, bool writable)
{
    struct error err = {""};
    struct manifest *manifest = NULL;
    CU_ASSERT_EQUAL_FATAL(manifest_open(path, writable, &manifest, &err), STATUS_OK);
    return manifest;
}

static inline struct manifest_frame frame_of(int64_t window, int64_t revision, int64_t salt)
{
    const int64_t values[] = {window, revision, salt};
    return (struct manifest_frame){
        .window = window,
        .revision = revision,
        .row = window * 2,
        .digest = digest_bytes(values, sizeof values),
        .stored = digest_bytes(values, 8),
        .final = window % 2 == 0,
        .change = (double)revision / 3.0,
    };
}

/* Every other one has a past. */
static inline struct manifest_checkpoint checkpoint_of(int64_t window, bool provisional)
{
    struct manifest_checkpoint entry = {
        .window = window,
        .rows = window + 1,
        .provisional = provisional,
        .seal = {.field = digest_bytes(&window, 8),
                 .outflow = digest_bytes(&window, 4),
                 .state = digest_bytes(&window, 2),
                 .has_past = window % 20 == 0},
    };
    if (entry.seal.has_past) {
        entry.seal.past_field = digest_bytes(&window, 7);
        entry.seal.past_outflow = digest_bytes(&window, 6);
    }
    return entry;
}

static inline void add_frame(struct manifest *manifest, int64_t window, int64_t revision,
                             int64_t salt)
{
    struct error err;
    struct manifest_frame frame = frame_of(window, revision, salt);
    CU_ASSERT_EQUAL(manifest_add_frame(manifest, &frame, &err), STATUS_OK);
}

static inline void add_checkpoint(struct manifest *manifest, int64_t window, bool provisional)
{
    struct error err;
    struct manifest_checkpoint entry = checkpoint_of(window, provisional);
    CU_ASSERT_EQUAL(manifest_add_checkpoint(manifest, &entry, &err), STATUS_OK);
}

static inline bool has_frame(const struct manifest *manifest, int64_t window, int64_t revision,
                             int64_t salt)
{
    struct manifest_frame expected = frame_of(window, revision, salt);
    const struct manifest_frame *found = manifest_find_frame(manifest, window, revision);
    return found && found->window == window && found->revision == revision &&
           found->row == expected.row && found->final == expected.final &&
           found->change == expected.change && digest_equal(found->digest, expected.digest) &&
           digest_equal(found->stored, expected.stored);
}

#endif

/* What the tests of checkpoints share: one that was written, and whether what is read is that. */
#ifndef HEATSTREAM_TESTS_CHECKPOINT_WORLD_H
#define HEATSTREAM_TESTS_CHECKPOINT_WORLD_H

#include "store/checkpoint.h"
#include "store_world.h"

enum { NX = 13, NY = 5, WINDOW = 41 };

/* Rows of a field that ranks write together, as they do not write smaller ones. */
enum { HIGH = 2600 };

/* What fields are filled with. */
enum { NOW = 6, PAST = 5 };

struct saved {
    struct world world, past; /* of the second only the field */
    struct digester *digester;
    bool without_past;
    struct checkpoint_seal seal;
    char path[PATH_MAX];
};

static inline double outflow_of(int salt, int64_t x)
{
    return 3.0 * salt + (double)x / 7.0;
}

static inline enum status save(struct saved *saved, size_t state_size, struct error *err)
{
    struct domain *domain = saved->world.domain;
    struct checkpoint_config config = {.directory = saved->world.scratch.path,
                                       .provenance = &test_provenance};
    struct buffer state = {0};
    double outflow[NX + 8], past_outflow[NX + 8];
    for (size_t i = 0; i < state_size; i++)
        buffer_put_u8(&state, (uint8_t)(i * 7));
    for (int i = 0; i < domain->nx; i++) {
        outflow[i] = outflow_of(NOW, domain->x0 + i);
        past_outflow[i] = outflow_of(PAST, domain->x0 + i);
    }
    struct checkpoint_content content = {
        .window = WINDOW,
        .field = saved->world.field,
        .outflow = outflow,
        .past = {saved->past.field, past_outflow},
        .state = domain->rank == 0 ? &state : NULL,
        .summary = domain->rank == 0 ? "{\"window\": 41}" : NULL,
    };
    if (saved->without_past)
        memset(&content.past, 0, sizeof content.past);
    world_fill(&saved->world, NOW);
    world_fill(&saved->past, PAST);
    enum status status =
        checkpoint_write(domain, saved->digester, &config, &content, &saved->seal, err);
    buffer_release(&state);
    return status;
}

static inline struct saved saved_make_of(size_t state_size, bool without_past, int64_t ny)
{
    char name[32];
    struct error err = {""};
    struct saved saved = {.world = world_make(MPI_COMM_WORLD, NX, ny, 4),
                          .without_past = without_past};
    saved.past = saved.world;
    saved.past.field = field_create(saved.world.domain, -1.0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(saved.past.field);
    saved.digester = digester_create(saved.world.domain);
    CU_ASSERT_PTR_NOT_NULL_FATAL(saved.digester);
    CU_ASSERT_EQUAL(save(&saved, state_size, &err), STATUS_OK);
    checkpoint_name(WINDOW, name);
    scratch_file(&saved.world.scratch, name, saved.path);
    return saved;
}

static inline struct saved saved_make(size_t state_size, bool without_past)
{
    return saved_make_of(state_size, without_past, NY);
}

static inline void saved_destroy(struct saved *saved)
{
    digester_destroy(saved->digester);
    field_destroy(saved->past.field);
    world_destroy(&saved->world);
}

static inline bool holds(const struct domain *domain, const struct field *field,
                         const double *outflow, int salt)
{
    bool equal = true;
    for (int i = 0; i < domain->nx; i++) {
        equal = equal && outflow[i] == outflow_of(salt, domain->x0 + i);
        for (int j = 0; j < domain->ny; j++)
            equal = equal && field_column(field, i)[j] == world_value(salt, domain->x0 + i, j);
    }
    return equal;
}

/* Reads it into fields of garbage on `domain`; *equal when these then hold what save() wrote. */
static inline enum status load_parts(const struct domain *domain, const char *path,
                                     const struct checkpoint_seal *seal, size_t state_size,
                                     bool with_past, bool *equal, struct error *err)
{
    struct digester *digester = digester_create(domain);
    struct field *field = field_create(domain, -9.0), *past = field_create(domain, -8.0);
    struct buffer state = {0};
    double outflow[NX + 8] = {0}, past_outflow[NX + 8] = {0};
    struct checkpoint_target target = {.field = field, .outflow = outflow, .state = &state};
    if (with_past) {
        target.past.field = past;
        target.past.outflow = past_outflow;
    }
    enum status status = checkpoint_read(domain, digester, path, seal, &target, err);
    *equal = domain->rank != 0 || state.size == state_size;
    for (size_t i = 0; i < state.size && *equal; i++)
        *equal = state.data[i] == (uint8_t)(i * 7);
    *equal = *equal && holds(domain, field, outflow, NOW);
    *equal = *equal && (!with_past || holds(domain, past, past_outflow, PAST));
    buffer_release(&state);
    field_destroy(field);
    field_destroy(past);
    digester_destroy(digester);
    return status;
}

static inline enum status load(const struct domain *domain, const char *path,
                               const struct checkpoint_seal *seal, size_t state_size, bool *equal,
                               struct error *err)
{
    return load_parts(domain, path, seal, state_size, true, equal, err);
}

#endif

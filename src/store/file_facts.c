#include "file_facts.h"

#include <limits.h>
#include <math.h>

static const struct {
    enum fact_text text;
    const char *name;
} of_provenance[] = {
    {FACT_VERSION, "version"},     {FACT_GIT_ID, "git_id"}, {FACT_COMPILER, "compiler"},
    {FACT_FLAGS, "flags"},         {FACT_HOST, "host"},     {FACT_LIBRDKAFKA, "librdkafka_version"},
    {FACT_SLURM_JOB, "slurm_job"}, {FACT_MPI, "mpi"},       {FACT_HDF5, "hdf5"}};

static void get_texts(struct h5_scope *scope, hid_t file, struct file_facts *facts)
{
    int mark = scope->count;
    h5_get_text(scope, file, "run_id", &facts->texts[FACT_RUN_ID]);
    h5_get_text(scope, file, "title", &facts->texts[FACT_TITLE]);
    h5_get_text(scope, file, "history", &facts->texts[FACT_HISTORY]);
    hid_t group = h5_own(scope, H5Gopen2(file, "provenance", H5P_DEFAULT));
    for (size_t i = 0; i < sizeof of_provenance / sizeof of_provenance[0]; i++)
        h5_get_text(scope, group, of_provenance[i].name, &facts->texts[of_provenance[i].text]);
    h5_get_int64(scope, group, "ranks", &facts->ranks);
    h5_get_int64(scope, group, "nodes", &facts->nodes);
    h5_get_int64(scope, group, "cores", &facts->cores);
    h5_get_int64(scope, group, "epoch", &facts->run_epoch);
    h5_get_long_text(scope, group, "argv", &facts->texts[FACT_ARGV]);
    h5_get_long_text(scope, group, "config", &facts->texts[FACT_CONFIG]);
    h5_close_to(scope, mark);
}

static void get_offset_column(struct h5_scope *scope, hid_t group, const char *name,
                              int64_t partitions, struct buffer *values)
{
    int mark = scope->count;
    hsize_t dims[1] = {0};
    hid_t set = h5_own(scope, H5Dopen2(group, name, H5P_DEFAULT));
    hid_t space = h5_own(scope, H5Dget_space(set));
    bool fits = !scope->failed && H5Sget_simple_extent_ndims(space) == 1 &&
                H5Sget_simple_extent_dims(space, dims, NULL) == 1 && dims[0] == (hsize_t)partitions;
    size_t size = (size_t)partitions * sizeof(int64_t);
    if (!fits)
        h5_check(scope, -1);
    else if (h5_check(scope, H5Dread(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                                     buffer_reserve(values, size))) >= 0)
        values->size += size;
    h5_close_to(scope, mark);
}

int64_t file_facts_offsets(struct h5_scope *scope, hid_t file, struct buffer *values)
{
    hsize_t dims[1] = {0};
    if (scope->failed || H5Lexists(file, "kafka", H5P_DEFAULT) <= 0)
        return 0;
    int mark = scope->count;
    hid_t group = h5_own(scope, H5Gopen2(file, "kafka", H5P_DEFAULT));
    hid_t set = h5_own(scope, H5Dopen2(group, "partition", H5P_DEFAULT));
    hid_t space = h5_own(scope, H5Dget_space(set));
    if (scope->failed || H5Sget_simple_extent_ndims(space) != 1 ||
        H5Sget_simple_extent_dims(space, dims, NULL) != 1 || dims[0] < 1 || dims[0] > INT_MAX) {
        h5_check(scope, -1);
    } else {
        get_offset_column(scope, group, "first_offset", (int64_t)dims[0], values);
        get_offset_column(scope, group, "next_offset", (int64_t)dims[0], values);
        get_offset_column(scope, group, "lost_offsets", (int64_t)dims[0], values);
    }
    h5_close_to(scope, mark);
    return scope->failed ? 0 : (int64_t)dims[0];
}

static void get_topic(struct h5_scope *scope, hid_t file, struct file_facts *facts)
{
    int mark = scope->count;
    if (scope->failed || H5Lexists(file, "kafka", H5P_DEFAULT) <= 0)
        return;
    hid_t group = h5_own(scope, H5Gopen2(file, "kafka", H5P_DEFAULT));
    h5_get_text(scope, group, "topic", &facts->texts[FACT_TOPIC]);
    h5_close_to(scope, mark);
}

static const char *text_of(const struct file_facts *facts, enum fact_text text)
{
    return (const char *)facts->texts[text].data;
}

static struct provenance provenance_of(const struct file_facts *facts)
{
    return (struct provenance){.version = text_of(facts, FACT_VERSION),
                               .git_id = text_of(facts, FACT_GIT_ID),
                               .compiler = text_of(facts, FACT_COMPILER),
                               .flags = text_of(facts, FACT_FLAGS),
                               .mpi = text_of(facts, FACT_MPI),
                               .hdf5 = text_of(facts, FACT_HDF5),
                               .librdkafka = text_of(facts, FACT_LIBRDKAFKA),
                               .host = text_of(facts, FACT_HOST),
                               .argv = text_of(facts, FACT_ARGV),
                               .slurm_job = text_of(facts, FACT_SLURM_JOB),
                               .config = text_of(facts, FACT_CONFIG),
                               .ranks = (int)facts->ranks,
                               .nodes = (int)facts->nodes,
                               .cores = (int)facts->cores,
                               .epoch = facts->run_epoch};
}

static enum status read_epoch(struct frames_reader *reader, const char *path,
                              struct file_facts *facts, struct error *err)
{
    struct series_record row;
    if (frames_reader_shape(reader).rows == 0)
        return error_set(err, STATUS_BAD_DATA, "%s has no rows", path);
    TRY(frames_reader_series(reader, 0, &row, err));
    if (row.window < 0)
        return error_set(err, STATUS_BAD_DATA, "%s has no rows", path);
    bool near = fabs(row.time_ms) < 0x1p62;
    facts->epoch_ms = (int64_t)(row.event_time - (near ? (__int128)row.time_ms : 0));
    if (!near || series_epoch(facts->epoch_ms) != facts->epoch_ms)
        return error_set(err, STATUS_BAD_DATA, "%s: /time does not count from a day", path);
    return STATUS_OK;
}

enum status file_facts_read(struct frames_reader *reader, const char *path,
                            struct file_facts *facts, struct error *err)
{
    struct h5_scope scope = h5_begin();
    hid_t file = frames_reader_file(reader);
    get_texts(&scope, file, facts);
    get_topic(&scope, file, facts);
    facts->partitions = file_facts_offsets(&scope, file, &facts->offsets);
    for (int i = 0; i < FACT_TEXTS; i++)
        buffer_put_u8(&facts->texts[i], '\0');
    TRY(h5_end(&scope, STATUS_BAD_DATA, err, "reading the attributes of %s", path));
    TRY(groups_read_open(file, path, &facts->groups, err));
    facts->provenance = provenance_of(facts);
    return read_epoch(reader, path, facts, err);
}

void file_facts_release(struct file_facts *facts)
{
    for (int i = 0; i < FACT_TEXTS; i++)
        buffer_release(&facts->texts[i]);
    buffer_release(&facts->offsets);
    groups_read_close(facts->groups);
    *facts = (struct file_facts){0};
}

struct layout file_facts_layout(struct file_facts *facts, const struct frames_shape *shape)
{
    struct layout layout = {.run_id = text_of(facts, FACT_RUN_ID),
                            .title = text_of(facts, FACT_TITLE),
                            .provenance = &facts->provenance,
                            .gnx = shape->gnx,
                            .gny = shape->gny,
                            .tile = shape->tile,
                            .dx = shape->dx,
                            .dy = shape->dy,
                            .f64 = shape->f64,
                            .epoch_ms = facts->epoch_ms,
                            .groups = groups_read_groups(facts->groups)};
    int64_t *offsets = (void *)facts->offsets.data, partitions = facts->partitions;
    if (partitions > 0 && facts->texts[FACT_TOPIC].size > 1)
        layout.offsets = (struct layout_offsets){.topic = (char *)facts->texts[FACT_TOPIC].data,
                                                 .partitions = (int)partitions,
                                                 .first = offsets,
                                                 .next = offsets + partitions,
                                                 .lost = offsets + 2 * partitions};
    return layout;
}

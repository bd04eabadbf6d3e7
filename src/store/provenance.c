#include "layout.h"

#include <stdio.h>

static void put_library_versions(struct h5_scope *scope, hid_t group,
                                 const struct provenance *provenance)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    unsigned major, minor, release;
    if (!provenance->mpi)
        MPI_Get_library_version(text, &length);
    h5_put_text(scope, group, "mpi", provenance->mpi ? provenance->mpi : text);
    h5_check(scope, H5get_libversion(&major, &minor, &release));
    snprintf(text, sizeof text, "%u.%u.%u", major, minor, release);
    h5_put_text(scope, group, "hdf5", provenance->hdf5 ? provenance->hdf5 : text);
}

void provenance_write(struct h5_scope *scope, hid_t file, const struct provenance *provenance)
{
    int mark = scope->count;
    hid_t group = h5_group(scope, file, "provenance");
    h5_put_text(scope, group, "version", provenance->version);
    h5_put_text(scope, group, "librdkafka_version", provenance->librdkafka);
    h5_put_text(scope, group, "git_id", provenance->git_id);
    h5_put_text(scope, group, "compiler", provenance->compiler);
    h5_put_text(scope, group, "flags", provenance->flags);
    h5_put_text(scope, group, "host", provenance->host);
    h5_put_text(scope, group, "slurm_job", provenance->slurm_job);
    h5_put_int64(scope, group, "ranks", provenance->ranks);
    h5_put_int64(scope, group, "nodes", provenance->nodes);
    h5_put_int64(scope, group, "cores", provenance->cores);
    h5_put_int64(scope, group, "epoch", provenance->epoch);
    put_library_versions(scope, group, provenance);
    h5_put_long_text(scope, group, "argv", provenance->argv);
    h5_put_long_text(scope, group, "config", provenance->config);
    h5_close_to(scope, mark);
}

/* How an output came to be: stored as attributes of /provenance in every output file. */
#ifndef HEATSTREAM_STORE_PROVENANCE_H
#define HEATSTREAM_STORE_PROVENANCE_H

/* Strings are borrowed. */
struct provenance {
    const char *version, *git_id, *compiler, *flags, *librdkafka;
    const char *host, *argv, *slurm_job; /* slurm_job "" outside SLURM */
    const char *config;                  /* the effective deck as YAML, secrets redacted */
    const char *mpi, *hdf5;              /* library versions; NULL: those of this process */
    int ranks, nodes, cores;             /* cores of all nodes together */
    long long epoch;                     /* of the run directory (claim.h); 0: none */
};

#endif

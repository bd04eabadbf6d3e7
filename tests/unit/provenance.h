/* A provenance for output files of tests. */
#ifndef HEATSTREAM_TESTS_PROVENANCE_H
#define HEATSTREAM_TESTS_PROVENANCE_H

#include "store/provenance.h"

static const struct provenance test_provenance = {
    .version = "0",
    .git_id = "test",
    .compiler = "cc",
    .flags = "-O",
    .librdkafka = "2",
    .host = "here",
    .argv = "heatstream run deck.yaml",
    .slurm_job = "",
    .config = "grid: {nx: 7}\n",
    .ranks = 1,
};

#endif

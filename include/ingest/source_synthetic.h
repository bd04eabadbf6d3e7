/* The generator as a source without transport: messages are made when they are read. */
#ifndef HEATSTREAM_INGEST_SOURCE_SYNTHETIC_H
#define HEATSTREAM_INGEST_SOURCE_SYNTHETIC_H

#include "ingest/source.h"
#include "wire/generator.h"

/* Messages are encoded in `format`, exactly as `gen` would write them to a topic. */
enum status source_open_synthetic(const struct generator_config *config, enum event_format format,
                                  struct source **source, struct error *err) MUST_CHECK;

#endif
